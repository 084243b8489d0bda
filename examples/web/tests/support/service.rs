//! The service as a child process, the directories it works in, and the service manager that it reports to.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a test waits for anything before it fails.
const IN_VAIN: Duration = Duration::from_mins(1);
/// What the buttons of the page ask for.
pub(crate) const TOKEN: &str = "of-the-test";
/// What ends the list of what the service manager was told.
const END: &str = "END";

pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    dir: TempDir,
    /// The messages to the service manager. Its thread reads all the time, because a full socket stops the sender.
    told: Option<JoinHandle<Vec<String>>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["tree", "scratch"] {
            fs::create_dir(path(name)).unwrap();
        }
        write(path("tree/a.txt"), 1);
        let manager = UnixDatagram::bind(path("notify")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_web"))
            .args(["--listen", "127.0.0.1:0", "--dir"])
            .arg(path("tree"))
            .env("WEB_TOKEN", TOKEN)
            .env("TMPDIR", path("scratch"))
            .env("NOTIFY_SOCKET", path("notify"))
            .stdout(File::create(path("out")).unwrap())
            .stderr(File::create(path("err")).unwrap())
            .spawn()
            .unwrap();
        let told = Some(thread::spawn(move || all_messages(&manager)));
        let mut service = Self { child, address: ([127, 0, 0, 1], 0).into(), dir, told };
        let address = || {
            let said = service.output();
            let line = said.lines().find_map(|line| line.strip_prefix("listening on http://"));
            line.and_then(|address| address.parse().ok())
        };
        wait_until("it listens", || address().is_some());
        service.address = address().expect("it has just been there");
        service
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    /// Where the tree is while it is gone.
    pub(crate) fn away(&self) -> PathBuf {
        self.dir.path().join("away")
    }

    /// Writes what the next index will find.
    pub(crate) fn write(&self, version: u64) {
        write(self.tree().join("a.txt"), version);
    }

    /// Empties the database of the store.
    pub(crate) fn damage(&self) {
        let stores = fs::read_dir(self.dir.path().join("scratch")).unwrap();
        let stores: Vec<_> = stores.map(|entry| entry.unwrap().path().join("index.db")).collect();
        assert_eq!(stores.len(), 1, "{stores:?}");
        File::options().write(true).open(&stores[0]).unwrap().set_len(0).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the end, which must be one in order.
    pub(crate) fn end(&mut self) {
        let start = Instant::now();
        let ended = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < IN_VAIN, "it does not end");
            thread::sleep(Duration::from_millis(5));
        };
        assert!(ended.success(), "{ended}: {}", self.read("err"));
    }

    pub(crate) fn output(&self) -> String {
        self.read("out")
    }

    pub(crate) fn said(&self, line: &str) -> bool {
        self.output().lines().any(|other| other == line)
    }

    pub(crate) fn logged(&self, text: &str) -> bool {
        self.read("err").contains(text)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    /// What the service manager was told, after the end: the start, a reload that fails, one that does not, and the stop, in this order.
    pub(crate) fn told_the_manager(&mut self) {
        let end = UnixDatagram::unbound().unwrap();
        end.send_to(END.as_bytes(), self.dir.path().join("notify")).unwrap();
        let told = self.told.take().expect("the first call").join().unwrap();
        let states = ["READY=1", "RELOADING=1", "STOPPING=1"];
        let order: Vec<_> = told
            .iter()
            .filter_map(|told| states.into_iter().find(|state| told.lines().any(|line| line == *state)))
            .collect();
        assert_eq!(
            order,
            ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1", "STOPPING=1"],
            "{told:#?}"
        );
        let at = |text: &str| {
            told.iter().position(|told| told.contains(text)).unwrap_or_else(|| panic!("{text}: {told:#?}"))
        };
        let (ready, stopping) = (at("READY=1"), at("STOPPING=1"));
        assert!(at("STATUS=building index") < ready);
        assert!(told[at("RELOADING=1")].contains("\nMONOTONIC_USEC="));
        assert!(told[at("STATUS=serving; not reloaded: cannot search")].starts_with("READY=1\n"));
        assert!(told[stopping].contains("STATUS=SIGTERM"));
        assert!(told[stopping..].iter().any(|told| told.contains("STATUS=closed store: ok")), "{told:#?}");
        for (nth, told) in told.iter().enumerate() {
            let is_up = (ready..stopping).contains(&nth);
            assert_eq!(told.contains("EXTEND_TIMEOUT_USEC="), !is_up, "{told}");
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}\n{}", self.output(), self.read("err"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn all_messages(manager: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 4096];
    let next = || {
        let length = manager.recv(&mut buffer).expect("a message");
        String::from_utf8(buffer[..length].to_vec()).expect("a text")
    };
    std::iter::repeat_with(next).take_while(|message| message != END).collect()
}

fn write(path: PathBuf, version: u64) {
    fs::write(path, format!("needle {version}")).unwrap();
}

pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < IN_VAIN, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
