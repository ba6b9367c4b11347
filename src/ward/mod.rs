//! Ward clustering by the nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983): cheap bounds propose, `f64` decides.
//!
//! Who is nearest is decided by [`Clusters::apart`] alone, distances between means in `f64`. Which of them are worth computing is told by
//! lower bounds, from distances of vectors on a [`Grid`] of whole numbers. There are three ways to keep the bounds, which differ in memory
//! and time and cannot differ in the tree.

mod bound_matrix;
mod candidates;
mod chain;
mod clusters;
mod dedup;
pub(crate) mod dendrogram;
mod grid;
mod incremental;
mod neighbour_lists;
mod pairwise;
mod run;

use crate::options::{DEFAULT_MEMORY_BYTES, check_weights};
use crate::{Error, Vectors};
pub use dendrogram::{Dendrogram, Merge, Partition};
pub(crate) use incremental::Living;
pub(crate) use run::Grown;

/// Clusters n vectors bottom up, always joining the two clusters whose union adds least to the within-cluster variance.
///
/// `sizes` are the weights of the rows (a row of size 2 is two equal rows already joined), one a row, from 1e-6 to 1e6; `None` means
/// 1 each.
///
/// Heights are 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2 between means in `f64`, so that two single rows join at their squared distance;
/// they are the squares of SciPy's.
///
/// **Ties.** A cluster stands where its lowest row stood. The chain starts at the
/// lowest cluster; of several equally near neighbours (to a billionth), the one the chain came from is preferred (that is what ends it), else the lowest.
///
/// O(n^2 dim) time, and at most [`DEFAULT_MEMORY_BYTES`]; see [`ward_within`]. No rows, or one, give a tree without merges.
///
/// # Errors
/// As [`ward_within`].
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
    ward_within(vectors, sizes, DEFAULT_MEMORY_BYTES)
}

/// [`ward`] in at most so many bytes, those of the vectors included. The tree is the same, whatever the memory.
///
/// Working memory is 6 n dim bytes and, by what fits, 3.2 n^2 for a matrix of bounds (the fastest for up to some thousand rows),
/// 220 n for a few neighbours of each cluster, or 20 n for none, which takes up to three times as long.
///
/// # Errors
/// [`Error::Memory`] when not even the last fits, before anything is allocated. [`Error::Dimension`] and [`Error::Option`] for sizes.
pub fn ward_within(
    vectors: Vectors<'_>,
    sizes: Option<&[f64]>,
    memory: usize,
) -> Result<Dendrogram, Error> {
    check_weights(vectors.len(), sizes)?;
    Ok(Grown::within(memory, vectors, sizes, false)?.tree(vectors.len()))
}

/// The tree, and the largest squared distance between two rows, where that is asked for.
pub(crate) fn tree_and_diameter(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    memory: usize,
    measured: bool,
) -> Result<(Dendrogram, f64), Error> {
    let grown = Grown::within(memory, vectors, weights, measured)?;
    Ok((grown.tree(vectors.len()), grown.diameter))
}

#[cfg(test)]
mod tests {
    use super::run::Way;
    use super::*;
    use crate::testing::SeededNumbers;
    use alloc::{vec, vec::Vec};

    fn tree(values: &[f32], dim: usize) -> Vec<(usize, usize, f64)> {
        let tree = ward(Vectors::new(values, dim).unwrap(), None).unwrap();
        tree.merges().iter().map(|m| (m.a, m.b, m.height)).collect()
    }

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

    /// Vectors of many kinds: in groups, on a line, with ties and with duplicates, far from the origin, and weighted.
    fn samples() -> Vec<(Vec<f32>, usize, Option<Vec<f64>>)> {
        let mut numbers = SeededNumbers::new(3);
        let mut samples = Vec::new();
        for (n, dim) in [(2, 1), (3, 5), (17, 2), (40, 3), (130, 16), (300, 33), (700, 8)] {
            for kind in 0..6 {
                let mut values: Vec<f32> = (0..n * dim).map(|_| numbers.normal()).collect();
                match kind {
                    1 => (0..n).for_each(|row| {
                        values[row * dim..][..dim]
                            .iter_mut()
                            .for_each(|x| *x += (row % 5) as f32 * 3.0)
                    }),
                    2 => values.iter_mut().for_each(|x| *x = libm::roundf(*x)),
                    3 => (n / 2..n).for_each(|row| {
                        values.copy_within(row / 3 * dim..(row / 3 + 1) * dim, row * dim)
                    }),
                    4 => values.iter_mut().for_each(|x| *x = *x * 0.01 + 100.0),
                    _ => {}
                }
                let weights = (kind == 5)
                    .then(|| (0..n).map(|row| [1.0, 0.3, 7.0, 250.0][row % 4]).collect());
                samples.push((values, dim, weights));
            }
        }
        samples
    }

    #[test]
    fn every_way_finds_the_same_tree() {
        for (values, dim, weights) in samples() {
            let vectors = Vectors::new(&values, dim).unwrap();
            let [matrix, names, nothing] = Way::ALL.map(|way| {
                let grown = Grown::by(way, vectors, weights.as_deref(), true);
                (grown.steps, grown.diameter, grown.certain)
            });
            assert_eq!(matrix, names, "{} x {dim}", vectors.len());
            assert_eq!(matrix, nothing, "{} x {dim}", vectors.len());
        }
    }

    #[test]
    fn the_fastest_way_that_fits_is_taken_and_too_little_memory_refused() {
        let way = |memory| Way::within(memory, 2_000, 256);
        assert_eq!(way(DEFAULT_MEMORY_BYTES), Ok(Way::Matrix));
        assert_eq!(way(12 << 20), Ok(Way::Names));
        assert_eq!(way(6 << 20), Ok(Way::Nothing));
        let error = way(1 << 20).unwrap_err();
        assert!(
            matches!(error, Error::Memory { needed, .. } if way(needed) == Ok(Way::Nothing)),
            "{error}"
        );
        assert_eq!(Way::within(DEFAULT_MEMORY_BYTES, 10_000, 256), Ok(Way::Names));
        assert_eq!(Way::within(usize::MAX, usize::MAX >> 8, 256).unwrap_err().code(), "memory");
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
