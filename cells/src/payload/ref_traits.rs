//! The traits that a lease has where its payload has them.
//!
//! A trait must not hide the payload's methods: the compiler takes a method of the lease before one of the payload. So
//! each trait here either forwards to the payload's own implementation, with the same result, or has methods that work with
//! a payload as the other side. That is why a lease is not `Clone`, and not `Ord`: `limit().min(8)` would look for
//! another lease. `AsRef` forwards, where that of an `Arc` gives the content, so that `as_ref` of an `Option` in a cell
//! is the `Option`'s.
//!
//! A lease stands on the left of a comparison with a payload. The other order would implement `PartialEq` for foreign
//! types, and a program that compares a `usize` with something to be inferred would no longer compile.

use crate::payload::lease::{MappedRef, Ref};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Implements the traits for one type of lease. The brackets have the bounds that its payload needs.
macro_rules! lease_traits {
    ($Lease:ident [$($bound:tt)*]) => {
        impl<T: $($bound)* fmt::Debug> fmt::Debug for $Lease<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: $($bound)* fmt::Display> fmt::Display for $Lease<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }

        impl<T: $($bound)* Error> Error for $Lease<'_, T> {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                (**self).source()
            }
        }

        impl<T: $($bound)* AsRef<U>, U: ?Sized> AsRef<U> for $Lease<'_, T> {
            fn as_ref(&self) -> &U {
                (**self).as_ref()
            }
        }

        impl<T: $($bound)*> Borrow<T> for $Lease<'_, T> {
            fn borrow(&self) -> &T {
                self
            }
        }

        impl<T: $($bound)* PartialEq> PartialEq for $Lease<'_, T> {
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }

        impl<T: $($bound)* PartialEq> PartialEq<T> for $Lease<'_, T> {
            fn eq(&self, other: &T) -> bool {
                **self == *other
            }
        }

        impl<T: $($bound)* Eq> Eq for $Lease<'_, T> {}

        impl<T: $($bound)* PartialOrd> PartialOrd for $Lease<'_, T> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                (**self).partial_cmp(&**other)
            }
        }

        impl<T: $($bound)* PartialOrd> PartialOrd<T> for $Lease<'_, T> {
            fn partial_cmp(&self, other: &T) -> Option<Ordering> {
                (**self).partial_cmp(other)
            }
        }

        impl<T: $($bound)* Hash> Hash for $Lease<'_, T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
        }

        #[expect(clippy::into_iter_without_iter, reason = "`iter` is the payload's")]
        impl<'lease, T: $($bound)*> IntoIterator for &'lease $Lease<'_, T>
        where
            &'lease T: IntoIterator,
        {
            type Item = <&'lease T as IntoIterator>::Item;
            type IntoIter = <&'lease T as IntoIterator>::IntoIter;

            fn into_iter(self) -> Self::IntoIter {
                (**self).into_iter()
            }
        }

        #[cfg(feature = "serde")]
        impl<T: $($bound)* serde::Serialize> serde::Serialize for $Lease<'_, T> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                (**self).serialize(serializer)
            }
        }
    };
}

lease_traits!(Ref []);
lease_traits!(MappedRef [?Sized +]);

/// So that `name() == "db"` compares a `String` in a cell with a literal.
impl PartialEq<str> for Ref<'_, String> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Ref<'_, String> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<str> for MappedRef<'_, String> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for MappedRef<'_, String> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<&str> for MappedRef<'_, str> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}
