//! What happened, and whether that was what the cell promises.
//!
//! No promise is about how long something took: on a slow machine a token may end before its refresh is done. What is
//! compared is who had to wait or was refused, and whether there was a token then that could have been used.

use crate::acts::Played;
use crate::client::{Refusal, Unanswered};
use crate::endpoint::{Counts, Issued};
use crate::journal::{Entries, Published};
use crate::load::Sample;
use crate::token::{LEEWAY, fresh_for};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// Why a token was not used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// There was none before.
    First,
    /// It was revoked.
    Revoked,
    /// It has ended.
    Expired,
    /// It is not fresh any more.
    Aged,
    /// For no reason: it could have been used.
    Unfounded,
}

/// Everything that is known after a run.
pub struct Report {
    /// What befell the tasks.
    pub played: Played,
    /// What the tasks did.
    pub samples: Vec<Sample>,
    /// What the cell did.
    pub entries: Entries,
    /// What the endpoint counted.
    pub counts: Counts,
    /// What the endpoint issued.
    pub issued: BTreeMap<String, Issued>,
    /// How many requests for a token had no answer in time.
    pub gave_up: u64,
    /// How long a token lives.
    pub lifetime: Duration,
}

/// The requests of one kind.
#[derive(Default)]
struct Group {
    waited: usize,
    took: Vec<Duration>,
}

impl Report {
    /// Why a token could not be used at some time, for one who wanted to.
    fn reason(&self, token: Option<&Published>, at: Instant) -> Reason {
        let Some(token) = token else { return Reason::First };
        let revoked = self.issued.get(&token.secret).and_then(|issued| issued.revoked);
        if revoked.is_some_and(|revoked| revoked <= at) {
            Reason::Revoked
        } else if token.expires_at <= at {
            Reason::Expired
        } else {
            Reason::Unfounded
        }
    }

    /// Why each token was fetched. The endpoint tells it: by what had become of the one before when it issued this one.
    fn reasons(&self) -> Vec<Reason> {
        let mut before: Option<&Published> = None;
        let reasons = self.entries.published.iter().map(|token| {
            let old = before.replace(token);
            let issued = |token: &Published| self.issued.get(&token.secret).map(|issued| issued.at);
            let Some(at) = issued(token) else { return Reason::Unfounded };
            // The cell shortens the time by a tenth at most. Of two fetches for one reason, the second comes much sooner.
            let age = old.and_then(issued).map(|then| at.saturating_duration_since(then));
            match self.reason(old, at) {
                Reason::Unfounded if age >= Some(fresh_for(self.lifetime) * 4 / 5) => Reason::Aged,
                reason => reason,
            }
        });
        reasons.collect()
    }

    /// Why a request waited for a generation.
    fn waited_for(&self, generation: u64, until: Instant) -> Reason {
        let before = self.entries.published.iter().rev().find(|token| token.generation < generation);
        self.reason(before, until)
    }

    /// Why a request was not answered at once, if it was not.
    fn hindrance(&self, sample: &Sample) -> Option<Reason> {
        match (sample.way.waited, sample.way.refused, &sample.result) {
            (_, Some((Refusal::Revoked, _)), Ok(())) => Some(Reason::Revoked),
            (_, Some((Refusal::Expired, _)), Ok(())) => Some(Reason::Expired),
            (Some((generation, until)), None, Ok(())) => Some(self.waited_for(generation, until)),
            (None, None, Ok(())) => None,
            (_, _, Err(Unanswered::NoToken(_))) => {
                let newest = self.entries.published.iter().rev().find(|token| token.at <= sample.ended);
                Some(self.reason(newest, sample.ended))
            }
            _ => Some(Reason::Unfounded),
        }
    }

    /// How often the resource saw an expired token of a request that had got it less than [`LEEWAY`] before. A request that
    /// took longer may have got it in time.
    fn expired(&self) -> usize {
        let refusals = self.samples.iter().filter_map(|sample| sample.way.refused);
        refusals.filter(|(refusal, after)| *refusal == Refusal::Expired && *after < LEEWAY).count()
    }

    /// What was promised and is not so.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut expect = |is_so: bool, what: String| {
            if !is_so {
                broken.push(what);
            }
        };
        let (published, counts) = (self.entries.published.len() as u64, &self.counts);
        let reasons = self.reasons();
        let needless = reasons.iter().filter(|reason| **reason == Reason::Unfounded).count();
        expect(needless == 0, format!("{needless} tokens were fetched although the one before was good"));
        let after = reasons.iter().filter(|reason| **reason == Reason::Revoked).count() as u64;
        let revocations = self.played.revocations;
        // Fewer are no fault: a refresh may have been under way when its token was revoked.
        expect(after <= revocations, format!("{after} tokens were fetched after {revocations} revocations"));
        // A token gets lost if the cell was closed meanwhile, or if its answer came too late.
        let lost = counts.issued - published.min(counts.issued);
        let excused = self.entries.superseded + self.gave_up.saturating_sub(counts.hung_up);
        expect(lost <= excused, format!("{lost} tokens were fetched that nobody got"));
        let idling = self.played.fetched_idling;
        expect(idling <= 1, format!("{idling} tokens were fetched while nobody asked for one"));
        let expired = self.expired();
        expect(expired == 0, format!("{expired} requests got a token whose time was over"));
        expect(counts.unknown == 0, format!("{} requests had no token", counts.unknown));
        let interruptions = self.entries.interruptions;
        expect(interruptions == 0, format!("{interruptions} fetches were broken off that others waited for"));
        let without_reason = |sample: &&Sample| self.hindrance(sample) == Some(Reason::Unfounded);
        let (waited, failed): (Vec<_>, Vec<_>) =
            self.samples.iter().filter(without_reason).partition(|sample| sample.result.is_ok());
        expect(waited.is_empty(), format!("{} requests waited although there was a token", waited.len()));
        let first = failed.first().and_then(|sample| sample.result.as_ref().err());
        expect(first.is_none(), format!("{} requests were not answered, such as: {first:?}", failed.len()));
        broken
    }

    fn groups(&self) -> BTreeMap<Option<Reason>, Group> {
        let mut groups: BTreeMap<_, Group> = BTreeMap::new();
        for sample in &self.samples {
            let group = groups.entry(self.hindrance(sample)).or_default();
            group.waited += usize::from(sample.way.waited.is_some());
            group.took.push(sample.ended - sample.began);
        }
        for group in groups.values_mut() {
            group.took.sort_unstable();
        }
        groups
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests that        count  waited     p50     p99     max")?;
        for (hindrance, Group { waited, took }) in self.groups() {
            let kind = match hindrance {
                None => "found a token",
                Some(Reason::First) => "came first",
                Some(Reason::Revoked) => "met a revocation",
                Some(Reason::Expired) => "met the end of one",
                Some(Reason::Aged | Reason::Unfounded) => "met something else",
            };
            let [half, most, all] = [took.len() / 2, took.len() * 99 / 100, took.len() - 1]
                .map(|index| format!("{:.1} ms", took[index].as_secs_f64() * 1e3));
            writeln!(f, "  {kind:18} {:>6} {waited:>7} {half:>9} {most:>9} {all:>9}", took.len())?;
        }
        let (counts, entries, reasons) = (&self.counts, &self.entries, self.reasons());
        let fetched = |reason| reasons.iter().filter(|other| **other == reason).count();
        writeln!(f, "the token endpoint")?;
        writeln!(
            f,
            "  {:>5} requests, of which {} were retries",
            counts.asked,
            counts.asked.saturating_sub(entries.begun)
        )?;
        writeln!(f, "  {:>5} answers of 503", counts.out_of_order)?;
        writeln!(f, "  {:>5} without an answer", counts.hung_up)?;
        writeln!(
            f,
            "  {:>5} tokens: {} first, {} by age, {} after a revocation, {} after the end of one, {} in vain",
            counts.issued,
            fetched(Reason::First),
            fetched(Reason::Aged),
            fetched(Reason::Revoked),
            fetched(Reason::Expired),
            counts.issued - (entries.published.len() as u64).min(counts.issued),
        )?;
        writeln!(f, "the resource")?;
        writeln!(f, "  {:>5} requests with a valid token", counts.read)?;
        writeln!(f, "  {:>5} with a revoked one, each tried once more", counts.revoked)?;
        write!(f, "  {:>5} with one whose time was over", counts.expired)
    }
}
