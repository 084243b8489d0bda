//! A declared cell of any kind with the type of its payload, for tables of cells.

use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::cell_static::CellStatic;
use crate::declared::permanent_cell::{DeclaredPermanent, PermanentCell};
use crate::declared::static_cell::{Declared, StaticCell};
use crate::error::Error;
use crate::payload::lease::{Lease, Ref};
use crate::payload::payload_type::Payload;

/// A declared cell whose payload is a `T`, whatever its kind and its factory: `&'static dyn CellOf<T>` is what a table of
/// cells holds.
///
/// A permanent cell is a cell of `&'static T`. For a table of cells of all types there is [`AnyCell`].
///
/// ```
/// use cells::{AnyCell, CellOf, runtime_cell};
///
/// struct Shard(Vec<u8>);
///
/// #[runtime_cell]
/// fn even() -> Shard {
///     Shard(vec![0, 2])
/// }
///
/// #[runtime_cell]
/// fn odd() -> Shard {
///     Shard(vec![1, 3])
/// }
///
/// static SHARDS: [&'static dyn CellOf<Shard>; 2] = [&EVEN, &ODD];
/// static ALL: [AnyCell; 2] = [EVEN.any(), ODD.any()];
///
/// let shard = SHARDS[1].try_get()?;
/// assert_eq!(shard.0, [1, 3]);
/// assert!(ODD.is_ready() && !ALL[0].is_ready());
/// # Ok::<(), cells::Error>(())
/// ```
pub trait CellOf<T>: sealed::Erased + Sync {}

mod sealed {
    use crate::declared::any_cell::AnyCell;

    pub trait Erased {
        // A name that resembles no method of a program, because the compiler suggests methods of all traits.
        fn __any_cell(&'static self) -> AnyCell;
    }
}

impl<T: Payload> dyn CellOf<T> {
    /// Returns the cell without its type.
    ///
    /// The [trait](CellOf) has an example.
    pub fn any(&'static self) -> AnyCell {
        self.__any_cell()
    }

    /// Returns the published payload, if there is one.
    ///
    /// The [trait](CellOf) has an example.
    pub fn peek(&'static self) -> Option<Ref<'static, T>> {
        self.any().lease().map(Lease::typed)
    }

    /// Returns the payload, building it if there is none. If the cell is asynchronous, this blocks the thread until it is
    /// built.
    ///
    /// The [trait](CellOf) has an example.
    ///
    /// # Errors
    /// Those of the cell's own `try_get`; of an asynchronous cell also [`RuntimeBlocked`](crate::RuntimeBlocked), where the
    /// thread is the only one of a tokio runtime.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn try_get(&'static self) -> Result<Ref<'static, T>, Error> {
        let cell = self.any();
        match cell.lease_observed() {
            Some(lease) => Ok(lease.typed()),
            None => cell.get(Purpose::Get).map(Lease::typed),
        }
    }

    /// Does the same as `try_get` in a task. Waiting does not block the thread; a synchronous factory
    /// does.
    ///
    /// The [trait](CellOf) has an example.
    ///
    /// # Errors
    /// Those of the cell's own `try_get`.
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn try_get_async(&'static self) -> Result<Ref<'static, T>, Error> {
        let cell = self.any();
        match cell.lease_observed() {
            Some(lease) => Ok(lease.typed()),
            None => cell.get_slow_async(Purpose::Get).await.map(Lease::typed),
        }
    }
}

impl<T: Payload, D: Declared<T>> CellOf<T> for CellStatic<StaticCell<T, D>> {}
impl<T: Payload, D: DeclaredAsync<T>> CellOf<T> for CellStatic<AsyncCell<T, D>> {}
impl<T: Payload, D: DeclaredPermanent<T>> CellOf<&'static T> for CellStatic<PermanentCell<T, D>> {}

impl<T: Payload, D: Declared<T>> sealed::Erased for CellStatic<StaticCell<T, D>> {
    fn __any_cell(&'static self) -> AnyCell {
        self.any()
    }
}

impl<T: Payload, D: DeclaredAsync<T>> sealed::Erased for CellStatic<AsyncCell<T, D>> {
    fn __any_cell(&'static self) -> AnyCell {
        self.any()
    }
}

impl<T: Payload, D: DeclaredPermanent<T>> sealed::Erased for CellStatic<PermanentCell<T, D>> {
    fn __any_cell(&'static self) -> AnyCell {
        self.any()
    }
}
