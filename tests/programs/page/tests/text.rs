//! Pictures, traces and the page, as text. They need no browser.

use cells::{
    BoxError, Page, PageAction, PageActionError, Startup, State, Timeline, TimelineObserver, WarmUp,
    runtime_cell,
};
use cells_test_support::{LONG, alone};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

static FAIL: AtomicBool = AtomicBool::new(false);

#[runtime_cell]
fn pictured_base() -> u32 {
    sleep(Duration::from_millis(5));
    1
}

#[runtime_cell]
fn pictured_called() -> u32 {
    sleep(Duration::from_millis(5));
    1
}

#[runtime_cell(eager)]
fn pictured_user(pictured_base: &u32) -> u32 {
    pictured_base + *pictured_called()
}

#[runtime_cell(cooldown = "1h")]
fn pictured_failing() -> Result<u32, BoxError> {
    if FAIL.load(SeqCst) { Err("no <way>".into()) } else { Ok(1) }
}

#[runtime_cell]
#[allow(dead_code, reason = "nobody asks for it")]
fn pictured_skipped(pictured_failing: &u32) -> Result<u32, BoxError> {
    Ok(*pictured_failing)
}

#[runtime_cell]
#[allow(dead_code, reason = "only a form asks for it")]
fn pictured_panicking() -> u32 {
    panic!("no way at all")
}

#[runtime_cell(permanent)]
fn pictured_permanent() -> u32 {
    1
}

#[runtime_cell(provided)]
fn pictured_provided() -> u32;

#[runtime_cell(name = "<\"name'> & \u{202e}more\nlines")]
#[allow(dead_code, reason = "nobody asks for it")]
fn pictured_name() -> u32 {
    1
}

/// How the name above is shown.
const SHOWN: &str = "&lt;&quot;name&#39;&gt; &amp; \\u{202e}more\\nlines";

fn events(trace: &str) -> Vec<Value> {
    let trace: Value = serde_json::from_str(trace).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("a list").clone();
    for event in &events {
        // What the format demands of the kinds of events that are written.
        for text in ["name", "cat", "ph"] {
            assert!(event[text].is_string(), "{event}");
        }
        for number in ["ts", "pid", "tid"] {
            assert!(event[number].is_number(), "{event}");
        }
        match event["ph"].as_str() {
            Some("X") => assert!(event["dur"].as_f64() >= Some(0.0), "{event}"),
            Some("i") => assert_eq!(event["s"], "t"),
            phase => assert_eq!(phase, Some("M")),
        }
    }
    // On one track nothing begins before what was there has ended.
    for (index, event) in events.iter().enumerate().filter(|(_, event)| event["ph"] == "X") {
        let end = |event: &Value| event["ts"].as_f64().unwrap_or(0.0) + event["dur"].as_f64().unwrap_or(0.0);
        let before = events[..index].iter().filter(|before| before["tid"] == event["tid"]);
        assert!(
            before.clone().all(|before| end(before) <= event["ts"].as_f64().unwrap_or(0.0) + 1e-6),
            "{events:?}"
        );
    }
    events
}

fn named<'a>(events: &'a [Value], name: &str) -> &'a Value {
    events.iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("no {name} in {events:?}"))
}

#[test]
fn h8_a_warm_up_is_drawn_and_traced() {
    alone(|| {
        FAIL.store(true, SeqCst);
        let report = WarmUp::new().all().threads(1).run();
        let cell =
            |name: &str| report.cells.iter().find(|cell| cell.info.name == name).expect("it was wanted");
        let user = cell("pictured_user");
        assert!(user.started.is_some() && user.started < Some(report.took));
        assert!(user.took >= user.own + user.waiting, "{user:?}");
        assert!(cell("pictured_failing").started.is_some());
        assert_eq!((cell("pictured_skipped").started, cell("pictured_skipped").took), (None, Duration::ZERO));

        let svg = report.to_svg();
        assert!(svg.starts_with("<svg xmlns=") && svg.contains("prefers-color-scheme:dark"), "{svg}");
        assert!(!svg.contains("<script") && !svg.contains("href"), "{svg}");
        assert!(svg.contains("failed: ") && svg.contains("skipped: needs pictured_failing"), "{svg}");
        assert!(svg.contains("no &lt;way&gt;") && svg.contains(SHOWN), "{svg}");
        assert_eq!(
            svg.matches("<rect class=\"crit\"").count(),
            1 + report.critical_path.len(),
            "and the legend"
        );

        let events = events(&report.to_chrome_trace());
        let critical: HashSet<_> = report.critical_path.iter().map(|info| info.name).collect();
        let marked = events.iter().filter(|event| event["args"]["critical"] == "true");
        let marked: HashSet<_> = marked.filter_map(|event| event["name"].as_str()).collect();
        assert_eq!(marked, critical);
        assert!(
            named(&events, "pictured_failing")["args"]["error"]
                .as_str()
                .expect("a text")
                .contains("no <way>")
        );
        assert!(events.iter().all(|event| event["name"] != "pictured_skipped"), "nothing was built");
    });
}

#[test]
fn h8_a_start_up_without_a_warm_up_is_known() {
    alone(|| {
        let Startup { cells, took, .. } = cells::startup();
        assert!(cells.is_empty() && took.is_zero());
        assert!(cells::startup().to_svg().contains("0 cells built"));
        drop(pictured_user());
        assert_eq!(*pictured_permanent(), 1);
        PICTURED_PROVIDED.provide(1).expect("it is empty");
        let startup = cells::startup();
        let names: Vec<_> = startup.cells.iter().map(|cell| cell.name).collect();
        // In the order in which the flights began: what is injected is asked for by the factory that takes it.
        assert_eq!(names, ["pictured_user", "pictured_base", "pictured_called", "pictured_permanent"]);
        let critical: Vec<_> =
            startup.cells.iter().filter(|cell| cell.critical).map(|cell| cell.name).collect();
        assert_eq!(critical, ["pictured_user", "pictured_called"], "the last one that it waited for");
        assert!(startup.cells[0].waiting >= Duration::from_millis(10), "{startup:?}");
        assert!(
            startup.cells[1].started >= startup.cells[0].started && startup.critical_time <= startup.took
        );
        assert!(startup.to_svg().contains("pictured_called"));
        assert_eq!(events(&startup.to_chrome_trace()).len(), 1 + 4);

        // Only what comes first counts.
        PICTURED_USER.refresh().map(drop).expect("it cannot fail");
        let json = serde_json::to_value(cells::startup()).expect("JSON");
        assert_eq!(json["cells"][0]["started_us"], 0);
        assert_eq!(json["cells"].as_array().map(Vec::len), Some(4));
        assert_eq!(json["took_us"], u64::try_from(startup.took.as_micros()).expect("it is short"));
    });
}

#[test]
fn h8_a_timeline_is_traced() {
    alone(|| {
        let timeline = Timeline::new(100);
        cells::set_global_observer(Arc::new(TimelineObserver::with_fallback(timeline.clone())));
        drop(pictured_user());
        let _ = PICTURED_USER.close();
        timeline.record(cells::TimelineEvent::new("mine"));
        let events = events(&timeline.to_chrome_trace());
        let kinds = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
        // Three flights and a close, of which each has a duration.
        assert_eq!((kinds("X"), kinds("i"), kinds("M")), (4, 1, 1), "{events:?}");
        assert_eq!(named(&events, "mine")["cat"], "other");
        assert_eq!(named(&events, "pictured_base")["args"]["status"], "ok");
    });
}

#[test]
fn h8_the_graph_is_drawn_with_states() {
    alone(|| {
        drop(pictured_user());
        let graph = cells::graph();
        let svg = graph.to_svg();
        assert!(!svg.contains("<script") && svg.contains(SHOWN));
        let lines = |kind: &str| svg.matches(&format!("<path class=\"e {kind}\" data-e=")).count();
        let edges =
            |wanted| graph.edges.iter().filter(|edge| edge.kind == wanted && edge.from != edge.to).count();
        assert_eq!(lines("injected"), edges(cells::DependencyKind::Injected));
        assert_eq!(lines("observed"), edges(cells::DependencyKind::Observed));
        let ready = graph.nodes.iter().filter(|node| node.state == State::Ready).count();
        assert_eq!(svg.matches("class=\"n ready\"").count(), ready);
        assert_eq!(svg.matches("class=\"n ").count(), graph.nodes.len());
    });
}

#[test]
fn h8_the_page_shows_everything_and_injects_nothing() {
    alone(|| {
        FAIL.store(true, SeqCst);
        let _ = PICTURED_FAILING.try_get();
        let timeline = Timeline::new(10);
        timeline.record(cells::TimelineEvent::new("</table><script>"));
        let page = Page::new().title("</title><b>").timeline(&timeline);
        let html = page.notice("done <i>now</i>").to_html();
        assert_eq!(html.matches("<script").count(), 1);
        assert!(
            html.contains(SHOWN) && html.contains("pictured_failing</bdi></b>: <bdi>failed; cooling down")
        );
        assert!(html.contains("done &lt;i&gt;now&lt;/i&gt;") && html.contains("&lt;/title&gt;&lt;b&gt;"));
        assert!(
            !html.contains("<form") && !html.contains("http:") || html.contains("http://www.w3.org/2000/svg")
        );
        // It refers to nothing elsewhere, and its policy lets nothing else in.
        assert!(!html.contains("src=") && !html.contains("@import") && !html.contains("url("));
        let policy = Page::CONTENT_SECURITY_POLICY;
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
        assert!(!format!("{:?}", page.actions("/", "hidden")).contains("hidden"));
    });
}

#[test]
fn h8_the_page_shows_whether_the_program_is_well() {
    alone(|| {
        FAIL.store(true, SeqCst);
        PICTURED_FAILING.invalidate();
        let _ = PICTURED_FAILING.try_get();
        let html = Page::new().health(cells::health()).to_html();
        assert!(html.contains("ready: no") && html.contains("alive: yes") && html.contains("Not ready"));
        assert!(html.contains("<li><bdi>pictured_failing: ") && html.contains("no &lt;way&gt;"));
        assert!(!html.contains("Degraded"), "nothing is optional");
        assert!(!Page::new().to_html().contains("alive:"), "it was not asked for");
    });
}

/// The form of a button on the page, with this token.
fn form(page: &Page, verb: &str, ident: &str, token: &str) -> String {
    let html = page.to_html();
    let start = html.find(&format!("name=\"{verb}\" value=\"")).map(|_| ()).and_then(|()| {
        let button = format!("::{ident}:");
        let (before, after) = html.split_once(&button)?;
        let module = before.rsplit_once('"')?.1;
        let line = after.split_once('"')?.0;
        Some(format!("{module}{button}{line}"))
    });
    let id = start.unwrap_or_else(|| panic!("no button for {ident}"));
    format!("token={token}&{verb}={}", id.replace(':', "%3A"))
}

#[test]
fn h8_a_form_does_what_it_says_if_it_may() {
    alone(|| {
        let page = Page::new().actions("/cells", "s3cret");
        let refresh = form(&page, "refresh", "PICTURED_BASE", "s3cret");
        let Ok(PageAction::Refreshed { cell, generation }) = page.act(&refresh) else {
            panic!("it is refreshed")
        };
        assert_eq!((cell, generation, PICTURED_BASE.generation()), ("pictured_base", 1, Some(1)));
        let again = pollster::block_on(page.act_async(&refresh)).expect("it is refreshed");
        assert_eq!(again.to_string(), "cell `pictured_base`: refreshed; generation 2");
        let close = form(&page, "close", "PICTURED_BASE", "s3cret");
        assert_eq!(page.act(&close).expect("it is closed").to_string(), "cell `pictured_base`: disposed");
        assert_eq!(PICTURED_BASE.state(), State::Empty);
        let closed = pollster::block_on(page.act_async(&close)).expect("there is nothing to close");
        assert_eq!(closed.to_string(), "cell `pictured_base`: nothing to close");

        let refused = |page: &Page, form: &str| {
            let error = page.act(form).expect_err("it is refused");
            assert_eq!(
                pollster::block_on(page.act_async(form)).expect_err("too").to_string(),
                error.to_string()
            );
            (error.http_status(), error.to_string())
        };
        for wrong in ["guess", "", "s3cre", "s3cret2"] {
            let form = form(&page, "refresh", "PICTURED_BASE", wrong);
            assert_eq!(refused(&page, &form).0, 403);
        }
        assert_eq!(refused(&Page::new(), &refresh).0, 403, "a page without actions");
        assert_eq!(PICTURED_BASE.state(), State::Empty);
        for malformed in ["token=s3cret", "token=s3cret&open=x", "token=s3cret&refresh=%ff"] {
            assert_eq!(refused(&page, malformed).0, 400);
        }
        assert_eq!(refused(&page, &refresh.replace("PICTURED_BASE", "GONE")).0, 404);
        for (ident, text) in [
            (
                "PICTURED_PERMANENT",
                "cell `pictured_permanent`: permanent: its payload stays until the process ends",
            ),
            (
                "PICTURED_PROVIDED",
                "cell `pictured_provided`: provided: only the program can replace its payload",
            ),
        ] {
            let info =
                cells::all().into_iter().find(|cell| cell.info().ident == ident).expect("it is declared");
            let info = info.info();
            let id = format!("{}::{ident}:{}", info.module_path, info.line);
            assert!(!page.to_html().contains(&id), "it has no buttons");
            for verb in ["refresh", "close"] {
                assert_eq!(refused(&page, &format!("token=s3cret&{verb}={id}")), (409, text.to_owned()));
            }
        }
        FAIL.store(true, SeqCst);
        let failing = form(&page, "refresh", "PICTURED_FAILING", "s3cret");
        let Err(PageActionError::Failed(error)) = page.act(&failing) else { panic!("it fails") };
        assert!(format!("{error:#}").contains("no <way>"));
        assert_eq!(PageActionError::Failed(error).http_status(), 503);
        let panicking = form(&page, "refresh", "PICTURED_PANICKING", "s3cret");
        let (status, text) = refused(&page, &panicking);
        assert_eq!((status, text.as_str()), (503, "cell `pictured_panicking`: the factory panicked"));
    });
}

#[test]
fn h8_a_page_during_and_after_a_shutdown() {
    alone(|| {
        let page = Page::new().actions("/cells", "s3cret");
        let refresh = form(&page, "refresh", "PICTURED_BASE", "s3cret");
        let lease = pictured_base();
        assert!(!cells::shutdown(Duration::ZERO).is_ok(), "the lease is out");
        let html = page.to_html();
        assert!(html.contains("The program is shutting down.") && !html.contains("<button form="));
        let error = page.act(&refresh).expect_err("it is refused");
        assert_eq!((error.http_status(), error.to_string().contains("shutting down")), (409, true));
        drop(lease);
        let _ = cells::shutdown(LONG);
        assert!(page.to_html().contains("closed</span>"));
    });
}
