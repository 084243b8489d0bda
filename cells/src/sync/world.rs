//! Worlds: which cells a call is about, those of the process or those of a sandbox.
//!
//! Without the feature `testing` there is no other world than the process, and all of this is compiled away.
//!
//! # Who is inside
//!
//! A sandbox has a [`World`]. Whether a call is inside is decided by the first of these that says something:
//!
//! 1. what the calling thread is bound to ([`Scope::enter`]), if the same task runs as when it was bound: by entering a
//!    sandbox, by a factory or disposer that runs (it belongs to the world of its cell, and a shared cell's to the
//!    process), by a handle, by a thread that the library has started;
//! 2. with tokio, the world to which the runtime is bound on which the caller runs, be it a task, a closure in the
//!    blocking pool, or the future of a `block_on`;
//! 3. what the thread is bound to, although another task runs: one that is polled by whoever was bound.
//!
//! # Protocol
//!
//! [`is_any_open`] is a flag that is set before the first sandbox is entered, and reset when the last one was left and
//! nothing is inside any more: no runtime that was bound, no handle, and nobody who [holds](Held) a world, such as a factory
//! that still runs. While it is not set nobody looks any further. It orders nothing: whoever is inside knows of its sandbox
//! by other means. The runtimes are in a list under a lock. A
//! thread keeps what it has found for the task that runs, with the number of changes of the list; it looks at the list
//! again when the task or that number is another. A task stays on its runtime, so what a thread keeps is right.
//!
//! Worlds are never freed, and neither is what they keep: a caller that runs on after its sandbox was left finds the
//! world, where nothing begins any more.

#[cfg(not(feature = "testing"))]
pub(crate) use self::process::*;
#[cfg(feature = "testing")]
pub(crate) use self::sandboxed::*;

/// What there is once in each world: that of the caller's world, or `process`.
pub(crate) fn own<T: Default + Send + Sync + 'static>(process: &'static T) -> &'static T {
    Scope::current().own(process)
}

#[cfg(not(feature = "testing"))]
mod process {
    /// The process.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Scope;

    #[inline]
    pub(crate) fn is_any_open() -> bool {
        false
    }

    /// Nothing to restore.
    pub(crate) struct Bound;

    /// There is nothing to keep open.
    #[derive(Clone)]
    pub(crate) struct Held;

    impl Held {
        pub(crate) fn new(Scope: Scope) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "there is one process")]
        pub(crate) fn scope(&self) -> Scope {
            Scope
        }
    }

    #[expect(clippy::unused_self, reason = "there is one process")]
    impl Scope {
        pub(crate) const PROCESS: Self = Self;

        pub(crate) fn current() -> Self {
            Self
        }

        pub(crate) fn enter(self) -> Bound {
            Bound
        }

        pub(crate) fn own<T>(self, process: &'static T) -> &'static T {
            process
        }
    }
}

#[cfg(feature = "testing")]
mod sandboxed {
    use crate::sync::executor::TaskId;
    use crate::sync::primitives::thread_local;
    use parking_lot::Mutex;
    use std::any::{Any, TypeId};
    use std::cell::Cell;
    use std::collections::HashMap;
    use std::marker::PhantomData;
    use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    use std::time::Duration;

    /// A sandbox, as the cells know it.
    pub(crate) struct World {
        /// No other world of the process has it; 0 is the process.
        id: u64,
        /// By how many nanoseconds its clock is ahead.
        ahead: AtomicU64,
        /// Whether nobody enters it any more.
        left: AtomicBool,
        /// What the layers above keep for each world, by its type.
        kept: Mutex<HashMap<TypeId, &'static (dyn Any + Send + Sync)>>,
    }

    impl World {
        pub(crate) fn create() -> &'static Self {
            static LAST: AtomicU64 = AtomicU64::new(0);
            let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
            Box::leak(Box::new(Self {
                id,
                ahead: AtomicU64::new(0),
                left: AtomicBool::new(false),
                kept: Mutex::default(),
            }))
        }

        pub(crate) fn id(&self) -> u64 {
            self.id
        }

        /// What this world keeps of a type.
        pub(crate) fn keep<T: Default + Send + Sync + 'static>(&self) -> &'static T {
            let mut kept = self.kept.lock();
            let kept = kept.entry(TypeId::of::<T>()).or_insert_with(|| Box::leak(Box::<T>::default()));
            let Some(kept) = kept.downcast_ref() else { unreachable!("it is entered by its type") };
            kept
        }

        pub(crate) fn leave(&self) {
            self.left.store(true, Ordering::SeqCst);
            #[cfg(feature = "tokio")]
            runtimes::changed();
        }

        /// By how much its clock is ahead of others.
        pub(crate) fn ahead(&self) -> Duration {
            Duration::from_nanos(self.ahead.load(Ordering::Acquire))
        }

        /// Moves its clock forward. At the end of what a clock can show it stays there.
        pub(crate) fn advance(&self, by: Duration) {
            let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            let add = |ahead: u64| Some(ahead.saturating_add(by));
            let _ = self.ahead.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        }
    }

    /// Whether there may be a sandbox that somebody is in.
    static OPEN: AtomicBool = AtomicBool::new(false);

    #[inline]
    pub(crate) fn is_any_open() -> bool {
        OPEN.load(Ordering::Relaxed)
    }

    pub(crate) fn set_open(open: bool) {
        OPEN.store(open, Ordering::SeqCst);
    }

    /// The process, or a sandbox.
    #[derive(Clone, Copy)]
    pub(crate) struct Scope(Option<&'static World>);

    impl Scope {
        pub(crate) const PROCESS: Self = Self(None);

        pub(crate) const fn of(world: &'static World) -> Self {
            Self(Some(world))
        }

        pub(crate) fn world(self) -> Option<&'static World> {
            self.0
        }

        /// That of the caller.
        pub(crate) fn current() -> Self {
            if is_any_open() { Self(look()) } else { Self::PROCESS }
        }

        /// What the calling thread is bound to, whatever runs on it.
        #[cfg(feature = "tokio")]
        pub(crate) fn bound() -> Self {
            BINDING.try_with(Cell::get).ok().flatten().map_or(Self::PROCESS, |binding| binding.scope)
        }

        fn id(self) -> u64 {
            self.0.map_or(0, World::id)
        }

        /// Makes it that of the calling thread until the guard is dropped.
        pub(crate) fn enter(self) -> Bound {
            let binding = Some(Binding { scope: self, task: TaskId::current() });
            let before = BINDING.try_with(|current| current.replace(binding)).ok().flatten();
            Bound { before, on_this_thread: PhantomData }
        }

        pub(crate) fn own<T: Default + Send + Sync + 'static>(self, process: &'static T) -> &'static T {
            self.0.map_or(process, World::keep)
        }
    }

    impl PartialEq for Scope {
        fn eq(&self, other: &Self) -> bool {
            self.id() == other.id()
        }
    }

    impl Eq for Scope {}

    /// How many there are that hold a world.
    static HELD: AtomicUsize = AtomicUsize::new(0);

    /// Whether somebody may be inside although all sandboxes were left.
    pub(crate) fn is_any_held() -> bool {
        HELD.load(Ordering::SeqCst) > 0
    }

    /// A scope whose code may run although its sandbox was left: as long as this exists, it finds its own world.
    pub(crate) struct Held(Scope);

    impl Held {
        pub(crate) fn new(scope: Scope) -> Self {
            if scope.0.is_some() {
                HELD.fetch_add(1, Ordering::SeqCst);
            }
            Self(scope)
        }

        pub(crate) fn scope(&self) -> Scope {
            self.0
        }
    }

    impl Clone for Held {
        fn clone(&self) -> Self {
            Self::new(self.0)
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            if self.0.0.is_some() {
                HELD.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    /// What a thread is bound to.
    #[derive(Clone, Copy)]
    struct Binding {
        scope: Scope,
        /// The task that ran then.
        task: TaskId,
    }

    thread_local! {
        static BINDING: Cell<Option<Binding>> = const { Cell::new(None) };
    }

    /// Restores what the thread was bound to.
    pub(crate) struct Bound {
        before: Option<Binding>,
        on_this_thread: PhantomData<*const UseAHandleOnOtherThreads>,
    }

    /// What the compiler names where the guard of a sandbox is to leave its thread.
    struct UseAHandleOnOtherThreads;

    impl Drop for Bound {
        fn drop(&mut self) {
            let _ = BINDING.try_with(|current| current.set(self.before));
        }
    }

    /// The world of the caller.
    #[cold]
    fn look() -> Option<&'static World> {
        let binding = BINDING.try_with(Cell::get).ok().flatten();
        let task = TaskId::current();
        match binding {
            Some(binding) if binding.task == task => binding.scope.0,
            _ => of_runtime(task).or_else(|| binding?.scope.0),
        }
    }

    #[cfg(not(feature = "tokio"))]
    fn of_runtime(_: TaskId) -> Option<&'static World> {
        None
    }

    #[cfg(feature = "tokio")]
    use self::runtimes::of_runtime;
    #[cfg(feature = "tokio")]
    pub(crate) use self::runtimes::{bind_runtime, unbind_runtime};

    #[cfg(feature = "tokio")]
    mod runtimes {
        use super::World;
        use crate::sync::executor::TaskId;
        use crate::sync::primitives::thread_local;
        use parking_lot::Mutex;
        use std::cell::Cell;
        use std::sync::atomic::{AtomicU64, Ordering};
        use tokio::runtime::{Handle, Id};

        /// The runtimes that are bound, the latest last.
        static RUNTIMES: Mutex<Vec<(Id, &'static World)>> = Mutex::new(Vec::new());
        /// How often that list was changed; 0 if no runtime ever was bound.
        static CHANGES: AtomicU64 = AtomicU64::new(0);

        thread_local! {
            /// What was found for a task, after how many changes.
            static FOUND: Cell<Option<(TaskId, u64, Option<&'static World>)>> = const { Cell::new(None) };
        }

        /// Puts everything that runs on a runtime into a world. It may be in that world already, in `outer`, or in one
        /// that was left; returns `false`, and changes nothing, if it is in another.
        pub(crate) fn bind_runtime(
            runtime: Id,
            world: &'static World,
            outer: Option<&'static World>,
        ) -> bool {
            let mut runtimes = RUNTIMES.lock();
            let mut others = runtimes.iter().filter(|(bound, _)| *bound == runtime).map(|&(_, to)| to);
            let latest = others.rfind(|to| !to.left.load(Ordering::SeqCst)).map(World::id);
            if latest.is_some_and(|id| id != world.id && Some(id) != outer.map(World::id)) {
                return false;
            }
            runtimes.push((runtime, world));
            CHANGES.fetch_add(1, Ordering::SeqCst);
            true
        }

        /// Makes all threads look again.
        pub(super) fn changed() {
            CHANGES.fetch_add(1, Ordering::SeqCst);
        }

        pub(crate) fn unbind_runtime(runtime: Id, world: &'static World) {
            let mut runtimes = RUNTIMES.lock();
            runtimes.retain(|&(bound, to)| bound != runtime || to.id != world.id);
            CHANGES.fetch_add(1, Ordering::SeqCst);
        }

        /// The world to which the caller's runtime is bound.
        pub(super) fn of_runtime(task: TaskId) -> Option<&'static World> {
            let changes = CHANGES.load(Ordering::SeqCst);
            if changes == 0 {
                return None;
            }
            if task.is_any() {
                match FOUND.try_with(Cell::get).ok().flatten() {
                    Some((of, after, found)) if of == task && after == changes => return found,
                    _ => {}
                }
            }
            let runtime = Handle::try_current().ok()?.id();
            let runtimes = RUNTIMES.lock();
            let worlds =
                || runtimes.iter().rev().filter(|(bound, _)| *bound == runtime).map(|&(_, world)| world);
            // An inner sandbox that was left is not in the way of the outer one.
            let found = worlds().find(|world| !world.left.load(Ordering::SeqCst)).or_else(|| worlds().next());
            drop(runtimes);
            // Of what was found with an older number nothing is kept for the newer one.
            let _ = FOUND.try_with(|kept| kept.set(Some((task, changes, found))));
            found
        }
    }
}
