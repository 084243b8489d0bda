//! What is around the service in one test.

use super::{EMAIL_TOKEN, EmailApi, Time};
use axum::http::Uri;
use cells::testing::Sandbox;
use newsletter::clock::{CLOCK, Clock};
use newsletter::config::{CONFIG, Config};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// What a test has to send to publish.
pub(crate) const PUBLISH_TOKEN: &str = "the token for publishing";

/// A directory for the files of the service, an email API and a clock.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) api: EmailApi,
    pub(crate) time: Time,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self {
            dir: TempDir::with_prefix("newsletter").unwrap(),
            api: EmailApi::start().await,
            time: Time::at(1_000_000),
        }
    }

    /// A sandbox whose configuration and clock are those of this world. Everything else is built as in production.
    pub(crate) fn sandbox(&self) -> Sandbox {
        let (database, journal) = (self.database(), self.journal());
        let email_api: Uri = self.api.url().parse().unwrap();
        let config = move || Config {
            listen: ([127, 0, 0, 1], 0).into(),
            base_url: "https://news.test".to_owned(),
            database: database.clone(),
            journal: journal.clone(),
            email_api: email_api.clone(),
            email_token: EMAIL_TOKEN.to_owned(),
            sender: String::from("news@news.test").try_into().unwrap(),
            publish_token: PUBLISH_TOKEN.to_owned(),
        };
        let clock: Box<dyn Clock> = Box::new(self.time.clone());
        Sandbox::new().factory(&CONFIG, config).put(&CLOCK, clock)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("newsletter.db")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.path().join("newsletter.log")
    }

    /// The lines of the journal's file.
    pub(crate) fn journal_lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.journal()).expect("there is a journal");
        text.lines().map(str::to_owned).collect()
    }
}
