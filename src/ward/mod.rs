//! Ward clustering by the nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983).

mod chain;
mod clusters;
mod grid;
mod matrix;
mod survey;

use crate::dendrogram::Dendrogram;
use crate::options::check_weights;
use chain::chain;
use clusters::Clusters;
use grid::Grid;
use matrix::Matrix;
use crate::{Error, Vectors};
use alloc::vec;

/// Clusters n vectors bottom up, always joining the two clusters whose union adds least to the within-cluster variance.
///
/// `sizes` are the weights of the rows (a row of size 2 is two equal rows already joined), one a row, from 1e-6 to 1e6; `None` means
/// 1 each.
///
/// Heights are 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2, so that two single rows join at their squared distance; they are
/// the squares of SciPy's. The chain runs on an `f32` matrix updated by Lance-Williams,
/// d(A∪B, C) = ((|A|+|C|) d(A,C) + (|B|+|C|) d(B,C) - |C| d(A,B)) / (|A|+|B|+|C|),
/// and the heights are then computed anew from the centroids in `f64`.
///
/// **Ties.** A cluster stands where its lowest row stood. The chain starts at the lowest cluster; of several equally near
/// neighbours, the one the chain came from is preferred (that is what ends it), else the lowest.
///
/// O(n^2 dim) time; 4 n^2 + 8 n dim bytes. No rows, or one, give a tree without merges.
///
/// # Errors
/// [`Error::Memory`] when the matrix cannot be had; nothing is kept. [`Error::Dimension`] and [`Error::Option`] for sizes.
///
/// ```
/// use pocketsage::{Vectors, ward};
///
/// // Two on the left, one on the right. Lance-Williams: ((1+1) 100 + (1+1) 121 - 1) / 3 = 147.
/// let tree = ward(Vectors::new(&[0.0, 1.0, 11.0], 1)?, None)?;
/// let heights: Vec<f64> = tree.merges().iter().map(|merge| merge.height).collect();
/// assert_eq!(heights[0], 1.0);
/// assert!((heights[1] - (2.0 * 100.0 + 2.0 * 121.0 - 1.0) / 3.0).abs() < 1e-9);
/// assert_eq!(tree.cut_at(10.0).labels, [0, 0, 1]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub fn ward(vectors: Vectors<'_>, sizes: Option<&[f64]>) -> Result<Dendrogram, Error> {
    check_weights(vectors.len(), sizes)?;
    Ok(tree_and_diameter(vectors, sizes)?.0)
}

/// The tree, and the largest squared distance between two rows.
pub(crate) fn tree_and_diameter(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
) -> Result<(Dendrogram, f64), Error> {
    let n = vectors.len();
    if n < 2 {
        return Ok((Dendrogram::from_steps(n, &[]), 0.0));
    }
    let weights = weights.map_or_else(|| vec![1.0; n], <[f64]>::to_vec);
    let clusters = Clusters::new(vectors, weights);
    let mut grid = Grid::around(vectors, n);
    for row in 0..n {
        grid.put(row, clusters.mean(row));
    }
    let (mut matrix, farthest) = Matrix::new(clusters, &grid);
    let diameter = farthest.diameter(&grid, chain::Neighbours::clusters(&matrix));
    let steps = chain(&mut matrix);
    Ok((Dendrogram::from_steps(n, &steps), diameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(values: &[f32], dim: usize) -> Vec<(usize, usize, f64)> {
        let tree = ward(Vectors::new(values, dim).unwrap(), None).unwrap();
        tree.merges().iter().map(|m| (m.a, m.b, m.height)).collect()
    }

    use alloc::vec::Vec;

    #[test]
    fn ties_go_to_the_lowest_row() {
        // Four corners of a square: every side ties.
        let square = tree(&[0., 0., 0., 1., 1., 1., 1., 0.], 2);
        assert_eq!(square, [(0, 1, 1.0), (2, 3, 1.0), (4, 5, 2.0)]);
        // Five equal rows: all at distance 0, joined in the order of the rows.
        let equal = tree(&[3.0; 5], 1);
        assert_eq!(equal, [(0, 1, 0.0), (2, 5, 0.0), (3, 6, 0.0), (4, 7, 0.0)]);
    }

    #[test]
    fn all_equal_rows_of_awkward_numbers_join_at_exactly_zero() {
        let values: Vec<f32> = (0..40).flat_map(|_| [0.1, -0.7, 1.0 / 3.0]).collect();
        assert!(tree(&values, 3).iter().all(|merge| merge.2 == 0.0));
    }

    #[test]
    fn orthogonal_rows_end_the_chain() {
        let n = 33;
        let mut values = vec![0.0; n * n];
        (0..n).for_each(|i| values[i * n + i] = 1.0);
        let tree = tree(&values, n);
        assert_eq!(tree.len(), n - 1);
        assert!(tree.iter().all(|merge| (merge.2 - 2.0).abs() < 1e-9));
    }

    #[test]
    fn huge_and_tiny_vectors_have_the_tree_of_ordinary_ones() {
        let values = [0.0f32, 1.0, 3.0, 7.0, 15.0, 31.0];
        let shape = |scale: f64| {
            let scaled: Vec<f32> = values.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
            tree(&scaled, 1).iter().map(|m| (m.0, m.1)).collect::<Vec<_>>()
        };
        for scale in [1e18, 1e37, 1e-20, 1e-40] {
            assert_eq!(shape(scale), shape(1.0), "scale {scale}");
        }
    }
}
