//! Files in, files out.

use crate::args::{DecimalArg, DialectArgs, EncodingArg};
use crate::failure::Failure;
use automl_core::engine::ModelArtifact;
use automl_core::table::{CsvReader, Decimal, Encoding, Format, ReadOptions, ReadReport, Table, read};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
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

/// Reads a table; CSV in chunks, other formats whole.
///
/// # Errors
/// A file that cannot be read, or that holds no rows.
pub fn table(path: &Path, options: &ReadOptions) -> Result<(Table, ReadReport), Failure> {
    let failed = |e: &std::io::Error| Failure::file("read", path, e);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let format = Format::from_name(&name);
    let mut file = File::open(path).map_err(|e| failed(&e))?;
    let meta = file.metadata().map_err(|e| failed(&e))?;
    if meta.is_dir() {
        return Err(failed(&ErrorKind::IsADirectory.into()));
    }
    let (table, report) = if format == Format::Csv {
        let mut reader = CsvReader::new(options.clone()).expecting(meta.len());
        chunks(&mut file, |chunk| reader.push(chunk)).map_err(|e| failed(&e))?;
        reader.finish()
    } else {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| failed(&e))?;
        read(&bytes, format, options)
    };
    if table.columns.is_empty() || table.rows == 0 {
        if report.diagnostics.iter().any(automl_core::diagnostic::Diagnostic::is_error) {
            return Err(Failure::from_diagnostics(&report.diagnostics));
        }
        return Err(Failure::new(
            format!("{} holds no rows", path.display()),
            "give it a line of column names and a line for each row",
        ));
    }
    Ok((table, report))
}

/// Hands over the bytes of a file, from the first to the last.
///
/// # Errors
/// A file that cannot be read.
pub fn pass(path: &Path, take: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::file("read", path, &e);
    File::open(path).and_then(|file| chunks(file, take)).map_err(failed)
}

/// The same of what is open.
///
/// # Errors
/// Input that fails.
pub fn chunks(mut input: impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(n) => take(&chunk[..n]),
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
