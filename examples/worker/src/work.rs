//! The worker's loop.

use crate::args::args;
use crate::job;
use crate::model::{MODEL, model};
use crate::results::results;
use crate::watch::Watch;
use cells::{BoxError, Error, RefreshOn};
use std::pin::pin;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Does the jobs until there are no more or `stop` ends, and then those that are under way. Returns how many were done.
///
/// # Errors
///
/// The first error of a job, and that of the first model. That a later model cannot be read is only printed: the one that
/// is there goes on working.
pub async fn run(mut jobs: Receiver<String>, stop: impl Future<Output = ()>) -> Result<usize, BoxError> {
    let mut stop = pin!(stop);
    let args = args();
    let mut watch = Watch::new(args.model.clone());
    let mut tick = interval(args.poll);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What is missing is better found now than with the first job.
    drop((model().await?, results()?));
    // Jobs that are under way keep the model they have.
    tokio::spawn(RefreshOn::new(&MODEL).on_refresh(say).run_async(async move || {
        loop {
            tick.tick().await;
            if watch.changed() {
                return Some(());
            }
        }
    }));

    let (mut under_way, mut done) = (JoinSet::new(), 0);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(ended) = under_way.join_next() => {
                ended??;
                done += 1;
            }
            job = jobs.recv(), if under_way.len() < usize::from(args.at_once) => match job {
                Some(line) => drop(under_way.spawn(job::run(line))),
                None => break,
            },
        }
    }
    while let Some(ended) = under_way.join_next().await {
        ended??;
        done += 1;
    }
    Ok(done)
}

/// Says what became of a reload.
fn say(reload: &Result<(), Error>) {
    match reload {
        Ok(()) => eprintln!("worker: model {}", MODEL.generation().unwrap_or_default()),
        Err(error) => eprintln!("worker: the model is still the old one: {}", error.root_cause()),
    }
}
