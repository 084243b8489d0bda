//! Whether a file has changed.
//!
//! It is polled: that works on every file system, network ones too, and for every way to replace a file, needs no
//! library, and costs a system call now and then. A change is seen late by the interval at most. What is missed is a
//! write of the same length within the resolution of the file's time; who replaces files by renaming is safe from that.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file, and what it was like when it was looked at last.
pub struct Watch {
    file: PathBuf,
    seen: Option<Stamp>,
}

/// What tells one state of a file from the next.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Watch {
    /// Watches a file, from now on.
    pub fn new(file: PathBuf) -> Self {
        let mut watch = Self { file, seen: None };
        watch.changed();
        watch
    }

    /// Whether there is another file, or another content, than at the last call. A file that is gone has not changed:
    /// who replaces it is about to make another one.
    pub fn changed(&mut self) -> bool {
        let Some(stamp) = self.stamp() else { return false };
        self.seen.replace(stamp) != Some(stamp)
    }

    fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(&self.file).ok()?;
        Some(Stamp { modified: metadata.modified().ok()?, length: metadata.len(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}
