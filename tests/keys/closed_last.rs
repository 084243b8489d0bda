//! `closed_last`: cells to which the disposers of all others still write.

use cells::{runtime_cell, shutdown};
use cells_test_support::{LONG, alone, lock};
use std::sync::Mutex;

static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

struct Node(&'static str);

fn end(Node(name): Node) {
    lock(&LOG).push(name);
}

fn end_permanent(node: &Node) {
    lock(&LOG).push(node.0);
}

/// What the exporter needs.
#[runtime_cell(dispose = end)]
fn network() -> Node {
    Node("network")
}

#[runtime_cell(closed_last, dispose = end)]
fn exporter(network: &Node) -> Node {
    assert_eq!(network.0, "network");
    Node("exporter")
}

#[runtime_cell(closed_last, dispose = end)]
fn telemetry(exporter: &Node) -> Node {
    assert_eq!(exporter.0, "exporter");
    Node("telemetry")
}

#[runtime_cell(permanent, dispose = end_permanent)]
fn settings() -> Node {
    Node("settings")
}

#[runtime_cell(dispose = end)]
fn pool() -> Node {
    Node("pool")
}

/// It depends on a cell that is closed last, and is closed before it like any dependent.
#[runtime_cell(dispose = end)]
fn server(pool: &Node, telemetry: &Node) -> Node {
    assert_eq!((pool.0, telemetry.0), ("pool", "telemetry"));
    Node("server")
}

fn build() {
    drop((server(), pool()));
    assert_eq!(settings().0, "settings");
}

fn closed() -> Vec<&'static str> {
    std::mem::take(&mut *lock(&LOG))
}

#[test]
fn h6_a_shutdown_closes_last_what_says_so() {
    alone(|| {
        assert!(TELEMETRY.info().closed_last && !POOL.info().closed_last);
        build();
        let report = shutdown(LONG);
        assert_eq!(closed(), ["server", "pool", "settings", "telemetry", "exporter", "network"]);
        let mut cells = report.cells.clone();
        cells.sort_by_key(|cell| cell.position);
        let names: Vec<_> = cells.iter().map(|cell| cell.info.name).collect();
        assert_eq!(names, ["server", "pool", "settings", "telemetry", "exporter", "network"]);
        assert_eq!(cells.iter().map(|cell| cell.position).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert!(cells.is_sorted_by_key(|cell| cell.began_after));
        let text = report.to_string();
        let lines: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(lines, ["cell", "server", "pool", "settings", "telemetry", "exporter", "network", "took"]);
        let json = serde_json::to_value(&report).expect("it is data");
        assert_eq!(json["cells"].as_array().map(Vec::len), Some(6));
        let server =
            json["cells"].as_array().and_then(|cells| cells.iter().find(|cell| cell["cell"] == "server"));
        let server = server.expect("it was closed");
        assert_eq!((server["outcome"].as_str(), server["position"].as_u64()), (Some("disposed"), Some(1)));
        assert!(
            server["began_after_us"].is_u64() && server["duration_us"].is_u64() && server["error"].is_null()
        );
    });
}

#[test]
fn h6_close_all_closes_last_what_says_so() {
    alone(|| {
        build();
        assert!(cells::close_all(LONG).is_ok());
        assert_eq!(closed(), ["server", "pool", "telemetry", "exporter", "network"]);
    });
}
