//! H3: what the observer of metrics reports, as Prometheus reads it.

use cells::metrics::{MetricsObserver, collect, describe};
use cells::testing::Sandbox;
use cells::{CloseStatus, Disposer, RuntimeCell, runtime_cell};
use cells_test_support::{Boom, LONG, Stage, alone, cell, eventually, leak, start_flight};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

/// What this thread has reported while `f` ran, as a scrape gets it.
fn scraped(f: impl FnOnce()) -> String {
    let recorder: PrometheusRecorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe();
        f();
    });
    recorder.handle().render()
}

fn observed<T: Send + Sync>(cell: RuntimeCell<T>) -> &'static RuntimeCell<T> {
    cell.configure_observer(Arc::new(MetricsObserver));
    leak(cell)
}

/// The value of a series, which is written as the format wants it.
#[track_caller]
fn value(scraped: &str, series: &str) -> f64 {
    let line = scraped.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let Some(value) = line else { panic!("no `{series}` in\n{scraped}") };
    value.parse().expect("a number")
}

#[track_caller]
fn has(scraped: &str, series: &str, expected: u32) {
    let value = value(scraped, series);
    assert!((value - f64::from(expected)).abs() < 1e-9, "{series} is {value} in\n{scraped}");
}

#[test]
fn h3_flights_and_disposals() {
    let soon = Duration::from_millis(1);
    let fails = Disposer::with(|built: u32| if built == 2 { Err(Boom(2).into()) } else { Ok(()) });
    let cell = observed(cell("db").retry(1).backoff(soon, soon).disposer(fails));
    let scraped = scraped(|| {
        cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
        for built in 1..=3 {
            drop(cell.refresh(|| Ok::<_, Boom>(built)));
        }
        let lease = cell.peek();
        assert_eq!(cell.close().status, CloseStatus::Draining);
        drop(lease);
        assert_eq!(cell.close().status, CloseStatus::Noop);
    });
    has(&scraped, r#"cells_init_seconds_count{cell="db",status="ok"}"#, 3);
    has(&scraped, r#"cells_init_seconds_count{cell="db",status="error"}"#, 1);
    has(&scraped, r#"cells_init_own_seconds_count{cell="db",status="error"}"#, 1);
    // The pause between the attempts was at least half of it.
    assert!(value(&scraped, r#"cells_init_seconds_sum{cell="db",status="error"}"#) >= 0.0005);
    has(&scraped, r#"cells_dispose_seconds_count{cell="db",status="ok"}"#, 2);
    has(&scraped, r#"cells_dispose_seconds_count{cell="db",status="error"}"#, 1);
    has(&scraped, r#"cells_retries_total{cell="db"}"#, 1);
    has(&scraped, r#"cells_drained_total{cell="db"}"#, 1);
    assert!(!scraped.contains("noop"), "{scraped}");
    assert!(scraped.contains("# TYPE cells_retries_total counter\n"), "{scraped}");
    assert!(scraped.contains("# HELP cells_init_seconds "), "{scraped}");
}

#[test]
fn h3_calls_that_got_nothing_and_values_from_outside() {
    let stage = Stage::new();
    let cell = observed(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(1)));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let scraped = scraped(|| {
        assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_timeout());
        cell.record_failure(Boom(1), LONG);
        for _ in 0..2 {
            assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_cooldown());
        }
        cell.provide(3).expect("it is empty");
    });
    stage.release();
    assert!(initializer.join().is_err());
    has(&scraped, r#"cells_rejected_total{cell="db",reason="wait_timeout"}"#, 1);
    has(&scraped, r#"cells_recorded_failures_total{cell="db"}"#, 1);
    has(&scraped, r#"cells_cooling_total{cell="db"}"#, 2);
    has(&scraped, r#"cells_provided_total{cell="db"}"#, 1);
    // No factory has built what is provided.
    assert!(!scraped.contains("cells_init_seconds_count"), "{scraped}");
}

#[runtime_cell(observer = Arc::new(MetricsObserver), expires = "2h")]
fn settings() -> u32 {
    1
}

#[runtime_cell]
fn unused() -> u32 {
    2
}

#[test]
fn h3_gauges_are_what_the_cells_are_at_the_scrape() {
    let cells = Sandbox::new().enter();
    let lease = settings();
    let ready = scraped(collect);
    has(&ready, r#"cells_ready{cell="settings"}"#, 1);
    has(&ready, r#"cells_generation{cell="settings"}"#, 1);
    has(&ready, r#"cells_leases{cell="settings"}"#, 1);
    has(&ready, r#"cells_ready{cell="unused"}"#, 0);
    has(&ready, r#"cells_generation{cell="unused"}"#, 0);
    let expired = scraped(|| {
        cells.advance(3 * HOUR);
        collect();
    });
    has(&expired, r#"cells_expired_total{cell="settings"}"#, 1);
    has(&expired, r#"cells_ready{cell="settings"}"#, 0);
    has(&expired, r#"cells_draining{cell="settings"}"#, 1);
    drop(lease);
    drop(unused());
}

#[test]
fn h3_names_of_any_text_are_labels() {
    let names = [
        r#"quoted "name""#,
        "two\nlines\r\n",
        r"back\slash\",
        "<b>&amp;{markup}=\"1\"}</b>",
        "\u{202e}right to left\u{202c} \u{5d0}\u{5d1}",
        "tab\tand nul\0",
        "# HELP cells_ready",
    ];
    let scraped = scraped(|| {
        for name in names {
            assert!(observed(cell::<u32>(name)).get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
        }
    });
    let counts: Vec<_> =
        scraped.lines().filter_map(|line| line.strip_prefix("cells_init_seconds_count{cell=\"")).collect();
    assert_eq!(counts.len(), names.len(), "one line each:\n{scraped}");
    for count in counts {
        let (name, rest) =
            count.rsplit_once("\",status=\"ok\"} ").expect("the label ends, and a number follows");
        assert_eq!(rest, "1", "{count}");
        // Every quotation mark in the name is escaped.
        let bare = name.replace(r"\\", "").replace("\\\"", "");
        assert!(!bare.contains('"'), "{count}");
    }
}

/// A recorder that panics.
struct Wild;

impl Recorder for Wild {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        panic!("wild")
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        panic!("wild")
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("wild")
    }
}

#[test]
fn h3_a_recorder_that_panics_changes_nothing() {
    alone(|| {
        describe();
        metrics::set_global_recorder(Wild).expect("the first");
        cells::set_global_observer(Arc::new(MetricsObserver));
        let cell = cell::<u32>("db");
        assert_eq!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).as_deref().ok(), Some(&1));
        cell.replace(2).expect("in its place");
        assert_eq!(cell.close().status, CloseStatus::Ok);
        cell.record_failure(Boom(1), LONG);
        assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
        collect();
        assert_eq!(*unused(), 2);
        let counts = cell.snapshot().counts;
        assert_eq!((counts.builds, counts.provided, counts.refused_cooling), (1, 1, 1));
    });
}

#[test]
fn h3_the_global_observer_reports_every_cell() {
    alone(|| {
        let recorder = PrometheusBuilder::new().install_recorder().expect("the first");
        describe();
        cells::set_global_observer(Arc::new(MetricsObserver));
        assert_eq!((*settings(), *unused()), (1, 2));
        assert!(cells::shutdown(LONG).is_ok());
        eventually("both", || recorder.render().matches("cells_dispose_seconds_count").count() == 2);
        // The cell with an observer of its own reports to both.
        has(&recorder.render(), r#"cells_init_seconds_count{cell="settings",status="ok"}"#, 2);
        has(&recorder.render(), r#"cells_init_seconds_count{cell="unused",status="ok"}"#, 1);
    });
}
