//! Programs in hostile surroundings. Each scenario is a process of its own, which must end as it says within a limit.
//!
//! ```text
//! cargo test -p cells-tests-hostile                  # all of them
//! cargo test -p cells-tests-hostile -- x21 allocator # those whose name contains one of these
//! ```
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "it forks, limits its own process, and replaces the allocator")
)]

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
    #[cfg(not(target_os = "linux"))]
    println!("skipped: for Linux only");
}
