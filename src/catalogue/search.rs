//! The options of a search.

use super::bitset::RowSet;

/// How to search.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'a> {
    /// How many rows are wanted.
    pub count: usize,
    /// How many of the best are passed over first.
    pub offset: usize,
    /// The least score that counts.
    pub min_score: Option<f32>,
    /// Rows never to return.
    pub exclude: &'a [u32],
    /// The rows that may be returned; all, if none are given.
    pub allowed: Option<&'a RowSet>,
    /// Look at every row, also where the catalogue has lists or sketches.
    pub exact: bool,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self { count: 20, offset: 0, min_score: None, exclude: &[], allowed: None, exact: false }
    }
}
