//! A8: two hundred tests that share one static pool, each on a runtime of its own, in parallel or in sequence.

use cells::runtime_cell;
use cells_test_support::Boom;
use std::time::Duration;
use tokio::runtime::{Handle, Id};
use tokio::sync::{mpsc, oneshot};

/// Works in a task of the runtime it is built on, as a connection pool does: once that runtime has ended it is dead.
struct Pool {
    home: Id,
    requests: mpsc::Sender<oneshot::Sender<Id>>,
}

impl Pool {
    async fn open() -> Self {
        let (requests, mut inbox) = mpsc::channel::<oneshot::Sender<Id>>(4);
        tokio::spawn(async move {
            while let Some(reply) = inbox.recv().await {
                let _ = reply.send(Handle::current().id());
            }
        });
        tokio::time::sleep(Duration::from_micros(50)).await;
        Self { home: Handle::current().id(), requests }
    }

    async fn ask(&self) -> Option<Id> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(reply).await.ok()?;
        answer.await.ok()
    }
}

#[runtime_cell(runtime = "own", dispose = shut)]
async fn pool() -> Result<Pool, Boom> {
    Ok(Pool::open().await)
}

async fn shut(pool: Pool) {
    drop(pool);
    tokio::task::yield_now().await;
}

async fn use_it() {
    let here = Handle::current().id();
    let calls: Vec<_> = (0..3).map(|_| tokio::spawn(pool())).collect();
    for call in calls {
        let lease = call.await.expect("it does not panic").expect("it opens");
        assert_eq!((lease.home, lease.ask().await), (here, Some(here)));
    }
}

macro_rules! two_hundred {
    ($($row:ident)*) => { $(mod $row { two_hundred! { @ a b c d e f g h i j } })* };
    (@ $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                super::use_it().await;
            }
        )*
    };
}

two_hundred! { a8_00 a8_01 a8_02 a8_03 a8_04 a8_05 a8_06 a8_07 a8_08 a8_09 }

mod on_two_threads {
    macro_rules! two_hundred {
        ($($row:ident)*) => { $(mod $row { two_hundred! { @ a b c d e f g h i j } })* };
        (@ $($name:ident)*) => {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::super::use_it().await;
                }
            )*
        };
    }

    two_hundred! { a8_00 a8_01 a8_02 a8_03 a8_04 a8_05 a8_06 a8_07 a8_08 a8_09 }
}
