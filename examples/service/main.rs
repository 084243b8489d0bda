//! A service of six cells in three modules: warmed up, at work, partly rebuilt, and shut down in order.

mod config;
mod data;
mod desk;

use cells::BoxError;
use data::RATES;
use desk::worker;
use std::time::Duration;

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), BoxError> {
    // Also where `main` returns early, or panics.
    let _cells = cells::shutdown_on_drop(PATIENCE);

    // The worker is eager, and all others are there for its sake.
    let warm = cells::warm_up();
    println!("{warm}\n");
    if !warm.is_ok() {
        return Err("not all is there".into());
    }
    order(&["tea", "cocoa"])?;

    // What was built on the old rates goes with them, the worker first: it does what is ordered, and gives its leases
    // back. What was not (the products, the journal) stays. The next order builds what it needs.
    println!("a new day");
    RATES.invalidate_with_dependents();
    order(&["tea", "mate"])?;

    println!("\n{}", cells::graph().to_mermaid());
    let closed = cells::shutdown(PATIENCE);
    println!("{closed}");
    if let Err(error) = worker() {
        println!("asked again: {error}");
    }
    if closed.is_ok() { Ok(()) } else { Err("not all is closed".into()) }
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
