//! Files in, files out.

use crate::args::{DecimalArg, DialectArgs, EncodingArg};
use crate::failure::Failure;
use crate::source::{Passes, Source};
use automl_core::engine::ModelArtifact;
use automl_core::table::{
    ColumnarReader, CsvReader, Decimal, Encoding, Format, ReadOptions, ReadReport, Table, read,
};
use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

impl DialectArgs {
    /// What the options of a command line add to `options`.
    pub fn apply(&self, mut options: ReadOptions) -> ReadOptions {
        options.delimiter = self.delimiter.or(options.delimiter);
        options.decimal = self.decimal.map(Decimal::from).or(options.decimal);
        options.encoding = self.encoding.map(Encoding::from).or(options.encoding);
        if self.no_header {
            options.has_header = Some(false);
        }
        if !self.missing.is_empty() {
            options.missing = Some(self.missing.clone());
        }
        options
    }
}

impl From<DecimalArg> for Decimal {
    fn from(arg: DecimalArg) -> Self {
        match arg {
            DecimalArg::Point => Self::Point,
            DecimalArg::Comma => Self::Comma,
        }
    }
}

impl From<EncodingArg> for Encoding {
    fn from(arg: EncodingArg) -> Self {
        match arg {
            EncodingArg::Utf8 => Self::Utf8,
            EncodingArg::Utf16Le => Self::Utf16Le,
            EncodingArg::Utf16Be => Self::Utf16Be,
            EncodingArg::Windows1252 => Self::Windows1252,
        }
    }
}

/// Reads a table: CSV in chunks, Parquet and Arrow in batches, other formats whole.
///
/// # Errors
/// What cannot be read, or holds no rows.
pub fn table(
    named: &Path,
    query: Option<&str>,
    options: &ReadOptions,
) -> Result<(Table, ReadReport), Failure> {
    let source = Source::open(named, query)?;
    // Without a bound there is always a table.
    whole(&source, options, None).map(Option::unwrap_or_default)
}

/// The same, `None` where there is more of it than may be held: of `most`, bytes as they come for texts, and as they are
/// held for other formats.
///
/// # Errors
/// As [`table`].
pub fn whole(
    source: &Source,
    options: &ReadOptions,
    most: Option<u64>,
) -> Result<Option<(Table, ReadReport)>, Failure> {
    let (options, format) = (source.as_written(options), source.format());
    let too_much = |bytes: u64| most.is_some_and(|most| bytes > most);
    let (table, report) = match format {
        Format::Parquet | Format::ArrowIpc => {
            let most = most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            let file = source.ranges()?;
            match ColumnarReader::new(options, format).read_within(&file, most) {
                Ok(Some(read)) => read,
                Ok(None) => return Ok(None),
                Err(error) => return Err(source.unreadable(&error)),
            }
        }
        // It need not be begun.
        Format::Csv if source.bytes().is_some_and(too_much) => return Ok(None),
        Format::Csv => {
            let mut reader = CsvReader::new(options).expecting(source.bytes().unwrap_or(0));
            let mut bytes = 0;
            source.pass(&mut |chunk| {
                bytes += chunk.len() as u64;
                if too_much(bytes) {
                    return ControlFlow::Break(());
                }
                reader.push(chunk);
                ControlFlow::Continue(())
            })?;
            if too_much(bytes) {
                return Ok(None);
            }
            reader.finish()
        }
        Format::JsonLines => {
            let mut bytes = Vec::new();
            source.pass(&mut |chunk| {
                bytes.extend_from_slice(chunk);
                ControlFlow::Continue(())
            })?;
            read(&bytes, format, &options)
        }
    };
    if table.columns.is_empty() || table.rows == 0 {
        return Err(source.no_rows(&report.diagnostics));
    }
    Ok(Some((table, report)))
}

/// Hands over the bytes of what is open, from the first to the last, or until `take` wants no more.
///
/// # Errors
/// Input that fails.
pub fn chunks(mut input: impl Read, take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(n) if take(&chunk[..n]).is_break() => return Ok(()),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Reads a model file.
///
/// # Errors
/// A file that cannot be read, or that is no model.
pub fn model(path: &Path) -> Result<(ModelArtifact, Vec<u8>), Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
    let artifact = ModelArtifact::from_bytes(&bytes).map_err(|d| {
        let failure = Failure::from(d);
        Failure::prefixed(&path.display().to_string(), failure)
    })?;
    Ok((artifact, bytes))
}

/// Writes a file whole or not at all: beside its place first, then moved there.
///
/// # Errors
/// A folder that does not exist or cannot be written to, a full disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e: &std::io::Error| Failure::file("write", path, e);
    if path.is_dir() {
        return Err(failed(&ErrorKind::IsADirectory.into()));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    file.write_all(bytes).map_err(|e| failed(&e))?;
    readable(&file);
    file.persist(path).map_err(|e| failed(&e.error))?;
    Ok(())
}

/// A temporary file is for its owner alone; a result is a file like others.
#[cfg(unix)]
fn readable(file: &tempfile::NamedTempFile) {
    use std::os::unix::fs::PermissionsExt;
    // Where that cannot be set, the owner still has the file.
    let _ = file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable(_: &tempfile::NamedTempFile) {}

/// Checks early that a result can be written, before hours are spent on it.
///
/// # Errors
/// As [`write`].
pub fn check_writable(path: &Path) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(Failure::file("write", path, &ErrorKind::IsADirectory.into()));
    }
    tempfile::NamedTempFile::new_in(folder).map(drop).map_err(|e| Failure::file("write", path, &e))
}
