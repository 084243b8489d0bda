//! What befalls the tasks, one thing after the other.
//!
//! An act lasts until what it is about has happened, and not for a time: so it shows the same on a machine that is slow.

use crate::endpoint::{Counts, Endpoint, Mode};
use crate::journal::Journal;
use crate::load::{Load, Tally};
use crate::token::TOKEN;
use cells::BoxError;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an act waits for what it is about. Then something is wrong.
const IN_VAIN: Duration = Duration::from_mins(2);

/// How long an act rests between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// How many answers of 503 make an outage: a refresh fails with all its attempts, and the next one at least once.
const ANSWERS: u64 = 4;

/// The stage of the acts.
pub struct Stage {
    /// The servers.
    pub endpoint: Endpoint,
    /// The cell's observer.
    pub journal: Arc<Journal>,
    /// The tasks.
    pub load: Arc<Load>,
    /// How many there are.
    pub tasks: u64,
    /// When the first act began.
    pub began: Instant,
}

/// What the acts were, as far as the report asks.
#[derive(Debug, Default)]
pub struct Played {
    /// How often a token was revoked.
    pub revocations: u64,
    /// How often all tasks idled until there was no token any more.
    pub idled: u64,
    /// The most tokens that were fetched during one of these times.
    pub fetched_idling: u64,
}

/// What there is at the beginning of an act.
struct Before {
    at: Instant,
    counts: Counts,
    tally: Tally,
    published: usize,
}

impl Stage {
    /// Plays one round after the other until the time is over, but at least one. Prints a line for each act.
    ///
    /// # Errors
    ///
    /// If something did not happen that an act is about.
    pub async fn play(&self, time: Duration) -> Result<Played, BoxError> {
        let mut played = Played::default();
        println!("{:>6}  {:62} {:>8} {:>7} {:>7}", "second", "what happened", "answered", "waited", "failed");
        self.open().await?;
        loop {
            self.age().await?;
            self.outage().await?;
            self.stall().await?;
            self.revoke().await?;
            played.revocations += 1;
            let fetched = self.idle().await?;
            played.idled += 1;
            played.fetched_idling = played.fetched_idling.max(fetched);
            if self.began.elapsed() >= time {
                return Ok(played);
            }
        }
    }

    async fn open(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.next_token(&before).await?;
        self.all_answered(&before).await?;
        self.say(&before, "all tasks begin: one token");
        Ok(())
    }

    async fn age(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.next_token(&before).await?;
        self.say(&before, "the token is not fresh any more: one in the background");
        Ok(())
    }

    async fn outage(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.endpoint.set(Mode::Down);
        let down = || self.endpoint.counts().out_of_order - before.counts.out_of_order;
        let happened = until("the endpoint is asked", || down() >= ANSWERS).await;
        self.endpoint.set(Mode::Up);
        happened?;
        self.next_token(&before).await?;
        self.say(&before, &format!("outage: {} answers of 503, then a token", down()));
        Ok(())
    }

    async fn stall(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.endpoint.set(Mode::Stalled);
        let hung_up = || self.endpoint.counts().hung_up - before.counts.hung_up;
        let happened = until("the client hangs up", || hung_up() > 0).await;
        self.endpoint.set(Mode::Up);
        happened?;
        self.next_token(&before).await?;
        self.say(&before, &format!("stall: {} not answered, then a token", hung_up()));
        Ok(())
    }

    async fn revoke(&self) -> Result<(), BoxError> {
        let before = self.before();
        let rest = self.rest().await?;
        self.endpoint.revoke();
        drop(rest);
        self.next_token(&before).await?;
        self.all_answered(&before).await?;
        let refused = self.endpoint.counts().revoked - before.counts.revoked;
        self.say(&before, &format!("the token is revoked: {refused} requests find out, one token"));
        Ok(())
    }

    /// Returns how many tokens were fetched although nobody asked for one.
    async fn idle(&self) -> Result<u64, BoxError> {
        let before = self.before();
        let rest = self.rest().await?;
        // A refresh that has begun goes on. This only looks, which does not count as asking for the token.
        until("the refresh under way ends", || TOKEN.snapshot().flights == 0).await?;
        let fetched = self.endpoint.counts().issued;
        until("the token ends", || !TOKEN.is_ready()).await?;
        let fetched = self.endpoint.counts().issued - fetched;
        self.say(&before, &format!("nobody asks until the token has ended: {fetched} tokens"));

        let before = self.before();
        drop(rest);
        self.next_token(&before).await?;
        self.all_answered(&before).await?;
        self.say(&before, "all tasks are back: one token");
        Ok(fetched)
    }

    fn before(&self) -> Before {
        Before {
            at: Instant::now(),
            counts: self.endpoint.counts(),
            tally: self.load.tally(),
            published: self.journal.entries().published.len(),
        }
    }

    async fn next_token(&self, before: &Before) -> Result<(), BoxError> {
        until("there is another token", || self.journal.entries().published.len() > before.published).await
    }

    /// Keeps requests from beginning until the guard is dropped. Then all tasks begin one at the same time.
    async fn rest(&self) -> Result<impl Sized, BoxError> {
        let rest = self.load.rest().await;
        until("all tasks rest", || self.load.held_up() == self.tasks).await?;
        Ok(rest)
    }

    /// Waits for as many requests as there are tasks.
    async fn all_answered(&self, before: &Before) -> Result<(), BoxError> {
        let answered = || self.load.tally().answered - before.tally.answered;
        until("the tasks have their answers", || answered() >= self.tasks).await
    }

    fn say(&self, before: &Before, what: &str) {
        let (at, then, now) = (before.at - self.began, before.tally, self.load.tally());
        let [answered, waited, failed] =
            [now.answered - then.answered, now.waited - then.waited, now.failed - then.failed];
        let seconds = at.as_secs_f64();
        println!("{seconds:6.1}  {what:62} {answered:>8} {waited:>7} {failed:>7}");
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), BoxError> {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > IN_VAIN {
            return Err(format!("waited in vain until {what}").into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
