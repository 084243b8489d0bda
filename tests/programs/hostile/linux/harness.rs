//! Runs each scenario as a process of its own.

use std::env;
use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::abort;

/// A process that has not ended by then hangs.
const LIMIT: Duration = Duration::from_secs(30);
/// The argument that makes this program run one scenario.
const ONE: &str = "--scenario";
/// What a scenario says last.
const DONE: &str = "the scenario is done";

/// How a process must end.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    /// Its function returns.
    Well,
    /// With this exit code.
    With(i32),
    /// By this signal.
    Killed(i32),
}

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
    pub(crate) ends: Ends,
}

pub(crate) fn main(scenarios: &[Scenario]) {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [one, name] = &arguments[..]
        && one == ONE
    {
        let scenario = scenarios.iter().find(|scenario| scenario.name == name).expect("a scenario's name");
        (scenario.run)();
        return println!("{DONE}");
    }
    let wanted: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen: Vec<_> = scenarios
        .iter()
        .filter(|scenario| {
            wanted.is_empty() || wanted.iter().any(|text| scenario.name.contains(text.as_str()))
        })
        .collect();
    if chosen.iter().any(|scenario| scenario.name.contains(abort::SCENARIOS)) {
        abort::build();
    }
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(scenario) = chosen.get(next.fetch_add(1, SeqCst)) {
                    let Err(why) = process(scenario) else {
                        println!("ok      {}", scenario.name);
                        continue;
                    };
                    println!("FAILED  {}: {why}", scenario.name);
                    failed.lock().expect("nobody panics").push(scenario.name);
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics");
    println!("{} scenarios, {} failed", chosen.len(), failed.len());
    if !failed.is_empty() {
        println!("    {}", failed.join("\n    "));
        exit(1);
    }
}

/// Runs a scenario; returns why it failed.
fn process(scenario: &Scenario) -> Result<(), String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(this)
        .args([ONE, scenario.name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("RUST_BACKTRACE", "0")
        .process_group(0)
        .spawn()
        .map_err(|error| error.to_string())?;
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let ended = wait(&mut child);
    // What it forked belongs to its group, and holds the pipes open.
    // SAFETY: the call takes no pointers, and the group is that of a child that has not been waited for by another.
    unsafe { libc::kill(-child.id().cast_signed(), libc::SIGKILL) };
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    let right = match (ended, scenario.ends) {
        (None, _) => false,
        (Some(status), Ends::Well) => status.success() && out.contains(DONE),
        (Some(status), Ends::With(code)) => status.code() == Some(code),
        (Some(status), Ends::Killed(signal)) => status.signal() == Some(signal),
    };
    if right {
        return Ok(());
    }
    let how = ended.map_or(format!("it did not end within {LIMIT:?}"), |status| status.to_string());
    let said: Vec<_> = out.lines().chain(err.lines()).collect();
    let last = said.len().saturating_sub(20);
    Err(format!("{how}\n    {}", said[last..].join("\n    ")))
}

/// Waits up to the limit.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
