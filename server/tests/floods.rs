//! What is meant to wear the server out: files that grow when they are read, floods, and slow clients. The server lives,
//! in bounds, and answers others meanwhile.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use common::team::Team;
use common::{Answer, LIMIT, Project, Server, fit, sample, text, until};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

struct Here {
    server: Server,
    project: Project,
    _folder: tempfile::TempDir,
}

/// Reading an upload takes 512 MB at most here.
fn here() -> Here {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0", "--trial-memory", "512MB"]);
    let project = server.project();
    Here { server, project, _folder: folder }
}

impl Here {
    fn send(&self, name: &str, bytes: &[u8]) -> Answer {
        self.server.ask("POST", &format!("{}/datasets?name={name}", self.project.0), &[], bytes)
    }

    /// It answers, and never took more memory itself than this.
    fn lives_within(&self, megabytes: u64) {
        assert_eq!(self.server.get("/readyz").status, 200);
        let path = format!("/proc/{}/status", self.server.process.0.id());
        // Only Linux says.
        let Ok(status) = std::fs::read_to_string(path) else { return };
        let most = status
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        assert!(most.is_some_and(|kilobytes| kilobytes / 1_000 < megabytes), "{most:?} kB");
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../automl-core/tests/fixtures/columnar").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn tables_that_are_bombs_are_read_within_bounds() {
    let here = here();
    let mut quoted = b"a,b\n1,\"".to_vec();
    quoted.resize(10 << 20, b'x');
    let mut columns = (0..1_000_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    columns.push('\n');
    columns.push_str(&vec!["1"; 1_000_000].join(","));
    columns.push('\n');
    let commas = [vec![b','; 4 << 20], b"\n1,2\n".to_vec()].concat();
    let long_header = [vec![b'h'; 10 << 20], b",b\n1,2\n3,4\n".to_vec()].concat();
    let zeros = vec![0_u8; 4 << 20];
    let sprinkled = b"a,b\n1\0,2\n\0\0,3\n4,5\n".to_vec();
    let wide: Vec<u8> = "\u{feff}a,b\n1,2\n3,4\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let odd = [&wide[..], b"\x00"].concat();
    let quotes = vec![b'"'; 4 << 20];
    let lines = vec![b'\n'; 4 << 20];
    let deep = [vec![b'['; 1 << 20], vec![b']'; 1 << 20]].concat();
    let cases: [(&str, &[u8]); 11] = [
        ("quoted.csv", &quoted),
        ("columns.csv", columns.as_bytes()),
        ("commas.csv", &commas),
        ("header.csv", &long_header),
        ("zeros.csv", &zeros),
        ("sprinkled.csv", &sprinkled),
        ("wide.csv", &wide),
        ("odd.csv", &odd),
        ("quotes.csv", &quotes),
        ("lines.csv", &lines),
        ("deep.json", &deep),
    ];
    for (name, bytes) in cases {
        let answer = here.send(name, bytes);
        match answer.status {
            201 => {
                let told = answer.body.len();
                assert!(told < 1 << 20, "{name}: what is told of it has {told} bytes");
            }
            _ => _ = answer.problem(422),
        }
    }
    let list = here.server.get(&format!("{}/datasets", here.project.0));
    assert!(list.status == 200 && list.body.len() < 4 << 20, "{} bytes", list.body.len());
    // Packed files are not unpacked, so they cannot grow.
    let gzip = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".as_slice(), &[0x55; 1_000]].concat();
    let zip = [b"PK\x03\x04\x14\x00\x00\x00\x08\x00".as_slice(), &[0x55; 1_000]].concat();
    for (name, bytes) in [("a.csv", &gzip), ("a.csv.gz", &gzip), ("a.zip", &zip)] {
        let told = here.send(name, bytes).problem(422);
        assert!(text(&told["detail"]).to_lowercase().contains("unpack"), "{name}: {told}");
    }
    here.lives_within(300);
}

/// A number of the form that Parquet's footers are written in.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// Files whose parts contradict each other, among them counts of values that are not there.
#[test]
fn forged_parquet_files_are_refused_or_read() {
    let here = here();
    let whole = fixture("snappy.parquet");
    let footer =
        whole.len() - 8 - u32::from_le_bytes([0, 1, 2, 3].map(|i| whole[whole.len() - 8 + i])) as usize;
    let mut forged: Vec<Vec<u8>> = Vec::new();
    // Every so often a byte of the footer, and of the pages, is another.
    let stride = |from: usize, to: usize, count: usize| (from..to).step_by(((to - from) / count).max(1));
    for at in stride(footer, whole.len() - 8, 50).chain(stride(4, footer, 25)) {
        for value in [0x00, 0xff, 0x7f] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            forged.push(bytes);
        }
    }
    // As many rows or bytes as a number can say, where the footer has a number of that length.
    for most in [u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
        let most = varint(most);
        for at in stride(footer, whole.len() - 8 - most.len(), 20) {
            let mut bytes = whole.clone();
            bytes.splice(at..at + 1, most.iter().copied());
            let length = (bytes.len() - 8 - footer) as u32;
            let end = bytes.len() - 8;
            bytes[end..end + 4].copy_from_slice(&length.to_le_bytes());
            forged.push(bytes);
        }
    }
    for length in [u32::MAX, 0, 1, whole.len() as u32] {
        let mut bytes = whole.clone();
        let end = bytes.len() - 8;
        bytes[end..end + 4].copy_from_slice(&length.to_le_bytes());
        forged.push(bytes);
    }
    forged.extend((0..whole.len()).step_by(whole.len() / 20).map(|end| whole[..end].to_vec()));
    let mut refused = 0;
    for (number, bytes) in forged.iter().enumerate() {
        let answer = here.send("a.parquet", bytes);
        if ![200, 201].contains(&answer.status) {
            let told = answer.problem(422);
            assert!(!text(&told["detail"]).is_empty(), "{number}: {told}");
            refused += 1;
        }
    }
    assert!(refused > forged.len() / 2, "{refused} of {}", forged.len());
    assert_eq!(here.send("whole.parquet", &whole).status, 201);
    here.lives_within(300);
}

/// A megabyte that says one long text hundreds of times.
#[test]
fn a_parquet_file_that_grows_is_let_go() {
    let here = here();
    let long = "x".repeat(16 << 20);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![long.as_str(); 12]));
    let batch = RecordBatch::try_from_iter([("a", texts)]).unwrap_or_else(|e| panic!("{e}"));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_page_size_limit(64 << 20)
        .build();
    let mut bytes = Vec::new();
    let writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties));
    let mut writer = writer.unwrap_or_else(|e| panic!("{e}"));
    (0..20).for_each(|_| writer.write(&batch).unwrap_or_else(|e| panic!("{e}")));
    writer.close().unwrap_or_else(|e| panic!("{e}"));
    assert!(bytes.len() < 4 << 20, "{} bytes", bytes.len());
    let told = here.send("bomb.parquet", &bytes).problem(422);
    assert!(text(&told["detail"]).contains("MB of memory"), "{told}");
    here.lives_within(300);
}

/// Models whose bytes were changed and that were sealed again: they are refused, or they predict something.
#[test]
fn changed_models_harm_nobody() {
    let here = here();
    let whole = fit(3);
    let sealed = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() - 32);
        let seal = blake3::hash(&bytes);
        bytes.extend_from_slice(seal.as_bytes());
        bytes
    };
    assert!(sealed(whole.clone()) == whole);
    let header = 16 + u32::from_le_bytes([0, 1, 2, 3].map(|i| whole[12 + i])) as usize;
    let inflate = |packed: &[u8]| {
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(packed).read_to_end(&mut out).map(|_| out)
    };
    let members = inflate(&whole[header + 1..whole.len() - 32]).unwrap_or_else(|e| panic!("{e}"));
    let mut plain = whole[..header].to_vec();
    plain.push(0);
    plain.extend_from_slice(&members);
    plain.extend_from_slice(&[0; 32]);
    let plain = sealed(plain);
    let row = json!({ "inputs": [{ "name": "age", "shape": [1], "datatype": "INT64", "data": [50] }] });
    let models = format!("{}/models?name=m", here.project.0);
    let mut kept = 0;
    let places =
        (12..header).step_by(header / 30).chain((header..plain.len() - 32).step_by(plain.len() / 90));
    for (at, value) in places.flat_map(|at| [(at, 0xff), (at, 0x00)]) {
        let mut bytes = plain.clone();
        bytes[at] = value;
        let answer = here.server.ask("POST", &models, &[], &sealed(bytes));
        if answer.status == 422 {
            continue;
        }
        let id = text(&answer.ok()["id"]);
        let asked = here.server.json("POST", &format!("/v2/models/{id}/infer"), &row);
        assert!(asked.status == 200 || asked.status == 422, "{at}: {asked}");
        kept += 1;
    }
    assert!(kept > 0, "nothing that was changed was read, so nothing was asked");
    // One that unpacks to a thousand times its size.
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let part = vec![0_u8; 1 << 20];
    (0..1_500).for_each(|_| packed.write_all(&part).unwrap_or_else(|e| panic!("{e}")));
    let mut bomb = whole[..header].to_vec();
    bomb.push(1);
    bomb.extend_from_slice(&packed.finish().unwrap_or_else(|e| panic!("{e}")));
    bomb.extend_from_slice(&[0; 32]);
    here.server.ask("POST", &models, &[], &sealed(bomb)).problem(422);
    here.lives_within(300);
}

/// What comes back to a request that is written as it stands; empty where the connection is closed without a word.
fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap_or_else(|e| panic!("{e}"));
    stream.set_read_timeout(Some(LIMIT)).unwrap_or_else(|e| panic!("{e}"));
    // One that is refused early is not taken to its end.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => panic!("it holds the connection open"),
        _ => String::from_utf8_lossy(&answer).into_owned(),
    }
}

#[test]
fn floods_of_headers_are_refused() {
    let here = here();
    let head = format!("GET /api/v1/me HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", here.server.address);
    let with = |more: &str| raw(&here.server, format!("{head}{more}\r\n").as_bytes());
    assert!(with("").starts_with("HTTP/1.1 200"));
    let refused = |answer: &str| answer.is_empty() || answer.starts_with("HTTP/1.1 431");
    let many: String = (0..1_000).map(|n| format!("X-{n}: a\r\n")).collect();
    let long = format!("X-A: {}\r\n", "a".repeat(1 << 20));
    let cookies = format!("Cookie: {}\r\n", "__Host-trellis=a; ".repeat(10_000));
    for more in [&many, &long, &cookies] {
        let answer = with(more);
        assert!(refused(&answer), "{answer}");
    }
    let path =
        raw(&here.server, format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20)).as_bytes());
    assert!(path.is_empty() || path.starts_with("HTTP/1.1 4"), "{path}");
    for nonsense in [
        b"\x16\x03\x01\x02\x00\x01\x00".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let answer = raw(&here.server, nonsense);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    // Two lengths, or a length and parts, are not taken for whatever suits best.
    for smuggled in [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "Content-Length: 5, 6\r\n\r\nhello",
        "Content-Length: -1\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\nhello",
    ] {
        let request = format!(
            "POST /api/v1/projects HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n{smuggled}",
            here.server.address
        );
        let answer = raw(&here.server, request.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{smuggled}: {answer}");
    }
    here.lives_within(300);
}

/// Clients that send the beginning of something and no more: their connections end, and others are answered meanwhile.
#[test]
fn slow_clients_are_let_go() {
    let here = here();
    let host = &here.server.address;
    let beginnings = [
        String::new(),
        "GET /api/v1/me HTTP/1.1\r\n".to_owned(),
        format!("GET /api/v1/me HTTP/1.1\r\nHost: {host}\r\nX-Slow: "),
        format!(
            "POST /api/v1/projects HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{"
        ),
        format!(
            "POST {}/datasets?name=a.csv HTTP/1.1\r\nHost: {host}\r\nContent-Length: 20\r\n\r\na,b",
            here.project.0
        ),
    ];
    std::thread::scope(|scope| {
        let server = &here.server;
        let waiting: Vec<_> =
            beginnings.iter().map(|b| scope.spawn(move || raw(server, b.as_bytes()))).collect();
        let crowd: Vec<_> = (0..200).filter_map(|_| TcpStream::connect(host).ok()).collect();
        assert_eq!(server.get("/readyz").status, 200);
        for (beginning, waited) in beginnings.iter().zip(waiting) {
            let answer = waited.join().unwrap_or_else(|_| panic!("{beginning:?} is held open"));
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{beginning:?}: {answer}");
        }
        drop(crowd);
    });
    let list = here.server.get(&format!("{}/datasets", here.project.0)).ok();
    assert_eq!((list["items"].clone(), here.server.get("/readyz").status), (json!([]), 200));
}

/// Clients that ask for much and take nothing of it.
#[cfg(target_os = "linux")]
#[test]
fn clients_that_take_nothing_are_let_go() {
    const CLIENTS: usize = 8;
    let here = here();
    let table = format!("a,b\n{}", "some text of a cell,1234567\n".repeat(1_000_000));
    let id = text(&here.send("a.csv", table.as_bytes()).ok()["id"]);
    let sockets = || {
        let open =
            std::fs::read_dir(format!("/proc/{}/fd", here.server.process.0.id())).into_iter().flatten();
        let links = open.flatten().filter_map(|e| std::fs::read_link(e.path()).ok());
        links.filter(|l| l.to_string_lossy().starts_with("socket:")).count()
    };
    let request = format!(
        "GET {}/datasets/{id}/content HTTP/1.1\r\nHost: {}\r\n\r\n",
        here.project.0, here.server.address
    );
    let ask = || {
        let mut stream = TcpStream::connect(&here.server.address).unwrap_or_else(|e| panic!("{e}"));
        stream.write_all(request.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let mut begun = [0; 12];
        stream.read_exact(&mut begun).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(&begun, b"HTTP/1.1 200");
        stream
    };
    let held: Vec<_> = (0..CLIENTS).map(|_| ask()).collect();
    // All of these are answered, so all are counted.
    let all = sockets();
    until("they are let go", || (sockets() + CLIENTS <= all).then_some(()));
    drop(held);
    here.lives_within(300);
}

/// One person's streams leave some to others.
#[test]
fn streams_of_events_are_shared() {
    const EACH: usize = 32;
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let team = Team::gather(folder.path());
    let project = format!("/api/v1/projects/{}", team.project);
    let send = |path: &str, bytes: &[u8]| team.server.ask("POST", path, &[team.who("owner")], bytes).ok();
    let table = std::fs::read(sample("recurrence.csv")).unwrap_or_else(|e| panic!("{e}"));
    let dataset = text(&send(&format!("{project}/datasets?name=a.csv"), &table)["id"]);
    let request = json!({ "target": "back_within_two_years", "max_trials": 2 });
    let task = json!({ "task": { "kind": "study", "dataset": dataset, "request": request } });
    // Nobody computes anything here, so it does not end.
    let run = text(&team.json("owner", "POST", &format!("{project}/runs"), &task).ok()["id"]);
    let open = |actor: &str| {
        let mut stream = TcpStream::connect(&team.server.address).unwrap_or_else(|e| panic!("{e}"));
        let request = format!(
            "GET {project}/runs/{run}/events HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n",
            team.server.address,
            team.who(actor)
        );
        stream.write_all(request.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let mut begun = [0; 12];
        stream.read_exact(&mut begun).unwrap_or_else(|e| panic!("{e}"));
        (String::from_utf8_lossy(&begun).into_owned(), stream)
    };
    let held: Vec<_> = (0..EACH).map(|_| open("viewer")).collect();
    assert!(
        held.iter().all(|(status, _)| status == "HTTP/1.1 200"),
        "{:?}",
        held.iter().map(|h| &h.0).collect::<Vec<_>>()
    );
    assert_eq!(open("viewer").0, "HTTP/1.1 429");
    assert_eq!(open("editor").0, "HTTP/1.1 200");
    drop(held);
    until("closed ones are counted off", || (open("viewer").0 == "HTTP/1.1 200").then_some(()));
}
