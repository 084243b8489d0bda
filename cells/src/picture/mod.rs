//! Pictures and the page: what a person looks at. Everything here is made of data that the rest of the library gives out, and
//! is one text without references to other files.

pub(crate) mod act;
pub(crate) mod bars;
pub(crate) mod gantt;
pub(crate) mod graph_svg;
pub(crate) mod layers;
pub(crate) mod markup;
pub(crate) mod page;
pub(crate) mod sections;
pub(crate) mod svg;
pub(crate) mod trace;
