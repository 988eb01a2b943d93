//! Reading a backup. All of it is laid out beside the folder and checked; then the folder takes its name, or nothing
//! has changed.

use super::{BLOBS, DATABASE, FORMAT, MANIFEST, Manifest, RestoreArgs, VERSION, megabytes, parent, settle};
use crate::Done;
use crate::archive::{Archive, Bounds, Entry, Fault};
use crate::blobs::{BlobError, Blobs, is_hash, stored_bytes};
use crate::failure::{Failure, because};
use crate::store::{Copied, Snapshot, Store};
use futures_util::StreamExt;
use std::path::Path;
use tokio::io::AsyncWriteExt;

/// Nothing in a backup is packed, so its entries are never more than the file.
const BOUNDS: Bounds = Bounds { entries: u64::MAX, bytes: u64::MAX, deflated: false };
/// Bytes of a manifest at most.
const MANIFEST_BYTES: u64 = 64 << 10;

/// # Errors
/// A folder that is not empty, a backup that is damaged or forged, a disk that is full.
pub fn restore(args: &RestoreArgs) -> Done {
    let folder = args.data_dir.clone().unwrap_or_else(crate::serve::usual_folder);
    let is_empty = match std::fs::read_dir(&folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
        Err(e) => return Err(Failure::file("read the folder", &folder, &e)),
    };
    if !is_empty {
        return Err(Failure::new(
            format!("{} is not empty", folder.display()),
            "name another --data-dir, or move what is there away; nothing is written over",
        ));
    }
    let (manifest, has_keys) = super::runtime()?.block_on(read(args, &folder))?;
    println!(
        "restored {}: the database ({}) and {} files ({})",
        folder.display(),
        megabytes(manifest.database_bytes),
        manifest.blobs,
        megabytes(manifest.blob_bytes),
    );
    if let Some(files) = &args.files {
        println!(
            "files lie in {files}; let no server with another database keep its own there, it would sweep these"
        );
    }
    if has_keys {
        println!(
            "files in it are encrypted: serve it with --key-file and the key of the server that was backed up"
        );
    }
    println!("tokens and links that were taken back since the backup work again; look through them");
    Ok(())
}

/// What to say of a backup that is not as it should be.
fn damaged(args: &RestoreArgs, what: impl std::fmt::Display) -> Failure {
    because(
        format!("{} cannot be restored", args.backup.display()),
        what,
        "use another backup, or copy this one again; nothing was changed",
    )
}

/// What was restored, and whether keys of projects are in it.
async fn read(args: &RestoreArgs, folder: &Path) -> Result<(Manifest, bool), Failure> {
    let bad = |fault: Fault| damaged(args, fault);
    let archive = Archive::open(&args.backup, BOUNDS).map_err(|fault| match fault {
        Fault::Disk(e) => Failure::file("read", &args.backup, &e),
        bad => damaged(args, bad),
    })?;
    let mut entries = archive.entries().map_err(bad)?;
    let mut next = |name: &str| match entries.next() {
        Some(Ok(entry)) if entry.name == name => Ok(entry),
        Some(Err(fault)) => Err(bad(fault)),
        _ => Err(damaged(args, "it is no backup of Trellis")),
    };
    let manifest = next(MANIFEST)?;
    let text = archive.bytes(&manifest, MANIFEST_BYTES).map_err(bad)?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| damaged(args, e))?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        return Err(damaged(args, format!("it is a {} of version {}", manifest.format, manifest.version)));
    }
    let database = next(DATABASE)?;
    let beside = parent(folder);
    let on_disk = |e: std::io::Error| Failure::file("write beside", folder, &e);
    std::fs::create_dir_all(&beside).map_err(on_disk)?;
    let work = tempfile::Builder::new().prefix(".trellis-restore-").tempdir_in(&beside).map_err(on_disk)?;
    lay_out(args, &archive, &database, &manifest, work.path()).await?;
    let blobs = crate::serve::files(work.path(), args.files.as_deref()).await?;
    let snapshot = Snapshot::open(&work.path().join(DATABASE)).await.map_err(|e| damaged(args, e))?;
    if let Some(what) = snapshot.unsound().await.map_err(|e| damaged(args, e))? {
        return Err(damaged(args, format!("its database is damaged: {what}")));
    }
    for entry in entries {
        let entry = entry.map_err(bad)?;
        lay_blob(args, &archive, &entry, (&blobs, &snapshot)).await?;
    }
    check(args, &snapshot, &blobs, &manifest).await?;
    let has_keys = snapshot.has_keys().await.map_err(|e| damaged(args, e))?;
    snapshot.close().await;
    // Brings it up to date, or refuses what a newer program wrote.
    let store = Store::sqlite(work.path()).await.map_err(|e| damaged(args, e))?;
    store.close().await;
    if folder.exists() {
        // Only an empty one goes.
        std::fs::remove_dir(folder).map_err(on_disk)?;
    }
    std::fs::rename(work.keep(), folder).map_err(on_disk)?;
    settle(&beside).map_err(on_disk)?;
    Ok((manifest, has_keys))
}

/// Writes the database.
async fn lay_out(
    args: &RestoreArgs,
    archive: &Archive,
    entry: &Entry,
    manifest: &Manifest,
    work: &Path,
) -> Done {
    let path = work.join(DATABASE);
    let on_disk = |e: std::io::Error| Failure::file("write", &path, &e);
    let mut file = tokio::fs::File::create(&path).await.map_err(on_disk)?;
    let (mut hasher, mut stream) = (blake3::Hasher::new(), Box::pin(archive.stream(entry)));
    while let Some(part) = stream.next().await {
        let part = part.map_err(|e| damaged(args, e))?;
        hasher.update(&part);
        file.write_all(&part).await.map_err(on_disk)?;
    }
    file.flush().await.map_err(on_disk)?;
    file.sync_all().await.map_err(on_disk)?;
    if hasher.finalize().to_hex().as_str() != manifest.database_hash {
        return Err(damaged(args, "its database is not the one that the manifest names"));
    }
    Ok(())
}

async fn lay_blob(
    args: &RestoreArgs,
    archive: &Archive,
    entry: &Entry,
    (blobs, snapshot): (&Blobs, &Snapshot),
) -> Done {
    let Some(hash) = entry.name.strip_prefix(BLOBS).filter(|hash| is_hash(hash)) else {
        return Err(damaged(args, format!("\"{}\" has no place in a backup", entry.name)));
    };
    let known = snapshot.blob(hash).await.map_err(|e| damaged(args, e))?;
    let sealed = known.filter(Copied::is_sealed).map(|blob| blob.bytes as u64);
    let laid = blobs.lay(hash, sealed, entry.size, archive.stream(entry));
    laid.await.map_err(|e| match e {
        BlobError::BrokenOff(what) => damaged(args, what),
        BlobError::Damaged(_) | BlobError::TooLarge(_) => {
            damaged(args, format!("the file {hash} is not what its name says"))
        }
        e => because("a file cannot be written", e, "check the disk, and the room that there is"),
    })
}

/// All that the database names is there.
async fn check(args: &RestoreArgs, snapshot: &Snapshot, blobs: &Blobs, manifest: &Manifest) -> Done {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let some = snapshot.blobs_after(&after).await.map_err(|e| damaged(args, e))?;
        let Some(last) = some.last() else { break };
        after.clone_from(&last.hash);
        for blob in some {
            count += 1;
            let stored = blobs.stored(&blob.hash).await.map_err(|e| damaged(args, e))?;
            if stored != stored_bytes(blob.bytes as u64, blob.is_sealed()) {
                return Err(damaged(
                    args,
                    format!("the file {} has another length than its database says", blob.hash),
                ));
            }
        }
    }
    if count != manifest.blobs {
        return Err(damaged(args, "its database names another number of files than its manifest"));
    }
    Ok(())
}
