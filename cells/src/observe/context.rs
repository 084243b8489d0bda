//! The context of a request: set for a scope of a thread, taken by the flights that begin there, and handed to their
//! observers.

use crate::observe::timeline::Timeline;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;

/// What observers get of the context of the request that began a flight.
///
/// ```
/// use cells::{InitContext, Observer, RequestContext, RuntimeCell};
/// use std::sync::{Arc, Mutex};
///
/// /// Notes for which session a cell was built.
/// #[derive(Default)]
/// struct Sessions(Mutex<Vec<String>>);
///
/// impl Observer for Sessions {
///     fn on_init_start(&self, _cell: &str, _generation: u64, context: Option<&InitContext>) {
///         if let Some(session) = context.and_then(|context| context.session_id.as_deref()) {
///             self.0.lock().unwrap().push(session.to_owned());
///         }
///     }
/// }
///
/// let (model, sessions) = (RuntimeCell::new("model"), Arc::new(Sessions::default()));
/// model.configure_observer(sessions.clone());
/// RequestContext::new().session_id("s-1").in_scope(|| drop(model.get_or_init(|| 1)));
/// assert_eq!(*sessions.0.lock().unwrap(), ["s-1"]);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InitContext {
    /// The session on whose behalf the cell is built.
    pub session_id: Option<Arc<str>>,
    /// What the session may do, in the application's own notation.
    pub capability_stamp: Option<Arc<str>>,
    /// Where the request records what happens.
    pub timeline: Option<Timeline>,
}

/// The context of a request, set for a scope of a thread.
///
/// Scopes nest: an inner context replaces the outer one until its scope ends, by return or by panic.
/// To add to the outer context, start from [`RequestContext::current`].
///
/// ```
/// use cells::RequestContext;
///
/// let seen = RequestContext::new().session_id("s-1").in_scope(|| {
///     RequestContext::current().and_then(|context| context.init_context().session_id)
/// });
/// assert_eq!(seen.as_deref(), Some("s-1"));
/// assert!(RequestContext::current().is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    context: InitContext,
}

thread_local! {
    static CURRENT: RefCell<Option<RequestContext>> = const { RefCell::new(None) };
}

impl RequestContext {
    /// Creates an empty context.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the session.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn session_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.context.session_id = Some(id.into());
        self
    }

    /// Sets what the session may do.
    ///
    /// ```
    /// use cells::RequestContext;
    ///
    /// let context = RequestContext::new().session_id("s-1").capability_stamp("read-only");
    /// assert_eq!(context.init_context().capability_stamp.as_deref(), Some("read-only"));
    /// ```
    #[must_use]
    pub fn capability_stamp(mut self, stamp: impl Into<Arc<str>>) -> Self {
        self.context.capability_stamp = Some(stamp.into());
        self
    }

    /// Sets where the request records what happens.
    ///
    /// [`Timeline`] has an example.
    #[must_use]
    pub fn timeline(mut self, timeline: Timeline) -> Self {
        self.context.timeline = Some(timeline);
        self
    }

    /// Returns what is set in this context.
    ///
    /// The [type](Self) has an example.
    pub fn init_context(&self) -> InitContext {
        self.context.clone()
    }

    /// Returns the calling thread's context, if one is set.
    ///
    /// The [type](Self) has an example.
    pub fn current() -> Option<Self> {
        // A thread that has no thread-locals any more is ending, and has no request.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Makes this the calling thread's context until the guard is dropped.
    ///
    /// ```
    /// use cells::RequestContext;
    ///
    /// let context = RequestContext::new().session_id("s-1").enter();
    /// assert!(RequestContext::current().is_some());
    /// drop(context);
    /// assert!(RequestContext::current().is_none());
    /// ```
    #[must_use = "the context ends when the guard is dropped"]
    pub fn enter(&self) -> ContextGuard {
        let outer = CURRENT.try_with(|current| current.borrow_mut().replace(self.clone()));
        ContextGuard { outer: outer.ok().flatten(), on_this_thread: PhantomData }
    }

    /// Runs a future in this context, across its awaits and from whatever thread polls it.
    ///
    /// ```
    /// use cells::RequestContext;
    ///
    /// let handler = RequestContext::new().session_id("s-1").instrument(async {
    ///     RequestContext::current().and_then(|context| context.init_context().session_id)
    /// });
    /// # let session = pollster::block_on(handler);
    /// # assert_eq!(session.as_deref(), Some("s-1"));
    /// ```
    pub async fn instrument<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.in_scope(|| future.as_mut().poll(cx))).await
    }

    /// Runs `f` in this context.
    ///
    /// The [type](Self) has an example.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let _guard = self.enter();
        f()
    }
}

/// Restores the outer [`RequestContext`] when dropped. Drop guards in the reverse order of their creation.
///
/// [`RequestContext::enter`] has an example.
#[derive(Debug)]
pub struct ContextGuard {
    outer: Option<RequestContext>,
    on_this_thread: PhantomData<*const ()>,
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let inner = CURRENT.try_with(|current| std::mem::replace(&mut *current.borrow_mut(), outer));
        drop(inner);
    }
}

/// The context of a flight that begins on this thread.
pub(crate) fn of_flight() -> Option<InitContext> {
    RequestContext::current().map(|current| current.context)
}

impl Timeline {
    /// Returns the timeline of the calling thread's [`RequestContext`], if it has one.
    ///
    /// ```
    /// use cells::{RequestContext, Timeline, TimelineEvent};
    ///
    /// /// Deep in the program, where nobody passes a timeline.
    /// fn note(name: &'static str) {
    ///     if let Some(timeline) = Timeline::current() {
    ///         timeline.record(TimelineEvent::new(name));
    ///     }
    /// }
    ///
    /// let timeline = Timeline::new(64);
    /// RequestContext::new().timeline(timeline.clone()).in_scope(|| note("query.parsed"));
    /// assert_eq!(timeline.events()[0].name, "query.parsed");
    /// ```
    pub fn current() -> Option<Self> {
        RequestContext::current().and_then(|context| context.init_context().timeline)
    }
}
