//! The local index: items with ids and vectors, stored in one buffer and searchable in place.
//!
//! | module | holds |
//! |---|---|
//! | [`format`], [`header`], [`bytes`] | the `.sage` file: layout, limits, reading, checks |
//! | [`string_table`] | strings and their offsets in the file |
//! | [`codes`] | encoding of vectors as 7-bit codes and residuals |
//! | [`builder`], [`items`] | writing a catalogue |
//! | [`index`] | [`Catalogue`], the public type |
//! | [`search`], [`scan`], [`kernel`] | search options, the bounded scan, integer dot products |
//! | [`sketch`], [`prefilter`] | 1-bit sketches that exclude most rows of a large catalogue |
//! | [`priors`] | one number per item, such as its popularity |
//! | [`ivf`] | inverted lists: search a part of the rows |
//! | [`bitset`], [`metric`] | sets of rows, distance measures |
//!
//! Ties are broken by row: of equal scores the lowest row first (`math::top_k`).
//! Attributes, filters and deltas are implemented in the JavaScript package
//! (`ts/catalogue/attributes.ts`, `ts/catalogue/change.ts`); this module stores their bytes.

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
mod priors;
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
