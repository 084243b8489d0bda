//! The server under load, reloaded, and stopped with requests in flight: no request is lost, and none is answered from
//! a disposed payload.

use crate::server::{PATIENCE, run};
use crate::settings::{SETTINGS, Settings};
use cells::{CloseResult, CloseStatus, Observer};
use lexopt::Parser;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{self, Command};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many clients send requests all the time, and how many requests are in flight at the end.
const CLIENTS: usize = 8;
const RELOADS: u64 = 3;
/// How long the test waits for anything before it fails.
const IN_VAIN: Duration = Duration::from_mins(1);
/// The least number of answers between two reloads.
const ANSWERS: u64 = 200;

/// Nothing but `main` reads the command line, which here is that of the test harness.
#[test]
fn z10_settings_come_from_whoever_runs_the_server() {
    assert!(!SETTINGS.info().has_factory);
    let words = ["web", "--listen", "127.0.0.1:0", "--dir", "/srv"];
    let settings = Settings::parse(Parser::from_iter(words)).expect("these are known");
    assert_eq!((settings.dir.to_str(), settings.listen.port()), (Some("/srv"), 0));
    assert!(Settings::parse(Parser::from_iter(["web", "--exact"])).is_err(), "an argument of a test harness");
}

#[test]
fn no_request_is_lost() {
    let ends = Arc::new(Ends::default());
    cells::set_global_observer(ends.clone());
    let tree = TempDir::new().unwrap();
    let write = |version: u64| fs::write(tree.path().join("a.txt"), format!("needle {version}")).unwrap();
    write(1);
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let token = "of the test".to_owned();
    SETTINGS.provide(Settings { dir: tree.path().to_owned(), listen, token }).unwrap();

    let (ready, address) = mpsc::channel();
    let server =
        thread::spawn(move || run(|address| ready.send(address).unwrap()).map_err(|error| error.to_string()));
    let address = address.recv().expect("the server listens");
    let (answers, stopping) = (AtomicU64::new(0), AtomicBool::new(false));
    let _idle = TcpStream::connect(address).unwrap(); // must not delay the shutdown
    let stopped = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| load(address, &ends, &answers, &stopping));
        }
        for version in 2..2 + RELOADS {
            let before = answers.load(Ordering::Relaxed);
            wait_until("it is busy", || answers.load(Ordering::Relaxed) >= before + ANSWERS);
            write(version);
            send("HUP");
            wait_until("it is reloaded", || ask(address).expect("an answer").generation == version);
        }
        let in_flight: Vec<_> = (0..CLIENTS).map(|_| begin(address)).collect();
        stopping.store(true, Ordering::SeqCst);
        send("TERM");
        let stopped = Instant::now();
        wait_until("no request is accepted", || TcpStream::connect(address).is_err());
        for request in in_flight {
            assert_eq!(finish(request).generation, 1 + RELOADS);
        }
        stopped
    });
    let closed = server.join().unwrap().unwrap();
    assert!(stopped.elapsed() < PATIENCE, "it waited for more than the requests in flight");

    assert!(closed.is_ok(), "{closed}");
    let ends = ends.0.lock().unwrap();
    let last = 1 + RELOADS;
    let in_order =
        [("index", last), ("store", last), ("settings", 1)].map(|(cell, nth)| (cell.to_owned(), nth));
    assert!(ends.ends_with(&in_order), "{ends:?}");
    for cell in ["index", "store"] {
        let mut generations: Vec<_> =
            ends.iter().filter(|(name, _)| name == cell).map(|(_, nth)| *nth).collect();
        generations.sort_unstable();
        assert_eq!(generations, (1..=last).collect::<Vec<_>>(), "each {cell} ends once");
    }
}

/// The payloads that were disposed, in that order.
#[derive(Default)]
struct Ends(Mutex<Vec<(String, u64)>>);

impl Observer for Ends {
    fn on_close_end(&self, event: &CloseResult) {
        assert_eq!(event.status, CloseStatus::Ok);
        if let Some(generation) = event.generation {
            self.0.lock().unwrap().push((event.cell.to_owned(), generation));
        }
    }
}

/// Sends requests until the server accepts no more, or the test has timed out.
fn load(address: SocketAddr, ends: &Ends, answers: &AtomicU64, stopping: &AtomicBool) {
    let start = Instant::now();
    while start.elapsed() < IN_VAIN {
        let disposed = ends.0.lock().unwrap().clone();
        let Some(found) = ask(address) else {
            assert!(stopping.load(Ordering::SeqCst), "a request is lost");
            return;
        };
        let by = ("index".to_owned(), found.generation);
        assert!(!disposed.contains(&by), "answered from a disposed index");
        assert_eq!(found.text, format!("needle {}", found.generation));
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

struct Found {
    generation: u64,
    text: String,
}

/// Searches for the needle; `None` if the server does not accept the request.
fn ask(address: SocketAddr) -> Option<Found> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(b"GET /search?q=needle HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").ok()?;
    answer(stream)
}

/// Sends a request without its body, and returns once a handler is waiting for that.
fn begin(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /search HTTP/1.1\r\nHost: test\r\nConnection: close\r\nExpect: 100-continue\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut said = *b"HTTP/1.1 ??? ????????\r\n\r\n";
    stream.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

fn finish(mut stream: TcpStream) -> Found {
    stream.write_all(b"q=needle").unwrap();
    answer(stream).expect("an answer to a request in flight")
}

/// Reads an answer, which must be complete unless it is empty.
fn answer(mut stream: TcpStream) -> Option<Found> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    if bytes.is_empty() {
        return None;
    }
    let said = String::from_utf8(bytes).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    let (_head, body) = said.split_once("\r\n\r\n").expect("a whole head");
    let body: Value = serde_json::from_str(body).expect("a whole body");
    Some(Found {
        generation: body["generation"].as_u64().unwrap(),
        text: body["matches"][0]["text"].as_str().unwrap().to_owned(),
    })
}

fn send(signal: &str) {
    let kill = format!("kill -{signal} {}", process::id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < IN_VAIN, "waited in vain until {what}");
        thread::yield_now();
    }
}
