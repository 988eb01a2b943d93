//! Every point at which a blob is written, failing.

use super::*;
use futures_util::stream::BoxStream;
use object_store::path::Path as Place;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What fails of an object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Nothing,
    Put,
    Begin,
    Part,
    Complete,
    Get,
}

/// An object store that fails at one point.
#[derive(Debug)]
struct Faulty {
    inner: object_store::memory::InMemory,
    broken: Broken,
    asked: AtomicUsize,
}

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.broken)
    }
}

fn failed() -> object_store::Error {
    object_store::Error::Generic { store: "faulty", source: "the network is gone".into() }
}

impl Faulty {
    fn at(&self, point: Broken) -> object_store::Result<()> {
        if self.broken == point {
            self.asked.fetch_add(1, Ordering::SeqCst);
            return Err(failed());
        }
        Ok(())
    }
}

/// An upload in parts that fails.
#[derive(Debug)]
struct Parts(Box<dyn MultipartUpload>, Broken);

#[async_trait::async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let sent = self.0.put_part(data);
        let broken = self.1 == Broken::Part;
        Box::pin(async move { if broken { Err(failed()) } else { sent.await } })
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        if self.1 == Broken::Complete { Err(failed()) } else { self.0.complete().await }
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.0.abort().await
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        at: &Place,
        bytes: PutPayload,
        how: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.at(Broken::Put)?;
        self.inner.put_opts(at, bytes, how).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Place,
        how: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.at(Broken::Begin)?;
        Ok(Box::new(Parts(self.inner.put_multipart_opts(at, how).await?, self.broken)))
    }

    async fn get_opts(&self, at: &Place, how: GetOptions) -> object_store::Result<GetResult> {
        self.at(Broken::Get)?;
        self.inner.get_opts(at, how).await
    }

    fn delete_stream(
        &self,
        places: BoxStream<'static, object_store::Result<Place>>,
    ) -> BoxStream<'static, object_store::Result<Place>> {
        self.inner.delete_stream(places)
    }

    fn list(&self, below: Option<&Place>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(below)
    }

    async fn list_with_delimiter(&self, below: Option<&Place>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(below).await
    }

    async fn copy_opts(&self, from: &Place, to: &Place, how: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, how).await
    }
}

fn passing(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("passing")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn an_object_store_that_fails_holds_no_half_blob() {
    // Below and above the size from which on bytes go in parts.
    let (small, large) = (vec![7; 1_000], vec![7; 24 << 20]);
    for (broken, bytes) in [
        (Broken::Put, &small),
        (Broken::Begin, &large),
        (Broken::Part, &large),
        (Broken::Complete, &large),
        (Broken::Nothing, &large),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = object_store::memory::InMemory::new();
        let store = Arc::new(Faulty { inner, broken, asked: AtomicUsize::new(0) });
        let blobs = Files::plain(Blobs::remote(folder.path(), store.clone()).expect("blobs"));
        let put = blobs.put(bytes.clone()).await;
        let hash = blake3::hash(bytes).to_hex().to_string();
        let found = blobs.get(&hash).await;
        if broken == Broken::Nothing {
            assert!(put.is_ok() && found.expect("it is there") == bytes[..]);
        } else {
            assert!(matches!(put, Err(BlobError::Disk(_) | BlobError::Remote(_))), "{broken:?}: {put:?}");
            assert!(matches!(found, Err(BlobError::Absent(_))), "{broken:?}: a half blob is there");
        }
        assert_eq!(passing(folder.path()), 0, "{broken:?}");
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_read_does_not_say_that_nothing_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = object_store::memory::InMemory::new();
    let store = Arc::new(Faulty { inner, broken: Broken::Get, asked: AtomicUsize::new(0) });
    let blobs = Files::plain(Blobs::remote(folder.path(), store.clone()).expect("blobs"));
    let put = blobs.put(&b"abc"[..]).await.expect("put");
    assert!(matches!(blobs.get(&put.hash).await, Err(BlobError::Remote(_))));
    assert!(matches!(blobs.stream(&put.hash).await, Err(BlobError::Remote(_))));
    assert!(store.asked.load(Ordering::SeqCst) >= 2);
}

/// The points of writing on a disk that fail without a full one: no file on its way, no place, and what stands there.
#[tokio::test]
async fn a_folder_that_fails_holds_no_half_blob() {
    let hash = blake3::hash(b"abc").to_hex().to_string();
    let break_it: [fn(&Path, &str); 3] = [
        |folder, _| std::fs::remove_dir(folder.join("passing")).expect("gone"),
        // A file where the folder of its place should be.
        |folder, hash| std::fs::write(folder.join(&hash[..2]), b"").expect("a file"),
        // A folder that holds something where it should be.
        |folder, hash| std::fs::create_dir_all(folder.join(place(hash)).join("a")).expect("a folder"),
    ];
    for (number, broken) in break_it.iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Files::plain(Blobs::local(folder.path()).expect("blobs"));
        broken(folder.path(), &hash);
        let put = blobs.put(&b"abc"[..]).await;
        assert!(matches!(put, Err(BlobError::Disk(_))), "{number}: {put:?}");
        assert!(blobs.get(&hash).await.is_err(), "{number}: a half blob is there");
        assert_eq!(passing(folder.path()), 0, "{number}");
    }
}
