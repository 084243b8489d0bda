//! The way from a path to a file.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How many links a path may have, as for the system.
const MOST_LINKS: usize = 40;

/// Each link on the way to a file, and at last the file itself, which need not exist. Nothing before the last part of one of
/// these paths is a link. Whoever replaces what the path leads to replaces one of them: Kubernetes, which mounts `app.conf`
/// as a link to `..data/app.conf`, the link `..data`.
///
/// # Errors
///
/// If the working directory is unknown, or the links lead in a circle.
pub fn steps(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut steps, mut at, mut rest) = (Vec::new(), PathBuf::new(), VecDeque::new());
    let parts = |path: &Path| -> Vec<OsString> {
        path.components().map(|part| part.as_os_str().to_owned()).collect()
    };
    rest.extend(parts(&std::path::absolute(path)?));
    while let Some(part) = rest.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => drop(at.pop()),
            Some(Component::CurDir) | None => {}
            // A root takes the place of all before it.
            Some(_) => at.push(part),
        }
        if let Ok(target) = at.read_link() {
            steps.push(at.clone());
            if steps.len() > MOST_LINKS {
                return Err(io::Error::other("the links lead in a circle"));
            }
            at.pop();
            for part in parts(&target).into_iter().rev() {
                rest.push_front(part);
            }
        }
    }
    steps.push(at);
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn every_link_is_a_step() {
        let dir = TempDir::new().expect("a directory");
        let root = dir.path().canonicalize().expect("its path");
        fs::create_dir(root.join("..v1")).expect("a directory");
        fs::create_dir(root.join("etc")).expect("a directory");
        symlink("..v1", root.join("..data")).expect("a link");
        symlink("..data/app.conf", root.join("app.conf")).expect("a link");
        symlink("../app.conf", root.join("etc/other.conf")).expect("a link");
        let names = |path: &str| -> Vec<_> {
            let steps = steps(&root.join(path)).expect("a way");
            steps.iter().map(|step| step.strip_prefix(&root).expect("inside").to_owned()).collect()
        };
        let way = ["app.conf", "..data", "..v1/app.conf"].map(PathBuf::from);
        assert_eq!(names("app.conf"), way);
        assert_eq!(names("etc/other.conf")[0], Path::new("etc/other.conf"));
        assert_eq!(names("etc/other.conf")[1..], way);
        assert_eq!(names("etc/none.conf"), [Path::new("etc/none.conf")]);
    }

    #[test]
    fn a_circle_is_an_error() {
        let dir = TempDir::new().expect("a directory");
        let link = dir.path().join("a");
        symlink("a", &link).expect("a link");
        assert!(steps(&link).is_err());
    }
}
