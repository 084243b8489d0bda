//! The ways in which a configuration changes, one after the other.

use crate::config::{CONFIG, config};
use crate::follow::follow;
use cells::{BoxError, Ref, RefreshOnReport};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{self, Command};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{self, JoinHandle};
use tokio::time::timeout;

/// How long a change is waited for before the script fails.
const IN_VAIN: Duration = Duration::from_mins(1);

/// Goes through them in a directory of its own, which it returns with what follows the file. Meanwhile somebody reads the
/// configuration all the time.
///
/// # Errors
///
/// If a change is lost, or nobody can watch or write files.
pub async fn run() -> Result<(TempDir, JoinHandle<RefreshOnReport>), BoxError> {
    let root = TempDir::new()?;
    let (elsewhere, dir) = (root.path().join("elsewhere"), root.path().join("etc"));
    let file = dir.join("app.conf");
    for dir in [&dir, &elsewhere, &dir.join("..v1"), &dir.join("..v2")] {
        fs::create_dir(dir)?;
    }
    fs::write(&file, text("good morning", 1))?;
    let (sender, reloaded) = unbounded_channel();
    let follower = follow(file.clone(), move |ok| {
        let _ = sender.send(ok);
    })
    .await?;
    let mut script = Script { reloaded };
    let reader = tokio::spawn(read());

    println!("\nwritten in place");
    fs::write(&file, text("good day", 2))?;
    script.until("good day").await?;

    println!("\nreplaced by a rename");
    fs::write(dir.join("app.conf.new"), text("good evening", 3))?;
    fs::rename(dir.join("app.conf.new"), &file)?;
    script.until("good evening").await?;

    println!("\nreplaced by a link, as Kubernetes mounts it: app.conf -> ..data/app.conf, ..data -> ..v1");
    fs::write(dir.join("..v1/app.conf"), text("good night", 4))?;
    link("..v1", &dir.join("..data"))?;
    link("..data/app.conf", &file)?;
    script.until("good night").await?;

    println!("\nanother version behind the link ..data -> ..v2");
    fs::write(dir.join("..v2/app.conf"), text("good morning again", 5))?;
    let other_name = elsewhere.join("app.conf");
    fs::hard_link(dir.join("..v2/app.conf"), &other_name)?;
    link("..v2", &dir.join("..data"))?;
    script.until("good morning again").await?;

    println!("\na hundred writes");
    for n in 1..=100 {
        fs::write(&file, text(&format!("hello {n}"), n))?;
    }
    script.until("hello 100").await?;

    println!("\nbroken");
    fs::write(&file, "greeting = hello\nworkers = many\n")?;
    while script.reloads().await? {}
    if config().await?.greeting != "hello 100" {
        return Err("the last good configuration is gone".into());
    }

    println!("\nmended");
    fs::write(&file, text("sorry", 6))?;
    script.until("sorry").await?;

    println!("\nSIGHUP, after a change that no watch sees: through a hard link, as if it were on a server");
    fs::write(&other_name, text("you called", 7))?;
    hang_up()?;
    script.until("you called").await?;

    reader.abort();
    match reader.await {
        Err(error) if error.is_panic() => Err(error.into()),
        _ => Ok((root, follower)),
    }
}

struct Script {
    reloaded: UnboundedReceiver<bool>,
}

impl Script {
    /// Waits for a reload; returns whether there is another configuration.
    async fn reloads(&mut self) -> Result<bool, BoxError> {
        Ok(timeout(IN_VAIN, self.reloaded.recv()).await?.ok_or("nobody reloads any more")?)
    }

    /// Waits for a configuration.
    async fn until(&mut self, greeting: &str) -> Result<(), BoxError> {
        while config().await?.greeting != greeting {
            self.reloads().await?;
        }
        Ok(())
    }
}

/// Reads all the time. A reader never waits for a reload, and never goes back to an older configuration.
async fn read() -> Result<(), cells::Error> {
    let mut newest = 0;
    loop {
        let config = config().await?;
        assert!(Ref::generation(&config) >= newest && CONFIG.is_ready(), "a reader went back in time");
        newest = Ref::generation(&config);
        task::yield_now().await;
    }
}

fn text(greeting: &str, workers: u32) -> String {
    format!("greeting = {greeting}\nworkers = {workers}\n")
}

/// Makes a link in the place of what is there, in one step.
fn link(target: &str, link: &Path) -> Result<(), BoxError> {
    let new = link.with_file_name("new_link");
    symlink(target, &new)?;
    Ok(fs::rename(new, link)?)
}

fn hang_up() -> Result<(), BoxError> {
    let status = Command::new("kill").args(["-HUP", &process::id().to_string()]).status()?;
    if status.success() { Ok(()) } else { Err("no signal was sent".into()) }
}
