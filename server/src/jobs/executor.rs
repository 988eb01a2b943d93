//! `trellis child`: computes trials that come on standard input, and writes what came of them on standard output.
//! A process of its own, so that one that takes too much memory, or breaks down, takes nothing else along.
//!
//! A message is its length as four bytes, little end first, and its bytes.

use crate::Done;
use crate::args::ChildArgs;
use crate::commands::card;
use crate::failure::because;
use automl_core::engine::WorkerState;
use std::io::{ErrorKind, Read, Write};

/// Bytes of a message at most.
pub const LARGEST: u32 = 1 << 30;

/// # Errors
/// Input or output that breaks off.
pub fn run(args: &ChildArgs) -> Done {
    end_with_parent();
    // Drivers keep far more room free than they write to.
    let cap = if card::may_be_used(args.backend) { limit_data } else { limit };
    cap(args.max_memory);
    let mut card = None;
    let mut state = WorkerState::default();
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let failed = |e| because("the worker broke off", e, "start the server or the worker again");
    while let Some(message) = message(&mut input).map_err(failed)? {
        if let Some(answer) = state.handle(&message) {
            let length = (answer.len() as u32).to_le_bytes();
            output.write_all(&length).and_then(|()| output.write_all(&answer)).map_err(failed)?;
            output.flush().map_err(failed)?;
        } else if let Some(size) = state.size().filter(|_| card.is_none()) {
            // The study's data have come: before its first job, so that nothing else is measured with the card.
            card = card::of_child(args.backend, size);
            state.use_card(card.clone());
        }
    }
    Ok(())
}

/// The next message; `None` at the end.
fn message(input: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    let length = u32::from_le_bytes(length);
    if length > LARGEST {
        return Err(std::io::Error::new(ErrorKind::InvalidData, "a message is too long"));
    }
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

/// A server or worker that is killed leaves nobody who would want what is computed here.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    // Where this cannot be had, the process ends when it has computed and finds nobody to tell.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Memory beyond the cap is refused to this process, which then ends.
pub fn limit(megabytes: Option<u64>) {
    #[cfg(target_os = "linux")]
    cap(rustix::process::Resource::As, megabytes);
    #[cfg(not(target_os = "linux"))]
    let _ = megabytes;
}

/// The same, of what it writes to alone: the program's own file and room that is only kept free do not count.
pub fn limit_data(megabytes: Option<u64>) {
    #[cfg(target_os = "linux")]
    cap(rustix::process::Resource::Data, megabytes);
    #[cfg(not(target_os = "linux"))]
    let _ = megabytes;
}

#[cfg(target_os = "linux")]
fn cap(what: rustix::process::Resource, megabytes: Option<u64>) {
    use rustix::process::{Rlimit, setrlimit};
    let Some(megabytes) = megabytes else { return };
    let bytes = Some(megabytes.saturating_mul(1_000_000));
    // A lower limit may always be set.
    let _ = setrlimit(what, Rlimit { current: bytes, maximum: bytes });
}
