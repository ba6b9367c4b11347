//! The options of a search.

use super::bitset::RowSet;

/// Options of [`Catalogue::search_with`](super::Catalogue::search_with).
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'a> {
    /// Maximal number of rows returned for each query. Default: 20.
    pub count: usize,
    /// Number of best rows skipped before the first one returned. Default: 0.
    pub offset: usize,
    /// Rows of a lower score are not returned. Default: no bound.
    pub min_score: Option<f32>,
    /// Rows never returned. Every one must be below [`rows`](super::Catalogue::rows).
    pub exclude: &'a [u32],
    /// The rows that may be returned. Default: all.
    pub allowed: Option<&'a RowSet>,
    /// Compare every row, also where the catalogue has inverted lists or sketches.
    pub exact: bool,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self { count: 20, offset: 0, min_score: None, exclude: &[], allowed: None, exact: false }
    }
}
