//! A1: futures are `Send`, and `'static` where the cell is.

use cells::{Ref, RequestContext, RuntimeCell, WarmUp, runtime_cell};
use cells_test_support::{Boom, Counted, LONG, cell, leak};

fn is_send<F: Future + Send>(future: F) {
    drop(future);
}

fn is_task<F: Future + Send + 'static>(future: F) {
    drop(future);
}

#[runtime_cell]
async fn plain() -> u32 {
    1
}

#[runtime_cell(wait_timeout = "1s", max_waiters = 3)]
async fn fallible(#[from(PLAIN)] kept: Ref<'static, u32>) -> Result<String, Boom> {
    tokio::task::yield_now().await;
    Ok(kept.to_string())
}

#[cfg(feature = "tokio")]
#[runtime_cell(detached)]
async fn detached() -> Result<u32, Boom> {
    Ok(1)
}

#[cfg(feature = "tokio")]
#[runtime_cell(runtime = "own")]
async fn own() -> Result<u32, Boom> {
    Ok(1)
}

#[cfg(feature = "tokio")]
#[runtime_cell(blocking)]
fn blocking() -> Result<u32, Boom> {
    Ok(1)
}

#[test]
fn a1_every_future_may_move_and_stay() {
    is_task(plain());
    is_task(fallible());
    is_task(PLAIN.get());
    is_task(FALLIBLE.try_get());
    is_task(FALLIBLE.refresh());
    is_task(FALLIBLE.close());
    is_task(FALLIBLE.close_and_drain(LONG));
    is_task(FALLIBLE.invalidate_with_dependents());
    is_task(FALLIBLE.refresh_with_dependents());
    #[cfg(feature = "tokio")]
    {
        is_task(detached());
        is_task(own());
        is_task(blocking());
    }
    is_task(cells::shutdown_async(LONG));
    is_task(cells::close_all_async(LONG));
    is_task(WarmUp::new().run_async());
    is_task(RequestContext::new().instrument(plain()));

    let field: &'static RuntimeCell<Counted> = leak(cell("db"));
    is_task(field.get_or_initialize_async(async || Err::<Counted, _>(Boom(1))));
    is_task(field.refresh_async(async || Err::<Counted, _>(Boom(1))));
    is_task(field.close_async());
    is_task(field.close_and_drain_async(LONG));
    // A cell on the stack outlives its futures.
    let local = cell::<Counted>("local");
    is_send(local.get_or_initialize_async(async || Err::<Counted, _>(Boom(1))));
    is_send(local.close_async());
}
