//! What the tests have in common.

use cells::testing::Sandbox;
use clap::Parser;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use worker::args::{ARGS, Args};

/// How long a test waits for anything before it fails.
pub(crate) const IN_VAIN: Duration = Duration::from_mins(1);

/// How long it rests between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// A directory with a model, and room for results.
pub(crate) struct World(TempDir);

impl World {
    /// In its model `meeting` means `work`.
    pub(crate) fn new() -> Self {
        let world = Self(TempDir::with_prefix("worker").unwrap());
        world.replace_model(r#"{"work": ["meeting"], "family": ["dinner", "birthday"]}"#);
        world
    }

    /// A sandbox with the arguments that lead here.
    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new().put(&ARGS, Args::parse_from(self.command_line()))
    }

    pub(crate) fn command_line(&self) -> [String; 7] {
        let path = |path: PathBuf| path.into_os_string().into_string().unwrap();
        let [model, results] = [self.model(), self.results()].map(path);
        ["worker", "--model", &model, "--results", &results, "--poll", "5"].map(str::to_owned)
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.0.path().join("model.json")
    }

    pub(crate) fn results(&self) -> PathBuf {
        self.0.path().join("results.jsonl")
    }

    /// Where the results are as long as there may be more.
    pub(crate) fn part(&self) -> PathBuf {
        self.0.path().join("results.jsonl.part")
    }

    /// Writes another model, and gives it the name of the old one.
    pub(crate) fn replace_model(&self, model: &str) {
        let other = self.0.path().join("model.json.new");
        fs::write(&other, model).unwrap();
        fs::rename(other, self.model()).unwrap();
    }

    /// The lines of the complete results, sorted.
    pub(crate) fn complete(&self) -> Vec<String> {
        assert!(!self.part().exists(), "the results are still growing");
        let text = fs::read_to_string(self.results()).expect("there are results");
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Whether the results have a line with this text, now.
    pub(crate) fn found(&self, text: &str) -> bool {
        fs::read_to_string(self.part()).is_ok_and(|lines| lines.contains(text))
    }
}

/// A job about this text.
pub(crate) fn job(id: u32, text: &str) -> String {
    format!(r#"{{"id":{id},"text":"{text}"}}"#)
}

/// Lets other tasks run until something is the case.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < IN_VAIN, "waited in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until something is the case.
pub(crate) fn block_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < IN_VAIN, "waited in vain until {what}");
        thread::sleep(PAUSE);
    }
}
