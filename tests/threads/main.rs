//! What cells do when threads use them: the contract, clause by clause. The name of a test begins with the clause it
//! holds. Cells in tasks are in the package `cells-tests-tasks`.

mod adjusters;
mod ageing;
mod circles;
mod closing;
mod context;
mod dependencies;
mod dependents;
mod disposers;
mod draining;
mod errors;
mod factory_cells;
mod failures;
mod foreign_errors;
mod getting;
mod graph;
mod instances;
mod leases;
mod log;
mod observers;
mod providing;
mod refresh_on;
mod refreshing;
mod registry;
mod retrying;
mod seeding;
mod shutdown;
mod snapshots;
mod stress;
mod superseding;
mod timeline;
mod traps;
mod waiting;
mod warm_up;
