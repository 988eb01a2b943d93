//! Blobs in an object store: S3, and what speaks as it does.
//!
//! Bytes go and come in parts, each asked for by itself: a large blob may take its time, a part may not.

use super::{BlobError, Result};
use bytes::Bytes;
use futures_util::stream::{BoxStream, FuturesUnordered};
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as Place;
use object_store::prefix::PrefixStore;
use object_store::{
    GetOptions, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, ObjectStoreScheme, RetryConfig,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Bytes of a part. S3 takes ten thousand of them for a blob.
const PART: u64 = 8 << 20;
/// Parts of a blob that are on their way at once.
const AT_ONCE: usize = 4;
/// How often, and for how long, one request is sent again that failed. Whoever waits is told then.
const TRIES: usize = 5;
const TRYING: Duration = Duration::from_secs(15);

/// The object store at an address, for example `s3://BUCKET/FOLDER`. Keys and endpoint come from the usual variables,
/// `AWS_…`.
///
/// # Errors
/// An address or variables that cannot be used.
pub fn open(address: &str) -> std::result::Result<Arc<dyn ObjectStore>, String> {
    let url = reqwest::Url::parse(address).map_err(|e| e.to_string())?;
    let (scheme, folder) = ObjectStoreScheme::parse(&url).map_err(|e| e.to_string())?;
    match scheme {
        ObjectStoreScheme::AmazonS3 => {
            let retry = RetryConfig { max_retries: TRIES, retry_timeout: TRYING, ..RetryConfig::default() };
            let store = AmazonS3Builder::from_env().with_url(address).with_retry(retry).build();
            Ok(Arc::new(PrefixStore::new(store.map_err(|e| e.to_string())?, folder)))
        }
        ObjectStoreScheme::Local => {
            let (store, folder) = object_store::parse_url(&url).map_err(|e| e.to_string())?;
            Ok(Arc::new(PrefixStore::new(store, folder)))
        }
        _ => Err(format!("files are not kept at addresses that begin with {}:", url.scheme())),
    }
}

/// Sends a file; what is sent half is no blob.
///
/// # Errors
/// A disk or an object store that fails.
pub async fn send(remote: &Arc<dyn ObjectStore>, to: &Place, passing: &Path, bytes: u64) -> Result<()> {
    let mut file = File::open(passing).await?;
    if bytes <= PART {
        remote.put(to, part(&mut file).await?.into()).await?;
        return Ok(());
    }
    let mut upload = remote.put_multipart(to).await?;
    let sent = send_parts(&mut file, upload.as_mut()).await;
    if sent.is_err()
        && let Err(error) = upload.abort().await
    {
        // It takes room there until the store forgets uploads that nobody completes.
        tracing::warn!(%error, "half an upload could not be taken back");
    }
    sent
}

async fn send_parts(file: &mut File, upload: &mut dyn MultipartUpload) -> Result<()> {
    let mut sending = FuturesUnordered::new();
    loop {
        let part = part(file).await?;
        if part.is_empty() {
            break;
        }
        if sending.len() >= AT_ONCE {
            sending.try_next().await?;
        }
        sending.push(upload.put_part(part.into()));
    }
    while sending.try_next().await?.is_some() {}
    upload.complete().await?;
    Ok(())
}

/// The next part of a file; none of it at the end.
async fn part(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut part = Vec::new();
    file.take(PART).read_to_end(&mut part).await?;
    Ok(part)
}

/// A blob as it is there now.
///
/// # Errors
/// One that there is not.
pub async fn head(remote: &Arc<dyn ObjectStore>, at: &Place, hash: &str) -> Result<ObjectMeta> {
    match remote.head(at).await {
        Ok(found) => Ok(found),
        Err(object_store::Error::NotFound { .. }) => Err(BlobError::Absent(hash.to_owned())),
        Err(e) => Err(e.into()),
    }
}

/// A blob in parts, all of the same writing of it: one that is sealed anew under its name has other bytes.
pub fn stream(
    remote: Arc<dyn ObjectStore>,
    at: Place,
    found: ObjectMeta,
) -> BoxStream<'static, Result<Bytes>> {
    let size = found.size;
    let parts = (0..size).step_by(PART as usize).map(move |begin| begin..size.min(begin + PART));
    let asked = futures_util::stream::iter(parts).then(move |part| {
        let (remote, at) = (remote.clone(), at.clone());
        let how =
            GetOptions { range: Some(part.into()), if_match: found.e_tag.clone(), ..GetOptions::default() };
        async move { Ok(remote.get_opts(&at, how).await?.bytes().await?) }
    });
    asked.boxed()
}
