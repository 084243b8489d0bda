//! The compiler, called directly: a case takes some fifty milliseconds, and `cargo` would add as much again.

use crate::diagnostics::{Diagnostic, read};
use serde_json::Value;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str;

/// What a case is compiled as.
#[derive(Clone, Copy)]
pub(crate) struct CrateKind {
    pub(crate) program: bool,
    pub(crate) edition: &'static str,
}

impl Default for CrateKind {
    fn default() -> Self {
        Self { program: false, edition: "2024" }
    }
}

pub(crate) struct Compiler {
    rustc: PathBuf,
    args: Vec<String>,
    /// Where compiled cases go.
    output: PathBuf,
}

impl Compiler {
    /// Builds what cases are linked with, as this package's own dependencies, and asks cargo where that is.
    pub(crate) fn new() -> Self {
        let target = target_directory();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--lib", "--message-format=json", "--quiet", "--manifest-path"]);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        if !cfg!(debug_assertions) {
            // As this very program is built, so that little is built again.
            command.arg("--release");
        }
        if let Some(target) = &target {
            command.arg("--target-dir").arg(target);
        }
        let built = command.stderr(Stdio::inherit()).output().expect("cargo runs");
        assert!(built.status.success(), "cargo builds the library");
        let messages: Vec<Value> = str::from_utf8(&built.stdout)
            .expect("cargo writes UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("cargo writes JSON"))
            .collect();

        let mut args: Vec<String> =
            ["--emit=metadata", "--error-format=json", "--color=never"].map(str::to_owned).to_vec();
        for name in ["cells", "tracing"] {
            let rlib = library(&messages, name);
            let deps = rlib.parent().expect("a library is in a directory").join("deps");
            for deps in [deps.as_path(), rlib.parent().expect("as above")] {
                args.push(format!("-Ldependency={}", deps.display()));
            }
            args.push(format!("--extern={name}={}", rlib.display()));
        }
        let output = env::temp_dir().join(format!("cells-differential-{}", std::process::id()));
        fs::create_dir_all(&output).expect("a directory for compiled cases");
        Self { rustc: rustc(), args, output }
    }

    /// Compiles the source as a crate of that kind, and returns what the compiler says about it.
    pub(crate) fn compile(&self, source: &str, of: CrateKind, worker: usize) -> Vec<Diagnostic> {
        let mut rustc = Command::new(&self.rustc)
            .args(&self.args)
            .args(["--crate-name=case", "--crate-type", if of.program { "bin" } else { "lib" }])
            .args(["--edition", of.edition, "-o"])
            .arg(self.output.join(format!("case{worker}.rmeta")))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("rustc runs");
        rustc.stdin.take().expect("piped").write_all(source.as_bytes()).expect("rustc reads its input");
        let output = rustc.wait_with_output().expect("rustc ends");
        read(&String::from_utf8_lossy(&output.stderr))
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        // Nothing is lost if it stays: it is in the directory for temporary files.
        fs::remove_dir_all(&self.output).ok();
    }
}

/// The directory of this build, which may not be cargo's default: cargo has marked it.
fn target_directory() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    program.ancestors().find(|directory| directory.join("CACHEDIR.TAG").exists()).map(Path::to_owned)
}

/// The compiler itself: the one that rustup puts before it takes as long again as a case.
fn rustc() -> PathBuf {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(&rustc)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--print", "sysroot"])
        .output()
        .expect("rustc runs");
    let sysroot = String::from_utf8(printed.stdout).expect("a path in UTF-8");
    let direct = Path::new(sysroot.trim()).join("bin/rustc");
    if direct.exists() { direct } else { rustc.into() }
}

/// The library file of the crate `name`, as cargo's messages name it.
fn library(messages: &[Value], name: &str) -> PathBuf {
    let files = messages
        .iter()
        .filter(|message| {
            message["reason"] == "compiler-artifact"
                && message["target"]["name"] == name
                && message["target"]["kind"][0] == "lib"
        })
        .flat_map(|message| message["filenames"].as_array().into_iter().flatten());
    let mut files = files.filter_map(Value::as_str).map(PathBuf::from);
    files
        .find(|file| file.extension().is_some_and(|ending| ending == "rlib"))
        .unwrap_or_else(|| panic!("cargo built no library `{name}`"))
}
