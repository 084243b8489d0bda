#![doc = include_str!("guide/guide.md")]

#[doc = include_str!("guide/first_cell.md")]
pub mod first_cell {}

#[doc = include_str!("guide/failure.md")]
pub mod failure {}

#[doc = include_str!("guide/dependencies.md")]
pub mod dependencies {}

#[doc = include_str!("guide/async_cells.md")]
pub mod async_cells {}

#[doc = include_str!("guide/tests.md")]
pub mod tests {}

#[doc = include_str!("guide/ageing.md")]
pub mod ageing {}

#[doc = include_str!("guide/running.md")]
pub mod running {}

#[doc = include_str!("guide/converting.md")]
pub mod converting {}

#[doc = include_str!("guide/reads.md")]
pub mod reads {}

#[doc = include_str!("guide/limits.md")]
pub mod limits {}
