//! The rows of highest cosine to a query (`cosines.rs`). Used to explain a recommendation by the
//! user's own actions.
//!
//! Ties: of equal cosines the lowest row first (`math/top_k.rs`).

use super::cosines::cosines;
use crate::math::top_k::{ScoredRow, TopK};
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// For each of m `queries`: the min(`count`, n) rows of highest cosine, best first; of equal
/// cosines, rounded to `f32`, the lowest row first. The cosine with a zero vector is 0.
///
/// O(m n dim). No queries return no lists; no vectors, or `count` 0, empty lists.
///
/// # Errors
/// [`Error::Dimension`] if queries and vectors differ in dimension.
pub fn nearest(
    vectors: Vectors<'_>,
    queries: Vectors<'_>,
    count: usize,
) -> Result<Vec<Vec<ScoredRow>>, Error> {
    let cosines = cosines(vectors, queries)?;
    let query_count = queries.rows().len();
    let lists = (0..query_count).map(|query| {
        let mut top_rows = TopK::new(count);
        for (row, &cosine) in cosines.iter().skip(query).step_by(query_count).enumerate() {
            top_rows.push(row, cosine);
        }
        top_rows.finish()
    });
    Ok(lists.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_ordered_by_cosine_then_by_row() {
        let vectors = Vectors::new(&[0., 2., 1., 0., 0., 0., 3., 0., -1., 0.], 2).unwrap();
        let lists = nearest(vectors, Vectors::new(&[5.0, 0.0], 2).unwrap(), 9).unwrap();
        let rows: Vec<_> = lists[0].iter().map(|n| (n.row, n.score)).collect();
        assert_eq!(rows, [(1, 1.0), (3, 1.0), (0, 0.0), (2, 0.0), (4, -1.0)]);
    }

    #[test]
    fn empty_inputs_and_large_counts() {
        let vectors = Vectors::new(&[1.0, 0.0], 1).unwrap();
        let query = Vectors::new(&[1.0], 1).unwrap();
        assert_eq!(nearest(vectors, query, 1).unwrap()[0].len(), 1);
        assert_eq!(nearest(vectors, query, 0).unwrap()[0].len(), 0);
        let no_vectors = Vectors::new(&[], 1).unwrap();
        assert!(nearest(vectors, no_vectors, 3).unwrap().is_empty());
        assert_eq!(nearest(no_vectors, query, 3).unwrap(), [[]]);
        let longer_query = Vectors::new(&[1.0, 0.0], 2).unwrap();
        assert_eq!(nearest(vectors, longer_query, 1).unwrap_err().code(), "dimension");
    }
}
