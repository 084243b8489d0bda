//! H1: cells whose types the program does not know.

use cells::{Error, UnavailableError, runtime_cell};
use cells_test_support::{Boom, Count};

#[runtime_cell(name = "h1.base")]
fn base() -> Result<u32, Boom> {
    static BUILT: Count = Count::zero();
    u32::try_from(BUILT.up()).map_err(|_| Boom(1))
}

#[runtime_cell(name = "h1.on base")]
fn on_base(base: &u32) -> Result<u32, Boom> {
    Ok(10 * base)
}

#[runtime_cell(name = "h1.permanent", permanent)]
fn for_good() -> u32 {
    7
}

#[runtime_cell(name = "h1.provided", provided)]
fn from_outside() -> u32;

mod twice {
    use cells::runtime_cell;

    #[runtime_cell(name = "h1.twice")]
    pub(super) fn first() -> u8 {
        1
    }

    #[runtime_cell(name = "h1.twice")]
    pub(super) fn second() -> u8 {
        2
    }
}

#[test]
fn h1_a_cell_is_found_by_name_or_by_path() {
    let path = |ident: &str| format!("{}::{ident}", module_path!());
    let found = |name: &str| cells::find(name).map(|cell| cell.info().ident);
    assert_eq!(found("h1.base"), Some("BASE"));
    assert_eq!(found(&path("BASE")), Some("BASE"));
    assert_eq!(found(&path("h1.base")), Some("BASE"));
    assert_eq!((found("h1.none"), found(""), found("::"), found(&path("NONE"))), (None, None, None, None));
    assert_eq!(found("h1.twice"), None, "two have that name");
    assert_eq!(found(&path("twice::SECOND")), Some("SECOND"));
    let _ = (twice::first(), twice::second());
}

#[test]
fn h1_a_cell_is_got_refreshed_and_invalidated_without_its_type() {
    let cell = cells::find("h1.base").expect("it is declared");
    let first = cell.try_get().expect("it is built");
    let value = |lease: &cells::AnyRef| *lease.downcast_ref::<u32>().expect("its type");
    assert!(first.downcast_ref::<u8>().is_none());
    assert_eq!(first.payload().downcast_ref(), Some(&value(&first)));
    assert_eq!(*on_base().expect("it is built"), 10 * value(&first));
    let second = cell.refresh().expect("it is refreshed");
    assert!(second.generation() > first.generation() && value(&second) > value(&first));
    assert_eq!(*on_base().expect("it is built"), 10 * value(&first), "it was refreshed alone");
    let third = cell.refresh_with_dependents().expect("both are refreshed");
    assert_eq!(*on_base().expect("it is built"), 10 * value(&third));
    cell.invalidate_generation_with_dependents(second.generation()).expect("it can end");
    assert!(cell.is_ready() && ON_BASE.is_ready(), "that generation is not published");
    cell.invalidate_generation_with_dependents(third.generation()).expect("it can end");
    assert!(!cell.is_ready() && !ON_BASE.is_ready());
    drop(on_base());
    cell.invalidate().expect("it can end");
    assert!(!cell.is_ready() && ON_BASE.is_ready());
    drop(cell.try_get());
    cell.invalidate_with_dependents().expect("they can end");
    assert!(!cell.is_ready() && !ON_BASE.is_ready());
    assert!(format!("{first:?}").starts_with("AnyRef { generation: "));
}

#[test]
fn h1_a_cell_says_what_it_cannot() {
    let permanent = cells::find("h1.permanent").expect("it is declared");
    assert_eq!(permanent.try_get().expect("it is built").downcast_ref::<&'static u32>(), Some(&for_good()));
    let refusals = [
        permanent.refresh().map(drop),
        permanent.refresh_with_dependents().map(drop),
        permanent.invalidate(),
        permanent.invalidate_with_dependents(),
        permanent.invalidate_generation_with_dependents(1),
        pollster::block_on(permanent.refresh_async()).map(drop),
        pollster::block_on(permanent.refresh_with_dependents_async()).map(drop),
        pollster::block_on(permanent.invalidate_async()),
        pollster::block_on(permanent.invalidate_with_dependents_async()),
        pollster::block_on(permanent.invalidate_generation_with_dependents_async(1)),
    ];
    for refusal in refusals {
        let error = refusal.expect_err("it is permanent");
        assert!(matches!(error, Error::Unavailable(UnavailableError::Permanent { cell: "h1.permanent" })));
        let text = "cell `h1.permanent`: it is permanent: its payload is never replaced or ended";
        assert_eq!((error.to_string().as_str(), error.cell()), (text, "h1.permanent"));
    }
    let provided = cells::find("h1.provided").expect("it is declared");
    assert!(provided.try_get().is_err_and(|error| error.is_not_provided()));
    FROM_OUTSIDE.provide(1).expect("it is empty");
    assert!(provided.refresh().is_err_and(|error| error.is_not_provided()));
    assert_eq!(*from_outside(), 1, "what is there stays");
    provided.invalidate().expect("it can end");
    assert!(!provided.is_ready());
}

#[test]
fn h1_an_async_cell_is_used_from_a_thread_and_from_a_task() {
    #[runtime_cell(name = "h1.async")]
    async fn later() -> u32 {
        static BUILT: Count = Count::zero();
        u32::try_from(BUILT.up()).unwrap_or(0)
    }

    let cell = cells::find("h1.async").expect("it is declared");
    assert_eq!(cell.try_get().expect("it is built").downcast_ref(), Some(&1_u32));
    pollster::block_on(async {
        assert_eq!(*later().await, 1);
        assert_eq!(cell.try_get_async().await.expect("it is built").downcast_ref(), Some(&1_u32));
        assert_eq!(cell.refresh_async().await.expect("it is refreshed").downcast_ref(), Some(&2_u32));
        let refreshed = cell.refresh_with_dependents_async().await.expect("it is refreshed");
        cell.invalidate_generation_with_dependents_async(refreshed.generation()).await.expect("it can end");
        assert!(!cell.is_ready());
        drop(cell.try_get_async().await);
        cell.invalidate_async().await.expect("it can end");
        assert!(!cell.is_ready());
        drop(cell.try_get_async().await);
        cell.invalidate_with_dependents_async().await.expect("it can end");
        assert!(!cell.is_ready());
    });
}
