use cells::{BoxError, runtime_cell};
use std::rc::Rc;

#[runtime_cell]
async fn pool() -> u8 {
    1
}

#[runtime_cell]
async fn fragile() -> Result<u8, BoxError> {
    Ok(1)
}

#[runtime_cell]
fn depends_on_a_task(pool: &u8) -> u8 {
    *pool
}

#[runtime_cell]
async fn may_fail(fragile: &u8) -> u8 {
    *fragile
}

#[runtime_cell]
async fn wrong_type(pool: &String) -> usize {
    pool.len()
}

#[runtime_cell]
async fn not_send() -> u8 {
    let one = Rc::new(1);
    std::future::ready(()).await;
    *one
}

#[runtime_cell]
async fn not_a_payload() -> Rc<u8> {
    Rc::new(1)
}

#[runtime_cell(fallible)]
async fn no_result() -> u8 {
    1
}

fn shut(_: u8) -> u8 {
    1
}

#[runtime_cell(dispose = shut)]
async fn wrong_disposer() -> u8 {
    1
}

#[runtime_cell(detached)]
fn detached() -> u8 {
    1
}

#[runtime_cell(runtime = "own")]
fn own_runtime() -> u8 {
    1
}

#[runtime_cell(blocking)]
async fn blocking() -> u8 {
    1
}

#[runtime_cell(runtime = "shared", detached = true)]
async fn values() -> u8 {
    1
}

#[runtime_cell(colour = "red", wait_timeout = "5s")]
async unsafe fn together<'a>(number: u8) -> &'a str {
    "text"
}

fn main() {
    let _: u8 = *depends_on_a_task() + *detached() + *own_runtime();
    let _ = async {
        let _: u8 = *may_fail().await + *not_send().await + **not_a_payload().await;
        let _: u8 = *blocking().await + *values().await + *wrong_disposer().await;
        let _: usize = *wrong_type().await + together().await.len();
    };
}
