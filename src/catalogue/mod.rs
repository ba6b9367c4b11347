//! Items with ids and vectors, searchable: the local index.
//!
//! [`format`] says how the bytes are laid out, [`codes`] how a vector becomes small integers, [`kernel`] how those are multiplied, [`scan`]
//! how a query is answered exactly, [`sketch`] and [`sift`] which rows of many need not be looked at, [`ivf`] how only a part of a large
//! catalogue is,
//! [`contents`] how a catalogue is written. What filters look at and how a catalogue changes is decided by who calls: `ts/catalogue/attributes.ts`
//! and `ts/catalogue/change.ts` in the JavaScript package.

mod bitset;
mod builder;
mod bytes;
mod codes;
mod format;
mod header;
mod index;
mod items;
mod ivf;
mod kernel;
mod metric;
mod prefilter;
mod scan;
mod search;
mod sketch;
mod string_table;

pub use bitset::RowSet;
pub use builder::{BuildOptions, CatalogueBuilder};
pub use codes::Precision;
pub use header::Section;
pub use index::Catalogue;
pub use items::Items;
pub use metric::Metric;
pub use search::SearchOptions;

#[cfg(test)]
mod tests;
