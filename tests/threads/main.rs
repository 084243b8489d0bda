//! The contract, clause by clause. A test is named by the clause it holds.

mod adjusters;
mod circles;
mod closing;
mod context;
mod dependencies;
mod dependents;
mod disposers;
mod draining;
mod errors;
mod failures;
mod getting;
mod graph;
mod instances;
mod log;
mod observers;
mod refreshing;
mod registry;
mod seeding;
mod shutdown;
mod snapshots;
mod stress;
mod superseding;
mod timeline;
mod traps;
mod warm_up;
