//! The options of a search.

use super::bitset::RowSet;

/// Options of [`Catalogue::search_with`](super::Catalogue::search_with).
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'a> {
    /// Maximum number of rows returned for each query. Default: 20.
    pub count: usize,
    /// Number of best rows skipped before the first one returned. Default: 0.
    pub offset: usize,
    /// Minimal score of the rows returned. Default: none.
    pub min_score: Option<f32>,
    /// Rows that are not returned, each below [`rows`](super::Catalogue::rows). Default: none.
    pub exclude: &'a [u32],
    /// The rows that may be returned. Default: all.
    pub allowed: Option<&'a RowSet>,
    /// Whether every row is compared, without inverted lists and sketches. Default: false.
    pub exact: bool,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self { count: 20, offset: 0, min_score: None, exclude: &[], allowed: None, exact: false }
    }
}
