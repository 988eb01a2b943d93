//! Writing a backup.

use super::{BLOBS, BackupArgs, DATABASE, FORMAT, MANIFEST, Manifest, VERSION, megabytes, parent, settle};
use crate::Done;
use crate::archive::Writer;
use crate::blobs::Blobs;
use crate::failure::{Failure, because};
use crate::store::Snapshot;
use futures_util::StreamExt;
use std::path::Path;

/// # Errors
/// No data there, a disk that is full, a file that is damaged. Then no backup is left.
pub fn backup(args: &BackupArgs) -> Done {
    let folder = args.data_dir.clone().unwrap_or_else(crate::serve::usual_folder);
    if args.database.is_some() {
        let blobs = args.files.clone().unwrap_or_else(|| folder.join("blobs").display().to_string());
        return Err(Failure::new(
            "a PostgreSQL database is backed up with PostgreSQL's own tools",
            format!(
                "run `pg_dump --format=custom --file=trellis.dump URL` first, and then copy {blobs}; to restore, put those \
                 back and run `pg_restore --dbname=URL trellis.dump`"
            ),
        ));
    }
    if !folder.join(DATABASE).is_file() {
        return Err(Failure::new(
            format!("there is no {DATABASE} in {}", folder.display()),
            "name the folder of the server with --data-dir",
        ));
    }
    if args.out.exists() {
        return Err(Failure::new(
            format!("{} is there already", args.out.display()),
            "choose another --out; a backup is never written over",
        ));
    }
    let manifest = super::runtime()?.block_on(write(args, &folder))?;
    println!(
        "wrote {}: the database ({}) and {} files ({})",
        args.out.display(),
        megabytes(manifest.database_bytes),
        manifest.blobs,
        megabytes(manifest.blob_bytes),
    );
    Ok(())
}

async fn write(args: &BackupArgs, folder: &Path) -> Result<Manifest, Failure> {
    let to = parent(&args.out);
    let on_disk = |e: std::io::Error| Failure::file("write", &args.out, &e);
    let blobs = crate::serve::files(folder, args.files.as_deref()).await?;
    // What the snapshot names must not be swept before it is copied.
    let _held =
        blobs.hold().map_err(|e| because("the folder of files cannot be written", e, "check the disk"))?;
    let passing = tempfile::Builder::new().prefix(".trellis-backup-").tempdir_in(&to).map_err(on_disk)?;
    let copy = passing.path().join(DATABASE);
    let snapshot = Snapshot::take(folder, &copy).await.map_err(|e| {
        because("the database cannot be copied", e, format!("check it, and the room in {}", to.display()))
    })?;
    let read = |e| because("the copy of the database cannot be read", e, "check the disk");
    let (count, bytes) = snapshot.totals().await.map_err(read)?;
    let (database_hash, database_bytes) = hash(&copy).await.map_err(on_disk)?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        trellis: env!("CARGO_PKG_VERSION").to_owned(),
        created: crate::store::now(),
        database_bytes,
        database_hash,
        blobs: count,
        blob_bytes: bytes,
    };
    let out = tempfile::Builder::new().prefix(".trellis-backup-").tempfile_in(&to).map_err(on_disk)?;
    let file = tokio::fs::File::from_std(out.reopen().map_err(on_disk)?);
    let mut writer = Writer::new(file);
    let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    writer.add_bytes(MANIFEST, text).await.map_err(on_disk)?;
    let database = tokio::fs::File::open(&copy).await.map_err(on_disk)?;
    writer.add(DATABASE, parts(database)).await.map_err(on_disk)?;
    copy_blobs(&snapshot, &blobs, &mut writer, args).await?;
    snapshot.close().await;
    let mut file = writer.finish().await.map_err(on_disk)?;
    tokio::io::AsyncWriteExt::flush(&mut file).await.map_err(on_disk)?;
    file.sync_all().await.map_err(on_disk)?;
    out.persist_noclobber(&args.out).map_err(|e| on_disk(e.error))?;
    settle(&to).map_err(on_disk)?;
    Ok(manifest)
}

async fn copy_blobs(
    snapshot: &Snapshot,
    blobs: &Blobs,
    writer: &mut Writer<tokio::fs::File>,
    args: &BackupArgs,
) -> Done {
    let help = match args.files {
        Some(_) => "restore it from an earlier backup, or delete what it belongs to",
        None => {
            "if the server keeps files in place of the folder, say where with --files; else restore it from an earlier \
             backup, or delete what it belongs to"
        }
    };
    let mut after = String::new();
    loop {
        let some = snapshot.blobs_after(&after).await;
        let some =
            some.map_err(|e| because("the copy of the database cannot be read", e, "check the disk"))?;
        let Some(last) = some.last() else { return Ok(()) };
        after.clone_from(&last.hash);
        for blob in some {
            let (hash, is_sealed) = (&blob.hash, blob.is_sealed());
            let damaged = |what: String| because(format!("the file {hash} cannot be backed up"), what, help);
            let stream = blobs.copied(hash, is_sealed).await.map_err(|e| damaged(e.to_string()))?;
            let added = writer.add(&format!("{BLOBS}{hash}"), stream).await;
            let (found, _) = added.map_err(|e| match e.kind() {
                std::io::ErrorKind::InvalidData => damaged("its bytes have changed".to_owned()),
                _ => Failure::file("write", &args.out, &e),
            })?;
            if !is_sealed && found != *hash {
                return Err(damaged("its bytes have changed".to_owned()));
            }
        }
    }
}

/// A file in parts.
fn parts(file: tokio::fs::File) -> tokio_util::io::ReaderStream<tokio::fs::File> {
    tokio_util::io::ReaderStream::with_capacity(file, 256 << 10)
}

/// The BLAKE3 hash of a file, and its length.
async fn hash(path: &Path) -> std::io::Result<(String, u64)> {
    let mut stream = parts(tokio::fs::File::open(path).await?);
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
    while let Some(part) = stream.next().await {
        let part = part?;
        hasher.update(&part);
        bytes += part.len() as u64;
    }
    Ok((hasher.finalize().to_hex().to_string(), bytes))
}
