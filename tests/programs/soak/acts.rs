//! What threads and tasks do with the cells, one operation at a time.

use crate::cast::{
    AGED, AGED_EAGERLY, BARE, BARE_LATER, BLOCKING, CALLING, DETACHED, KEEPER, Keeper, LATER, LENT, OWN,
    ROOT, TASK, aged, aged_eagerly, aged_task, blocking, build, build_later, calling, detached, fixed,
    fixed_too, keeper, later, lent, own, root, task,
};
use crate::counts::{closed, count, kind};
use crate::life::Life;
use cells::testing::allow_seeding;
use cells::{ClosableCell, CloseResult, Error, ProvideError, Ref, SeedError, StaticCell};
use fastrand::Rng;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// A lease that somebody else may drop.
enum Kept {
    Life(Ref<'static, Life>),
    Keeper(Ref<'static, Keeper>),
}

static SHELF: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

impl Kept {
    fn touch(&self) {
        match self {
            Self::Life(life) => life.touch(),
            Self::Keeper(keeper) => keeper.touch(),
        }
    }

    fn keep(self) {
        self.touch();
        let mut all = SHELF.lock().expect("nobody panics here");
        all.push(self);
        let other = (all.len() > 32).then(|| all.swap_remove(0));
        drop(all);
        drop(other);
    }
}

fn let_go() -> bool {
    let kept = SHELF.lock().expect("nobody panics here").pop();
    kept.inspect(Kept::touch).is_some()
}

pub(crate) fn let_go_of_all() {
    while let_go() {}
}

type Answer = Result<Ref<'static, Life>, Error>;

fn lives(random: &mut Rng) -> (fn() -> Answer, &'static ClosableCell<Life>) {
    match random.u8(..5) {
        0 => (root, &ROOT),
        1 => (lent, &LENT),
        2 => (aged, &AGED),
        3 => (aged_eagerly, &AGED_EAGERLY),
        _ => (calling, &CALLING),
    }
}

fn answered(answer: Answer) -> &'static str {
    match answer {
        Ok(life) => {
            life.touch();
            thread::yield_now();
            life.touch();
            "ok"
        }
        Err(error) => kind(&error),
    }
}

fn outcome(result: &CloseResult) -> &'static str {
    closed(result.status)
}

fn refreshed<D>(cell: &'static StaticCell<Life, D>, with_dependents: bool) -> &'static str
where
    D: cells::Declared<Life>,
{
    answered(if with_dependents { cell.refresh_with_dependents() } else { cell.refresh() })
}

/// Ends a payload that its cell refused.
fn handed_back(refused: Result<(), Life>) -> &'static str {
    let Err(life) = refused else { return "ok" };
    let _ = catch_unwind(AssertUnwindSafe(|| life.dispose()));
    "refused"
}

/// One operation of a plain thread. What it panics with is a factory's panic.
pub(crate) fn in_thread(random: &mut Rng) {
    let mut operation = "thread: get";
    let did = catch_unwind(AssertUnwindSafe(|| thread_act(random, &mut operation)));
    count(operation, did.unwrap_or("panic"));
}

#[expect(clippy::too_many_lines, reason = "a list, each entry of which is short")]
fn thread_act(random: &mut Rng, operation: &mut &'static str) -> &'static str {
    let (get, cell) = lives(random);
    let mut is = |name| *operation = name;
    match random.u32(..100) {
        0..25 => answered(get()),
        25..30 => {
            is("thread: get async");
            answered(pollster::block_on(async {
                match random.u8(..3) {
                    0 => task().await,
                    1 => later().await,
                    _ => own().await,
                }
            }))
        }
        30..34 => {
            is("thread: cancel");
            poll_a_few_times(random, later())
        }
        34..42 => {
            is("thread: peek");
            cell.peek().map_or("none", |life| answered(Ok(life)))
        }
        42..46 => {
            is("thread: refresh");
            if random.bool() { refreshed(&ROOT, false) } else { refreshed(&LENT, false) }
        }
        46 => {
            is("thread: refresh with dependents");
            if random.bool() { refreshed(&CALLING, true) } else { refreshed(&LENT, true) }
        }
        47 => {
            is("thread: invalidate with dependents");
            if random.bool() {
                ROOT.invalidate_with_dependents();
            } else {
                LENT.invalidate_with_dependents();
            }
            "ok"
        }
        48..51 => {
            is("thread: close");
            outcome(&cell.close())
        }
        51..54 => {
            is("thread: close generation");
            let generation = cell.peek().map_or(0, |life| Ref::generation(&life));
            outcome(&cell.close_generation(generation))
        }
        54..57 => {
            is("thread: close and drain");
            outcome(&cell.close_and_drain(Duration::from_micros(random.u64(..2_000))))
        }
        57 => {
            is("thread: record failure");
            cell.record_failure("a failure from outside", Duration::from_micros(200));
            "ok"
        }
        58 => {
            is("thread: provide");
            handed_back(
                match random.u8(..4) {
                    0 => BARE.provide(Life::make()),
                    1 => BARE.replace(Life::make()),
                    2 => LATER.provide(Life::make_later()),
                    _ => LATER.replace(Life::make_later()),
                }
                .map_err(ProvideError::into_value),
            )
        }
        59 | 60 => {
            is("thread: seed");
            let _permit = allow_seeding();
            handed_back(cell.seed(Life::make()).map_err(SeedError::into_value))
        }
        61..65 => {
            is("thread: permanent");
            let answer = if random.bool() { fixed() } else { fixed_too() };
            answer.map_or_else(
                |error| kind(&error),
                |life| {
                    life.touch();
                    "ok"
                },
            )
        }
        65..72 => {
            is("thread: bare get");
            answered(BARE.get_or_initialize(build))
        }
        72..75 => {
            is("thread: bare refresh");
            answered(BARE.refresh(build))
        }
        75..78 => {
            is("thread: bare close");
            outcome(&if random.bool() { BARE.close() } else { BARE_LATER.close() })
        }
        78..86 => {
            is("thread: keep");
            let kept = if random.bool() { get().map(Kept::Life) } else { keeper().map(Kept::Keeper) };
            kept.map_or_else(
                |error| kind(&error),
                |kept| {
                    kept.keep();
                    "ok"
                },
            )
        }
        86..94 => {
            is("thread: let go");
            if let_go() { "ok" } else { "none" }
        }
        94 => {
            is("thread: move");
            match KEEPER.peek() {
                Some(keeper) => thread::spawn(move || keeper.touch()).join().map_or("panic", |()| "ok"),
                None => "none",
            }
        }
        95..98 => {
            is("thread: get aged");
            answered(if random.bool() { aged() } else { aged_eagerly() })
        }
        _ => {
            is("thread: snapshot");
            let snapshot = cell.snapshot();
            if snapshot.name.is_empty() { "nameless" } else { "ok" }
        }
    }
}

/// Drops the future after a few polls.
fn poll_a_few_times<F: Future<Output = Answer>>(random: &mut Rng, future: F) -> &'static str {
    let mut future = pin!(future);
    for _ in 0..random.u8(1..6) {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answered(answer);
        }
        thread::yield_now();
    }
    "dropped"
}

/// Polls `future` as a task, but a panic is an outcome.
async fn caught<F: Future<Output = &'static str>>(future: F) -> &'static str {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let future: Pin<&mut F> = future.as_mut();
        catch_unwind(AssertUnwindSafe(|| future.poll(cx))).unwrap_or(Poll::Ready("panic"))
    })
    .await
}

/// One operation of a task on a tokio runtime.
pub(crate) async fn in_task(random: &mut Rng) {
    let mut operation = "task: get";
    let did = caught(task_act(random, &mut operation)).await;
    count(operation, did);
}

async fn task_act(random: &mut Rng, operation: &mut &'static str) -> &'static str {
    let mut is = |name| *operation = name;
    match random.u32(..100) {
        0..20 => answered(if random.bool() { task().await } else { later().await }),
        20..30 => {
            is("task: blocking");
            answered(blocking().await)
        }
        30..38 => {
            is("task: detached");
            answered(detached().await)
        }
        38..45 => {
            is("task: own");
            answered(own().await)
        }
        45..52 => {
            is("task: cancel");
            let limit = Duration::from_micros(random.u64(..500));
            let answer = match random.u8(..3) {
                0 => tokio::time::timeout(limit, later()).await,
                1 => tokio::time::timeout(limit, detached()).await,
                _ => tokio::time::timeout(limit, blocking()).await,
            };
            answer.map_or("dropped", answered)
        }
        52..58 => {
            is("task: refresh");
            answered(match random.u8(..5) {
                0 => TASK.refresh().await,
                1 => LATER.refresh().await,
                2 => DETACHED.refresh().await,
                3 => BLOCKING.refresh().await,
                _ => OWN.refresh().await,
            })
        }
        58..60 => {
            is("task: refresh with dependents");
            answered(TASK.refresh_with_dependents().await)
        }
        60..62 => {
            is("task: invalidate with dependents");
            TASK.invalidate_with_dependents().await;
            "ok"
        }
        62..68 => {
            is("task: close");
            outcome(&match random.u8(..5) {
                0 => TASK.close().await,
                1 => LATER.close().await,
                2 => DETACHED.close().await,
                3 => BLOCKING.close().await,
                _ => OWN.close().await,
            })
        }
        68..72 => {
            is("task: close and drain");
            let limit = Duration::from_micros(random.u64(..2_000));
            outcome(&if random.bool() {
                LATER.close_and_drain(limit).await
            } else {
                DETACHED.close_and_drain(limit).await
            })
        }
        72..80 => {
            is("task: bare get");
            answered(BARE_LATER.get_or_initialize_async(build_later).await)
        }
        80..84 => {
            is("task: bare close");
            outcome(&BARE_LATER.close_async().await)
        }
        84..88 => {
            is("task: try get ready");
            answered(LATER.try_get_ready())
        }
        88..94 => {
            is("task: keep");
            match task().await {
                Ok(life) => {
                    Kept::Life(life).keep();
                    "ok"
                }
                Err(error) => kind(&error),
            }
        }
        94..97 => {
            is("task: get aged");
            answered(aged_task().await)
        }
        _ => {
            is("task: let go");
            if let_go() { "ok" } else { "none" }
        }
    }
}

/// Operations on all cells together.
pub(crate) fn on_all(random: &mut Rng) {
    match random.u8(..3) {
        0 => {
            let _ = cells::close_all(Duration::from_millis(20));
            count("all: close_all", "ok");
        }
        1 => {
            let _ = cells::warm_up();
            count("all: warm_up", "ok");
        }
        _ => {
            let drawn = !cells::graph().to_dot().is_empty();
            count("all: graph", if drawn { "ok" } else { "empty" });
        }
    }
}
