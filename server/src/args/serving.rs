//! What the server and its workers take.

use super::{BackendArg, megabytes};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Variables: TRELLIS_LOG says what is logged, as in info or trellis=debug [warn]; TRELLIS_LOG_FORMAT=json \
    logs objects; TRELLIS_LEASE sets the seconds after which who says nothing is taken for gone [15]; TRELLIS_GRACE the \
    seconds that files are kept which nothing names [86400]; OTEL_EXPORTER_OTLP_ENDPOINT says where traces of requests, \
    runs and trials are sent, as OpenTelemetry's JSON over HTTP, for example http://localhost:4318 [nowhere]."
)]
pub struct ServeArgs {
    /// Address to listen on; others than loopback can be reached by other machines
    #[arg(long, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,
    /// Port to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Folder for what is kept: the database and files [default: trellis in this user's folder for data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// A PostgreSQL database in place of the embedded one, for example postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Where files are kept in place of the folder, for example s3://BUCKET/FOLDER, where no other database's may lie; keys
    /// come from the variables AWS_…
    #[arg(long, value_name = "URL")]
    pub files: Option<String>,
    /// File with this server's key, made by `trellis new-key`: files of projects that are made from now on are encrypted
    ///
    /// Files are the tables, models and results of runs; what runs tell on their way is encrypted too. Each project gets a key of its own, which is kept wrapped by
    /// this one, and deleting a project deletes its key. Not encrypted are: the database, with names, pipelines, columns,
    /// classes, settings, verdicts, findings and fingerprints; what was exported or downloaded; projects that were made without a key,
    /// which stay as they are (export one and import it to have it encrypted). Backups that were written before, and
    /// PostgreSQL until it has vacuumed, still hold the wrapped key of a project that was deleted. Without the key file all that is encrypted is lost: keep a copy
    /// elsewhere than the data.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Tell a one-time address at which the first admin is made; needed before listening elsewhere than on loopback
    #[arg(long)]
    pub set_up: bool,
    /// Trials that this server computes at once; 0: none, workers elsewhere do [default: one a processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=256))]
    pub workers: Option<u16>,
    /// Where one trial at a time is computed: "auto" takes the graphics card for what it is quicker with, "gpu" for all that
    /// can be computed on one, even one that is a program
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub backend: BackendArg,
    /// Most memory that one trial may take, for example 2GB [default: an even share of this machine's]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub trial_memory: Option<u64>,
    /// Most memory that one run may take beside its trials, for example 4GB: a search in a table of more than two fifths of
    /// it sees some of the rows, and boosted trees, ridge and logistic regression and
    /// naive Bayes then learn from all [default: half of what is free]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub run_memory: Option<u64>,
    /// Most that one project may take, with all that its runs have given, for example 20GB [default: 68GB]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub project_data: Option<u64>,
    /// Most that the data sets and models that one person has sent may take in all, for example 50GB [default: 275GB]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub person_data: Option<u64>,
    /// Most runs of one person that may wait or be under way [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub person_runs: Option<u16>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Variables: OTEL_EXPORTER_OTLP_ENDPOINT says where traces of trials are sent, as for `trellis serve`."
)]
pub struct WorkerArgs {
    /// Address of the server, for example https://trellis.example
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// File with a token of the scope "worker" [default: the variable TRELLIS_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Trials that are computed at once [default: one a processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub slots: Option<u16>,
    /// Where one of them at a time is computed: "auto" takes the graphics card for what it is quicker with, "gpu" for all that
    /// can be computed on one, even one that is a program
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub backend: BackendArg,
    /// What the server calls this worker
    #[arg(long)]
    pub name: Option<String>,
    /// Most memory that one trial may take, for example 2GB [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub trial_memory: Option<u64>,
}

#[derive(Debug, Args)]
pub struct ChildArgs {
    /// Most memory that this process may take, in megabytes
    #[arg(long, value_name = "MB")]
    pub max_memory: Option<u64>,
    /// Whether it may compute on a graphics card
    #[arg(long, value_enum, default_value_t = BackendArg::Cpu)]
    pub backend: BackendArg,
}
