use cells::testing::Sandbox;
use cells::{RuntimeCell, runtime_cell};

static BARE: RuntimeCell<u32> = RuntimeCell::new("bare");

#[runtime_cell]
fn limit() -> u32 {
    1
}

#[runtime_cell]
fn clock() -> Box<dyn Fn() -> u32 + Send + Sync> {
    Box::new(|| 1)
}

#[runtime_cell]
async fn session() -> u32 {
    1
}

fn another_type() {
    let _cells = Sandbox::new().put(&LIMIT, "one").enter();
}

fn no_declared_cell() {
    let _cells = Sandbox::new().put(&BARE, 1).enter();
}

fn what_a_factory_cannot_return() {
    let _cells = Sandbox::new().factory(&LIMIT, || "one").enter();
}

fn not_asynchronous() {
    let _cells = Sandbox::new().factory_async(&LIMIT, || async { 1 }).enter();
}

fn to_another_thread() {
    let cells = Sandbox::new().enter();
    std::thread::spawn(move || drop(cells));
}

async fn held_by_a_task_that_moves() {
    tokio::spawn(async {
        let cells = Sandbox::new().enter();
        let _ = session().await;
        cells.leave().await;
    });
}

fn main() {
    // A closure becomes what is asked for.
    let _cells = Sandbox::new().put(&CLOCK, Box::new(|| 2)).enter();
}
