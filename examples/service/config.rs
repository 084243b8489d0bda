//! What is configured.

use cells::runtime_cell;

pub(crate) struct Settings {
    /// A line for each product: its name, and its price in cents of a dollar.
    pub(crate) products: &'static str,
    /// The currency of the quotes.
    pub(crate) currency: &'static str,
}

/// The settings. Nothing can go wrong here, so the accessor returns the lease itself.
#[runtime_cell]
pub(crate) fn settings() -> Settings {
    Settings { products: "tea 320\ncoffee 450\ncocoa 410", currency: "EUR" }
}
