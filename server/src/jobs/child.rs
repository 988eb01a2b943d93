//! The other end of [`super::executor`]: a child process that computes one trial at a time.

use super::executor::LARGEST;
use crate::args::BackendArg;
use std::io::{Error, ErrorKind};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};

/// What a child may use.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    pub max_memory_mb: Option<u64>,
    pub backend: BackendArg,
}

impl Means {
    /// The same without a graphics card.
    pub fn on_processor(self) -> Self {
        Self { backend: BackendArg::Cpu, ..self }
    }
}

/// A child with the data of one study.
pub struct Child {
    process: Process,
    input: ChildStdin,
    output: ChildStdout,
    /// Hash of the study's data that it has.
    pub study: String,
}

impl Child {
    /// Starts a child and gives it a study's data. It ends with this process.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub async fn start(study: &str, data: &[u8], means: Means) -> std::io::Result<Self> {
        let mut command = Command::new(this_program()?);
        command.args(["child", "--backend", means.backend.name()]);
        if let Some(megabytes) = means.max_memory_mb {
            command.arg("--max-memory").arg(megabytes.to_string());
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let gone = || Error::other("the process has no pipes");
        let input = process.stdin.take().ok_or_else(gone)?;
        let output = process.stdout.take().ok_or_else(gone)?;
        let mut child = Self { process, input, output, study: study.to_owned() };
        match child.send(data).await {
            Ok(()) => Ok(child),
            // It ended while it took the data, most likely for want of memory: that is what to tell.
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Err(Error::other(child.end().await)),
            Err(e) => Err(e),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(bytes.len()).ok().filter(|l| *l <= LARGEST);
        let length = length.ok_or_else(|| Error::other("a message is too long"))?;
        self.input.write_all(&length.to_le_bytes()).await?;
        self.input.write_all(bytes).await?;
        self.input.flush().await
    }

    /// Has a job computed.
    ///
    /// # Errors
    /// A process that breaks down.
    pub async fn compute(&mut self, job: &[u8]) -> std::io::Result<Vec<u8>> {
        self.send(job).await?;
        let length = self.output.read_u32_le().await?;
        if length > LARGEST {
            return Err(Error::other("a message is too long"));
        }
        let mut bytes = vec![0; length as usize];
        self.output.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// How it ended, in words.
    pub async fn end(mut self) -> String {
        // It may have ended already.
        let _ = self.process.start_kill();
        match self.process.wait().await {
            Ok(status) => describe(status),
            Err(e) => e.to_string(),
        }
    }
}

/// This very program, also where its file was replaced by a newer one meanwhile.
///
/// # Errors
/// A system that does not say which that is.
pub fn this_program() -> std::io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// How a child ended, in words.
#[cfg(unix)]
pub fn describe(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        // What Rust ends a process with that gets no memory.
        Some(6) => "it took more memory than it may have, or broke down".to_owned(),
        Some(9) => "it was killed".to_owned(),
        Some(signal) => format!("it broke down with signal {signal}"),
        None => format!("it ended with {status}"),
    }
}

/// How a child ended, in words.
#[cfg(not(unix))]
pub fn describe(status: std::process::ExitStatus) -> String {
    format!("it ended with {status}")
}
