//! A cell for what lives as long as the process: settings, metrics, regular expressions.
//!
//! The payload is in a `OnceCell`, where reads find it. All the rest is done by a [`ClosableCell`] of references to it,
//! as in any cell: flights, failures, observers, and at shutdown the disposer. A flight stores the payload before it
//! publishes the reference, and no later flight builds another.

use crate::cell::cell_base::CellBase;
use crate::cell::closable_cell::ClosableCell;
use crate::cell::config::DeclaredFactory;
use crate::cell::raw_cell::RawCell;
use crate::cell::seed::SeedError;
use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::{AnyCell, AnyPermanentCell};
use crate::declared::factory_output::FactoryOutput;
use crate::declared::mode::Mode;
use crate::declared::static_cell::Factory;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, Adjusts, FactoryAdjuster};
use crate::flight::observed_calls;
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::observer::Observer;
use crate::payload::disposer::{DisposeFn, Disposer};
use crate::payload::lease::AnyPayload;
use crate::payload::payload_type::Payload;
#[cfg(feature = "testing")]
use crate::sync::world::is_any_open;
use once_cell::sync::OnceCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// What a declaration says of its permanent cell; `#[runtime_cell(permanent)]` implements it.
///
/// The payload's type is a parameter for the reason given at [`Declared`](crate::Declared).
///
/// `DeclaredPermanent` appears in bounds, of functions that take any such cell:
///
/// ```
/// use cells::{DeclaredPermanent, PermanentCell, runtime_cell};
///
/// #[runtime_cell(permanent)]
/// fn settings() -> String {
///     "verbose".to_owned()
/// }
///
/// fn text<D: DeclaredPermanent<String>>(cell: &'static PermanentCell<String, D>) -> &'static str {
///     cell.try_get().map_or("no settings", |settings| settings.as_str())
/// }
///
/// assert_eq!(text(&SETTINGS), "verbose");
/// ```
pub trait DeclaredPermanent<T: 'static>: Sized + 'static {
    /// Whether the accessor returns a `Result`.
    type Mode: Mode;
    /// What is known of the cell at compile time.
    const INFO: &'static CellInfo;
    /// What is done with the payload at shutdown.
    const DISPOSER: Disposer<&'static T>;
    /// Creates the declared observer.
    const OBSERVER: Option<fn() -> Arc<dyn Observer>> = None;
    /// Creates the declared adjuster.
    #[expect(clippy::type_complexity, reason = "an alias would be used only here")]
    const ADJUSTER: Option<fn() -> Arc<dyn FactoryAdjuster<T>>> = None;
}

/// A declared cell whose payload is never closed: it gives out `&'static T`, at the price of a
/// [`LazyLock`](std::sync::LazyLock).
///
/// It builds, fails, cools down and is observed like any cell. It has no `close` and no `refresh`: what was given
/// out as `&'static T` cannot be taken back. At shutdown its disposer, if it has one, runs on the payload, which
/// stays readable, although the cell is not [ready](CellBase::is_ready) any more.
///
/// It dereferences to a [`CellBase`], which has its name and state.
///
/// ```
/// use cells::runtime_cell;
/// use std::num::ParseIntError;
///
/// #[runtime_cell(permanent)]
/// fn port() -> Result<u16, ParseIntError> {
///     "8080".parse()
/// }
///
/// let number: &'static u16 = port()?; // the same as `PORT.get()?`
/// assert_eq!((*number, PORT.peek()), (8080, Some(number)));
/// # Ok::<(), cells::Error>(())
/// ```
#[doc(alias("LazyLock", "OnceLock", "lazy_static"))]
pub struct PermanentCell<T: Payload, D: DeclaredPermanent<T>> {
    payload: OnceCell<T>,
    pub(crate) cell: ClosableCell<&'static T>,
    factory: DeclaredFactory,
    adjuster: Hook<dyn Adjuster>,
    declaration: PhantomData<fn() -> D>,
}

impl<T: Payload, D: DeclaredPermanent<T>> PermanentCell<T, D> {
    /// Creates the cell as it is declared.
    ///
    /// The [attribute](crate::runtime_cell) writes this call; [`PermanentCell`] shows what to write instead.
    pub const fn new<R: FactoryOutput<T>>() -> Self
    where
        D: Factory<R>,
    {
        let cell = ClosableCell::declared(D::INFO, None, D::DISPOSER, Hook::new(D::OBSERVER), Hook::none());
        let adjuster = Hook::new(match D::ADJUSTER {
            Some(_) => Some(Self::adjuster),
            None => None,
        });
        Self { payload: OnceCell::new(), cell, factory: Self::build::<R>, adjuster, declaration: PhantomData }
    }

    fn build<R: FactoryOutput<T>>() -> Result<AnyPayload, BoxError>
    where
        D: Factory<R>,
    {
        R::into_dropped((D::BUILD)(), D::KEEP)
    }

    fn adjuster() -> Arc<dyn Adjuster> {
        let Some(declared) = D::ADJUSTER else { unreachable!("called only if an adjuster is declared") };
        Arc::new(Adjusts { adjuster: declared(), disposer: DisposeFn::Drop })
    }

    /// Returns the cell without its type, for a table of cells of all types.
    ///
    /// [`AnyCell`] has an example.
    pub const fn any(&'static self) -> AnyCell {
        AnyCell::permanent(self)
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
    /// caller, if the cell is asked for from inside its own factory, if an adjuster returned an error, after a
    /// shutdown if there is no payload, and if there is no factory and nothing is [provided](Self::provide).
    #[inline]
    #[track_caller]
    pub fn get(&'static self) -> <D::Mode as Mode>::Permanent<T> {
        match self.stored() {
            Some(payload) => D::Mode::permanent_by_mode(Ok(payload)),
            None => D::Mode::permanent_by_mode(self.built()),
        }
    }

    /// Returns the payload, building it if there is none; always as a `Result`.
    ///
    /// [`DeclaredPermanent`] has an example.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`](crate::RuntimeCell::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline]
    pub fn try_get(&'static self) -> Result<&'static T, Error> {
        match self.stored() {
            Some(payload) => Ok(payload),
            None => self.built(),
        }
    }

    /// Builds the payload, and gets it as the fast path does: the address is then one and the same, and known at compile
    /// time, while a pointer that the slow path returned would have to be merged (target: permanent, docs/performance.md).
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the compiler does not inline what is called on a slow path alone"
    )]
    fn built(&'static self) -> Result<&'static T, Error> {
        let built = self.build_observed()?;
        #[cfg(feature = "testing")]
        if is_any_open() {
            return Ok(built);
        }
        #[cfg(not(feature = "testing"))]
        let _ = built;
        match self.payload.get() {
            Some(payload) => Ok(payload),
            None => unreachable!("a flight stores the payload before it publishes it"),
        }
    }

    /// Returns the payload, if there is one.
    ///
    /// The [type](Self) has an example.
    #[inline]
    pub fn peek(&self) -> Option<&T> {
        self.stored()
    }

    /// The payload of the cell that the caller means. A read looks whether a sandbox is open only with the feature
    /// `testing`, because nothing that a sandbox could change stops the fast path of a permanent cell.
    #[inline]
    fn stored(&self) -> Option<&T> {
        #[cfg(feature = "testing")]
        if is_any_open() {
            return self.stored_here();
        }
        self.payload.get()
    }

    #[cfg(feature = "testing")]
    #[cold]
    fn stored_here(&self) -> Option<&T> {
        match self.cell.itself().twin_here() {
            Some(twin) => twin.raw.lease().map(|lease| *lease.typed::<&'static T>()),
            None => self.payload.get(),
        }
    }

    /// Publishes a ready-made payload for tests, as [`ClosableCell::seed`] does. It stays until the process ends.
    ///
    /// [`allow_seeding`](crate::testing::allow_seeding) has an example.
    ///
    /// # Errors
    /// If seeding is not allowed here, or the cell is ready, initializing or shut down.
    pub fn seed(&'static self, value: T) -> Result<(), SeedError<T>> {
        let here = self.cell.raw();
        self.cell.seed_with(value, |value| self.store_in(here, value))
    }

    /// Returns what is known of the cell at compile time.
    ///
    /// [`CellInfo`] has an example.
    pub fn info(&self) -> &'static CellInfo {
        self.cell.itself().info()
    }

    /// Returns the cells whose accessors this cell's factory has called in this process.
    ///
    /// [`StaticCell::observed`](crate::StaticCell::observed) has an example.
    pub fn observed(&self) -> Vec<&'static CellInfo> {
        observed_calls::by(self.info())
    }

    /// Sets the adjuster of this cell, from the next flight on.
    ///
    /// [`FactoryAdjuster`] has an example.
    pub fn configure_adjuster(&'static self, adjuster: Arc<dyn FactoryAdjuster<T>>) {
        let adjuster: Arc<dyn Adjuster> = Arc::new(Adjusts { adjuster, disposer: DisposeFn::Drop });
        (self as &dyn AnyPermanentCell).adjuster_here(self.any().here()).configure(adjuster);
    }

    /// Slow path of the accessor: there is no payload yet. If a factory is asking, the dependency is recorded.
    #[cold]
    fn build_observed(&'static self) -> Result<&'static T, Error> {
        observed_calls::record(self.info());
        self.get_injected()
    }

    /// Gets the payload for a factory that declares this dependency, so the call is not recorded as observed.
    pub(crate) fn get_injected(&'static self) -> Result<&'static T, Error> {
        match self.stored() {
            Some(payload) => Ok(payload),
            None => self.any().get(Purpose::Get).map(|lease| *lease.typed::<&'static T>()),
        }
    }

    /// The same in a task; waiting does not block the thread.
    pub(crate) async fn get_injected_async(&'static self) -> Result<&'static T, Error> {
        match self.stored() {
            Some(payload) => Ok(payload),
            None => self.any().get_slow_async(Purpose::Get).await.map(|lease| *lease.typed::<&'static T>()),
        }
    }

    /// Stores a payload forever. Called by one flight, seeding or provision at a time, and not again once one
    /// has stored a payload.
    fn store(&'static self, payload: T) -> &'static T {
        self.payload.get_or_init(|| payload)
    }

    /// The same for a seeding or provision, whoever's cell it is.
    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "there are no sandboxes"))]
    pub(crate) fn store_in(&'static self, here: &RawCell, payload: T) -> &'static T {
        #[cfg(feature = "testing")]
        if here.twins().is_some() {
            return Box::leak(Box::new(payload));
        }
        self.store(payload)
    }
}

impl<T: Payload, D: DeclaredPermanent<T>> AnyPermanentCell for PermanentCell<T, D> {
    fn base(&self) -> &CellBase {
        self.cell.base()
    }

    fn adjuster(&self) -> &Hook<dyn Adjuster> {
        &self.adjuster
    }

    fn build(&self) -> Result<AnyPayload, BoxError> {
        (self.factory)()
    }

    fn store(&'static self, payload: AnyPayload) -> AnyPayload {
        AnyPayload::new(self.store(payload.into_inner()), D::DISPOSER.run)
    }

    #[cfg(feature = "testing")]
    fn leak(&self, payload: AnyPayload) -> AnyPayload {
        let payload: &'static T = Box::leak(Box::new(payload.into_inner()));
        AnyPayload::new(payload, D::DISPOSER.run)
    }
}

/// A declaration whose cell can be closed. No declaration of a [`PermanentCell`] is one, so its methods with this bound
/// cannot be called.
#[diagnostic::on_unimplemented(
    message = "a permanent cell cannot be closed or refreshed",
    label = "it gives out `&'static` references, which cannot be taken back",
    note = "declare it without `permanent`"
)]
pub trait Closable {}

/// Methods that exist for the compiler's message: it says why they cannot be called.
impl<T: Payload, D: DeclaredPermanent<T>> PermanentCell<T, D> {
    /// Cannot be called: the payload is permanent.
    ///
    /// [`runtime_cell`](crate::runtime_cell#permanent-cells) says why.
    pub fn close(&self)
    where
        D: Closable,
    {
    }

    /// Cannot be called: the payload is permanent.
    ///
    /// [`runtime_cell`](crate::runtime_cell#permanent-cells) says why.
    pub fn invalidate(&self)
    where
        D: Closable,
    {
    }

    /// Cannot be called: the payload is permanent.
    ///
    /// [`runtime_cell`](crate::runtime_cell#permanent-cells) says why.
    pub fn refresh(&self)
    where
        D: Closable,
    {
    }
}

/// As of a [`CellBase`].
impl<T: Payload + RefUnwindSafe, D: DeclaredPermanent<T>> UnwindSafe for PermanentCell<T, D> {}
impl<T: Payload + RefUnwindSafe, D: DeclaredPermanent<T>> RefUnwindSafe for PermanentCell<T, D> {}

impl<T: Payload, D: DeclaredPermanent<T>> Deref for PermanentCell<T, D> {
    type Target = CellBase;

    fn deref(&self) -> &CellBase {
        self.cell.base()
    }
}

impl<T: Payload, D: DeclaredPermanent<T>> fmt::Debug for PermanentCell<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.here().debug("PermanentCell", f)
    }
}
