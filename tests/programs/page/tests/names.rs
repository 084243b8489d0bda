//! The page of cells whose names mean something to HTML, in Chromium. Where there is none, this says so and passes.

use cells::{BoxError, Page, runtime_cell};
use cells_test_support::alone;
use cells_tests_page::driver::{Browser, DESK};
use cells_tests_page::server::{PATH, serve};
use serde_json::json;

// Names that would end an element, an attribute, a script or a line, or turn the direction of what follows.

#[runtime_cell(name = "</title></style></svg><script>document.title = 'injected'</script>")]
fn markup() -> u64 {
    1
}

#[runtime_cell(name = "\"' onclick=\"document.title='injected'\" x='")]
fn quotes(#[from(MARKUP)] markup: &u64) -> u64 {
    *markup
}

#[runtime_cell(name = "two\r\nlines\0and\ttabs")]
fn lines(#[from(MARKUP)] markup: &u64) -> u64 {
    *markup
}

#[runtime_cell(name = "דוח \u{202e}שנתי")]
fn right_to_left(#[from(LINES)] lines: &u64) -> u64 {
    *lines
}

#[runtime_cell]
fn failing() -> Result<u64, BoxError> {
    Err("refused\n<b>by \"bank\"</b>".into())
}

const SHOWN: [&str; 4] = [
    "</title></style></svg><script>document.title = 'injected'</script>",
    "\"' onclick=\"document.title='injected'\" x='",
    "two\\r\\nlines\\u{0}and\\ttabs",
    "דוח \\u{202e}שנתי",
];

#[test]
fn h8_names_are_shown_and_do_nothing_in_a_browser() {
    if !Browser::is_installed() {
        return;
    }
    alone(|| {
        let browser = Browser::start();
        drop((right_to_left(), quotes()));
        assert!(failing().is_err());
        let page = Page::new().title("A \"shop\" & <b>more</b>").actions(PATH, "a secret");
        browser.view(DESK);
        browser.open(&format!("http://{}{PATH}", serve(page)));
        assert_eq!(browser.run("return document.title"), "A \"shop\" & <b>more</b>");
        assert_eq!(browser.run("return document.scripts.length"), 1);
        assert_eq!(browser.run("return document.querySelectorAll('[onclick], bdi *, button[x]').length"), 0);
        let table = browser.text("#table");
        for shown in SHOWN {
            assert!(table.contains(shown), "{shown} is not in {table}");
        }
        assert!(browser.text("#wrong").contains("refused\\n<b>by \"bank\"</b>"));
        // Each name keeps its own direction to itself.
        let isolated = "return [...document.querySelectorAll('#table tbody th')]\
                        .every(head => getComputedStyle(head.querySelector('bdi')).unicodeBidi === 'isolate')";
        assert_eq!(browser.run(isolated), true);
        browser.type_into("#token", "a secret");
        browser.click("button[name=refresh][value*='::LINES:']");
        browser.await_status("cell `two\\r\\nlines\\u{0}and\\ttabs`: refreshed; generation 2");
        assert_eq!(browser.complaints(), Vec::<String>::new());

        // Each picture is a file of its own too.
        for svg in [cells::graph().to_svg(), cells::startup().to_svg(), cells::warm_up_all().to_svg()] {
            let parsed = format!(
                "const parsed = new DOMParser().parseFromString({}, 'image/svg+xml');
                 return [parsed.querySelectorAll('parsererror, script').length, parsed.documentElement.tagName];",
                json!(svg)
            );
            assert_eq!(browser.run(&parsed), json!([0, "svg"]), "{svg}");
        }
        let trace = json!(cells::startup().to_chrome_trace());
        let names = browser.run(&format!("return JSON.parse({trace}).traceEvents.map(event => event.name)"));
        assert!(names.as_array().expect("a list").contains(&json!("two\r\nlines\0and\ttabs")), "{names}");
    });
}
