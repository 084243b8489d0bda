//! The server as a process of its own: it starts, answers over the network, and ends by a signal.

use crate::support::{EMAIL_TOKEN, EmailApi, PUBLISH_TOKEN};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long the test waits for the server's end before it fails.
const IN_VAIN: Duration = Duration::from_mins(1);

/// The server, with its files in this directory.
fn server(dir: &Path, api: &EmailApi) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newsletter"));
    command
        .current_dir(dir)
        .env("NEWSLETTER_LISTEN", "127.0.0.1:0")
        .env("NEWSLETTER_BASE_URL", "https://news.test")
        .env("NEWSLETTER_EMAIL_API", api.url())
        .env("NEWSLETTER_EMAIL_TOKEN", EMAIL_TOKEN)
        .env("NEWSLETTER_PUBLISH_TOKEN", PUBLISH_TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Sends a request, and returns the answer with its head.
fn request(address: &str, method: &str, path: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Stops the server, which has to end by itself.
fn end(mut server: Child) -> Output {
    let kill = Command::new("kill").arg("-TERM").arg(server.id().to_string()).status().unwrap();
    assert!(kill.success());
    let start = Instant::now();
    while server.try_wait().unwrap().is_none() {
        if start.elapsed() > IN_VAIN {
            server.kill().unwrap();
            panic!("the signal does not end it");
        }
        thread::sleep(Duration::from_millis(1));
    }
    server.wait_with_output().unwrap()
}

#[test]
fn the_server_serves_until_a_signal_and_leaves_nothing_open() {
    let runtime = Runtime::new().unwrap();
    let (api, dir) = (runtime.block_on(EmailApi::start()), TempDir::new().unwrap());
    let mut server = server(dir.path(), &api).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(server.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").expect("an address");

    let form = "Content-Type: application/x-www-form-urlencoded";
    let answer = request(address, "POST", "/subscriptions", form, "name=Ann&email=ann@example.org");
    assert!(answer.starts_with("HTTP/1.0 202"), "{answer}");
    let answer = request(address, "GET", &api.link("ann@example.org"), "Accept: */*", "");
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    let json = format!("Authorization: Bearer {PUBLISH_TOKEN}\r\nContent-Type: application/json");
    let answer = request(address, "PUT", "/issues/one", &json, r#"{"title":"one","text":"News."}"#);
    assert!(answer.ends_with(r#"{"sent":1,"failed":0}"#), "{answer}");
    assert_eq!(api.recipients("one"), ["ann@example.org"]);

    let ended = end(server);
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    let mut report = String::new();
    lines.read_to_string(&mut report).unwrap();
    for cell in ["config", "clock", "db", "http", "mailer", "journal"] {
        let closed = |line: &str| line.starts_with(cell) && line.contains("disposed");
        assert!(report.lines().any(closed), "{cell} is not closed:\n{report}");
    }
    let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["newsletter.db", "newsletter.log"], "no log of SQLite's is left");
    let journal = fs::read_to_string(dir.path().join("newsletter.log")).unwrap();
    assert_eq!(journal.lines().count(), 2, "{journal}");
}

#[test]
fn a_wrong_configuration_ends_the_server_with_one_line() {
    let runtime = Runtime::new().unwrap();
    let (api, dir) = (runtime.block_on(EmailApi::start()), TempDir::new().unwrap());
    let ended = server(dir.path(), &api).env("NEWSLETTER_SENDER", "nobody").output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(said, "newsletter: NEWSLETTER_SENDER: not an address of mail\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "no file was made");
}
