//! An object store that speaks as S3 does, a real one: moto, where it is found on the path or by `TRELLIS_MOTO`.

use super::{Process, Server};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// An object store.
pub struct Moto(pub Server);

impl Moto {
    /// One with an empty bucket; `None` where there is no such program.
    pub fn start() -> Option<Self> {
        let named = std::env::var_os("TRELLIS_MOTO");
        let is_named = named.is_some();
        let mut command = Command::new(named.unwrap_or_else(|| "moto_server".into()));
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        command.process_group(0);
        let mut process = Process(command.spawn().ok()?);
        let mut lines = BufReader::new(process.0.stderr.take()?).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("Running on http://"));
        let address = line.as_deref().and_then(|line| line.split("http://").nth(1)).unwrap_or_default();
        let address = address.split_whitespace().next().unwrap_or_default().to_owned();
        if address.is_empty() {
            // What merely lies on the path may be of another kind, or broken.
            assert!(!is_named, "TRELLIS_MOTO names what does not listen: it said {line:?}");
            return None;
        }
        // It ends where nobody takes what it says.
        std::thread::spawn(move || lines.for_each(drop));
        let moto = Self(Server { process, address });
        let made = moto.0.ask("PUT", "/files", &[], &[]);
        assert_eq!(made.status, 200, "{made}");
        Some(moto)
    }
}

/// Tells a command where the store is, and who asks.
pub fn with_keys(command: &mut Command, address: &str) {
    command.env("AWS_ENDPOINT", format!("http://{address}")).env("AWS_ALLOW_HTTP", "true");
    command.env("AWS_ACCESS_KEY_ID", "somebody").env("AWS_SECRET_ACCESS_KEY", "secret-of-somebody");
    // What is no variable of S3's is not taken for one.
    command.env("AWS_REGION", "us-east-1").env("ENDPOINT", "http://127.0.0.1:9").env("TOKEN", "another");
}
