//! The settings.

use cells::runtime_cell;

pub(crate) struct Settings {
    /// One line per product: its name, and its price in US cents.
    pub(crate) products: &'static str,
    /// The currency of the quotes.
    pub(crate) currency: &'static str,
}

/// The settings. The factory cannot fail, so the accessor returns a lease and not a `Result`.
#[runtime_cell]
pub(crate) fn settings() -> Settings {
    Settings { products: "tea 320\ncoffee 450\ncocoa 410", currency: "EUR" }
}
