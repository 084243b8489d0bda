//! A cell with its factory wired in: what `#[runtime_cell]` declares, unless the cell is asynchronous or permanent.

use crate::cell::closable_cell::ClosableCell;
use crate::cell::config::DeclaredFactory;
use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::declared::factory_output::{FactoryOutput, Keep};
use crate::declared::mode::Mode;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, Adjusts, FactoryAdjuster};
use crate::flight::observed_calls;
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::observer::Observer;
use crate::payload::disposer::Disposer;
use crate::payload::lease::{AnyPayload, Lease, Ref};
use crate::payload::payload_type::Payload;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// What a declaration says of its cell; `#[runtime_cell]` implements it.
///
/// The payload's type is a parameter, because what a public type says of itself in an associated type must be public. It
/// has no bounds, because only [`StaticCell`] has them, so that a mistake is reported once.
///
/// `Declared` appears in bounds, of functions that take any such cell:
///
/// ```
/// use cells::{Declared, StaticCell, runtime_cell};
///
/// #[runtime_cell]
/// fn words() -> Vec<String> {
///     vec!["tea".to_owned()]
/// }
///
/// /// Rereads the list, and returns how many words it has now.
/// fn reread<D: Declared<Vec<String>>>(cell: &'static StaticCell<Vec<String>, D>) -> Result<usize, cells::Error> {
///     Ok(cell.refresh()?.len())
/// }
///
/// assert_eq!(reread(&WORDS)?, 1);
/// # Ok::<(), cells::Error>(())
/// ```
pub trait Declared<T>: Sized + 'static {
    /// Whether the accessor returns a `Result`.
    type Mode: Mode;
    /// What is known of the cell at compile time.
    const INFO: &'static CellInfo;
    /// What ends a payload.
    const DISPOSER: Disposer<T>;
    /// Creates the declared observer.
    const OBSERVER: Option<fn() -> Arc<dyn Observer>> = None;
    /// Creates the declared adjuster.
    #[expect(clippy::type_complexity, reason = "an alias would be used only here")]
    const ADJUSTER: Option<fn() -> Arc<dyn FactoryAdjuster<T>>> = None;
}

/// The factory of a declared cell, which returns an `R`: a parameter for the same reason.
pub trait Factory<R>: 'static {
    /// How the factory's error is boxed, if its own conversion would hide it.
    const KEEP: Keep = None;
    /// Runs the factory.
    const BUILD: fn() -> R;
}

/// A declared cell, with factory, disposer and limits wired in.
///
/// It dereferences to a [`ClosableCell`], whose methods close, inspect and configure it. Its payload is built by the
/// declared factory alone, or provided, with the key `provided`; so there is no `get_or_initialize`. It does not
/// dereference to its payload: call methods of that on what the accessor returns.
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> Result<u32, std::num::ParseIntError> {
///     "100".parse()
/// }
///
/// let lease = limit()?; // the same as `LIMIT.get()?`
/// assert_eq!(*lease, 100);
/// assert_eq!(*LIMIT.refresh()?, 100); // a method of the cell
/// LIMIT.invalidate(); // a method of what it dereferences to
/// # Ok::<(), cells::Error>(())
/// ```
#[doc(alias("LazyLock", "OnceLock", "OnceCell", "lazy_static"))]
pub struct StaticCell<T: Payload, D: Declared<T>> {
    cell: ClosableCell<T>,
    declaration: PhantomData<fn() -> D>,
}

impl<T: Payload, D: Declared<T>> StaticCell<T, D> {
    /// Creates the cell as it is declared.
    ///
    /// The [attribute](crate::runtime_cell) writes this call; [`StaticCell`] shows what to write instead.
    pub const fn new<R: FactoryOutput<T>>() -> Self
    where
        D: Factory<R>,
    {
        let adjuster = Hook::new(match D::ADJUSTER {
            Some(_) => Some(Self::adjuster),
            None => None,
        });
        // Only one of the two is compiled; the second is less code (target: code for each cell, docs/performance.md).
        let factory: DeclaredFactory =
            if D::DISPOSER.run.calls() { Self::build::<R> } else { Self::build_dropped::<R> };
        let cell =
            ClosableCell::declared(D::INFO, Some(factory), D::DISPOSER, Hook::new(D::OBSERVER), adjuster);
        Self { cell, declaration: PhantomData }
    }

    fn adjuster() -> Arc<dyn Adjuster> {
        let Some(declared) = D::ADJUSTER else { unreachable!("called only if an adjuster is declared") };
        Arc::new(Adjusts { adjuster: declared(), disposer: D::DISPOSER.run })
    }

    /// Returns the cell without its type, for a table of cells of all types.
    ///
    /// [`AnyCell`] has an example.
    pub const fn any(&'static self) -> AnyCell {
        AnyCell::plain(self.cell.base())
    }

    fn build<R: FactoryOutput<T>>() -> Result<AnyPayload, BoxError>
    where
        D: Factory<R>,
    {
        match R::into_result((D::BUILD)(), D::KEEP) {
            Ok(payload) => Ok(AnyPayload::new(payload, D::DISPOSER.run)),
            Err(error) => Err(error),
        }
    }

    fn build_dropped<R: FactoryOutput<T>>() -> Result<AnyPayload, BoxError>
    where
        D: Factory<R>,
    {
        R::into_dropped((D::BUILD)(), D::KEEP)
    }

    /// Returns the payload, building it if there is none: what the accessor does.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`](crate::RuntimeCell::get_or_initialize), if the factory returns a
    /// `Result`.
    ///
    /// # Panics
    /// With the factory's own panic. The accessor of an infallible cell also panics if the factory panicked in another
    /// caller, if the cell is asked for from inside its own factory, if a failure was recorded, if an adjuster returned an
    /// error, after a shutdown, and if there is no factory and nothing is [provided](Self::provide).
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read, and one function less per cell in a debug build"
    )]
    #[track_caller]
    pub fn get(&'static self) -> <D::Mode as Mode>::Output<T> {
        D::Mode::get_by_mode(&self.cell.typed)
    }

    /// Returns the payload, building it if there is none; always as a `Result`.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// assert_eq!(*limit(), 100); // cannot fail, but a shutdown makes it panic
    /// assert_eq!(*LIMIT.try_get()?, 100); // which is an error here
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`](crate::RuntimeCell::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read, and one function less per cell in a debug build"
    )]
    pub fn try_get(&'static self) -> Result<Ref<'static, T>, Error> {
        self.cell.typed.get()
    }

    /// Builds a new payload with the declared factory and swaps it in:
    /// [`RuntimeCell::refresh`](crate::RuntimeCell::refresh).
    ///
    /// # Errors
    /// Those of [`RuntimeCell::refresh`](crate::RuntimeCell::refresh).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[doc(alias("reload", "hot reload", "ArcSwap"))]
    pub fn refresh(&'static self) -> Result<Ref<'static, T>, Error> {
        self.any().refresh_for(Purpose::Refresh).map(Lease::typed)
    }

    /// Returns what is known of the cell at compile time.
    ///
    /// [`CellInfo`] has an example.
    pub fn info(&self) -> &'static CellInfo {
        self.cell.itself().info()
    }

    /// Returns the cells whose accessors this cell's factory has called in this process.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// #[runtime_cell]
    /// fn twice() -> u32 {
    ///     2 * *limit()
    /// }
    ///
    /// assert_eq!(*twice(), 200);
    /// assert_eq!(TWICE.observed()[0].name, "limit");
    /// ```
    pub fn observed(&self) -> Vec<&'static CellInfo> {
        observed_calls::by(self.info())
    }
}

impl<T: Payload, D: Declared<T>> Deref for StaticCell<T, D> {
    type Target = ClosableCell<T>;

    #[inline]
    fn deref(&self) -> &ClosableCell<T> {
        &self.cell
    }
}

impl<T: Payload, D: Declared<T>> fmt::Debug for StaticCell<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.here().debug("StaticCell", f)
    }
}

#[cfg(test)]
#[path = "static_cell_tests.rs"]
mod tests;
