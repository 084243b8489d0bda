//! What is known of a declared cell at compile time.

use crate::check::{Check, Checking};
use crate::image::{self, Home};
use crate::lifetime::LifetimeFn;
use std::any::{Any, TypeId};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// How long a call waits for other callers' flights, unless the cell says otherwise.
const DEFAULT_WAIT: Duration = Duration::from_millis(1500);

/// How long a flight waits before it runs its factory again, unless the cell says otherwise.
const DEFAULT_BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How many callers may wait for a cell, and for how long, and what happens after a failure. Everything is small: each cell
/// has its own (target: size of a cell, docs/performance.md).
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// How many callers may wait at once; `None` is any number.
    pub(crate) max_waiters: Option<NonZeroU32>,
    /// How often one flight runs a factory again that has failed.
    pub(crate) retries: u32,
    /// How long one call may wait for other callers' flights; zero is without limit.
    pub(crate) wait_timeout: Nanos,
    /// How long after a failure no factory runs; zero is no cooldown.
    pub(crate) cooldown: Nanos,
    /// Up to which time the cooldown doubles with each failure in a row; not at all, if it is no longer than the cooldown.
    pub(crate) max_cooldown: Nanos,
    /// How long a flight waits before it runs the factory again.
    pub(crate) backoff: Nanos,
    /// Up to which time that doubles.
    pub(crate) max_backoff: Nanos,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        max_waiters: None,
        retries: 0,
        wait_timeout: Nanos::of(DEFAULT_WAIT),
        cooldown: Nanos::ZERO,
        max_cooldown: Nanos::ZERO,
        backoff: Nanos::of(DEFAULT_BACKOFF.0),
        max_backoff: Nanos::of(DEFAULT_BACKOFF.1),
    };
}

/// A time in whole nanoseconds. The longest, of 584 years, means [`Duration::MAX`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nanos(u64);

impl Nanos {
    pub(crate) const ZERO: Self = Self(0);

    #[expect(clippy::cast_possible_truncation, reason = "it is compared first")]
    pub(crate) const fn of(time: Duration) -> Self {
        let nanos = time.as_nanos();
        Self(if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 })
    }

    const fn of_limit(limit: Option<Duration>) -> Self {
        match limit {
            Some(limit) => Self::of(limit),
            None => Self::ZERO,
        }
    }

    pub(crate) const fn get(self) -> Duration {
        if self.0 == u64::MAX { Duration::MAX } else { Duration::from_nanos(self.0) }
    }

    pub(crate) fn unless_zero(self) -> Option<Duration> {
        (self != Self::ZERO).then(|| self.get())
    }
}

/// The most waiters, where zero means any number. More than a `u32` counts are more than there are threads and tasks.
#[expect(clippy::cast_possible_truncation, reason = "it is compared first")]
pub(crate) const fn max_waiters(n: usize) -> Option<NonZeroU32> {
    NonZeroU32::new(if n > u32::MAX as usize { u32::MAX } else { n as u32 })
}

/// Checks a time that doubles, when the declaration is compiled.
const fn doubles(first: Duration, most: Duration) {
    assert!(!first.is_zero(), "a time of zero does not double");
    assert!(first.as_nanos() < most.as_nanos(), "a time that doubles begins with the shorter one");
}

/// For setters, to which zero means no limit.
pub(crate) const fn unless_zero(n: usize) -> Option<usize> {
    if n == 0 { None } else { Some(n) }
}

/// The same for a time limit.
pub(crate) const fn unless_zero_time(limit: Duration) -> Option<Duration> {
    if limit.is_zero() { None } else { Some(limit) }
}

/// What is known of a declared cell at compile time.
///
/// ```
/// use cells::runtime_cell;
/// use std::time::Duration;
///
/// #[runtime_cell(cooldown = "5s", eager)]
/// fn port() -> Result<u16, std::num::ParseIntError> {
///     "8080".parse()
/// }
///
/// let info = PORT.info();
/// assert_eq!((info.name, info.ident, info.payload_type), ("port", "PORT", "u16"));
/// assert!(info.fallible && info.eager && info.cooldown == Duration::from_secs(5));
/// assert_eq!(info.wait_timeout, Some(Duration::from_millis(1500)));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub struct CellInfo {
    /// The name in messages, events and errors.
    pub name: &'static str,
    /// The name of the static.
    pub ident: &'static str,
    /// The module of the declaration.
    pub module_path: &'static str,
    /// The file of the declaration.
    pub file: &'static str,
    /// The line of the declaration.
    pub line: u32,
    /// The payload's type, as the declaration spells it.
    pub payload_type: &'static str,
    /// Whether the factory returns a `Result`.
    pub fallible: bool,
    /// What ends a payload: `drop`, `Close::close`, or the function of `dispose = …`; for a permanent cell `nothing` or
    /// that function.
    pub disposer: &'static str,
    /// How many callers may wait at once; `None` is any number.
    pub max_waiters: Option<usize>,
    /// How long one call may wait for other callers' flights; `None` is without limit.
    pub wait_timeout: Option<Duration>,
    /// How long after a failure no factory runs; zero is no cooldown.
    pub cooldown: Duration,
    /// Up to which time the cooldown doubles with each failure in a row; `None` if it is always the same.
    pub max_cooldown: Option<Duration>,
    /// How often one flight runs a factory again that has failed.
    pub retries: u32,
    /// How long a flight waits before it runs the factory again: a time that doubles, and the longest.
    pub backoff: (Duration, Duration),
    /// How long a payload is fresh, as the declaration spells it; `None` if age makes no difference.
    pub fresh: Option<&'static str>,
    /// How long a payload may be used, as the declaration spells it; `None` if age does not end it.
    pub expires: Option<&'static str>,
    /// Whether a payload that is no longer fresh is replaced although nobody asks for it: `eager_refresh`.
    pub eager_refresh: bool,
    /// How long a payload stays that nobody uses; `None` if that does not end it.
    pub linger: Option<Duration>,
    /// How long closes wait for its disposer; `None` if as long as that takes.
    pub dispose_timeout: Option<Duration>,
    /// Whether a shutdown closes it after all other cells.
    pub closed_last: bool,
    /// Whether the program does its work without it, if not all of it.
    pub optional: bool,
    /// What checks whether a payload works, as the declaration spells it; `None` if nothing does.
    pub check: Option<&'static str>,
    /// Whether its payload is never closed: `permanent`.
    pub permanent: bool,
    /// Whether `warm_up` builds it.
    pub eager: bool,
    /// Whether the program may provide its payload: `provided`.
    pub provided: bool,
    /// Whether a factory builds its payload. Otherwise the declaration has no body, and only the program provides it.
    pub has_factory: bool,
    /// The cells that it is declared to depend on, in the order of the declaration.
    pub dependencies: &'static [Dependency],
    /// What `fresh` and `expires` spell.
    pub(crate) fresh_for: Option<LifetimeFn>,
    pub(crate) expires_after: Option<LifetimeFn>,
    /// What `check` spells.
    pub(crate) check_by: Option<Check>,
    /// The type that implements the declaration, and no other cell's.
    id: fn() -> TypeId,
    /// Whether its crate is compiled for its own unit tests, which allows seeding.
    pub(crate) seedable: bool,
    /// Where it is declared.
    pub(crate) home: Home,
}

/// As its name.
#[cfg(feature = "serde")]
impl serde::Serialize for CellInfo {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl CellInfo {
    /// What tells the cell from every other: the type that implements its declaration.
    pub(crate) fn id(&self) -> TypeId {
        (self.id)()
    }

    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            max_waiters: match self.max_waiters {
                Some(n) => max_waiters(n),
                None => None,
            },
            retries: self.retries,
            wait_timeout: Nanos::of_limit(self.wait_timeout),
            cooldown: Nanos::of(self.cooldown),
            max_cooldown: Nanos::of_limit(self.max_cooldown),
            backoff: Nanos::of(self.backoff.0),
            max_backoff: Nanos::of(self.backoff.1),
        }
    }
}

/// A cell that another one is declared to depend on.
///
/// ```
/// use cells::{DependencyKind, runtime_cell};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// #[runtime_cell]
/// fn twice(limit: &u32) -> u32 {
///     2 * limit
/// }
///
/// let needed = &TWICE.info().dependencies[0];
/// assert_eq!((needed.cell.name, needed.kind), ("limit", DependencyKind::Injected));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Dependency {
    /// The cell that is depended on.
    pub cell: &'static CellInfo,
    /// How it is depended on.
    pub kind: DependencyKind,
}

/// How one cell depends on another.
///
/// [`Dependency`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DependencyKind {
    /// The factory takes the other cell's payload as a parameter.
    Injected,
    /// The declaration says `after = [OTHER]`.
    After,
    /// The factory has called the other cell's accessor in this process.
    Observed,
}

/// Shows only the name of the cell, whose own dependencies would otherwise follow, and theirs.
impl fmt::Debug for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependency").field("cell", &self.cell.name).field("kind", &self.kind).finish()
    }
}

impl fmt::Display for CellInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// For the macro, which builds it in a `const`.
#[doc(hidden)]
impl CellInfo {
    pub const fn new<D: 'static>(
        name: &'static str,
        ident: &'static str,
        payload_type: &'static str,
        module_path: &'static str,
        file: &'static str,
        line: u32,
        seedable: bool,
    ) -> Self {
        Self {
            name,
            ident,
            module_path,
            file,
            line,
            payload_type,
            fallible: false,
            disposer: "drop",
            max_waiters: None,
            wait_timeout: None,
            cooldown: Duration::ZERO,
            max_cooldown: None,
            retries: 0,
            backoff: DEFAULT_BACKOFF,
            fresh: None,
            expires: None,
            eager_refresh: false,
            fresh_for: None,
            expires_after: None,
            linger: None,
            dispose_timeout: None,
            closed_last: false,
            optional: false,
            check: None,
            check_by: None,
            permanent: false,
            eager: false,
            provided: false,
            has_factory: true,
            dependencies: &[],
            id: TypeId::of::<D>,
            seedable,
            home: Home(image::here),
        }
    }

    /// A waiter of an infallible cell cannot get an error, so it waits without limit; a fallible cell has a default
    /// limit.
    #[must_use]
    pub const fn fallible(mut self, fallible: bool) -> Self {
        self.fallible = fallible;
        self.wait_timeout = if fallible { Some(DEFAULT_WAIT) } else { None };
        self
    }

    #[must_use]
    pub const fn disposer(mut self, disposer: &'static str) -> Self {
        self.disposer = disposer;
        self
    }

    #[must_use]
    pub const fn max_waiters(mut self, n: usize) -> Self {
        self.max_waiters = unless_zero(n);
        self
    }

    #[must_use]
    pub const fn wait_timeout(mut self, limit: Duration) -> Self {
        self.wait_timeout = unless_zero_time(limit);
        self
    }

    #[must_use]
    pub const fn cooldown(mut self, ttl: Duration) -> Self {
        self.cooldown = ttl;
        self
    }

    /// The cooldown doubles up to this.
    #[must_use]
    pub const fn max_cooldown(mut self, most: Duration) -> Self {
        doubles(self.cooldown, most);
        self.max_cooldown = Some(most);
        self
    }

    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    #[must_use]
    pub const fn backoff(mut self, first: Duration, most: Duration) -> Self {
        if first.as_nanos() != most.as_nanos() {
            doubles(first, most);
        }
        self.backoff = (first, most);
        self
    }

    #[must_use]
    pub const fn fresh(mut self, spelling: &'static str, lifetime: LifetimeFn) -> Self {
        self.fresh = Some(spelling);
        self.fresh_for = Some(lifetime);
        self
    }

    #[must_use]
    pub const fn expires(mut self, spelling: &'static str, lifetime: LifetimeFn) -> Self {
        self.expires = Some(spelling);
        self.expires_after = Some(lifetime);
        self
    }

    #[must_use]
    pub const fn eager_refresh(mut self) -> Self {
        self.eager_refresh = true;
        self
    }

    #[must_use]
    pub const fn linger(mut self, limit: Duration) -> Self {
        assert!(!limit.is_zero(), "a `linger` of zero would end a payload at once");
        self.linger = Some(limit);
        self
    }

    #[must_use]
    pub const fn dispose_timeout(mut self, limit: Duration) -> Self {
        assert!(!limit.is_zero(), "with a `dispose_timeout` of zero nobody would wait for the disposer");
        self.dispose_timeout = Some(limit);
        self
    }

    #[must_use]
    pub const fn closed_last(mut self) -> Self {
        self.closed_last = true;
        self
    }

    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    #[must_use]
    pub const fn check(
        mut self,
        spelling: &'static str,
        is_async: bool,
        begin: fn(Box<dyn Any + Send>) -> Checking,
    ) -> Self {
        self.check = Some(spelling);
        self.check_by = Some(Check { is_async, begin });
        self
    }

    #[must_use]
    pub const fn permanent(mut self) -> Self {
        self.permanent = true;
        self
    }

    #[must_use]
    pub const fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    #[must_use]
    pub const fn provided(mut self, has_factory: bool) -> Self {
        self.provided = true;
        self.has_factory = has_factory;
        self
    }

    #[must_use]
    pub const fn dependencies(mut self, dependencies: &'static [Dependency]) -> Self {
        self.dependencies = dependencies;
        self
    }
}

/// For the macro, which builds it in a `const`.
#[doc(hidden)]
impl Dependency {
    pub const fn injected(cell: &'static CellInfo) -> Self {
        Self { cell, kind: DependencyKind::Injected }
    }

    pub const fn after(cell: &'static CellInfo) -> Self {
        Self { cell, kind: DependencyKind::After }
    }
}

#[cfg(test)]
mod tests {
    use super::{Nanos, max_waiters};
    use std::time::Duration;

    #[test]
    fn a_small_time_is_exact_for_centuries_and_the_longest_is_without_end() {
        for time in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(500 * 365 * 86_400)] {
            assert_eq!(Nanos::of(time).get(), time);
        }
        assert_eq!(Nanos::of(Duration::from_secs(u64::MAX / 1000)).get(), Duration::MAX);
        assert_eq!(Nanos::of(Duration::ZERO).unless_zero(), None);
    }

    #[test]
    fn any_number_of_waiters_is_zero() {
        assert_eq!(
            [0, 1, usize::MAX].map(|n| max_waiters(n).map(u32::from)),
            [None, Some(1), Some(u32::MAX)]
        );
    }
}
