//! The spans `cell.init` and `cell.dispose`, target `cells`. Without the feature `tracing` they are compiled out.
//!
//! # Protocol
//!
//! A span belongs to one flight or one disposal, which closes it at its end. Whoever runs code of the program for that
//! enters the span on its thread for one call or one poll, and never across an `await`. Every entrance has its exit, also
//! where the subscriber's `enter` has panicked: a layer may panic after the registry below it has counted the entrance.
//!
//! The subscriber is code of the program. It is called with no lock held, and its panic is caught. While it is called,
//! nothing is logged of what it does to cells, and no span begins: otherwise a subscriber that uses cells would be called
//! again for each.
//!
//! The level is `INFO`, so that a program that logs at that level sees on whose behalf a factory logs. A span is paid once
//! for each payload, and only where somebody listens.

pub(crate) use imp::{Entered, Entry, Span};

/// Where a span is to be in the tree.
pub(crate) enum Parent {
    /// The span that is current on the calling thread.
    Current,
    /// None: the work goes on without the caller. It follows from what was current there.
    Nobody { cause: Span },
}

#[cfg(feature = "tracing")]
mod imp {
    use super::Parent;
    use crate::observe::log::Inside;
    use crate::observe::user_panic::catch_user_panic;
    use crate::sync::executor::BoxFuture;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tracing::{Dispatch, Id};

    /// A span, which is closed when this is dropped.
    pub(crate) struct Span {
        cell: &'static str,
        /// `None` if nobody listens.
        span: Option<tracing::Span>,
    }

    /// Creates a span in its place.
    macro_rules! new_span {
        ($name:literal, $parent:expr, $cell:ident, $generation:ident) => {{
            let parent: &Parent = $parent;
            Span::new($cell, || match parent {
                Parent::Current => {
                    tracing::span!(target: "cells", tracing::Level::INFO, $name, cell = $cell, generation = $generation)
                }
                Parent::Nobody { .. } => {
                    tracing::span!(
                        target: "cells",
                        parent: None,
                        tracing::Level::INFO,
                        $name,
                        cell = $cell,
                        generation = $generation
                    )
                }
            })
            .following(parent)
        }};
    }

    impl Span {
        /// The span of a flight.
        pub(crate) fn init(cell: &'static str, generation: u64, parent: &Parent) -> Self {
            new_span!("cell.init", parent, cell, generation)
        }

        /// The span of a disposer.
        pub(crate) fn dispose(cell: &'static str, generation: u64) -> Self {
            new_span!("cell.dispose", &Parent::Current, cell, generation)
        }

        /// What is current on this thread.
        pub(crate) fn current(cell: &'static str) -> Self {
            Self::new(cell, tracing::Span::current)
        }

        pub(crate) const fn none(cell: &'static str) -> Self {
            Self { cell, span: None }
        }

        fn new(cell: &'static str, create: impl FnOnce() -> tracing::Span) -> Self {
            let mut new = Self::none(cell);
            if let Some(_inside) = Inside::enter() {
                catch_user_panic(cell, || new.span = Some(create()).filter(|span| !span.is_disabled()));
            }
            new
        }

        fn following(self, parent: &Parent) -> Self {
            if let (Some(span), Parent::Nobody { cause: Self { span: Some(cause), .. } }) =
                (&self.span, parent)
            {
                call(self.cell, || {
                    span.follows_from(cause);
                });
            }
            self
        }

        /// Closes it now.
        pub(crate) fn close(self) {
            drop(self);
        }

        /// What enters it, as long as it is open.
        pub(crate) fn entry(&self) -> Entry {
            let span = self.span.as_ref();
            let entry = span.and_then(|span| span.with_subscriber(|(id, to)| (id.clone(), to.clone())));
            Entry { cell: self.cell, entry }
        }

        /// Makes it the thread's current span until the guard is dropped.
        pub(crate) fn enter(&self) -> Entered {
            self.entry().enter()
        }

        /// Polls and drops a future in this span.
        pub(crate) fn instrument<T: 'static>(self, future: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
            if self.span.is_none() {
                future
            } else {
                Box::pin(Instrumented { future: Some(future), span: self })
            }
        }
    }

    impl Drop for Span {
        fn drop(&mut self) {
            if let Some(span) = self.span.take() {
                call(self.cell, || drop(span));
            }
        }
    }

    /// Calls the subscriber.
    fn call(cell: &'static str, subscriber: impl FnOnce()) {
        // Where this is inside a call already, the subscriber drops what it has of a flight.
        let _inside = Inside::enter();
        catch_user_panic(cell, subscriber);
    }

    /// What enters a span that somebody else keeps open.
    #[derive(Clone)]
    pub(crate) struct Entry {
        cell: &'static str,
        entry: Option<(Id, Dispatch)>,
    }

    impl Entry {
        /// Makes the span the thread's current one until the guard is dropped.
        pub(crate) fn enter(&self) -> Entered {
            if let Some((id, subscriber)) = &self.entry {
                call(self.cell, || subscriber.enter(id));
            }
            Entered(self.clone())
        }
    }

    /// While this guard exists, the span is the thread's current one.
    pub(crate) struct Entered(Entry);

    impl Drop for Entered {
        fn drop(&mut self) {
            if let Some((id, subscriber)) = self.0.entry.take() {
                call(self.0.cell, || subscriber.exit(&id));
            }
        }
    }

    struct Instrumented<T> {
        /// `None` once it is dropped.
        future: Option<BoxFuture<'static, T>>,
        span: Span,
    }

    impl<T> Future for Instrumented<T> {
        type Output = T;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
            let _entered = self.span.enter();
            self.future.as_mut().map_or(Poll::Pending, |future| future.as_mut().poll(cx))
        }
    }

    impl<T> Drop for Instrumented<T> {
        fn drop(&mut self) {
            let _entered = self.span.enter();
            self.future = None;
        }
    }
}

#[cfg(not(feature = "tracing"))]
#[expect(clippy::unused_self, reason = "there are no spans")]
mod imp {
    use super::Parent;
    use crate::sync::executor::BoxFuture;

    pub(crate) struct Span;

    impl Span {
        pub(crate) fn init(_: &'static str, _: u64, parent: &Parent) -> Self {
            match parent {
                Parent::Current | Parent::Nobody { cause: Self } => Self,
            }
        }

        pub(crate) fn dispose(_: &'static str, _: u64) -> Self {
            Self
        }

        pub(crate) fn current(_: &'static str) -> Self {
            Self
        }

        pub(crate) const fn none(_: &'static str) -> Self {
            Self
        }

        pub(crate) fn close(self) {}

        pub(crate) fn entry(&self) -> Entry {
            Entry
        }

        pub(crate) fn enter(&self) -> Entered {
            Entered
        }

        pub(crate) fn instrument<T>(self, future: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
            future
        }
    }

    pub(crate) struct Entry;

    impl Entry {
        pub(crate) fn enter(&self) -> Entered {
            Entered
        }
    }

    pub(crate) struct Entered;
}
