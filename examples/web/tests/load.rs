//! The service as a process under load, while an operator refreshes and closes cells, while what it needs breaks and is
//! mended, and when it is stopped with requests in flight: no request is lost, and none is answered from a disposed payload;
//! readiness follows the truth; and the client, the page and the metrics count the same.

#![cfg(unix)]

#[path = "support/client.rs"]
mod client;
#[path = "support/page.rs"]
mod page;
#[path = "support/service.rs"]
mod service;

use client::{Answer, Client};
use page::{click, row};
use service::{Service, wait_until};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// How many clients send requests all the time, and how many requests are in flight at the end.
const CLIENTS: usize = 8;
/// The least number of answers between two events.
const ANSWERS: u64 = 250;
const REFRESHES: u64 = 4;

#[test]
fn h7_no_request_is_lost_and_all_count_the_same() {
    let mut service = Service::start();
    let seen = Seen::default();
    let mut operator = Client::new(service.address);
    assert!(operator.get("/livez").is_ok() && operator.get("/readyz").is_ok());

    thread::scope(|scope| {
        let _stop = Stop(&seen.stopping); // also if an assertion fails
        for _ in 0..CLIENTS {
            scope.spawn(|| seen.load(&mut Client::new(service.address)));
        }
        let mut refreshed = 0;
        for version in 2..2 + REFRESHES {
            seen.meanwhile();
            service.write(version);
            refreshed = click(&mut operator, "refresh", "index", 200);
            seen.at_least.store(version, Ordering::SeqCst);
        }

        // Nobody can do that without the token.
        let mut stranger = Client::new(service.address);
        assert_eq!(stranger.post("/cells", "token=guess&close=web::resources::INDEX:1").status, 403);

        // What a reload needs is gone: it fails, and what is there goes on.
        fs::rename(service.tree(), service.away()).unwrap();
        click(&mut operator, "refresh", "index", 503);
        service.signal("HUP");
        wait_until("the reload fails", || service.logged("not reloaded: cannot search"));
        seen.meanwhile();
        assert!(operator.get("/readyz").is_ok(), "an old index is one");
        // Without that one it is not ready, says why, and lives on.
        seen.may_fail.store(true, Ordering::SeqCst);
        click(&mut operator, "close", "index", 200);
        wait_until("it is not ready", || !operator.get("/readyz").is_ok());
        let why = operator.get("/readyz?verbose");
        assert!(why.body.contains("index: ") && why.body.contains("No such file"), "{}", why.body);
        assert!(operator.get("/livez").is_ok());
        let before = seen.unavailable.load(Ordering::SeqCst);
        wait_until("requests are refused", || seen.unavailable.load(Ordering::SeqCst) > before);
        // Mended, it comes back by itself.
        fs::rename(service.away(), service.tree()).unwrap();
        wait_until("it is ready again", || operator.get("/readyz").is_ok());
        seen.may_fail.store(false, Ordering::SeqCst);
        seen.meanwhile();

        // The database is damaged: the index is there, but its check says no, until the operator refreshes it.
        seen.may_fail.store(true, Ordering::SeqCst);
        service.damage();
        wait_until("the check fails", || operator.get("/readyz?verbose").body.contains("no such table"));
        let before = seen.failed.load(Ordering::SeqCst);
        wait_until("requests fail", || seen.failed.load(Ordering::SeqCst) > before);
        assert!(click(&mut operator, "refresh", "index", 200) > refreshed);
        wait_until("the check passes", || operator.get("/readyz").is_ok());
        seen.may_fail.store(false, Ordering::SeqCst);
        seen.meanwhile();

        // A signal reads the directory into another store, whose old one ends with the last request that uses it.
        let version = 2 + REFRESHES;
        service.write(version);
        service.signal("HUP");
        let text = format!("needle {version}");
        wait_until("it is reloaded", || operator.get("/search?q=needle").body.contains(&text));
        seen.asked_by_operator(&operator);
        seen.at_least.store(version, Ordering::SeqCst);
        wait_until("the reload has ended", || service.said("reloaded"));
        seen.meanwhile();
    });

    agree(&mut operator, &seen);
    let mut idle = Client::new(service.address);
    assert!(idle.get("/livez").is_ok()); // a connection that nobody uses must not delay the end
    stop_under_load(&mut service, &seen);
    let report = service.output();
    for (status, count) in seen.counts() {
        assert!(report.contains(&requests(status, count)), "{count} answers of {status}, but\n{report}");
    }
    for cell in ["index", "store", "settings"] {
        let ended = report
            .lines()
            .any(|line| line.starts_with(cell) && line.split_whitespace().nth(1) == Some("disposed"));
        assert!(ended, "{cell} in\n{report}");
    }
    service.told_the_manager();
}

/// Stops the service while clients send requests and others are in flight, which all get their answers.
fn stop_under_load(service: &mut Service, seen: &Seen) {
    seen.stopping.store(false, Ordering::SeqCst);
    thread::scope(|scope| {
        let _stop = Stop(&seen.stopping);
        for _ in 0..CLIENTS {
            scope.spawn(|| seen.load(&mut Client::new(service.address)));
        }
        seen.meanwhile();
        let in_flight: Vec<_> = (0..CLIENTS).map(|_| Client::new(service.address).begin("/search")).collect();
        seen.ending.store(true, Ordering::SeqCst);
        service.signal("TERM");
        wait_until("no request is accepted", || !Client::new(service.address).is_accepted());
        for mut client in in_flight {
            client.send(b"q=needle");
            seen.check(&client.answer().expect("an answer to a request in flight"), 0, false);
        }
    });
    service.end();
}

/// The page, the metrics and the snapshot, read while nothing happens, agree with what the client has seen.
fn agree(operator: &mut Client, seen: &Seen) {
    let snapshot = operator.get("/cells.json").json();
    let of = |cell: &str| {
        let cells = snapshot.as_array().expect("a list");
        cells.iter().find(|other| other["name"] == cell).expect("the cell")["counts"].clone()
    };
    let number = |cell: &str, count: &str| of(cell)[count].as_u64().expect("a count");
    // An observer may still be at work when the callers of its flight go on, so this waits until the metrics agree.
    let mut prober = Client::new(operator.address);
    let mut has = |series: &str, count: u64| {
        let line = format!("{series} {count}");
        wait_until(&line, || prober.get("/metrics").body.lines().any(|other| other == line));
    };
    // The first, the operator's, the one after the close, the one that mends, and the reload.
    assert_eq!(number("index", "builds"), 1 + REFRESHES + 3);
    // The first, and one for each signal: that of the reload that failed was there for the next index.
    assert_eq!(number("store", "builds"), 3);
    assert_eq!(number("index", "refreshes"), 1 + REFRESHES + 1);
    assert_eq!(number("index", "closes"), 1);
    assert_eq!(number("index", "failed_refreshes"), 2);
    assert!(number("index", "failures") >= 2, "{}", of("index"));
    for cell in ["index", "store"] {
        let (builds, failures) = (number(cell, "builds"), number(cell, "failures"));
        has(&format!(r#"cells_init_seconds_count{{cell="{cell}",status="ok"}}"#), builds);
        if failures > 0 {
            has(&format!(r#"cells_init_seconds_count{{cell="{cell}",status="error"}}"#), failures);
        }
        has(
            &format!(r#"cells_dispose_seconds_count{{cell="{cell}",status="ok"}}"#),
            number(cell, "disposed"),
        );
        assert_eq!(number(cell, "disposed"), builds - 1, "all of {cell} but the last");
        let page = operator.get("/cells").body;
        let row = row(&page, cell);
        let (_, counts) = row.rsplit_once("<td class=\"q\">").expect("a cell with all counts");
        let counts: Vec<_> = counts.split(", ").collect();
        assert_eq!(counts[0], format!("{builds} builds"), "{row}");
        assert!(failures == 0 || counts.contains(&&*format!("{failures} failures")), "{row}");
    }
    for (status, count) in seen.counts() {
        has(&format!(r#"web_requests_total{{route="/search",status="{status}"}}"#), count);
    }
    let refused = number("index", "refused_cooling");
    if refused > 0 {
        has(r#"cells_cooling_total{cell="index"}"#, refused);
    }
}

fn requests(status: u16, count: u64) -> String {
    format!("web_requests_total{{route=\"/search\",status=\"{status}\"}} {count}\n")
}

/// What all clients have seen.
#[derive(Default)]
struct Seen {
    ok: AtomicU64,
    unavailable: AtomicU64,
    failed: AtomicU64,
    /// The version of the text that a request finds at least if it is sent from now on.
    at_least: AtomicU64,
    /// Whether something is broken, so that requests may fail.
    may_fail: AtomicBool,
    /// Whether the service was told to stop, so that it may accept no more requests.
    ending: AtomicBool,
    stopping: AtomicBool,
}

impl Seen {
    /// Sends requests until the test has seen enough, or the service accepts no more.
    fn load(&self, client: &mut Client) {
        while !self.stopping.load(Ordering::SeqCst) {
            let at_least = self.at_least.load(Ordering::SeqCst);
            let may_fail = self.may_fail.load(Ordering::SeqCst);
            let Some(answer) = client.try_get("/search?q=needle") else {
                assert!(self.ending.load(Ordering::SeqCst), "a request is lost");
                return;
            };
            self.check(&answer, at_least, may_fail);
        }
    }

    fn check(&self, answer: &Answer, at_least: u64, might_fail: bool) {
        let may_fail = might_fail || self.may_fail.load(Ordering::SeqCst);
        match answer.status {
            200 => {
                let found = answer.json();
                assert_eq!(found["disposed"], false, "answered from a disposed index");
                let text = found["matches"][0]["text"].as_str();
                let version = text.and_then(|text| text.strip_prefix("needle ")?.parse().ok());
                assert!(version >= Some(at_least), "an old answer: {}", answer.body);
                self.ok.fetch_add(1, Ordering::SeqCst);
            }
            503 if may_fail => {
                self.unavailable.fetch_add(1, Ordering::SeqCst);
            }
            500 if may_fail => {
                self.failed.fetch_add(1, Ordering::SeqCst);
            }
            _ => panic!("{answer:?}"),
        }
    }

    /// Waits until many more requests were answered.
    fn meanwhile(&self) {
        let before = self.ok.load(Ordering::SeqCst);
        wait_until("it is busy", || self.ok.load(Ordering::SeqCst) >= before + ANSWERS);
    }

    /// Counts what the operator has searched for, all of which was answered.
    fn asked_by_operator(&self, operator: &Client) {
        self.ok.fetch_add(operator.searches, Ordering::SeqCst);
    }

    fn counts(&self) -> [(u16, u64); 3] {
        [(200, &self.ok), (500, &self.failed), (503, &self.unavailable)]
            .map(|(status, count)| (status, count.load(Ordering::SeqCst)))
    }
}

/// Ends the load when it is dropped.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
