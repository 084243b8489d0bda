//! A service of six cells in three modules: it is warmed up, works, is partly rebuilt, and is shut down in order.

mod config;
mod data;
mod desk;

use cells::BoxError;
use data::RATES;
use desk::worker;
use std::time::Duration;

/// How long the shutdown may take.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), BoxError> {
    // Shuts down also if `main` returns early or panics.
    let _cells = cells::shutdown_on_drop(PATIENCE);

    // Only the worker is eager. The others are built because it needs them.
    let warm = cells::warm_up();
    println!("{warm}\n");
    if !warm.is_ok() {
        return Err("not all cells are ready".into());
    }
    order(&["tea", "cocoa"])?;

    // This closes the rates and what was built on them, the worker first: it finishes its orders and drops its leases.
    // The products and the journal stay. The next order builds what it needs.
    println!("a new day");
    RATES.invalidate_with_dependents();
    order(&["tea", "mate"])?;

    println!("\n{}", cells::graph().to_mermaid());
    let closed = cells::shutdown(PATIENCE);
    println!("{closed}");
    if let Err(error) = worker() {
        println!("asked again: {error}");
    }
    if closed.is_ok() { Ok(()) } else { Err("not all cells are closed".into()) }
}

fn order(products: &[&str]) -> Result<(), BoxError> {
    let worker = worker()?;
    products.iter().try_for_each(|product| worker.order(product))
}

#[cfg(test)]
mod tests {
    /// The reference in the crate's documentation shows this program's cells as they are when it is warm.
    #[test]
    fn the_graph_is_that_of_the_reference() {
        let warm = cells::warm_up();
        assert!(warm.is_ok(), "{warm}");
        let graph = cells::graph().to_mermaid();
        assert!(
            include_str!("../../cells/src/reference.md").contains(&format!("```mermaid\n{graph}```\n")),
            "{graph}"
        );
    }
}
