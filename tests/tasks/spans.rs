//! H4: the spans around factories and disposers, as a subscriber sees them. Each test is a process of its own, whose
//! subscriber is that of all threads.

use cells::{Disposer, FactoryAdjuster, Ref, RuntimeCell, runtime_cell};
use cells_test_support::{Boom, alone, cell, leak, lock, panic_of, poll, spawn, yield_now};
use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};

/// What a subscriber saw, in that order. A span is named `name(cell generation)`, and a path is from the outside in.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

/// The name of a span, in its extensions.
struct Label(String);

thread_local! {
    /// The spans that this thread is in.
    static INSIDE: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

impl Seen {
    /// Sees everything in this process.
    fn everywhere() -> Self {
        let seen = Self::default();
        tracing::subscriber::set_global_default(Registry::default().with(seen.clone())).expect("the first");
        seen
    }

    fn note(&self, what: String) {
        lock(&self.0).push(what);
    }

    /// What was seen since the last time. No thread of this test is inside a span by then.
    fn take(&self) -> Vec<String> {
        assert!(INSIDE.with_borrow(Vec::is_empty), "every entrance has its exit");
        assert!(tracing::Span::current().is_none());
        std::mem::take(&mut lock(&self.0))
    }
}

fn label<S: Subscriber + for<'s> LookupSpan<'s>>(id: &Id, context: &Context<'_, S>) -> String {
    let span = context.span(id).expect("an open span");
    let extensions = span.extensions();
    extensions.get::<Label>().expect("its label").0.clone()
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(String::new());
        attributes.record(&mut fields);
        let span = context.span(id).expect("a new span");
        let name = attributes.metadata().name();
        let name = if fields.0.is_empty() { name.to_owned() } else { format!("{name}({})", fields.0) };
        span.extensions_mut().insert(Label(name.clone()));
        let parent = span.parent().map(|parent| label(&parent.id(), &context));
        self.note(format!("{} > {name}", parent.unwrap_or_default()));
    }

    fn on_follows_from(&self, id: &Id, from: &Id, context: Context<'_, S>) {
        self.note(format!("{} follows {}", label(id, &context), label(from, &context)));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() == "app" {
            let scope = context.event_scope(event).into_iter().flat_map(Scope::from_root);
            let path: Vec<_> = scope.map(|span| label(&span.id(), &context)).collect();
            self.note(format!("{}: {}", path.join(" > "), event.metadata().name()));
        }
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        INSIDE.with_borrow_mut(|inside| inside.push(id.clone()));
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let left = INSIDE.with_borrow_mut(Vec::pop);
        assert_eq!(left.as_ref(), Some(id), "the innermost is left first");
    }
}

/// The values of a span's fields.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        let space = if self.0.is_empty() { "" } else { " " };
        write!(self.0, "{space}{value:?}").expect("a string takes it");
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push_str(value);
    }
}

/// An event of the program, of that name.
macro_rules! app {
    ($name:literal) => {
        tracing::event!(name: $name, target: "app", tracing::Level::INFO, "")
    };
}

#[test]
fn h4_factories_and_adjusters_run_in_a_span_inside_that_of_the_caller() {
    struct Says;
    impl FactoryAdjuster<u32> for Says {
        fn adjust(
            &self,
            _: &str,
            factory: &mut dyn FnMut() -> Result<u32, cells::BoxError>,
        ) -> Result<u32, cells::BoxError> {
            app!("adjuster");
            factory()
        }
    }
    alone(|| {
        let seen = Seen::everywhere();
        let (outer, inner) = (cell::<u32>("outer"), cell::<u32>("inner"));
        outer.configure_adjuster(Arc::new(Says));
        let caller = tracing::info_span!("caller").entered();
        let built = outer.get_or_initialize(|| {
            app!("before");
            let built = inner.get_or_initialize(|| {
                app!("inside");
                Ok::<_, Boom>(1)
            })?;
            app!("after");
            Ok::<_, cells::Error>(*built)
        });
        assert!(built.is_ok());
        app!("ready");
        drop(outer.get_or_initialize(|| Ok::<_, Boom>(2)));
        drop(caller);
        let expected = [
            " > caller",
            "caller > cell.init(outer 1)",
            "caller > cell.init(outer 1): adjuster",
            "caller > cell.init(outer 1): before",
            "cell.init(outer 1) > cell.init(inner 1)",
            "caller > cell.init(outer 1) > cell.init(inner 1): inside",
            "caller > cell.init(outer 1): after",
            "caller: ready",
        ];
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn h4_errors_panics_and_retries_leave_the_span() {
    alone(|| {
        let seen = Seen::everywhere();
        let soon = std::time::Duration::from_millis(1);
        let cell = cell::<u32>("db").retry(1).backoff(soon, soon);
        cell.get_or_initialize(|| {
            app!("attempt");
            Err(Boom(1))
        })
        .unwrap_err();
        panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("luck") }));
        let (one, two) = ("cell.init(db 1)", " > cell.init(db 2)");
        let expected =
            [format!(" > {one}"), format!("{one}: attempt"), format!("{one}: attempt"), two.to_owned()];
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn h4_an_asynchronous_factory_is_in_its_span_while_it_is_polled_and_dropped() {
    struct SaysAtItsEnd;
    impl Drop for SaysAtItsEnd {
        fn drop(&mut self) {
            app!("dropped");
        }
    }
    alone(|| {
        let seen = Seen::everywhere();
        let cells = [cell::<u32>("a"), cell::<u32>("b")];
        let mut futures: Vec<_> = cells
            .iter()
            .map(|cell| {
                Box::pin(cell.get_or_initialize_async(|| async {
                    let _end = SaysAtItsEnd;
                    for _ in 0..2 {
                        app!("polled");
                        yield_now().await;
                    }
                    Ok::<_, Boom>(1)
                }))
            })
            .collect();
        for _ in 0..2 {
            for future in &mut futures {
                assert!(poll(future).is_pending());
                app!("between");
            }
        }
        assert!(poll(&mut futures[0]).is_ready());
        drop(futures);
        let (a, b) = ("cell.init(a 1)", "cell.init(b 1)");
        let expected = [
            &format!(" > {a}"),
            &format!("{a}: polled"),
            ": between",
            &format!(" > {b}"),
            &format!("{b}: polled"),
            ": between",
            &format!("{a}: polled"),
            ": between",
            &format!("{b}: polled"),
            ": between",
            &format!("{a}: dropped"),
            &format!("{b}: dropped"),
        ];
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn h4_disposers_run_in_a_span_of_whoever_runs_them() {
    alone(|| {
        let seen = Seen::everywhere();
        let sync = leak(cell::<u32>("sync").disposer(Disposer::with(|_| {
            app!("disposed");
            Ok(())
        })));
        drop(sync.get_or_initialize(|| Ok::<_, Boom>(1)));
        let last = sync.peek();
        tracing::info_span!("closer").in_scope(|| sync.invalidate());
        spawn(move || tracing::info_span!("user").in_scope(|| drop(last))).join();
        let expected = [
            " > cell.init(sync 1)",
            " > closer",
            " > user",
            "user > cell.dispose(sync 1)",
            "user > cell.dispose(sync 1): disposed",
        ];
        assert_eq!(seen.take(), expected);

        let asynchronous = cell::<u32>("async").disposer(Disposer::with_async(|_| {
            Box::pin(async {
                for _ in 0..2 {
                    app!("disposing");
                    yield_now().await;
                }
                Err(Boom(1).into())
            })
        }));
        drop(asynchronous.get_or_initialize(|| Ok::<_, Boom>(1)));
        let _ = pollster::block_on(asynchronous.close_async());
        let disposing = "cell.dispose(async 1): disposing";
        assert_eq!(seen.take()[1..], [" > cell.dispose(async 1)", disposing, disposing]);

        // A plain drop calls nothing, and has none.
        let plain = cell::<u32>("plain");
        drop(plain.get_or_initialize(|| Ok::<_, Boom>(1)));
        plain.invalidate();
        assert_eq!(seen.take(), [" > cell.init(plain 1)"]);
    });
}

#[test]
fn h4_a_refresh_in_the_background_follows_from_the_reader() {
    #[runtime_cell(fresh = "1ms")]
    fn aged() -> u32 {
        app!("built");
        1
    }
    alone(|| {
        let seen = Seen::everywhere();
        drop(aged());
        cells_test_support::eventually("its age", || AGED.snapshot().stale);
        tracing::info_span!("reader").in_scope(|| drop(aged()));
        cells_test_support::eventually("the refresh", || {
            AGED.snapshot().counts.refreshes == 1 && AGED.snapshot().flights == 0
        });
        let expected = [
            " > cell.init(aged 1)",
            "cell.init(aged 1): built",
            " > reader",
            " > cell.init(aged 2)",
            "cell.init(aged 2) follows reader",
            "cell.init(aged 2): built",
        ];
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn h4_an_instrumented_factory_has_a_span_named_after_its_function() {
    #[runtime_cell]
    #[tracing::instrument]
    fn plain() -> u32 {
        app!("plain");
        1
    }
    #[runtime_cell]
    #[tracing::instrument(skip_all)]
    fn dependent(plain: &u32) -> Result<u32, Boom> {
        app!("dependent");
        Ok(*plain)
    }
    #[runtime_cell(permanent)]
    #[tracing::instrument]
    fn permanent() -> u32 {
        app!("permanent");
        1
    }
    #[runtime_cell]
    #[tracing::instrument]
    async fn task() -> u32 {
        app!("task");
        1
    }
    alone(|| {
        let seen = Seen::everywhere();
        assert_eq!(dependent().as_deref().ok(), Some(&1));
        assert_eq!((*permanent(), *pollster::block_on(task())), (1, 1));
        let seen = seen.take();
        for path in [
            "cell.init(plain 1) > plain: plain",
            "cell.init(dependent 1) > dependent: dependent",
            "cell.init(permanent 1) > permanent: permanent",
            "cell.init(task 1) > task: task",
        ] {
            assert!(seen.iter().any(|seen| seen.ends_with(path)), "{path} in {seen:#?}");
        }
    });
}

/// A layer that panics whenever it is called about a span of the library.
struct Wild;

impl Wild {
    fn panics(metadata: Option<&Metadata<'_>>) {
        assert!(metadata.is_none_or(|metadata| metadata.target() != "cells"), "wild");
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Wild {
    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Self::panics(context.metadata(id));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Self::panics(context.metadata(id));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Self::panics(context.metadata(&id));
    }
}

/// The same, about the beginning of one.
struct WildBeginning;

impl<S: Subscriber> Layer<S> for WildBeginning {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        Wild::panics(Some(attributes.metadata()));
    }
}

/// Uses a cell in every way that has a span.
fn live() {
    let cell = cell::<u32>("db").disposer(Disposer::with(|_| Ok(())));
    let lease = cell.get_or_initialize(|| {
        app!("built");
        Ok::<_, Boom>(1)
    });
    assert_eq!(lease.as_deref().ok(), Some(&1));
    drop(lease);
    assert_eq!(cell.close().status, cells::CloseStatus::Ok);
    let lease = pollster::block_on(cell.get_or_initialize_async(|| async {
        yield_now().await;
        Ok::<_, Boom>(2)
    }));
    assert_eq!(lease.map(|lease| Ref::generation(&lease)).ok(), Some(2));
}

#[test]
fn h4_a_subscriber_that_panics_changes_nothing() {
    alone(|| {
        let seen = Seen::default();
        let subscriber = Registry::default().with(seen.clone()).with(Wild);
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        live();
        assert!(tracing::Span::current().is_none(), "no span is left entered");
        assert!(seen.take().contains(&"cell.init(db 1): built".to_owned()));
    });
}

#[test]
fn h4_a_subscriber_that_panics_at_the_beginning_of_a_span_changes_nothing() {
    alone(|| {
        let seen = Seen::default();
        let subscriber = Registry::default().with(seen.clone()).with(WildBeginning);
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        live();
        assert!(seen.take().contains(&": built".to_owned()), "the factory runs without the span");
    });
}

#[test]
fn h4_a_subscriber_that_uses_cells_is_not_called_for_them() {
    struct Uses(&'static RuntimeCell<u32>, Seen);
    impl Uses {
        fn ask(&self) {
            assert!(self.0.get_or_initialize(|| Err(Boom(1))).is_err());
        }
    }
    impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Uses {
        fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
            self.1.note(attributes.metadata().name().to_owned());
            self.ask();
        }

        fn on_enter(&self, _: &Id, _: Context<'_, S>) {
            self.ask();
        }

        fn on_exit(&self, _: &Id, _: Context<'_, S>) {
            self.ask();
        }

        fn on_close(&self, _: Id, _: Context<'_, S>) {
            self.ask();
        }
    }
    alone(|| {
        let (seen, sink) = (Seen::default(), leak(cell("sink")));
        let subscriber = Registry::default().with(Uses(sink, seen.clone()));
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        live();
        let names = ["cell.init", "cell.dispose", "cell.init", "cell.dispose"];
        assert_eq!(seen.take(), names);
        assert!(sink.snapshot().counts.failures >= 12);
    });
}

#[test]
fn h4_without_a_listener_there_is_no_span() {
    use tracing_subscriber::filter::LevelFilter;
    alone(|| {
        let seen = Seen::default();
        let subscriber = Registry::default().with(seen.clone().with_filter(LevelFilter::WARN));
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        live();
        assert!(seen.take().is_empty());
    });
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::{Boom, Seen, alone, runtime_cell, yield_now};
    use cells_test_support::{eventually, multi_thread};
    use tracing::Instrument;

    #[test]
    fn h4_a_detached_flight_follows_from_its_caller() {
        #[runtime_cell(detached)]
        #[tracing::instrument]
        async fn detached() -> Result<u32, Boom> {
            app!("first");
            yield_now().await;
            app!("second");
            Ok(1)
        }
        #[runtime_cell(blocking)]
        #[tracing::instrument]
        fn pooled() -> u32 {
            app!("in the pool");
            1
        }
        alone(|| {
            let seen = Seen::everywhere();
            let runtime = multi_thread();
            let handler = async {
                assert!(detached().await.is_ok());
                assert_eq!(*pooled().await, 1);
            };
            runtime.block_on(handler.instrument(tracing::info_span!("handler")));
            eventually("their ends", || DETACHED.snapshot().flights + POOLED.snapshot().flights == 0);
            let expected = [
                " > handler",
                " > cell.init(detached 1)",
                "cell.init(detached 1) follows handler",
                "cell.init(detached 1) > detached",
                "cell.init(detached 1) > detached: first",
                "cell.init(detached 1) > detached: second",
                " > cell.init(pooled 1)",
                "cell.init(pooled 1) follows handler",
                "cell.init(pooled 1) > pooled",
                "cell.init(pooled 1) > pooled: in the pool",
            ];
            assert_eq!(seen.take(), expected);
        });
    }

    #[test]
    fn h4_a_refresh_on_its_runtime_follows_from_the_reader() {
        #[runtime_cell(fresh = "1ms")]
        async fn aged() -> Result<u32, Boom> {
            yield_now().await;
            app!("built");
            Ok(1)
        }
        alone(|| {
            let seen = Seen::everywhere();
            let runtime = multi_thread();
            assert!(runtime.block_on(aged()).is_ok());
            eventually("its age", || AGED.snapshot().stale);
            assert!(runtime.block_on(aged().instrument(tracing::info_span!("reader"))).is_ok());
            eventually("the refresh", || {
                AGED.snapshot().counts.refreshes == 1 && AGED.snapshot().flights == 0
            });
            let expected = [
                " > cell.init(aged 1)",
                "cell.init(aged 1): built",
                " > reader",
                " > cell.init(aged 2)",
                "cell.init(aged 2) follows reader",
                "cell.init(aged 2): built",
            ];
            assert_eq!(seen.take(), expected);
        });
    }
}
