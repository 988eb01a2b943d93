//! Results in the browser's own files (the origin private file system), so that a reload does not run again what was run.
//!
//! Best effort: where there is no such place, or no room, nothing is kept and nothing is said. Names are the keys of
//! results; what is in a file is checked by whoever takes it.

use super::bytes_of;
use js_sys::{AsyncIterator, Function, IteratorNext, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::BTreeSet;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream, StorageManager, WorkerNavigator,
};

/// Bytes of all results; the oldest are dropped first.
const MOST_BYTES: f64 = 200.0 * 1024.0 * 1024.0;
const FOLDER: &str = "results";

/// See the module.
#[derive(Default)]
pub struct Kept {
    place: RefCell<Place>,
}

#[derive(Default, Clone)]
enum Place {
    #[default]
    Unasked,
    Nowhere,
    /// The folder, and the names of its files.
    Folder(FileSystemDirectoryHandle, BTreeSet<String>),
}

/// A file with its size and the time it was written.
struct Listed {
    name: String,
    size: f64,
    written: f64,
}

impl Kept {
    /// Writes a result down.
    pub async fn put(&self, key: &str, bytes: &[u8]) {
        if bytes.len() as f64 > MOST_BYTES / 2.0 {
            return;
        }
        let Some(folder) = self.folder().await else { return };
        let written = async {
            make_room(&folder, bytes.len() as f64).await?;
            write(&folder, key, bytes).await
        };
        if written.await.is_ok()
            && let Place::Folder(_, names) = &mut *self.place.borrow_mut()
        {
            names.insert(key.to_owned());
        }
    }

    /// Results of these keys, as far as they were written down.
    pub async fn get(&self, keys: &[String]) -> Vec<(String, Vec<u8>)> {
        let mut out = Vec::new();
        let Some(folder) = self.folder().await else { return out };
        for key in keys {
            // Taken once: what is found damaged is not asked for again.
            let is_there = match &mut *self.place.borrow_mut() {
                Place::Folder(_, names) => names.remove(key),
                _ => false,
            };
            if is_there && let Ok(bytes) = read(&folder, key).await {
                out.push((key.clone(), bytes));
            }
        }
        out
    }

    async fn folder(&self) -> Option<FileSystemDirectoryHandle> {
        let place = self.place.borrow().clone();
        if let Place::Unasked = place {
            let found = match open().await {
                Ok((folder, names)) => Place::Folder(folder, names),
                Err(_) => Place::Nowhere,
            };
            *self.place.borrow_mut() = found;
        }
        match &*self.place.borrow() {
            Place::Folder(folder, _) => Some(folder.clone()),
            _ => None,
        }
    }
}

/// Whether an object has a method: older browsers lack some.
fn has(object: &JsValue, method: &str) -> bool {
    Reflect::get(object, &method.into()).is_ok_and(|f| f.is_instance_of::<Function>())
}

async fn open() -> Result<(FileSystemDirectoryHandle, BTreeSet<String>), JsValue> {
    let navigator: WorkerNavigator = super::scope().navigator();
    let storage = Reflect::get(&navigator, &"storage".into())?;
    if !storage.is_object() || !has(&storage, "getDirectory") {
        return Err(JsValue::NULL);
    }
    let storage: StorageManager = storage.unchecked_into();
    let root: FileSystemDirectoryHandle = JsFuture::from(storage.get_directory()).await?.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await?;
    let folder: FileSystemDirectoryHandle = folder.unchecked_into();
    let names = list(&folder).await?.into_iter().map(|l| l.name).collect();
    Ok((folder, names))
}

async fn list(folder: &FileSystemDirectoryHandle) -> Result<Vec<Listed>, JsValue> {
    let all: AsyncIterator = folder.values();
    let mut out = Vec::new();
    loop {
        let next: IteratorNext = JsFuture::from(all.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(out);
        }
        let value = next.value();
        if !has(&value, "getFile") {
            continue;
        }
        let handle: FileSystemFileHandle = value.unchecked_into();
        let file: File = JsFuture::from(handle.get_file()).await?.unchecked_into();
        out.push(Listed { name: file.name(), size: file.size(), written: file.last_modified() });
    }
}

async fn make_room(folder: &FileSystemDirectoryHandle, bytes: f64) -> Result<(), JsValue> {
    let mut all = list(folder).await?;
    all.sort_by(|a, b| b.written.total_cmp(&a.written));
    let mut total: f64 = bytes + all.iter().map(|l| l.size).sum::<f64>();
    while total > MOST_BYTES
        && let Some(oldest) = all.pop()
    {
        JsFuture::from(folder.remove_entry(&oldest.name)).await?;
        total -= oldest.size;
    }
    Ok(())
}

async fn write(folder: &FileSystemDirectoryHandle, key: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle = JsFuture::from(folder.get_file_handle_with_options(key, &options)).await?;
    if !has(&handle, "createWritable") {
        return Err(JsValue::NULL);
    }
    let handle: FileSystemFileHandle = handle.unchecked_into();
    // What is written takes the file's place when it is closed, whole or not at all.
    let stream: FileSystemWritableFileStream =
        JsFuture::from(handle.create_writable()).await?.unchecked_into();
    JsFuture::from(stream.write_with_buffer_source(&Uint8Array::from(bytes))?).await?;
    JsFuture::from(stream.close()).await?;
    Ok(())
}

async fn read(folder: &FileSystemDirectoryHandle, key: &str) -> Result<Vec<u8>, JsValue> {
    let handle: FileSystemFileHandle = JsFuture::from(folder.get_file_handle(key)).await?.unchecked_into();
    let file: File = JsFuture::from(handle.get_file()).await?.unchecked_into();
    Ok(bytes_of(&JsFuture::from(file.array_buffer()).await?))
}
