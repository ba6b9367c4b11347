//! The rows of highest cosine to a query. Used to explain a recommendation by the user's own
//! actions.
//!
//! Ties: of equal cosines the lowest row first (`math/top_k.rs`).

use crate::math::simd::sqrt;
use crate::math::top_k::{ScoredRow, TopK};
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// For each of m `queries`: the min(`count`, n) rows of highest cosine, best first; of equal
/// cosines, rounded to `f32`, the lowest row first. The cosine with a zero vector is 0.
///
/// O(m n dim), in `f64`. No queries return no lists; no vectors, or `count` 0, empty lists.
///
/// # Errors
/// [`Error::Dimension`] if queries and vectors differ in dimension.
pub fn nearest(
    vectors: Vectors<'_>,
    queries: Vectors<'_>,
    count: usize,
) -> Result<Vec<Vec<ScoredRow>>, Error> {
    if queries.dim() != vectors.dim() {
        return Err(Error::Dimension {
            what: "dimension of the queries",
            got: queries.dim(),
            expected: vectors.dim(),
        });
    }
    let norms: Vec<f64> = vectors.rows().map(|x| sqrt(dot(x, x))).collect();
    let lists = queries.rows().map(|query| {
        let norm = sqrt(dot(query, query));
        let mut top_rows = TopK::new(count);
        for (row, (vector, vector_norm)) in vectors.rows().zip(&norms).enumerate() {
            top_rows.push(row, cosine(dot(query, vector), norm * vector_norm));
        }
        top_rows.finish()
    });
    Ok(lists.collect())
}

/// The cosine of two vectors, from their dot product and the product of their lengths.
fn cosine(dot: f64, product_of_norms: f64) -> f32 {
    if product_of_norms == 0.0 {
        return 0.0;
    }
    // Adding 0 turns -0 into 0, because `total_cmp` orders -0 below 0.
    ((dot / product_of_norms).clamp(-1.0, 1.0) + 0.0) as f32
}

/// Dot product in eight partial sums (SIMD lanes), added in one fixed order.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    let rest_products = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b));
    sums.into_iter().chain(rest_products).sum()
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
