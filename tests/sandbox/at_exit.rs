//! T6: what all tests share ends with the process, also after a failed test. Each case is a process of its own: this test
//! program, told by its environment what to do.

use cells::runtime_cell;
use cells_test_support::this_program;
use std::env;
use std::process::Output;
use std::time::Duration;

const CASE: &str = "CELLS_AT_EXIT_CASE";

#[runtime_cell(dispose = end)]
fn server() -> &'static str {
    cells::testing::shutdown_at_exit(Duration::from_secs(60));
    "the server"
}

fn end(name: &'static str) {
    println!("{name} has ended");
}

#[runtime_cell(dispose = end_async)]
async fn session(server: &&'static str) -> String {
    format!("a session on {server}")
}

async fn end_async(name: String) {
    cells_test_support::yield_now().await;
    println!("{name} has ended");
}

/// A client as many synchronous ones are: with a runtime inside.
struct Client(tokio::runtime::Runtime);

#[runtime_cell(dispose = log_out)]
fn client() -> Client {
    cells::testing::shutdown_at_exit(Duration::from_secs(60));
    Client(cells_test_support::current_thread())
}

fn log_out(Client(runtime): Client) {
    runtime.block_on(async { println!("the client has ended") });
}

#[cfg(feature = "tokio")]
#[runtime_cell(dispose = end_late)]
async fn patient() -> u8 {
    cells::testing::shutdown_at_exit(Duration::from_secs(60));
    1
}

#[cfg(feature = "tokio")]
async fn end_late(_: u8) {
    // It needs the timers of a runtime.
    tokio::time::sleep(Duration::from_millis(1)).await;
    println!("the patient one has ended");
}

#[runtime_cell(dispose = fail)]
fn stubborn() -> u8 {
    cells::testing::shutdown_at_exit(Duration::from_secs(60));
    0
}

fn fail(_: u8) -> Result<(), cells::BoxError> {
    Err("it does not want to".into())
}

/// Not a test by itself: what a process of the others does.
#[test]
fn t6_case() {
    let Ok(case) = env::var(CASE) else { return };
    match case.as_str() {
        "passes" => assert_eq!(*server(), "the server"),
        "fails" => panic!("the test fails with {}", *server()),
        "async" => {
            // It outlives the runtime of the test, because it was built on none.
            assert_eq!(*pollster::block_on(session()), "a session on the server");
        }
        "runtime inside" => drop(client()),
        #[cfg(feature = "tokio")]
        "timers" => drop(pollster::block_on(patient())),
        "stubborn" => assert_eq!(*stubborn(), 0),
        "twice" => {
            cells::testing::shutdown_at_exit(Duration::ZERO);
            assert_eq!(*server(), "the server");
        }
        "never" => {}
        other => panic!("no such case: {other}"),
    }
}

fn run(case: &str) -> Output {
    this_program()
        .args(["--exact", "at_exit::t6_case", "--nocapture"])
        .env(CASE, case)
        .output()
        .expect("it starts")
}

fn said(case: &str) -> (bool, Vec<String>, String) {
    let output = run(case);
    let lines = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    let ended = lines.into_iter().filter(|line| line.ends_with("has ended")).collect();
    (output.status.success(), ended, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn t6_what_all_tests_share_ends_at_exit() {
    for case in ["passes", "twice"] {
        let (passed, ended, errors) = said(case);
        assert!(passed, "{errors}");
        assert_eq!(ended, ["the server has ended"]);
    }
    assert_eq!(said("never").1, [""; 0]);
}

#[test]
fn t6_also_after_a_failed_test() {
    let (passed, ended, _) = said("fails");
    assert!(!passed);
    assert_eq!(ended, ["the server has ended"]);
}

#[test]
fn t6_asynchronous_disposers_run_too_and_dependents_first() {
    let (passed, ended, errors) = said("async");
    assert!(passed, "{errors}");
    assert_eq!(ended, ["a session on the server has ended", "the server has ended"]);
}

#[test]
fn t6_disposers_find_what_they_have_elsewhere() {
    let (passed, ended, errors) = said("runtime inside");
    assert!(passed, "{errors}");
    assert_eq!(ended, ["the client has ended"], "{errors}");
    #[cfg(feature = "tokio")]
    {
        let (passed, ended, errors) = said("timers");
        assert!(passed, "{errors}");
        assert_eq!(ended, ["the patient one has ended"], "{errors}");
    }
}

#[test]
fn t6_a_disposer_that_fails_is_reported() {
    let (passed, _, errors) = said("stubborn");
    assert!(passed, "the harness has said so already");
    assert!(
        errors.contains(
            "at exit: 1 of 1 cells did not close cleanly: cell `stubborn`: failed: it does not want to"
        ),
        "{errors}"
    );
}
