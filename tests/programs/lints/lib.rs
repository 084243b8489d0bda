//! One cell of every shape, in a crate that forbids unsafe code and denies every lint of the compiler and of clippy:
//! `cargo clippy` fails if an expansion triggers one.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    let_underscore_drop,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]

use cells::{BoxError, NoopFactoryAdjuster, NullObserver, runtime_cell};
use core::num::ParseIntError;
use core::time::Duration;

const LIMIT: Duration = Duration::from_millis(10);
const RETRIES: u32 = 2;

/// A payload with a constructor, a method, disposers and a destructor.
#[derive(Debug)]
pub struct Pool(u8);

impl Pool {
    /// Says whether it works.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.0 > 0
    }

    /// Asks whether it works.
    ///
    /// # Errors
    /// Never.
    #[allow(clippy::unused_async)]
    pub async fn ping(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Opens it.
    ///
    /// # Errors
    /// Never.
    pub fn open(number: &str) -> Result<Self, BoxError> {
        Ok(Self(number.parse()?))
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.0
    }

    fn age(&self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    fn save(&self) {
        assert_ne!(self.0, 0);
    }

    #[allow(clippy::needless_pass_by_value, reason = "a disposer takes its payload")]
    fn shut(self) {
        assert_eq!(self.0, 2);
    }
}

fn is_transient(error: &BoxError) -> bool {
    !error.is::<ParseIntError>()
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0 = 0;
    }
}

/// Cannot fail.
#[runtime_cell]
pub fn infallible() -> Pool {
    Pool(1)
}

/// Could be a `const fn` if it were not a factory.
#[runtime_cell]
pub fn constant() -> u8 {
    1
}

/// Can fail.
///
/// # Errors
/// Those of the cell.
#[runtime_cell]
pub fn fallible() -> Result<Pool, BoxError> {
    Pool::open("1")
}

/// Never fails, yet returns a `Result`.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(cooldown = "1h", linger = "1h", max_waiters = 5)]
pub fn wrapped() -> Result<u8, BoxError> {
    Ok(1)
}

/// Ages, by functions of its payload and of its errors.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(
    fresh = Pool::age,
    eager_refresh,
    fatal = |error| error.is::<ParseIntError>(),
    expires = |pool| pool.age() + LIMIT,
    cooldown = "1s..1m",
    retry = 3,
    backoff = LIMIT..Duration::MAX,
    transient = is_transient
)]
pub fn aging() -> Result<Pool, BoxError> {
    Pool::open("3")
}

/// Ages, and cannot fail.
#[must_use]
#[runtime_cell(fresh = "50m", expires = LIMIT, linger = "1h")]
pub fn aging_always() -> Pool {
    Pool(3)
}

/// Is checked, and ends last.
#[must_use]
#[runtime_cell(check = Pool::is_well, optional, closed_last, dispose_timeout = LIMIT)]
pub fn checked() -> Pool {
    Pool(3)
}

/// Is checked in tasks, by a closure.
#[runtime_cell(check = async |pool| Pool::ping(pool).await, dispose_timeout = "1h")]
pub async fn checked_in_tasks(checked: &Pool) -> Pool {
    Pool(checked.number())
}

/// Is checked for as long as it lives.
#[must_use]
#[runtime_cell(permanent, check = |pool| Pool::open(&pool.number().to_string()))]
pub fn checked_always() -> Pool {
    Pool(3)
}

/// Ages in tasks.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(fresh = LIMIT, fatal = is_transient, retry = RETRIES, transient = |_| true)]
pub async fn aging_in_tasks(aging_always: &Pool) -> Result<Pool, BoxError> {
    Pool::open(&aging_always.number().to_string())
}

/// Ages, and blocks.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(blocking, fresh = "50m", fatal = |_| false, retry = 1, transient = is_transient)]
pub fn aging_and_blocking() -> Result<Pool, BoxError> {
    Pool::open("4")
}

/// Uses every key of a plain, closable cell.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(
    name = "every key",
    cell = CELL,
    factory = build_every_key,
    max_waiters = 64,
    wait_timeout = "2m",
    cooldown = LIMIT,
    dispose = Pool::shut,
    observer = NullObserver,
    adjuster = NoopFactoryAdjuster,
    crate = ::cells
)]
pub fn every_key() -> Result<Pool, BoxError> {
    Pool::open("2")
}

type Opened = Result<Pool, BoxError>;

/// Is a `Result` by another name.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(fallible, dispose = drop)]
pub fn aliased() -> Opened {
    Pool::open("3")
}

/// Holds nothing.
#[runtime_cell]
pub fn unit() -> () {
    drop(Pool(1));
}

/// Shares its text.
#[must_use]
#[runtime_cell(factory = build_text)]
pub fn text() -> &'static str {
    "text"
}

/// Is deprecated.
#[deprecated(note = "use `text`")]
#[runtime_cell]
pub fn old_text() -> String {
    "text".to_owned()
}

#[runtime_cell]
pub(crate) fn of_the_crate() -> Pool {
    Pool(4)
}

#[runtime_cell]
fn private() -> Result<Pool, BoxError> {
    Pool::open("5")
}

/// Only its static is used.
#[runtime_cell]
fn behind_its_static() -> Result<Pool, BoxError> {
    Pool::open("6")
}

#[allow(dead_code, reason = "nothing uses the cell, and the attribute must reach every generated item")]
#[runtime_cell]
fn unused() -> Pool {
    Pool(7)
}

#[expect(clippy::unreadable_literal, reason = "the attribute must reach the factory")]
#[runtime_cell]
fn expected() -> u64 {
    1000000000
}

#[allow(non_snake_case, non_upper_case_globals, reason = "the attribute must reach accessor and static")]
#[runtime_cell(cell = shouted)]
fn Shouted() -> u8 {
    8
}

/// Borrows what others hold.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(factory = build_dependent, eager, after = [UNIT, CONSTANT])]
pub fn dependent(fallible: &Pool, #[from(INFALLIBLE)] other: &Pool) -> Result<u8, BoxError> {
    Ok(fallible.number() + other.number())
}

/// Borrows small payloads, and does not consume the leases it is given.
#[runtime_cell]
pub fn borrower(
    small: &u8,
    many: &[u8],
    #[from(OWNED_TEXT)] long: &str,
    #[from(OTHER)] _unused: cells::Ref<'static, u8>,
    #[from(INFALLIBLE)] pool: cells::Ref<'static, Pool>,
) -> usize {
    many.len() + long.len() + usize::from(*small) + usize::from(pool.number())
}

/// Is small.
#[runtime_cell]
pub fn small() -> u8 {
    1
}

/// Is another.
#[runtime_cell]
pub fn other() -> u8 {
    2
}

/// Is many.
#[runtime_cell]
pub fn many() -> Vec<u8> {
    vec![1]
}

/// Is text.
#[runtime_cell]
pub fn owned_text() -> String {
    "text".to_owned()
}

/// Is awaited, though it awaits nothing.
#[runtime_cell]
pub async fn task() -> u8 {
    1
}

/// Awaits everything.
///
/// # Errors
/// Those of the cell.
#[must_use = "it is worth the wait"]
#[runtime_cell(
    factory = build_awaiting,
    cooldown = "1s",
    detached,
    dispose = Pool::shut,
    observer = NullObserver,
    adjuster = NoopFactoryAdjuster
)]
pub async fn awaiting(
    task: &u8,
    fallible: cells::Ref<'static, Pool>,
    #[from(UNIT)] _unit: &(),
) -> Result<Pool, BoxError> {
    let number = core::future::ready(*task).await + fallible.number();
    Pool::open(&number.to_string())
}

/// Blocks.
#[runtime_cell(blocking, runtime = "own", dispose = shut_later)]
pub fn blocking(task: &u8, #[from(SMALL)] again: cells::Ref<'static, u8>) -> Pool {
    Pool(*task + *again)
}

async fn shut_later(pool: Pool) {
    drop(core::future::ready(pool).await);
}

/// Stays.
#[must_use]
#[runtime_cell(permanent)]
pub fn permanent() -> Pool {
    Pool(1)
}

/// Stays, and uses every key of a permanent cell.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(
    permanent,
    eager,
    factory = build_permanent,
    cooldown = "1s",
    dispose = Pool::save,
    observer = NullObserver,
    adjuster = NoopFactoryAdjuster
)]
pub fn permanent_and_fallible(permanent: &Pool) -> Result<Pool, BoxError> {
    Pool::open(&permanent.number().to_string())
}

/// What `main` knows.
#[must_use]
#[runtime_cell(provided)]
pub fn given() -> Pool;

/// The same, with every key that needs no factory.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(
    provided,
    name = "given and kept",
    cell = GIVEN_AND_KEPT,
    eager,
    after = [GIVEN],
    permanent,
    dispose = Pool::save,
    observer = NullObserver
)]
pub fn given_for_good() -> Result<Pool, BoxError>;

/// Given in a task.
#[runtime_cell(provided, dispose = Pool::shut)]
pub async fn given_later() -> Pool;

/// Given in a task, or not.
///
/// # Errors
/// Those of the cell.
#[runtime_cell(provided)]
pub async fn given_at_last() -> Result<Pool, BoxError>;

/// Given, or built.
#[must_use]
#[runtime_cell(provided)]
pub fn given_or_built(given: &Pool) -> Pool {
    Pool(given.number())
}

/// Depends on a deprecated cell.
#[allow(deprecated, reason = "the dependency is deprecated")]
#[runtime_cell]
pub fn old_fashioned(old_text: &str) -> usize {
    old_text.len()
}

mod inner {
    use super::Pool;
    use cells::runtime_cell;

    #[allow(clippy::redundant_pub_crate, reason = "one cell has this visibility")]
    #[runtime_cell]
    pub(super) fn of_the_parent() -> Pool {
        Pool(9)
    }
}

/// Uses the private cells.
///
/// # Errors
/// Those of the cells.
pub fn use_all() -> Result<u8, BoxError> {
    #[runtime_cell]
    fn inside() -> Result<Pool, BoxError> {
        Pool::open("10")
    }

    #[runtime_cell]
    fn r#type() -> u8 {
        11
    }

    let numbers = [
        of_the_crate().number(),
        private()?.number(),
        BEHIND_ITS_STATIC.get()?.number(),
        inner::of_the_parent().number(),
        inside()?.number(),
        *r#type(),
        *Shouted(),
        u8::try_from(*expected() % 7)?,
    ];
    Ok(numbers.iter().sum())
}
