//! The page and the pictures of 300 cells.

use cells::{Page, Timeline, TimelineObserver};
use cells_graph_program::PLAN;
use std::fs;
use std::sync::Arc;

#[test]
fn files() {
    let timeline = Timeline::new(300);
    cells::set_global_observer(Arc::new(TimelineObserver::with_fallback(timeline.clone())));
    assert!(PLAN.len() > 1);
    let report = cells::warm_up_all();
    fs::write("/tmp/pg/large.html", Page::new().actions("/cells", "t").timeline(&timeline).to_html()).unwrap();
    fs::write("/tmp/pg/large-warm.svg", report.to_svg()).unwrap();
    fs::write("/tmp/pg/large-graph.svg", cells::graph().to_svg()).unwrap();
}
