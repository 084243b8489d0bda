//! The loop, from the first job to the end.

use crate::support::{IN_VAIN, World, job, until};
use cells::{Ref, find_error};
use std::fs;
use std::future::pending;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use worker::model::{MODEL, NoModel, model};
use worker::work::run;

/// A worker that runs beside the test.
struct Worker {
    jobs: mpsc::Sender<String>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<usize>,
}

impl Worker {
    fn start() -> Self {
        let ((jobs, receiver), (stop, stopped)) = (mpsc::channel(1), oneshot::channel());
        let stop_by_sender = async {
            let _ = stopped.await;
        };
        let done = tokio::spawn(async { run(receiver, stop_by_sender).await.expect("no job fails") });
        Self { jobs, stop, done }
    }

    async fn ask(&self, line: String) {
        self.jobs.send(line).await.expect("the worker is there");
    }

    /// Ends the input, and returns how many jobs were done.
    async fn end(self) -> usize {
        let Self { jobs, stop: _stop, done } = self;
        drop(jobs);
        ended(done).await
    }
}

/// How many jobs were done.
async fn ended(worker: JoinHandle<usize>) -> usize {
    timeout(IN_VAIN, worker).await.expect("it ends").unwrap()
}

#[tokio::test]
async fn every_line_has_a_result() {
    let world = World::new();
    let cells = world.sandbox().enter();
    let worker = Worker::start();
    worker.ask(job(1, "Our meeting")).await;
    worker.ask("nonsense".to_owned()).await;
    worker.ask(job(2, "")).await;
    assert_eq!(worker.end().await, 3);
    cells.leave().await;
    let wrong = r#"{"line":"nonsense","error":"expected ident at line 1 column 2"}"#;
    let found = [r#"{"id":1,"label":"work","model":1}"#, r#"{"id":2,"label":null,"model":1}"#];
    assert_eq!(world.complete(), [found[0], found[1], wrong]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn many_jobs_are_done_with_one_model() {
    const MANY: u32 = 300;
    let world = World::new();
    let cells = world.sandbox().enter();
    let worker = Worker::start();
    for id in 0..MANY {
        worker.ask(job(id, "Dinner after the meeting, and a birthday")).await;
    }
    assert_eq!(worker.end().await, MANY as usize);
    assert_eq!(Ref::generation(&model().await.unwrap()), 1);
    cells.leave().await;
    let results = world.complete();
    assert_eq!(results.len(), MANY as usize);
    assert!(results.iter().all(|line| line.ends_with(r#""label":"family","model":1}"#)), "{results:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_model_is_used_from_then_on() {
    let world = World::new();
    let cells = world.sandbox().enter();
    let worker = Worker::start();
    worker.ask(job(1, "meeting")).await;
    until("the first job is done", || world.found(r#"{"id":1,"label":"work","model":1}"#)).await;
    world.replace_model(r#"{"office": ["meeting"]}"#);
    until("the model is read again", || MODEL.snapshot().generation == Some(2)).await;
    worker.ask(job(2, "meeting")).await;
    assert_eq!(worker.end().await, 2);
    cells.leave().await;
    assert_eq!(
        world.complete(),
        [r#"{"id":1,"label":"work","model":1}"#, r#"{"id":2,"label":"office","model":2}"#]
    );
}

#[tokio::test]
async fn a_broken_model_replaces_nothing() {
    let world = World::new();
    let cells = world.sandbox().enter();
    let worker = Worker::start();
    worker.ask(job(1, "meeting")).await;
    until("the first job is done", || world.found(r#""id":1"#)).await;
    world.replace_model("no model");
    until("it was tried", || MODEL.snapshot().last_error.is_some()).await;
    worker.ask(job(2, "meeting")).await;
    until("the second job is done", || world.found(r#"{"id":2,"label":"work","model":1}"#)).await;

    world.replace_model(r#"{"office": ["meeting"]}"#);
    until("the model is read again", || MODEL.snapshot().generation > Some(1)).await;
    worker.ask(job(3, "meeting")).await;
    worker.end().await;
    cells.leave().await;
    assert!(world.complete()[2].starts_with(r#"{"id":3,"label":"office","#));
}

#[tokio::test]
async fn a_worker_that_is_stopped_ends_what_it_has_begun() {
    let world = World::new();
    let cells = world.sandbox().enter();
    let worker = Worker::start();
    worker.ask(job(1, "meeting")).await;
    until("the first job is done", || world.found(r#""id":1"#)).await;
    worker.stop.send(()).unwrap();
    assert_eq!(ended(worker.done).await, 1);
    assert!(worker.jobs.send(job(2, "meeting")).await.is_err(), "nobody takes jobs any more");
    assert!(!world.results().exists(), "there may be more, as far as the results know");
    cells.leave().await;
    assert_eq!(world.complete(), [r#"{"id":1,"label":"work","model":1}"#]);
}

#[tokio::test]
async fn a_worker_without_a_model_takes_no_job() {
    let world = World::new();
    let cells = world.sandbox().enter();
    fs::remove_file(world.model()).unwrap();
    let (jobs, receiver) = mpsc::channel(1);
    let error = run(receiver, pending()).await.expect_err("there is no model");
    assert!(matches!(find_error(&*error), Some(NoModel::Unreadable { .. })), "{error}");
    assert!(jobs.is_closed());
    cells.leave().await;
}
