//! What a program does with a declared cell whose type it does not know: an admin page, or what listens to a bus of
//! invalidations.

use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::error::{Error, UnavailableError};
use crate::image;
use crate::payload::lease::Lease;
use crate::program::all_cells;
use crate::program::dependents::{rebuild, rebuild_async, unpublish, unpublish_generation};
use std::any::Any;
use std::fmt;

/// Finds a declared cell by its name, or by the path of its static: `pool`, `app::db::POOL`. `None` if there is none, or
/// more than one cell of that name.
///
/// It goes through the list of all cells, which takes some microseconds for some hundred.
///
/// ```standalone_crate
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// let cell = cells::find("limit").expect("it is declared");
/// assert_eq!(cell.try_get()?.downcast_ref(), Some(&100_u32));
/// cell.refresh()?;
/// assert_eq!(cell.generation(), Some(2));
/// assert!(cells::find("no such cell").is_none());
/// # Ok::<(), cells::Error>(())
/// ```
#[inline]
pub fn find(name: &str) -> Option<AnyCell> {
    image::note(image::here());
    only_one_called(name)
}

fn only_one_called(name: &str) -> Option<AnyCell> {
    let listed = all_cells::listed();
    let by_path = |cell: &AnyCell| {
        let info = cell.info();
        let rest = name.strip_prefix(info.module_path).and_then(|rest| rest.strip_prefix("::"));
        rest.is_some_and(|rest| rest == info.ident || rest == info.name)
    };
    let by_name = |cell: &AnyCell| cell.info().name == name;
    let only = |mut found: Vec<AnyCell>| if found.len() == 1 { found.pop() } else { None };
    only(listed.iter().copied().filter(by_path).collect())
        .or_else(|| only(listed.iter().copied().filter(by_name).collect()))
}

/// A lease on a payload whose type the program does not know.
///
/// It is a lease as any other: while it is out, the payload stays. See [`Ref`](crate::Ref).
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// let lease = LIMIT.any().try_get()?;
/// assert!(lease.payload().is::<u32>());
/// assert_eq!((lease.downcast_ref(), lease.generation()), (Some(&100_u32), 1));
/// # Ok::<(), cells::Error>(())
/// ```
pub struct AnyRef {
    lease: Lease,
}

impl AnyRef {
    /// Returns the payload, if it is a `T`. That of a permanent cell is a `&'static T`.
    ///
    /// The [type](Self) has an example.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.lease.payload().downcast_ref()
    }

    /// Returns the payload.
    ///
    /// The [type](Self) has an example.
    pub fn payload(&self) -> &(dyn Any + Send + Sync) {
        self.lease.payload()
    }

    /// Returns the generation of the leased payload.
    ///
    /// The [type](Self) has an example.
    pub fn generation(&self) -> u64 {
        self.lease.generation()
    }
}

/// Shows the generation, never the payload.
impl fmt::Debug for AnyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyRef").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

fn any_ref(lease: Lease) -> AnyRef {
    AnyRef { lease }
}

/// For programs that do not know the types of their cells. What a cell cannot is an error: the payload of a permanent cell
/// is never replaced or ended ([`Permanent`](UnavailableError::Permanent)), and nobody builds that of a cell without a factory
/// ([`NotProvided`](UnavailableError::NotProvided)).
///
/// With `runtime = "own"` a get and a refresh are about the cell of the caller's runtime, and an invalidation about those of
/// all runtimes.
impl AnyCell {
    /// Returns the payload, building it if there is none. An asynchronous cell is built while this thread blocks; not on the
    /// only thread of a tokio runtime, where this fails with [`RuntimeBlocked`](crate::RuntimeBlocked).
    ///
    /// [`find`] has an example.
    ///
    /// # Errors
    /// Those of the cell's own `try_get`.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn try_get(&self) -> Result<AnyRef, Error> {
        match self.lease_observed() {
            Some(lease) => Ok(any_ref(lease)),
            None => self.get(Purpose::Get).map(any_ref),
        }
    }

    /// Does the same in a task. Waiting does not block the thread; a synchronous factory does.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// async fn session() -> String {
    ///     "s-1".to_owned()
    /// }
    ///
    /// let lease = SESSION.any().try_get_async().await?;
    /// assert_eq!(lease.downcast_ref::<String>().unwrap(), "s-1");
    /// # Ok::<(), cells::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Those of the cell's own `try_get`.
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn try_get_async(&self) -> Result<AnyRef, Error> {
        match self.lease_observed() {
            Some(lease) => Ok(any_ref(lease)),
            None => self.get_slow_async(Purpose::Get).await.map(any_ref),
        }
    }

    /// Builds a new payload with the declared factory and swaps it in, as the cell's own `refresh` does. An asynchronous cell
    /// is built while this thread blocks, as by [`try_get`](Self::try_get).
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// #[runtime_cell(permanent)]
    /// fn start() -> std::time::Instant {
    ///     std::time::Instant::now()
    /// }
    ///
    /// assert_eq!(LIMIT.any().refresh()?.generation(), 1);
    /// assert!(START.any().refresh().is_err()); // a permanent cell keeps its payload
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the cell's own `refresh`; that the cell is permanent.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn refresh(&self) -> Result<AnyRef, Error> {
        self.not_permanent()?;
        self.refresh_for(Purpose::Refresh).map(any_ref)
    }

    /// Does the same in a task.
    ///
    /// [`try_get_async`](Self::try_get_async) has an example of a call in a task.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh_async(&self) -> Result<AnyRef, Error> {
        self.not_permanent()?;
        self.get_slow_async(Purpose::Refresh).await.map(any_ref)
    }

    /// Refreshes the cell, and then all cells that were built on it, each after what it depends on:
    /// [`StaticCell::refresh_with_dependents`](crate::StaticCell::refresh_with_dependents).
    ///
    /// # Errors
    /// Those of [`refresh`](Self::refresh), or the first error of a dependent.
    ///
    /// # Panics
    /// With the panic of the first factory that panics.
    pub fn refresh_with_dependents(&self) -> Result<AnyRef, Error> {
        let refreshed = self.refresh()?;
        rebuild(self.info(), AnyCell::rebuild).map(|()| refreshed)
    }

    /// Does the same in a task.
    ///
    /// [`try_get_async`](Self::try_get_async) has an example of a call in a task.
    ///
    /// # Errors
    /// As [`refresh_with_dependents`](Self::refresh_with_dependents).
    ///
    /// # Panics
    /// With the panic of the first factory that panics.
    pub async fn refresh_with_dependents_async(&self) -> Result<AnyRef, Error> {
        let refreshed = self.refresh_async().await?;
        rebuild_async(self.info(), AnyCell::rebuild_async).await.map(|()| refreshed)
    }

    /// Closes the cell: the next call builds another payload. What the disposer returns goes to observers and the log.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// /// What a message of another process says: forget the cell of that name.
    /// fn forget(caches: &[cells::AnyCell], name: &str) -> Result<(), cells::Error> {
    ///     caches.iter().filter(|cell| cell.name() == name).try_for_each(|cell| cell.invalidate())
    /// }
    ///
    /// drop(limit());
    /// forget(&[LIMIT.any()], "limit")?;
    /// assert!(!LIMIT.is_ready());
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the cell is permanent.
    pub fn invalidate(&self) -> Result<(), Error> {
        self.not_permanent()?;
        for closing in AnyCell::unpublish(*self) {
            let _ = closing.settle();
        }
        Ok(())
    }

    /// Does the same in a task, where an asynchronous disposer is awaited.
    ///
    /// [`try_get_async`](Self::try_get_async) has an example of a call in a task.
    ///
    /// # Errors
    /// If the cell is permanent.
    pub async fn invalidate_async(&self) -> Result<(), Error> {
        self.not_permanent()?;
        for closing in AnyCell::unpublish(*self) {
            let _ = closing.settle_async().await;
        }
        Ok(())
    }

    /// Closes all cells that were built on this one, directly or through others, and then this one:
    /// [`StaticCell::invalidate_with_dependents`](crate::StaticCell::invalidate_with_dependents).
    ///
    /// # Errors
    /// If the cell is permanent.
    pub fn invalidate_with_dependents(&self) -> Result<(), Error> {
        self.not_permanent()?;
        for closing in unpublish(self.info(), AnyCell::unpublish(*self)) {
            let _ = closing.settle();
        }
        Ok(())
    }

    /// Does the same in a task, where asynchronous disposers are awaited.
    ///
    /// [`try_get_async`](Self::try_get_async) has an example of a call in a task.
    ///
    /// # Errors
    /// If the cell is permanent.
    pub async fn invalidate_with_dependents_async(&self) -> Result<(), Error> {
        self.not_permanent()?;
        for closing in unpublish(self.info(), AnyCell::unpublish(*self)) {
            let _ = closing.settle_async().await;
        }
        Ok(())
    }

    /// Does what [`invalidate_with_dependents`](Self::invalidate_with_dependents) does, if `generation` is the published one
    /// of the cell that the caller means; otherwise changes nothing.
    ///
    /// [`StaticCell::invalidate_generation_with_dependents`](crate::StaticCell::invalidate_generation_with_dependents) has an
    /// example.
    ///
    /// # Errors
    /// If the cell is permanent.
    pub fn invalidate_generation_with_dependents(&self, generation: u64) -> Result<(), Error> {
        self.not_permanent()?;
        for closing in unpublish_generation(self.info(), self.here(), generation) {
            let _ = closing.settle();
        }
        Ok(())
    }

    /// Does the same in a task, where asynchronous disposers are awaited.
    ///
    /// [`try_get_async`](Self::try_get_async) has an example of a call in a task.
    ///
    /// # Errors
    /// If the cell is permanent.
    pub async fn invalidate_generation_with_dependents_async(&self, generation: u64) -> Result<(), Error> {
        self.not_permanent()?;
        for closing in unpublish_generation(self.info(), self.here(), generation) {
            let _ = closing.settle_async().await;
        }
        Ok(())
    }

    fn not_permanent(&self) -> Result<(), Error> {
        let info = self.info();
        if info.permanent {
            return Err(Error::Unavailable(UnavailableError::Permanent { cell: info.name }));
        }
        Ok(())
    }
}
