//! Executors that hold rows for a fit, asked over the network.

use crate::args::FitArgs;
use crate::beyond::size;
use crate::commands::drive::is_interrupted;
use crate::executor::{ASK, CONTENT, STATE, Told, read_token};
use crate::failure::{Failure, because};
use crate::source::{Passes, Source};
use automl_core::learner::cluster::{Cluster, LARGEST, Refusal, VERSION};
use automl_core::table::Format;
use futures_util::future::join_all;
use reqwest::{Client, RequestBuilder, StatusCode, Url, header};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long it may take to reach an executor, and to have its answer.
const CONNECT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);
/// A connection that has lain idle for so long is not used again: executors end those that lie for twice as long.
const IDLE: Duration = Duration::from_secs(5);
/// Times that is waited for executors that were lost, where none is left, the first time so long, at most so long.
const WAITS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// An executor, as it is seen from here.
struct Member {
    ask: Url,
    state: Url,
    /// As it was given.
    name: String,
    has_helped: bool,
    /// Times that it did not answer.
    lost: usize,
}

/// All of them.
pub struct Executors {
    runtime: Runtime,
    client: Client,
    token: Option<String>,
    members: Vec<Member>,
    sent: u64,
    received: u64,
}

/// What became of one question.
type Answered = Result<Vec<u8>, Refusal>;

/// # Errors
/// A table that cannot be read a part at a time, as executors want it.
pub fn check(source: &Source) -> Result<(), Failure> {
    if source.format() == Format::JsonLines {
        return Err(Failure::new(
            "JSON lines are read whole, and executors want a table in parts",
            "write the table as CSV or Parquet, or leave out --executors",
        ));
    }
    Ok(())
}

impl Executors {
    /// Those that were asked for, each of which has said that it is there; `None` where none were.
    ///
    /// # Errors
    /// An address or a token that cannot be used; something else at an address; nobody who answers.
    pub fn of(args: &FitArgs) -> Result<Option<Self>, Failure> {
        if args.on.executors.is_empty() {
            return Ok(None);
        }
        let token = args.on.token_file.as_deref().map(read_token).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| because("cannot start", e, "check the limits of this machine"))?;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build();
        let client = client.map_err(|e| because("cannot start", e, "check this machine's certificates"))?;
        let members =
            args.on.executors.iter().map(|name| Member::new(name)).collect::<Result<Vec<_>, _>>()?;
        let mut all = Self { runtime, client, token, members, sent: 0, received: 0 };
        all.greet(args.quiet)?;
        Ok(Some(all))
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks all whether they are there.
    fn greet(&mut self, quiet: bool) -> Result<(), Failure> {
        let requests =
            self.members.iter().map(|member| self.with_token(self.client.get(member.state.clone())));
        let answers = self.runtime.block_on(join_all(requests.map(|request| async {
            let response = request.timeout(CONNECT).send().await.map_err(|e| plain(&e))?;
            let status = response.status();
            Ok::<_, String>((status, response.json::<Told>().await.ok()))
        })));
        let mut silent = Vec::new();
        for (member, answer) in self.members.iter_mut().zip(answers) {
            let name = &member.name;
            match answer {
                Err(reason) => {
                    member.lost += 1;
                    silent.push(format!("{name}: {reason}"));
                }
                Ok((StatusCode::UNAUTHORIZED, _)) => {
                    return Err(Failure::new(
                        format!("the executor {name} does not take this token"),
                        "give the file with its token by --token-file",
                    ));
                }
                Ok((_, Some(told))) if told.version == VERSION => {}
                Ok((_, Some(_))) => {
                    return Err(Failure::new(
                        format!("the executor {name} is of another version"),
                        "use the same version of trellis everywhere",
                    ));
                }
                Ok((status, None)) => {
                    return Err(Failure::new(
                        format!("what answers at {name} is no executor ({status})"),
                        "check the address; `trellis executor` says where it listens",
                    ));
                }
            }
        }
        if silent.len() == self.members.len() {
            return Err(Failure::new(
                format!("no executor can be reached: {}", silent.join("; ")),
                "start them with `trellis executor`, and check addresses and firewalls",
            ));
        }
        if !quiet {
            silent.iter().for_each(|reason| eprintln!("warning: an executor cannot be reached: {reason}"));
        }
        Ok(())
    }

    /// What became of them, in words.
    pub fn note(&self) -> String {
        let helped = self.members.iter().filter(|member| member.has_helped).count();
        let lost: Vec<&str> =
            self.members.iter().filter(|member| member.lost > 0).map(|member| member.name.as_str()).collect();
        let lost = match lost.as_slice() {
            [] => "none was lost".to_owned(),
            lost => format!(
                "{} did not answer at times ({}), which changes nothing but time",
                lost.len(),
                lost.join(", ")
            ),
        };
        format!(
            "{helped} of {} executors held rows, and {lost}; {} were sent and {} received",
            self.members.len(),
            size(self.sent),
            size(self.received)
        )
    }
}

impl Member {
    fn new(name: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(
                format!("the address {name} of an executor cannot be used: {why}"),
                "say for example --executors http://HOST:7300",
            )
        };
        let mut base = Url::parse(name.trim()).map_err(|e| wrong(&e.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("it begins with http:// or https://"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let join = |path| base.join(path).map_err(|e| wrong(&e.to_string()));
        let (ask, state) = (join(ASK)?, join(STATE)?);
        Ok(Self { ask, state, name: name.trim().to_owned(), has_helped: false, lost: 0 })
    }
}

/// What a connection failed of, without the address.
fn plain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// One question; asked again at once where a connection broke, as it may only have lain idle for too long.
async fn answer(request: RequestBuilder) -> Answered {
    let again = request.try_clone();
    let response = match request.send().await {
        Err(error) if !error.is_timeout() && !error.is_connect() => match again {
            Some(again) => again.send().await,
            None => Err(error),
        },
        sent => sent,
    };
    let response = response.map_err(|e| Refusal::Gone(plain(&e)))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::CONFLICT => return Err(Refusal::Unknown),
        StatusCode::INSUFFICIENT_STORAGE => return Err(Refusal::Full),
        status => {
            let why = format!("it answers {status}");
            return Err(Refusal::Gone(why));
        }
    }
    if response.content_length().is_none_or(|length| length > LARGEST as u64) {
        return Err(Refusal::Gone("its answer is too long".to_owned()));
    }
    response.bytes().await.map(Vec::from).map_err(|e| Refusal::Gone(plain(&e)))
}

impl Cluster for Executors {
    fn count(&self) -> usize {
        self.members.len()
    }

    fn fit_id(&mut self) -> u128 {
        let mut bytes = [0; 16];
        // Without randomness, who else might use the executors at this time has another process and time.
        if getrandom::fill(&mut bytes).is_err() {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            return now.as_nanos() << 32 | u128::from(std::process::id());
        }
        u128::from_le_bytes(bytes)
    }

    fn ask(&mut self, messages: Vec<(usize, Vec<u8>)>) -> Vec<Answered> {
        let asked: Vec<(usize, usize)> = messages.iter().map(|(member, m)| (*member, m.len())).collect();
        let request = |(member, message): (usize, Vec<u8>)| {
            let request = self.client.post(self.members[member].ask.clone());
            answer(self.with_token(request).header(header::CONTENT_TYPE, CONTENT).body(message))
        };
        let answers = self.runtime.block_on(join_all(messages.into_iter().map(request)));
        for (&(member, length), answer) in asked.iter().zip(&answers) {
            let member = &mut self.members[member];
            self.sent += length as u64;
            match answer {
                Ok(bytes) => {
                    member.has_helped = true;
                    self.received += bytes.len() as u64;
                }
                Err(Refusal::Gone(_) | Refusal::Unknown) => member.lost += 1,
                Err(Refusal::Full) => {}
            }
        }
        answers
    }

    fn wait(&mut self, attempt: usize) -> bool {
        let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
        if attempt >= WAITS || is_interrupted() {
            return false;
        }
        std::thread::sleep((FIRST_WAIT * 2u32.pow(attempt)).min(LONGEST_WAIT));
        true
    }
}
