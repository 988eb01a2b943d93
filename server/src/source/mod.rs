//! Where tables come from: files, objects in a store, and databases. Each can be read again and again.

mod again;
mod cached;
mod object;
mod query;

pub use again::{Again, Columns, interrupted, look};
pub use cached::Cached;

use crate::failure::{Failure, because};
use crate::reading;
use automl_core::diagnostic::Diagnostic;
use automl_core::table::{Decimal, Encoding, Format, Ranges, ReadOptions};
use object::Object;
use query::Query;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A table's bytes, wherever they are.
pub enum Source {
    File(PathBuf),
    Object(Arc<Object>),
    Query(Box<Query>),
}

/// Takes the next bytes, and says whether it wants more.
pub type Take<'t> = &'t mut dyn FnMut(&[u8]) -> ControlFlow<()>;

/// Where the bytes of a table come from, as often as they are asked for.
pub trait Passes {
    /// Why they do not come.
    type Error;

    fn format(&self) -> Format;

    /// How many bytes there are, where that is known before they are read.
    fn bytes(&self) -> Option<u64>;

    /// Hands over the bytes from the first to the last, or until `take` wants no more.
    ///
    /// # Errors
    /// Bytes that do not come, or that are others than the last time.
    fn pass(&self, take: Take<'_>) -> Result<(), Self::Error>;

    /// The bytes at any place.
    ///
    /// # Errors
    /// Bytes that do not come, or that have no such places.
    fn ranges(&self) -> Result<Arc<dyn Ranges>, Self::Error>;

    /// That reading failed.
    fn unreadable(&self, error: &io::Error) -> Self::Error;

    /// Why the bytes do not come, for the person.
    fn in_words(&self, error: Self::Error) -> Diagnostic;
}

impl Source {
    /// What a person named: a path, `s3://BUCKET/KEY`, or `postgres://…`, of which `query` is asked.
    ///
    /// # Errors
    /// An address that cannot be used; a store or a database that does not answer; a query where there is no database.
    pub fn open(named: &Path, query: Option<&str>) -> Result<Self, Failure> {
        let address = named.to_str().unwrap_or_default();
        let begins = |schemes: &[&str]| schemes.iter().any(|scheme| address.starts_with(scheme));
        if begins(&["postgres://", "postgresql://"]) {
            return Ok(Self::Query(Box::new(Query::open(address, query)?)));
        }
        if query.is_some() {
            return Err(Failure::new(
                format!("--query is for databases, and {} is none", named.display()),
                "name the database, for example postgres://USER@HOST/DATABASE, or leave out --query",
            ));
        }
        if begins(&["s3://", "s3a://"]) {
            return Ok(Self::Object(Arc::new(Object::open(address)?)));
        }
        Ok(Self::File(named.to_owned()))
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Object(object) => object.address.clone(),
            Self::Query(query) => query.name.clone(),
        }
    }

    /// `options`, and what is known of how it is written.
    pub fn as_written(&self, options: &ReadOptions) -> ReadOptions {
        match self {
            Self::File(_) | Self::Object(_) => options.clone(),
            Self::Query(_) => ReadOptions {
                delimiter: Some(b','),
                quote: Some(b'"'),
                has_header: Some(true),
                decimal: Some(Decimal::Point),
                encoding: Some(Encoding::Utf8),
                ..options.clone()
            },
        }
    }

    /// That it gave no table; `found`: what was found when it was read.
    pub fn no_rows(&self, found: &[Diagnostic]) -> Failure {
        let help = match self {
            Self::Query(_) => "see in psql what the query gives",
            _ if found.iter().any(Diagnostic::is_error) => return Failure::from_diagnostics(found),
            _ => "give it a line of column names and a line for each row",
        };
        Failure::new(format!("{} holds no rows", self.name()), help)
    }
}

impl Passes for Source {
    type Error = Failure;

    // By the ending of its name; databases give CSV.
    fn format(&self) -> Format {
        match self {
            Self::File(path) => Format::from_name(&path.file_name().unwrap_or_default().to_string_lossy()),
            Self::Object(object) => Format::from_name(&object.address),
            Self::Query(_) => Format::Csv,
        }
    }

    fn bytes(&self) -> Option<u64> {
        match self {
            Self::File(path) => {
                std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|m| m.len())
            }
            Self::Object(object) => Some(object.size()),
            Self::Query(_) => None,
        }
    }

    fn pass(&self, take: Take<'_>) -> Result<(), Failure> {
        match self {
            Self::File(path) => {
                let read = open(path).and_then(|file| reading::chunks(file, take));
                read.map_err(|e| self.unreadable(&e))
            }
            Self::Object(object) => object.pass(take),
            Self::Query(query) => query.pass(take),
        }
    }

    fn ranges(&self) -> Result<Arc<dyn Ranges>, Failure> {
        match self {
            Self::File(path) => Ok(Arc::new(Opened::new(path).map_err(|e| self.unreadable(&e))?)),
            Self::Object(object) => Ok(object.clone()),
            Self::Query(_) => Err(self.unreadable(&io::ErrorKind::Unsupported.into())),
        }
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        match self {
            Self::File(path) => Failure::file("read", path, error),
            Self::Object(object) => object.failed(error),
            Self::Query(query) => query.failed(error),
        }
    }

    fn in_words(&self, error: Failure) -> Diagnostic {
        Diagnostic::error("file.unreadable", error.what, error.help)
    }
}

/// Where requests are waited for.
fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|e| because("no thread can be started", e, "see how many are allowed"))
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

/// A file that is read at any place.
pub struct Opened {
    file: File,
    size: u64,
}

impl Opened {
    /// # Errors
    /// A file that cannot be opened.
    pub fn new(path: &Path) -> io::Result<Self> {
        Self::of(open(path)?)
    }

    /// # Errors
    /// A file that does not say its size.
    pub fn of(file: File) -> io::Result<Self> {
        Ok(Self { size: file.metadata()?.len(), file })
    }
}

impl Ranges for Opened {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, into, at)
    }

    #[cfg(not(unix))]
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        // Clones share one place, but nobody reads the file at two places at once.
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(into)
    }
}
