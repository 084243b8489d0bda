//! A crate that denies every lint, and whose cells trigger none; the other tests are in `it` and `ui`.

pub mod lints;
