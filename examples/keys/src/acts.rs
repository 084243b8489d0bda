//! What befalls the service, one thing after the other.
//!
//! An act lasts until what it is about has happened, and not for a time: so it shows the same on a machine that is slow.

use crate::key_set::{KEY_SET, MIN_AGE};
use crate::load::{Load, Tally};
use crate::provider::{Counts, Provider};
use crate::verify::{Refused, verify};
use cells::BoxError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long an act waits for what it is about. Then something is wrong.
const IN_VAIN: Duration = Duration::from_mins(2);

/// How long an act rests between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// How many answers of 503 make an outage.
const ANSWERS: u64 = 4;

/// How many tokens with an unknown key come at once, and how often.
const AT_ONCE: usize = 64;
const TIMES: usize = 4;

/// The stage of the acts.
pub struct Stage {
    /// The provider.
    pub provider: Arc<Provider>,
    /// The callers.
    pub load: Arc<Load>,
    /// How many there are.
    pub tasks: u64,
    /// When the first act began.
    pub began: Instant,
}

/// What there is at the beginning of an act.
struct Before {
    at: Instant,
    counts: Counts,
    tally: Tally,
    generation: Option<u64>,
}

impl Stage {
    /// Plays all acts. Prints a line for each.
    ///
    /// # Errors
    ///
    /// If something did not happen that an act is about.
    pub async fn play(&self) -> Result<(), BoxError> {
        println!(
            "{:>6}  {:62} {:>7} {:>8} {:>7} {:>6}",
            "second", "what happened", "fetched", "accepted", "overdue", "forged"
        );
        self.open().await?;
        self.age().await?;
        self.rotate().await?;
        self.nonsense().await?;
        self.replace().await?;
        self.outage().await
    }

    async fn open(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.all_accepted(&before).await?;
        self.say(&before, "all callers begin: one key set");
        Ok(())
    }

    async fn age(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.next_set(&before).await?;
        self.say(&before, "the key set is too old: one in the background");
        Ok(())
    }

    /// As it should be: a key is published before it signs, and withdrawn when nothing is left that it has signed.
    async fn rotate(&self) -> Result<(), BoxError> {
        let before = self.before();
        let (old, new) = (self.provider.signs(), self.provider.make_key()?);
        self.provider.publish(&new);
        // This only looks, which does not count as asking for the key set.
        let knows = |key: &str| KEY_SET.peek().is_some_and(|keys| keys.key(key).is_some());
        until("the new key is known", || knows(&new)).await?;
        self.provider.sign_by(&new);
        drop(self.load.rest().await);
        self.provider.withdraw(&old);
        until("the old key is forgotten", || !knows(&old)).await?;
        self.say(&before, &format!("{new} is published, signs, and then {old} is withdrawn"));
        Ok(())
    }

    /// Tokens with keys that nobody knows must not become requests to the provider.
    async fn nonsense(&self) -> Result<(), BoxError> {
        let before = self.before();
        for time in 0..TIMES {
            let token = self.provider.forged(&format!("nobody's-{time}"), "nobody")?;
            let verify = |token: String| async move { verify(&token).await };
            let tokens: JoinSet<_> = (0..AT_ONCE).map(|_| verify(token.clone())).collect();
            for result in tokens.join_all().await {
                if !matches!(result, Err(Refused::UnknownKey(_))) {
                    self.load.is_wrong(format!("a token with an unknown key: {result:?}"));
                }
            }
        }
        let fetched = self.provider.counts().given - before.counts.given;
        // A set is not replaced because of an unknown key before it has that age. At the same time one may be too old.
        let most = 2 + 2 * before.at.elapsed().as_millis() / MIN_AGE.as_millis();
        if u128::from(fetched) > most {
            self.load.is_wrong(format!("{fetched} key sets were fetched because of unknown keys"));
        }
        self.say(&before, &format!("{TIMES} times {AT_ONCE} tokens come with an unknown key"));
        Ok(())
    }

    /// As it should not be, but is when a key was stolen: the next one signs at once.
    async fn replace(&self) -> Result<(), BoxError> {
        let before = self.before();
        let rest = self.load.rest().await;
        let (old, new) = (self.provider.signs(), self.provider.make_key()?);
        let stolen = self.provider.token("thief")?;
        self.provider.publish(&new);
        self.provider.withdraw(&old);
        self.provider.sign_by(&new);
        drop(rest);
        self.all_accepted(&before).await?;
        let result = verify(&stolen).await;
        if !matches!(result, Err(Refused::UnknownKey(_))) {
            self.load.is_wrong(format!("a token by a stolen key: {result:?}"));
        }
        self.say(&before, &format!("{old} is stolen: {new} signs before anybody knows it"));
        Ok(())
    }

    async fn outage(&self) -> Result<(), BoxError> {
        let before = self.before();
        self.provider.set_down(true);
        let refused = || self.provider.counts().refused - before.counts.refused;
        let happened = until("the provider is asked", || refused() >= ANSWERS).await;
        self.provider.set_down(false);
        happened?;
        self.next_set(&before).await?;
        self.say(&before, &format!("outage: {} answers of 503, then a key set", refused()));
        if self.load.tally().overdue == before.tally.overdue {
            self.load.is_wrong("no token was verified by the old key set".to_owned());
        }
        Ok(())
    }

    fn before(&self) -> Before {
        Before {
            at: Instant::now(),
            counts: self.provider.counts(),
            tally: self.load.tally(),
            generation: KEY_SET.generation(),
        }
    }

    async fn next_set(&self, before: &Before) -> Result<(), BoxError> {
        until("there is another key set", || KEY_SET.generation() > before.generation).await
    }

    /// Waits for as many tokens as there are tasks.
    async fn all_accepted(&self, before: &Before) -> Result<(), BoxError> {
        let accepted = || self.load.tally().accepted - before.tally.accepted;
        until("the callers have their answers", || accepted() >= self.tasks).await
    }

    fn say(&self, before: &Before, what: &str) {
        let (then, now) = (before.tally, self.load.tally());
        let fetched = self.provider.counts().given - before.counts.given;
        let [accepted, overdue, forged] =
            [now.accepted - then.accepted, now.overdue - then.overdue, now.forged - then.forged];
        let seconds = (before.at - self.began).as_secs_f64();
        println!("{seconds:6.1}  {what:62} {fetched:>7} {accepted:>8} {overdue:>7} {forged:>6}");
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
