//! What a reload brings back, kept in this browser's IndexedDB: the last file, how it was read, and the last model.

use idb::{Database, DatabaseEvent, Factory, ObjectStoreParams, TransactionMode};
use wasm_bindgen::JsValue;

const DATABASE: &str = "trellis";
const STORE: &str = "last";
/// The file itself, as a blob.
pub const FILE: &str = "file";
/// Name and reading options, JSON.
pub const TABLE: &str = "table";
/// Final board and verdict, JSON.
pub const RESULT: &str = "result";
/// The pipeline builder's document, JSON.
pub const FLOW: &str = "flow";
/// Tables that were supplied to it: an array of name of the source, name, reading options, blob.
pub const FLOW_DATA: &str = "flow-data";
/// Results that came with its project: an array of key and blob, one after the other.
pub const FLOW_RESULTS: &str = "flow-results";
/// The model file, an array buffer.
pub const MODEL: &str = "model";

async fn open() -> Result<Database, idb::Error> {
    let mut request = Factory::new()?.open(DATABASE, Some(1))?;
    request.on_upgrade_needed(|event| {
        // A store that cannot be made shows itself when it is used.
        if let Ok(database) = event.database() {
            let _ = database.create_object_store(STORE, ObjectStoreParams::new());
        }
    });
    request.await
}

/// Keeps `value` under `key`.
///
/// # Errors
/// No storage, or no room.
pub async fn put(key: &str, value: &JsValue) -> Result<(), idb::Error> {
    let transaction = open().await?.transaction(&[STORE], TransactionMode::ReadWrite)?;
    transaction.object_store(STORE)?.put(value, Some(&key.into()))?.await?;
    transaction.commit()?.await?;
    Ok(())
}

/// What is kept under `key`.
///
/// # Errors
/// No storage.
pub async fn get(key: &str) -> Result<Option<JsValue>, idb::Error> {
    let transaction = open().await?.transaction(&[STORE], TransactionMode::ReadOnly)?;
    let value = transaction.object_store(STORE)?.get(JsValue::from_str(key))?.await?;
    transaction.await?;
    Ok(value)
}

/// Forgets what is kept under `keys`.
///
/// # Errors
/// No storage.
pub async fn forget(keys: &[&str]) -> Result<(), idb::Error> {
    let transaction = open().await?.transaction(&[STORE], TransactionMode::ReadWrite)?;
    let store = transaction.object_store(STORE)?;
    for key in keys {
        store.delete(JsValue::from_str(key))?.await?;
    }
    transaction.commit()?.await?;
    Ok(())
}
