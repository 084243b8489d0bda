//! The report finds what should not have happened.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use token::acts::Played;
use token::client::{Refusal, Unanswered, Way};
use token::endpoint::{Counts, Issued};
use token::journal::{Entries, Published};
use token::load::Sample;
use token::report::Report;

const SECOND: Duration = Duration::from_secs(1);

/// A run in which one token after the other was issued, so many seconds after the beginning, each for four seconds.
fn run(seconds: &[u32]) -> (Report, Instant) {
    let began = Instant::now();
    let tokens: Vec<_> = seconds.iter().zip(1..).map(|(at, number)| (number, began + SECOND * *at)).collect();
    let secret = |number: u64| format!("token-{number}");
    let published = |(number, at)| Published {
        generation: number,
        secret: secret(number),
        at,
        expires_at: at + SECOND * 4,
    };
    let report = Report {
        played: Played::default(),
        samples: Vec::new(),
        entries: Entries { published: tokens.iter().copied().map(published).collect(), ..Entries::default() },
        counts: Counts { issued: tokens.len() as u64, ..Counts::default() },
        issued: tokens
            .iter()
            .map(|(number, at)| (secret(*number), Issued { at: *at, revoked: None }))
            .collect(),
        gave_up: 0,
        lifetime: SECOND * 4,
    };
    (report, began)
}

fn sample(at: Instant, way: Way, result: Result<(), Unanswered>) -> Sample {
    Sample { began: at, ended: at, way, result }
}

#[test]
fn a_run_as_it_should_be_has_nothing_broken() {
    let (mut report, began) = run(&[0, 2, 10]);
    let after_the_end = Way { waited: Some((3, began + SECOND * 10)), refused: None };
    report.samples.push(sample(began, Way { waited: Some((1, began)), refused: None }, Ok(())));
    report.samples.push(sample(began + SECOND * 10, after_the_end, Ok(())));
    report.samples.push(sample(began + SECOND * 3, Way::default(), Ok(())));
    assert_eq!(report.broken(), [""; 0]);
}

#[test]
fn two_fetches_for_one_reason_are_found() {
    let (report, _) = run(&[0, 2, 2]);
    assert_eq!(report.broken(), ["1 tokens were fetched although the one before was good"]);
    let (mut report, began) = run(&[0, 1]);
    report.issued = report
        .issued
        .into_iter()
        .map(|(secret, token)| (secret, Issued { revoked: Some(began), ..token }))
        .collect::<BTreeMap<_, _>>();
    assert_eq!(report.broken(), ["1 tokens were fetched after 0 revocations"]);
    let (mut report, _) = run(&[0]);
    report.counts.issued = 2;
    assert_eq!(report.broken(), ["1 tokens were fetched that nobody got"]);
}

#[test]
fn who_waits_or_fails_without_reason_is_found() {
    let (mut report, began) = run(&[0, 2]);
    report.samples.push(sample(began, Way { waited: Some((2, began + SECOND * 2)), refused: None }, Ok(())));
    assert_eq!(report.broken(), ["1 requests waited although there was a token"]);
    let (mut report, began) = run(&[0]);
    report.samples.push(sample(began, Way::default(), Err(Unanswered::Refused(Refusal::Revoked))));
    assert!(report.broken()[0].starts_with("1 requests were not answered"));
}

#[test]
fn an_expired_token_is_found_unless_its_request_took_long() {
    for (after, broken) in [(SECOND, 0), (SECOND / 10, 1)] {
        let (mut report, began) = run(&[0]);
        let way = Way { waited: None, refused: Some((Refusal::Expired, after)) };
        report.samples.push(sample(began, way, Ok(())));
        assert_eq!(report.broken().len(), broken);
    }
}
