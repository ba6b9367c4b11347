//! The rows most like a query: which of the user's own actions explain a recommendation.

use crate::math::simd::sqrt;
use crate::math::top_k::{ScoredRow, TopK};
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// For each of m `queries` the min(`count`, n) rows of highest cosine, best first; of equal cosines the lowest row first.
///
/// O(m n dim) in `f64`. No queries or no vectors give empty lists.
///
/// # Errors
/// [`Error::Dimension`] when queries and vectors differ in length.
pub fn nearest(
    vectors: Vectors<'_>,
    queries: Vectors<'_>,
    count: usize,
) -> Result<Vec<Vec<ScoredRow>>, Error> {
    if queries.dim() != vectors.dim() {
        return Err(Error::Dimension {
            what: "length of the queries",
            got: queries.dim(),
            expected: vectors.dim(),
        });
    }
    let norms: Vec<f64> = vectors.rows().map(|x| sqrt(dot(x, x))).collect();
    let lists = queries.rows().map(|query| {
        let norm = sqrt(dot(query, query));
        let mut best = TopK::new(count);
        for (row, (vector, length)) in vectors.rows().zip(&norms).enumerate() {
            best.push(row, cosine(dot(query, vector), norm * length));
        }
        best.finish()
    });
    Ok(lists.collect())
}

fn cosine(dot: f64, norms: f64) -> f32 {
    // + 0.0 turns -0 into 0, which total_cmp would order below it.
    if norms == 0.0 { 0.0 } else { ((dot / norms).clamp(-1.0, 1.0) + 0.0) as f32 }
}

/// In eight sums side by side, so that none waits for the one before, and these in one fixed order.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (eights, others) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in eights.0.iter().zip(others.0) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    let rest = eights.1.iter().zip(others.1).map(|(&a, &b)| f64::from(a) * f64::from(b));
    sums.into_iter().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_first_and_the_lowest_row_of_equals() {
        let vectors = Vectors::new(&[0., 2., 1., 0., 0., 0., 3., 0., -1., 0.], 2).unwrap();
        let lists = nearest(vectors, Vectors::new(&[5.0, 0.0], 2).unwrap(), 9).unwrap();
        let rows: Vec<_> = lists[0].iter().map(|n| (n.row, n.score)).collect();
        assert_eq!(rows, [(1, 1.0), (3, 1.0), (0, 0.0), (2, 0.0), (4, -1.0)]);
    }

    #[test]
    fn counts_and_empties() {
        let vectors = Vectors::new(&[1.0, 0.0], 1).unwrap();
        let query = Vectors::new(&[1.0], 1).unwrap();
        assert_eq!(nearest(vectors, query, 1).unwrap()[0].len(), 1);
        assert_eq!(nearest(vectors, query, 0).unwrap()[0].len(), 0);
        let none = Vectors::new(&[], 1).unwrap();
        assert!(nearest(vectors, none, 3).unwrap().is_empty());
        assert_eq!(nearest(none, query, 3).unwrap(), [[]]);
        let long = Vectors::new(&[1.0, 0.0], 2).unwrap();
        assert_eq!(nearest(vectors, long, 1).unwrap_err().code(), "dimension");
    }
}
