//! The work of the service: a worker, on a thread of its own, answers with the quotes of the day.

use crate::config::{SETTINGS, Settings};
use crate::data::{JOURNAL, Journal, PRODUCTS, Products, RATES, Rates};
use cells::{BoxError, Ref, runtime_cell};
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

pub(crate) struct Quotes {
    products: Ref<'static, Products>,
    rate: u32,
    currency: &'static str,
}

/// The quotes, in the currency of the settings. They need rates and settings only while they are built, but keep a lease
/// on the products.
#[runtime_cell]
pub(crate) fn quotes(
    products: Ref<'static, Products>,
    rates: &Rates,
    settings: &Settings,
) -> Result<Quotes, String> {
    let currency = settings.currency;
    let rate = rates.of(currency).ok_or_else(|| format!("no rate for {currency}"))?;
    Ok(Quotes { products, rate, currency })
}

impl Quotes {
    fn of(&self, product: &str) -> String {
        let Some(price) = self.products.get(product) else { return format!("no {product}") };
        let cents = price * self.rate / 100;
        format!("{product} at {}.{:02} {}", cents / 100, cents % 100, self.currency)
    }
}

pub(crate) struct Worker {
    orders: Sender<String>,
    thread: JoinHandle<io::Result<()>>,
}

/// The worker. Its thread holds leases, so the quotes and the journal are not disposed while it works with them.
#[runtime_cell(eager, dispose = Worker::stop)]
pub(crate) fn worker(quotes: Ref<'static, Quotes>, journal: Ref<'static, Journal>) -> io::Result<Worker> {
    let (orders, inbox) = mpsc::channel();
    let thread = thread::Builder::new().name("worker".to_owned());
    Ok(Worker { orders, thread: thread.spawn(move || work(&inbox, &quotes, &journal))? })
}

fn work(inbox: &Receiver<String>, quotes: &Quotes, journal: &Journal) -> io::Result<()> {
    inbox.iter().try_for_each(|product| journal.note(&quotes.of(&product)))
}

impl Worker {
    pub(crate) fn order(&self, product: &str) -> Result<(), BoxError> {
        Ok(self.orders.send(product.to_owned())?)
    }

    /// Lets the thread finish the pending orders and waits for it. Then it has dropped its leases.
    fn stop(self) -> Result<(), BoxError> {
        drop(self.orders);
        Ok(self.thread.join().map_err(|_| "the worker panicked")??)
    }
}
