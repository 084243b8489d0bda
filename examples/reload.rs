//! Refresh while readers read, then drain: a configuration that is reloaded while it is in use.

use cells::{BoxError, Ref, runtime_cell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

struct Config {
    version: u64,
}

impl Config {
    fn forget(self) {
        println!("disposed version {}", self.version);
    }
}

static VERSION: AtomicU64 = AtomicU64::new(0);

/// The configuration; its third version cannot be read.
#[runtime_cell(dispose = Config::forget)]
fn config() -> Result<Config, BoxError> {
    let version = VERSION.fetch_add(1, Ordering::Relaxed) + 1;
    if version == 3 { Err("line 7: no value".into()) } else { Ok(Config { version }) }
}

fn main() -> Result<(), BoxError> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = || {
            let (mut reads, mut newest) = (0_u64, 0);
            while !done.load(Ordering::Relaxed) {
                let config = config()?; // never waits for a reload, and never returns an older version
                assert!(config.version >= newest, "a reader went back in time");
                newest = config.version;
                reads += 1;
            }
            Ok::<_, cells::Error>((reads, newest))
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];

        drop(config()?);
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(10));
            match CONFIG.refresh() {
                Ok(fresh) => println!("reloaded: version {}", fresh.version),
                Err(error) => println!("{error}; still version {}", config()?.version),
            }
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            let (reads, newest) = reader.join().expect("a reader only reads")?;
            println!("a reader saw version {newest} last, in {reads} reads");
        }
        Ok::<_, BoxError>(())
    })?;

    let lease = config()?;
    let user = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        println!("a last use of version {}", lease.version);
        drop(lease);
    });
    let closed = CONFIG.close_and_drain(Duration::from_secs(5));
    println!("closed: {:?}", closed.status);
    closed.into_result()?;
    user.join().expect("a user that only prints");
    println!("generation {} is next", Ref::generation(&config()?));
    CONFIG.invalidate();
    Ok(())
}
