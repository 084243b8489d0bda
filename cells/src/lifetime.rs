//! How long a payload is fresh, or may be used at all: what the keys `fresh` and `expires` take.

use std::any::Any;
use std::time::{Duration, Instant, SystemTime};

/// What a function may return that says how long a payload is [fresh or may be used](crate::runtime_cell): how long after
/// its publication, or until when.
///
/// `None` is without end. What has passed already, such as the end of a token whose server's clock is behind, ends at once.
///
/// ```
/// use cells::runtime_cell;
/// use std::time::{Duration, Instant};
///
/// struct Token {
///     issued: Instant,
///     lifetime: Option<Duration>, // `None`: it does not end
/// }
///
/// impl Token {
///     fn end(&self) -> Option<Instant> {
///         Some(self.issued + self.lifetime?)
///     }
/// }
///
/// #[runtime_cell(expires = Token::end)]
/// fn token() -> Token {
///     Token { issued: Instant::now(), lifetime: Some(Duration::from_secs(3600)) }
/// }
///
/// drop(token());
/// assert!(TOKEN.snapshot().expires_left > Some(Duration::from_secs(3000)));
/// ```
#[doc(alias("TTL", "time to live", "expiry", "max-age"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how long a payload lives",
    label = "expected a function that returns a `Duration`, an `Instant`, a `SystemTime`, or an `Option` of one of these"
)]
pub trait IntoLifetime {
    #[doc(hidden)]
    fn into_lifetime(lifetime: Self) -> Lifetime;
}

/// When a payload stops being fresh, or ends.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// This long after it is published.
    For(Duration),
    /// At a time of the monotonic clock.
    Until(Instant),
    /// At a time of the wall clock.
    UntilTime(SystemTime),
    /// Never.
    Unlimited,
}

// The messages of these traits say what to write; a list of the implementations would only point into this file.
#[diagnostic::do_not_recommend]
impl IntoLifetime for Duration {
    fn into_lifetime(lifetime: Self) -> Lifetime {
        Lifetime::For(lifetime)
    }
}

#[diagnostic::do_not_recommend]
impl IntoLifetime for Instant {
    fn into_lifetime(lifetime: Self) -> Lifetime {
        Lifetime::Until(lifetime)
    }
}

#[diagnostic::do_not_recommend]
impl IntoLifetime for SystemTime {
    fn into_lifetime(lifetime: Self) -> Lifetime {
        Lifetime::UntilTime(lifetime)
    }
}

#[diagnostic::do_not_recommend]
impl<L: IntoLifetime> IntoLifetime for Option<L> {
    fn into_lifetime(lifetime: Self) -> Lifetime {
        lifetime.map_or(Lifetime::Unlimited, L::into_lifetime)
    }
}

/// What the keys `fresh` and `expires` take: the same for all payloads of type `T`, or a function of a payload. `How` keeps
/// the two implementations from overlapping.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how long a payload of type `{T}` lives",
    label = "expected a duration, or a function that takes `&{T}` and returns a `Duration`, an `Instant`, a `SystemTime`, \
             or an `Option` of one of these"
)]
pub trait LifetimeOf<T, How> {
    fn lifetime_of(how: Self, payload: &T) -> Lifetime;
}

/// The marker of a value that is the same for all payloads.
#[derive(Debug)]
pub struct Fixed;

/// The marker of a function that returns an `L`.
#[derive(Debug)]
pub struct Function<L>(L);

#[diagnostic::do_not_recommend]
impl<T> LifetimeOf<T, Fixed> for Duration {
    fn lifetime_of(how: Self, _: &T) -> Lifetime {
        Lifetime::For(how)
    }
}

#[diagnostic::do_not_recommend]
impl<T, L: IntoLifetime, F: FnOnce(&T) -> L> LifetimeOf<T, Function<L>> for F {
    fn lifetime_of(how: Self, payload: &T) -> Lifetime {
        L::into_lifetime(how(payload))
    }
}

/// A function of a declaration, which is asked once for each payload.
pub(crate) type LifetimeFn = fn(&(dyn Any + Send + Sync)) -> Lifetime;
