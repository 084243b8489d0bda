//! The gauges of the feature `metrics`: the states of all declared cells at the moment of a scrape.

use crate::cell::snapshot::CellSnapshot;
use crate::image;
use crate::observe::metrics_observer::set_gauges;
use crate::observe::user_panic::catch_user_panic;
use crate::program::all_cells::listed;

/// Sets the gauges of every declared cell. Call it before each scrape, or from time to time.
///
/// A panic of the recorder is caught and logged.
///
/// The [module](crate::metrics) has an example.
#[inline]
pub fn collect() {
    image::note(image::here());
    collect_listed();
}

fn collect_listed() {
    for cell in listed() {
        let CellSnapshot { name, generation, leases, waiters, flights, draining, .. } = cell.snapshot();
        let [leases, waiters, flights, draining] = [leases, waiters, flights, draining].map(to_f64);
        let ready = f64::from(u8::from(generation.is_some()));
        catch_user_panic(name, || {
            let generation = to_f64(usize::try_from(generation.unwrap_or(0)).unwrap_or(usize::MAX));
            set_gauges(name, [ready, generation, leases, waiters, flights, draining]);
        });
    }
}

/// Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count comes near that")]
fn to_f64(count: usize) -> f64 {
    count as f64
}
