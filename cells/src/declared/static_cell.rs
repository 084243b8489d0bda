//! A cell with its factory wired in: what `#[runtime_cell]` declares.

use crate::cell::config::DeclaredFactory;
use crate::cell::runtime_cell::RuntimeCell;
use crate::declared::any_cell::AnyCell;
use crate::declared::factory_output::FactoryOutput;
use crate::declared::mode::Mode;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, Adjusts, FactoryAdjuster};
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
pub trait Declared: Sized + 'static {
    /// What the cell holds. [`StaticCell`] alone requires what makes it one, so that a mistake is told once.
    type Payload;
    /// What the factory returns.
    type Output: FactoryOutput<Self::Payload>;
    /// Whether the accessor returns a `Result`.
    type Mode: Mode;
    /// What is known when it is compiled.
    const INFO: &'static CellInfo;
    /// What ends a payload.
    const DISPOSER: Disposer<Self::Payload>;
    /// What makes the declared observer.
    const OBSERVER: Option<fn() -> Arc<dyn Observer>> = None;
    /// What makes the declared adjuster.
    #[expect(clippy::type_complexity, reason = "said once")]
    const ADJUSTER: Option<fn() -> Arc<dyn FactoryAdjuster<Self::Payload>>> = None;

    /// Runs the factory.
    fn build() -> Self::Output;
}

/// A declared cell: a [`RuntimeCell`] with factory, disposer and limits wired in.
///
/// It dereferences to the [`RuntimeCell`], whose methods close, look and configure.
pub struct StaticCell<T: Payload, D: Declared<Payload = T>> {
    cell: RuntimeCell<T>,
    declaration: PhantomData<fn() -> D>,
}

impl<T: Payload, D: Declared<Payload = T>> StaticCell<T, D> {
    /// Makes the cell as it is declared.
    #[expect(clippy::new_without_default, reason = "the macro's alone: a declaration has one cell")]
    pub const fn new() -> Self {
        let adjuster = Hook::new(match D::ADJUSTER {
            Some(_) => Some(Self::adjuster),
            None => None,
        });
        // One of the two is compiled.
        let factory: DeclaredFactory =
            if D::DISPOSER.run.calls() { Self::build } else { Self::build_dropped };
        let cell =
            RuntimeCell::declared(D::INFO, Some(factory), D::DISPOSER, Hook::new(D::OBSERVER), adjuster);
        Self { cell, declaration: PhantomData }
    }

    fn adjuster() -> Arc<dyn Adjuster> {
        let Some(declared) = D::ADJUSTER else { unreachable!("asked for where there is one") };
        Arc::new(Adjusts { adjuster: declared(), disposer: D::DISPOSER.run })
    }

    /// The entry in the list of all cells: the macro's.
    #[doc(hidden)]
    pub const fn entry(&'static self) -> AnyCell {
        AnyCell::plain(self.cell.raw())
    }

    fn build() -> Result<AnyPayload, BoxError> {
        match D::build().into_result() {
            Ok(payload) => Ok(AnyPayload::new(payload, D::DISPOSER.run)),
            Err(error) => Err(error),
        }
    }

    fn build_dropped() -> Result<AnyPayload, BoxError> {
        D::build().into_dropped()
    }

    /// Returns the payload, building it if there is none: what the accessor does.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`], where the factory returns a `Result`.
    ///
    /// # Panics
    /// With the factory's own panic. Where the factory is infallible, also if it panicked in another caller, if
    /// the cell is asked from inside its own factory, if a failure was recorded, and after shutdown.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nothing but types and what the declaration says")]
    #[track_caller]
    pub fn get(&'static self) -> <D::Mode as Mode>::Output<T> {
        D::Mode::get(&self.cell.typed)
    }

    /// Returns the payload, building it if there is none; always as a `Result`.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`].
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nothing but types and what the declaration says")]
    pub fn try_get(&'static self) -> Result<Ref<'static, T>, Error> {
        self.cell.typed.get()
    }

    /// Builds a new payload with the declared factory and swaps it in: [`RuntimeCell::refresh`].
    ///
    /// # Errors
    /// Those of [`RuntimeCell::refresh`].
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn refresh(&'static self) -> Result<Ref<'static, T>, Error> {
        self.entry().refresh().map(Lease::typed)
    }

    /// Returns what is known of the declaration.
    pub fn info(&self) -> &'static CellInfo {
        self.cell.raw().info()
    }
}

impl<T: Payload, D: Declared<Payload = T>> Deref for StaticCell<T, D> {
    type Target = RuntimeCell<T>;

    #[inline]
    fn deref(&self) -> &RuntimeCell<T> {
        &self.cell
    }
}

impl<T: Payload, D: Declared<Payload = T>> fmt::Debug for StaticCell<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cell, f)
    }
}
