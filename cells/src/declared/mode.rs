//! What an accessor returns: the lease itself, or a `Result` of it.

use crate::cell::get::refuse;
use crate::cell::typed_cell::TypedCell;
use crate::error::Error;
use crate::payload::lease::Ref;

/// What an accessor returns: [`Fallible`] a `Result`, [`Infallible`] the lease itself.
pub trait Mode: sealed::Sealed + 'static {
    /// The accessor's return type.
    type Output<T: Send + Sync + 'static>;

    /// The return type of a permanent cell's accessor.
    type Permanent<T: 'static>;

    /// Whether a call may end with an error that is no failure.
    #[doc(hidden)]
    const MAY_FAIL: bool;

    /// Gets the payload of a declared cell. It does not go through [`output_by_mode`](Self::output_by_mode), so a `Result` that is only
    /// passed on is written where the caller expects it, and not copied (target: ready read, docs/performance.md).
    #[doc(hidden)]
    fn get_by_mode<T: Send + Sync + 'static>(cell: &'static TypedCell<T>) -> Self::Output<T>;

    #[doc(hidden)]
    fn output_by_mode<T: Send + Sync + 'static>(result: Result<Ref<'static, T>, Error>) -> Self::Output<T>;

    /// Moves an output into a place of its own. A slow path that wrote into the place of the fast path's output would keep
    /// that in memory, and have it copied (target: async ready, docs/performance.md).
    #[doc(hidden)]
    fn rebuild<T: Send + Sync + 'static>(output: Self::Output<T>) -> Self::Output<T>;

    #[doc(hidden)]
    fn permanent_by_mode<T: 'static>(result: Result<&'static T, Error>) -> Self::Permanent<T>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Fallible {}
    impl Sealed for super::Infallible {}
}

/// The [`Mode`] of a cell whose factory returns a `Result`.
#[derive(Debug)]
pub struct Fallible;

/// The [`Mode`] of a cell whose factory returns the payload itself.
#[derive(Debug)]
pub struct Infallible;

impl Mode for Fallible {
    const MAY_FAIL: bool = true;
    type Output<T: Send + Sync + 'static> = Result<Ref<'static, T>, Error>;
    type Permanent<T: 'static> = Result<&'static T, Error>;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read, and one function less per cell in a debug build"
    )]
    fn get_by_mode<T: Send + Sync + 'static>(cell: &'static TypedCell<T>) -> Self::Output<T> {
        cell.get()
    }

    #[inline]
    fn output_by_mode<T: Send + Sync + 'static>(result: Result<Ref<'static, T>, Error>) -> Self::Output<T> {
        result
    }

    #[inline]
    fn rebuild<T: Send + Sync + 'static>(output: Self::Output<T>) -> Self::Output<T> {
        match output {
            Ok(lease) => Ok(lease),
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn permanent_by_mode<T: 'static>(result: Result<&'static T, Error>) -> Self::Permanent<T> {
        result
    }
}

impl Mode for Infallible {
    const MAY_FAIL: bool = false;
    type Output<T: Send + Sync + 'static> = Ref<'static, T>;
    type Permanent<T: 'static> = &'static T;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read, and one function less per cell in a debug build"
    )]
    #[track_caller]
    fn get_by_mode<T: Send + Sync + 'static>(cell: &'static TypedCell<T>) -> Self::Output<T> {
        cell.get_infallible()
    }

    #[inline]
    #[track_caller]
    fn output_by_mode<T: Send + Sync + 'static>(result: Result<Ref<'static, T>, Error>) -> Self::Output<T> {
        result.unwrap_or_else(|error| refuse(&error))
    }

    #[inline]
    fn rebuild<T: Send + Sync + 'static>(output: Self::Output<T>) -> Self::Output<T> {
        output
    }

    #[inline]
    #[track_caller]
    fn permanent_by_mode<T: 'static>(result: Result<&'static T, Error>) -> Self::Permanent<T> {
        result.unwrap_or_else(|error| refuse(&error))
    }
}
