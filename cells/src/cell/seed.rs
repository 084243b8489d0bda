//! Seeding, which puts a ready-made payload into a cell: who may do it, and the errors of a refusal.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The environment variable that allows seeding in the whole process.
const VARIABLE: &str = "CELLS_ALLOW_SEED";

/// The error of a refused seeding; it carries the value back.
///
/// ```
/// use cells::{RuntimeCell, SeedRefusal};
///
/// let clock = RuntimeCell::new("clock");
/// let error = clock.seed(12).unwrap_err(); // in production
/// assert_eq!(error.refusal(), SeedRefusal::NotAllowed);
/// assert_eq!(error.into_value(), 12);
/// ```
pub struct SeedError<T> {
    cell: &'static str,
    refusal: SeedRefusal,
    value: T,
}

/// The reasons why a cell refuses to be seeded.
///
/// ```
/// use cells::{RuntimeCell, SeedRefusal};
///
/// let clock = RuntimeCell::new("clock");
/// let _permit = cells::testing::allow_seeding();
/// clock.seed(12)?;
/// assert_eq!(clock.seed(13).unwrap_err().refusal(), SeedRefusal::Ready); // close it first
/// # Ok::<(), cells::SeedError<u32>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeedRefusal {
    /// Nothing [allows](allow_seeding) seeding here.
    NotAllowed,
    /// A payload is already published.
    Ready,
    /// A flight is under way.
    Initializing,
    /// The cell is closed for good.
    ShutDown,
}

impl<T> SeedError<T> {
    pub(crate) const fn new(cell: &'static str, refusal: SeedRefusal, value: T) -> Self {
        Self { cell, refusal, value }
    }

    /// Returns the reason.
    ///
    /// The [type](Self) has an example.
    pub fn refusal(&self) -> SeedRefusal {
        self.refusal
    }

    /// Returns the value that was to be the payload.
    ///
    /// The [type](Self) has an example.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> fmt::Display for SeedError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cell `{}`: ", self.cell)?;
        match self.refusal {
            SeedRefusal::NotAllowed => write!(
                f,
                "seeding is not allowed here; set {VARIABLE}=1, hold a `cells::testing::allow_seeding()` permit, \
                 or declare the cell in a crate under test"
            ),
            SeedRefusal::Ready => write!(f, "it already has a payload; close it before seeding it"),
            SeedRefusal::ShutDown => write!(f, "it is shut down"),
            SeedRefusal::Initializing => write!(f, "it is being initialized; close it before seeding it"),
        }
    }
}

/// The text, which is what `unwrap` prints. It leaves out the value, as a cell's `Debug` leaves out the payload.
impl<T> fmt::Debug for SeedError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> std::error::Error for SeedError<T> {}

/// How many permits there are. Seeding is not for programs at work, so it does not matter whose they are; and a test that
/// is a task may go on on another thread.
static PERMITS: AtomicUsize = AtomicUsize::new(0);

/// Allows the process to seed cells, until it is dropped. See [`allow_seeding`].
#[derive(Debug)]
#[must_use = "seeding is allowed only while the permit lives; bind it: `let _permit = ..`"]
pub struct SeedPermit(());

/// Allows the process to [seed](crate::ClosableCell::seed) cells until the permit is dropped, on any thread. Permits
/// nest.
///
/// ```
/// use cells::RuntimeCell;
///
/// let cell = RuntimeCell::new("clock");
/// let _permit = cells::testing::allow_seeding();
/// cell.seed(12).unwrap();
/// assert_eq!(cell.peek().as_deref(), Some(&12));
/// ```
pub fn allow_seeding() -> SeedPermit {
    // Relaxed: it only counts. Whoever may rely on a permit knows of it by other means.
    PERMITS.fetch_add(1, Ordering::Relaxed);
    SeedPermit(())
}

impl Drop for SeedPermit {
    fn drop(&mut self) {
        PERMITS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What allows seeding a cell, as the log names it; `None` if nothing does.
pub(crate) fn permission(declared_under_test: bool) -> Option<&'static str> {
    if PERMITS.load(Ordering::Relaxed) > 0 {
        Some("permit")
    } else if declared_under_test {
        Some("cfg_test")
    } else if allowed_by_environment() {
        Some("environment")
    } else {
        None
    }
}

/// Not cached: a test may set the variable late.
fn allowed_by_environment() -> bool {
    std::env::var(VARIABLE)
        .is_ok_and(|value| ["1", "true", "yes", "on"].contains(&value.trim().to_ascii_lowercase().as_str()))
}
