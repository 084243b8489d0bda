//! The page as a reader has it: in Chromium. Where there is none, these tests say so and pass.

mod shop;

use cells::{Page, Timeline, TimelineObserver};
use cells_test_support::{LONG, alone, eventually};
use cells_tests_page::driver::{Browser, DESK, ENTER, PHONE, TAB, View};
use cells_tests_page::server::{PATH, serve};
use serde_json::json;
use shop::{NO_PAYMENTS, SETTINGS};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

const TOKEN: &str = "a secret & more";

fn page() -> Page {
    let timeline = Timeline::new(100);
    cells::set_global_observer(Arc::new(TimelineObserver::with_fallback(timeline.clone())));
    Page::new().title("Shop").timeline(&timeline).actions(PATH, TOKEN)
}

/// Starts what there is of the program, with one cell that fails and one that is empty. Returns its page.
fn begin() -> Page {
    let page = page();
    SETTINGS.provide(1).expect("nobody else does");
    NO_PAYMENTS.store(true, SeqCst);
    assert!(!cells::warm_up().is_ok());
    page
}

fn screenshots(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/page").join(file)
}

/// The selector of a button.
fn button(verb: &str, ident: &str) -> String {
    format!("button[name={verb}][value*='::{ident}:']")
}

/// The text in a column of a cell's row.
fn figure(browser: &Browser, ident: &str, column: &str) -> String {
    let script = format!(
        "const heads = [...document.querySelectorAll('#table thead th')].map(head => head.textContent);
         const row = document.querySelector(\"{}\").closest('tr');
         return row.cells[heads.indexOf('{column}')].textContent;",
        button("refresh", ident)
    );
    browser.run(&script).as_str().expect("a text").to_owned()
}

#[test]
fn h8_a_reader_sees_the_states_and_refreshes_a_cell() {
    if !Browser::is_installed() {
        return;
    }
    alone(|| {
        let browser = Browser::start();
        let url = format!("http://{}{PATH}", serve(begin()));
        browser.view(DESK);
        browser.open(&url);
        assert_eq!(browser.text("h1"), "Shop");
        assert_eq!(figure(&browser, "DATABASE", "State"), "ready");
        assert_eq!(figure(&browser, "PAYMENTS", "State"), "failed");
        assert_eq!(figure(&browser, "AUDIT_LOG", "State"), "empty");
        let wrong = browser.text("#wrong");
        assert!(wrong.contains("payments: failed; cooling down for another 59 min"), "{wrong}");
        assert!(wrong.contains("connection refused"), "{wrong}");
        assert!(browser.text("#events").contains("runtime.init.err"));
        browser.screenshot(&screenshots("desk.png"));
        let height = browser.run("return document.documentElement.scrollHeight").as_u64().expect("a number");
        browser.view(View { height: u32::try_from(height).expect("it is low"), ..DESK });
        browser.screenshot(&screenshots("whole.png"));
        browser.view(DESK);

        assert_eq!(figure(&browser, "DATABASE", "Generation"), "1");
        browser.type_into("#token", "guess");
        browser.click(&button("refresh", "DATABASE"));
        browser.await_status("the token is not the right one");
        assert_eq!(figure(&browser, "DATABASE", "Generation"), "1");

        browser.run("document.getElementById('token').value = ''");
        browser.type_into("#token", TOKEN);
        browser.click(&button("refresh", "DATABASE"));
        browser.await_status("cell `database`: refreshed; generation 2");
        assert_eq!(figure(&browser, "DATABASE", "Generation"), "2");
        assert_eq!(SETTINGS.generation(), Some(1));

        // The token is still there, and nowhere in the page.
        browser.click(&button("close", "SIGNING_KEYS"));
        browser.await_status("cell `signing_keys`: disposed");
        assert_eq!(figure(&browser, "SIGNING_KEYS", "State"), "empty");
        assert_eq!(browser.run("return document.documentElement.outerHTML.includes('a secret')"), false);
        let complaints = browser.complaints();
        assert!(complaints.iter().all(|said| said.contains("status of 403")), "{complaints:?}");
    });
}

#[test]
fn h8_the_page_is_used_by_keyboard() {
    if !Browser::is_installed() {
        return;
    }
    alone(|| {
        let browser = Browser::start();
        browser.view(DESK);
        browser.open(&format!("http://{}{PATH}", serve(begin())));
        let focus = |script: &str| browser.run(&format!("return document.activeElement{script}"));
        browser.press(TAB);
        assert_eq!(focus(".textContent"), "Skip to the cells");
        assert!(
            browser.run("return document.activeElement.getBoundingClientRect().top").as_f64() >= Some(0.0)
        );
        browser.press(ENTER);
        eventually("the link was followed", || browser.run("return location.hash") == "#cells");
        browser.press(TAB);
        assert_eq!(focus(".id"), "find");
        browser.type_into("#find", "base");
        let shown =
            "return [...document.querySelectorAll('#table tbody tr')].filter(row => !row.hidden).length";
        assert_eq!(browser.run(shown), 1);
        assert_eq!(browser.run("return document.querySelectorAll('#graph .n:not(.out)').length"), 1);
        browser.run("find.value = ''; find.dispatchEvent(new Event('input'))");
        browser.press(TAB);
        assert_eq!(focus(".id"), "token");
        // This is no click on the first button of the table.
        browser.press(ENTER);
        browser.press(TAB);
        assert_eq!(focus(".getAttribute('aria-label')"), "Table of cells", "it is scrolled by keyboard");
        for column in ["Cell", "State", "Generation"] {
            browser.press(TAB);
            assert_eq!(focus(".textContent"), column);
        }
        assert_eq!(browser.run("return document.querySelector('[role=status]')"), json!(null));
        let names = "return [...document.querySelectorAll('#table tbody th')].map(head => head.textContent)";
        browser.run("document.querySelector('#table thead button').focus()");
        browser.press(ENTER);
        let sorted = browser.run(names);
        browser.press(ENTER);
        let mut turned = browser.run(names);
        turned.as_array_mut().expect("a list").reverse();
        assert_eq!(sorted, turned);
        assert_eq!(focus(".parentElement.ariaSort"), "descending");
        // Every button says what it is for, and everything that is focused shows it.
        let unnamed = "return [...document.querySelectorAll('button[name]')]\
                       .filter(button => !/^(Refresh|Close) ./.test(button.ariaLabel)).length";
        assert_eq!(browser.run(unnamed), 0);
        assert_eq!(browser.run("return getComputedStyle(document.activeElement).outlineStyle"), "solid");
        assert!(browser.complaints().is_empty());
    });
}

#[test]
fn h8_the_page_fits_on_a_phone() {
    if !Browser::is_installed() {
        return;
    }
    alone(|| {
        let browser = Browser::start();
        browser.view(PHONE);
        browser.open(&format!("http://{}{PATH}", serve(begin())));
        browser.screenshot(&screenshots("phone.png"));
        for width in [320, 390, 1280] {
            for dark in [false, true] {
                browser.view(View { width, height: 800, dark });
                let across = browser.run("return document.documentElement.scrollWidth");
                assert!(across.as_u64() <= Some(u64::from(width)), "{across} of {width}");
            }
        }
        let background = "return getComputedStyle(document.body).backgroundColor";
        let dark = browser.run(background);
        browser.view(View { dark: false, ..PHONE });
        assert_ne!(browser.run(background), dark);
    });
}

#[test]
fn h8_the_page_says_that_the_program_is_shutting_down() {
    if !Browser::is_installed() {
        return;
    }
    alone(|| {
        let browser = Browser::start();
        let page = begin();
        let url = format!("http://{}{PATH}", serve(page.clone()));
        browser.view(DESK);
        browser.open(&url);
        browser.type_into("#token", TOKEN);
        assert!(cells::shutdown(LONG).is_ok());
        // A page that was loaded before has its buttons still.
        browser.click(&button("refresh", "DATABASE"));
        browser.await_status("cell `database`: the program is shutting down");
        assert!(browser.text("#wrong").contains("The program is shutting down."));
        assert_eq!(browser.run("return document.querySelectorAll('button[name]').length"), 0);
    });
}
