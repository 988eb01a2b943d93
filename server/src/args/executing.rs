//! What executors take, and who grows trees on them.

use super::megabytes;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "An executor does whole-number arithmetic on bins that it is sent, and keeps nothing. What is sent is not \
    encrypted: between machines, use a network that you trust, or a proxy that speaks TLS."
)]
pub struct ExecutorArgs {
    /// Address to listen on; others than loopback need a token. Port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7300")]
    pub listen: SocketAddr,
    /// File with a token, 16 characters or more, that whoever asks must know
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Most memory that rows may take, for example 4GB [default: most of what is free]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub max_memory: Option<u64>,
    /// Threads [default: one a processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
}

#[derive(Debug, Args)]
pub struct OnExecutors {
    /// Grow boosted trees of all rows in the memory of executors, for example
    /// http://one:7300,http://two:7300; the model is the same for any number of them
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    pub executors: Vec<String>,
    /// File with the token of the executors
    #[arg(long, value_name = "FILE", requires = "executors")]
    pub token_file: Option<PathBuf>,
}
