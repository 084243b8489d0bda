//! The page and the pictures of 300 cells, in Chromium. Where there is none, this says so and passes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cells::Page;
use cells_graph_program::PLAN;
use cells_test_support::alone;
use cells_tests_page::driver::{Browser, DESK, PHONE};
use cells_tests_page::server::{PATH, serve};
use sha2::{Digest, Sha256};
use std::path::Path;

#[test]
fn h8_many_cells_are_legible_in_a_browser() {
    if !Browser::is_installed() {
        return;
    }
    alone(|| {
        let report = cells::warm_up_all();
        assert!(report.is_ok(), "{report}");
        let browser = Browser::start();
        let screenshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/page");
        browser.open(&format!("http://{}{PATH}", serve(Page::new())));
        assert_eq!(browser.run("return document.querySelectorAll('#table tbody tr').length"), PLAN.len());
        // No text leaves its box, and no box is on another one.
        let laid_out =
            "const boxes = [...document.querySelectorAll('#graph .n rect')].map(rect => rect.getBBox());
            const out = [...document.querySelectorAll('#graph .n text')].filter(text => {
                const inner = text.getBBox(), outer = text.closest('.n').querySelector('rect').getBBox();
                return inner.x < outer.x || inner.x + inner.width > outer.x + outer.width;
            });
            const over = boxes.filter((a, index) => boxes.slice(index + 1).some(b =>
                a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height));
            return [boxes.length, out.length, over.length];";
        for (view, name) in [(DESK, "desk"), (PHONE, "phone")] {
            browser.view(view);
            assert_eq!(browser.run(laid_out), serde_json::json!([PLAN.len(), 0, 0]));
            for section in ["graph", "startup"] {
                let scroll = format!("document.getElementById('{section}').scrollIntoView()");
                browser.run(&scroll);
                browser.screenshot(&screenshots.join(format!("large-{section}-{name}.png")));
            }
        }
        assert_eq!(browser.complaints(), Vec::<String>::new());
    });
}

#[test]
fn h8_the_policy_is_that_of_the_style_and_the_script() {
    let html = cells::page();
    let hash = |element: &str| {
        let (_, after) = html.split_once(&format!("<{element}>")).expect("the element");
        let (text, _) = after.split_once(&format!("</{element}>")).expect("its end");
        format!("{element}-src 'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
    };
    for needed in [hash("style"), hash("script")] {
        assert!(Page::CONTENT_SECURITY_POLICY.contains(&needed), "put this into `picture/page.rs`: {needed}");
    }
}
