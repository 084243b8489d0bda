//! What the service says of itself: metrics for Prometheus, spans as a tree on the standard error, and the events that the
//! page shows.

use crate::resources::events;
use crate::systemd::Manager;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use cells::metrics::{MetricsObserver, collect, describe};
use cells::{BoxError, TimelineObserver, runtime_cell};
use metrics::{counter, describe_counter};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument as _, info_span};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_tree::HierarchicalLayer;

const REQUESTS: &str = "web_requests_total";
/// The buckets of all times, in seconds: what Prometheus can add up over several instances, as it cannot quantiles.
const BUCKETS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0];

/// The recorder of the program, which the first call installs.
#[runtime_cell(permanent)]
pub(crate) fn recorder() -> PrometheusHandle {
    let times = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(times, &BUCKETS).expect("there are some");
    let handle = builder.install_recorder().expect("it is the only recorder");
    describe();
    describe_counter!(REQUESTS, "Requests that were answered.");
    handle
}

/// Installs all of it, before the first cell that matters is built.
pub(crate) fn install() -> Result<(), BoxError> {
    // A span is printed only if something is logged in it: a search in an index that is ready prints nothing.
    let tree = HierarchicalLayer::new(2).with_targets(true).with_deferred_spans(true);
    Registry::default().with(LevelFilter::INFO).with(tree).try_init()?;
    recorder();
    let timeline = TimelineObserver::with_fallback(events().clone());
    cells::set_global_observer(Arc::new((timeline, (MetricsObserver, Manager))));
    Ok(())
}

/// What a scrape gets.
pub(crate) fn scrape() -> String {
    collect();
    recorder().render()
}

/// How many requests were answered: the last of them no scrape gets any more.
pub(crate) fn answered() -> String {
    recorder().render().lines().filter(|line| line.starts_with(REQUESTS)).collect::<Vec<_>>().join("\n")
}

/// Lets the recorder put its samples together, which it does not do by itself, until the shutdown.
pub(crate) async fn keep_up() {
    loop {
        tokio::select! {
            () = cells::shutting_down() => return,
            () = sleep(Duration::from_secs(5)) => recorder().run_upkeep(),
        }
    }
}

/// Handles a request in a span, and counts it. Labels are routes, not paths, so their number is bounded.
pub(crate) async fn observe(route: MatchedPath, request: Request, next: Next) -> Response {
    let span = info_span!("request", method = %request.method(), route = route.as_str());
    let response = next.run(request).instrument(span).await;
    let (route, status) = (route.as_str().to_owned(), response.status().as_str().to_owned());
    counter!(REQUESTS, "route" => route, "status" => status).increment(1);
    response
}
