//! What the documentation says to write, in crates of the older editions: each block is a test, as in the library itself.
//! The guide is tested in the oldest edition and the newest, because each block is linked by itself.

#[doc = include_str!("../../../README.md")]
pub mod readme {}

macro_rules! chapters {
    ($($chapter:ident)*) => {
        $(
            #[cfg(feature = "guide")]
            #[doc = include_str!(concat!("../../../cells/src/guide/", stringify!($chapter), ".md"))]
            pub mod $chapter {}
        )*
    };
}

chapters! {
    guide first_cell failure dependencies async_cells tests ageing running converting reads limits
}
