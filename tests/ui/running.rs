use cells::runtime_cell;
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

struct Pool;

impl Pool {
    fn ping(&self) -> u8 {
        1
    }

    fn end(self) -> bool {
        true
    }

    async fn count(&self) -> usize {
        1
    }

    fn here(&self) -> impl Future<Output = bool> {
        let alone = Rc::new(Cell::new(true));
        async move { alone.get() }
    }

    fn forever(&'static self) -> bool {
        true
    }
}

fn of_a_string(_: &String) -> bool {
    true
}

const NEVER: Duration = Duration::ZERO;

#[runtime_cell(check = Pool::ping)]
fn a_number() -> Pool {
    Pool
}

#[runtime_cell(check = Pool::end)]
fn the_payload_itself() -> Pool {
    Pool
}

#[runtime_cell(check = Pool::count)]
async fn a_future_of_a_number() -> Pool {
    Pool
}

#[runtime_cell(check = Pool::here)]
fn a_future_of_one_thread() -> Pool {
    Pool
}

#[runtime_cell(check = Pool::forever)]
fn a_static_payload() -> Pool {
    Pool
}

#[runtime_cell(check = of_a_string)]
fn another_payload() -> Pool {
    Pool
}

#[runtime_cell(check = Pool::not_there)]
fn what_is_not_there() -> Pool {
    Pool
}

#[runtime_cell(check = |pool| pool.ping())]
fn a_closure_of_a_number() -> Pool {
    Pool
}

#[runtime_cell(check = |pool| pool.not_there())]
fn a_closure_of_what_is_not_there() -> Pool {
    Pool
}

#[runtime_cell(check = Pool::ping(&Pool))]
fn a_call() -> Pool {
    Pool
}

#[runtime_cell(optional = true, closed_last = "yes")]
fn flags() -> Pool {
    Pool
}

#[runtime_cell(dispose_timeout = NEVER)]
fn no_time() -> Pool {
    Pool
}

#[runtime_cell(dispose_timeout = 10)]
fn a_number_of_what() -> Pool {
    Pool
}

#[runtime_cell(permanent, dispose_timeout = "10s", closed_last)]
fn without_an_end() -> Pool {
    Pool
}

fn main() {
    let _: &Pool = without_an_end();
    let _: u8 = a_number().ping() + a_call().ping() + flags().ping();
}
