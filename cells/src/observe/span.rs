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
    use std::sync::Arc;
    use std::task::{Context, Poll};
    use tracing::{Dispatch, Id};

    /// A span, which is closed when this is dropped; `None` if nobody listens. Boxed, for that case.
    pub(crate) struct Span(Option<Box<Open>>);

    struct Open {
        span: tracing::Span,
        entry: Entry,
    }

    /// What enters a span that somebody else keeps open.
    #[derive(Clone)]
    pub(crate) struct Entry(Option<Arc<Door>>);

    struct Door {
        cell: &'static str,
        id: Id,
        subscriber: Dispatch,
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
            .following($cell, parent)
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

        pub(crate) const fn none() -> Self {
            Self(None)
        }

        fn new(cell: &'static str, create: impl FnOnce() -> tracing::Span) -> Self {
            let mut new = Self::none();
            if let Some(_inside) = Inside::enter() {
                catch_user_panic(cell, || {
                    let span = create();
                    let door = |(id, subscriber): (&Id, &Dispatch)| Door {
                        cell,
                        id: id.clone(),
                        subscriber: subscriber.clone(),
                    };
                    if let Some(door) = span.with_subscriber(door) {
                        new = Self(Some(Box::new(Open { span, entry: Entry(Some(Arc::new(door))) })));
                    }
                });
            }
            new
        }

        fn following(self, cell: &'static str, parent: &Parent) -> Self {
            if let (Self(Some(open)), Parent::Nobody { cause: Self(Some(cause)) }) = (&self, parent) {
                call(cell, || {
                    open.span.follows_from(&cause.span);
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
            self.0.as_ref().map_or(Entry(None), |open| open.entry.clone())
        }

        /// Makes it the thread's current span until the guard is dropped.
        pub(crate) fn enter(&self) -> Entered {
            self.entry().enter()
        }

        /// Polls and drops a future in this span.
        pub(crate) fn instrument<T: 'static>(self, future: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
            if self.0.is_none() {
                future
            } else {
                Box::pin(Instrumented { future: Some(future), span: self })
            }
        }
    }

    impl Drop for Span {
        fn drop(&mut self) {
            if let Some(Open { span, entry: Entry(Some(door)) }) = self.0.take().map(|open| *open) {
                call(door.cell, || drop(span));
            }
        }
    }

    /// Calls the subscriber.
    fn call(cell: &'static str, subscriber: impl FnOnce()) {
        // Where this is inside a call already, the subscriber drops what it has of a flight.
        let _inside = Inside::enter();
        catch_user_panic(cell, subscriber);
    }

    impl Entry {
        /// Makes the span the thread's current one until the guard is dropped.
        pub(crate) fn enter(&self) -> Entered {
            if let Some(Door { cell, id, subscriber }) = self.0.as_deref() {
                call(cell, || subscriber.enter(id));
            }
            Entered(self.clone())
        }
    }

    /// While this guard exists, the span is the thread's current one.
    pub(crate) struct Entered(Entry);

    impl Drop for Entered {
        fn drop(&mut self) {
            if let Entry(Some(door)) = &self.0 {
                let Door { cell, id, subscriber } = &**door;
                call(cell, || subscriber.exit(id));
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

        pub(crate) const fn none() -> Self {
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
