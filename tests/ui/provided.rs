use cells::{BoxError, RuntimeCell, runtime_cell};

struct Args;

#[runtime_cell]
fn without_the_key() -> Args;

#[runtime_cell(provided)]
fn with_parameters(args: &Args) -> Args;

#[runtime_cell(provided, cooldown = "5s", max_waiters = 4, wait_timeout = "5s")]
fn with_limits() -> Result<Args, BoxError>;

#[runtime_cell(provided, blocking)]
fn with_a_place() -> Args;

#[runtime_cell(provided, factory = make)]
#[inline]
fn with_a_factory() -> Args;

#[runtime_cell(provided)]
fn of_nothing();

#[runtime_cell(provided = true)]
fn with_a_value() -> Args;

#[runtime_cell(provide)]
fn misspelled() -> Args;

#[runtime_cell(provided)]
fn not_a_payload() -> std::rc::Rc<u8>;

#[runtime_cell(provided)]
fn args() -> Args;

#[runtime_cell(provided, permanent)]
fn kept() -> Args;

#[runtime_cell]
fn built() -> Args {
    Args
}

#[runtime_cell]
async fn awaited() -> Args {
    Args
}

#[runtime_cell(permanent)]
fn permanent() -> Args {
    Args
}

#[runtime_cell]
fn infallible(maybe: &Args) -> u8 {
    drop(maybe);
    1
}

#[runtime_cell(provided)]
fn maybe() -> Result<Args, BoxError>;

fn without_the_key_nobody_provides() {
    let _ = BUILT.provide(Args);
    let _ = BUILT.replace(Args);
    let _ = AWAITED.provide(Args);
    let _ = PERMANENT.provide(Args);
    let _ = BUILT.replace_with_dependents(Args);
}

fn a_permanent_value_stays() {
    KEPT.replace(Args);
}

fn another_type() {
    let _ = ARGS.provide(5);
}

fn a_factory_that_can_run_only_once(cell: &RuntimeCell<String>, name: String) {
    let _ = cell.get_or_initialize(|| Ok::<_, BoxError>(name));
}

fn an_async_factory_that_can_run_only_once(cell: &'static RuntimeCell<String>, name: String) {
    let _ = cell.get_or_initialize_async(move || async move { Ok::<_, BoxError>(name) });
}

fn main() {
    let _: &Args = &without_the_key();
    let _: &Args = &with_parameters();
    let _: &Args = &with_limits().unwrap();
    let _ = async { drop(with_a_place().await) };
    let _: &Args = &with_a_factory();
    let _: &Args = &with_a_value();
    let _: &Args = &misspelled();
}
