//! The data of the service: the products, the rates, and a journal of what it did.

use crate::config::{SETTINGS, Settings};
use cells::{BoxError, Close, runtime_cell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::ParseIntError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

pub(crate) struct Journal {
    lines: Mutex<BufWriter<File>>,
}

/// The journal, in a temporary file. It implements `Close`, so its declaration names no disposer.
#[runtime_cell]
pub(crate) fn journal() -> io::Result<Journal> {
    Ok(Journal { lines: Mutex::new(BufWriter::new(tempfile::tempfile()?)) })
}

impl Journal {
    pub(crate) fn note(&self, line: &str) -> io::Result<()> {
        println!("    {line}");
        writeln!(self.lines.lock().unwrap_or_else(PoisonError::into_inner), "{line}")
    }
}

impl Close for Journal {
    fn close(self) -> Result<(), BoxError> {
        // A plain drop would ignore an error of the last write.
        self.lines.into_inner().unwrap_or_else(PoisonError::into_inner).close()
    }
}

pub(crate) type Products = HashMap<&'static str, u32>;

/// The prices of the products, in US cents.
#[runtime_cell]
pub(crate) fn products(settings: &Settings) -> Result<Products, ParseIntError> {
    let pairs = settings.products.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(name, cents)| Ok((name, cents.parse()?))).collect()
}

pub(crate) struct Rates {
    pub(crate) day: u32,
}

/// The exchange rates of the day. Each time they are fetched, a day has passed.
///
/// The factory calls the journal's accessor instead of taking a parameter. The library remembers that call as a
/// dependency, which then orders the cells as a parameter does.
#[runtime_cell]
pub(crate) fn rates() -> Result<Rates, BoxError> {
    static DAY: AtomicU32 = AtomicU32::new(0);
    let day = DAY.fetch_add(1, Ordering::Relaxed) + 1;
    journal()?.note(&format!("the rates of day {day}"))?;
    Ok(Rates { day })
}

impl Rates {
    /// The value of one dollar, in cents of `currency`.
    pub(crate) fn of(&self, currency: &str) -> Option<u32> {
        (currency == "EUR").then_some(90 + self.day)
    }
}
