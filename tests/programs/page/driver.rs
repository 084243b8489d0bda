//! A client of WebDriver, which is JSON over plain HTTP, and the browser that it drives: Chromium by `chromedriver`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cells_test_support::eventually;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

/// The key of an element in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The keys that WebDriver has its own characters for.
pub const TAB: &str = "\u{e004}";
#[allow(missing_docs, reason = "as above")]
pub const ENTER: &str = "\u{e007}";

/// A window of Chromium without a screen. Dropping it ends both processes.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// How the page is looked at.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "their names say it")]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

/// A window on a desk.
pub const DESK: View = View { width: 1280, height: 800, dark: false };
/// A phone, upright and in the dark.
pub const PHONE: View = View { width: 390, height: 844, dark: true };

impl Browser {
    /// Whether the machine has `chromedriver`; says so if it has not. A test asks this before all else.
    pub fn is_installed() -> bool {
        let found = Command::new(command()).arg("--version").stdout(Stdio::null()).status().is_ok();
        if !found {
            println!(
                "skipped: there is no chromedriver; on Debian, `apt-get install chromium chromium-driver`"
            );
        }
        found
    }

    /// Starts a browser.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Self {
        let mut driver = Command::new(command());
        let driver = driver.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = driver.expect("it is installed");
        let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("text");
            line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        let mut browser =
            Self { driver, port: port.expect("chromedriver says its port"), session: String::new() };
        // Chromium's own sandbox needs privileges that a container does not give.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"];
        let created = browser.request(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        );
        created["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver listens");
        let body = if method == "GET" { String::new() } else { body.to_string() };
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("it reads");
        let mut reader = BufReader::new(connection);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("headers");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).expect("the body");
        let mut answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{method} {path}: {value:#}");
        value
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.request(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Opens an address and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.command("POST", "/url", &json!({"url": url}));
    }

    /// Sets the size and the preference for light or dark.
    pub fn view(&self, View { width, height, dark }: View) {
        let devtools = |cmd: &str, params: Value| {
            self.command("POST", "/goog/cdp/execute", &json!({"cmd": cmd, "params": params}));
        };
        devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
        let scheme = if dark { "dark" } else { "light" };
        // Without motion nothing moves away from a click.
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// The first element of a CSS selector.
    ///
    /// # Panics
    /// If there is none.
    pub fn find(&self, selector: &str) -> String {
        let found = self.command("POST", "/element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// The text of an element as it is shown.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn text(&self, selector: &str) -> String {
        let text = self.command("GET", &format!("/element/{}/text", self.find(selector)), &Value::Null);
        text.as_str().expect("a text").to_owned()
    }

    /// Waits until the page that a click leads to says this.
    pub fn await_status(&self, said: &str) {
        let status = "return document.querySelector('[role=status]')?.innerText";
        eventually(&format!("the page says {said:?}"), || self.run(status) == said);
    }

    /// Clicks on the middle of an element, as a pointer would.
    pub fn click(&self, selector: &str) {
        self.command("POST", &format!("/element/{}/click", self.find(selector)), &json!({}));
    }

    /// Types into an element.
    pub fn type_into(&self, selector: &str, text: &str) {
        self.command("POST", &format!("/element/{}/value", self.find(selector)), &json!({"text": text}));
    }

    /// Presses and releases a key, wherever the focus is.
    pub fn press(&self, key: &str) {
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let keyboard = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command("POST", "/actions", &keyboard);
    }

    /// Runs a script, and returns what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// What the browser has complained about since the last call: a script that its policy refuses, for example.
    ///
    /// # Panics
    /// If it does not say.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.command("POST", "/se/log", &json!({"type": "browser"}));
        let messages = entries.as_array().expect("a list").iter().map(|entry| entry["message"].to_string());
        // It asks for an icon, of its own accord.
        messages.filter(|message| !message.contains("favicon")).collect()
    }

    /// Writes what is seen to a PNG file.
    ///
    /// # Panics
    /// If that cannot be written.
    pub fn screenshot(&self, file: &Path) {
        let png = self.command("GET", "/screenshot", &Value::Null);
        let png = STANDARD.decode(png.as_str().expect("base64")).expect("base64");
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be made");
        fs::write(file, png).expect("the file can be written");
    }
}

fn command() -> String {
    env::var("CELLS_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned())
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.command("DELETE", "", &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
