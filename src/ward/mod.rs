//! Ward clustering by the nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983).
//!
//! Nearest neighbours are chosen by exact `f64` distances between means (`Clusters::distance`).
//! Lower bounds, from vectors rounded to an integer grid (`Grid`), decide which of those distances
//! are computed. Three strategies store the bounds (`BoundsStrategy`); they differ in memory and
//! time, and return the same tree. The rule for ties is in `chain.rs`.
//!
//! In this module, hot loops are small `#[inline(never)]` functions: wasm runtimes compile and
//! optimise whole functions (docs/decisions/0013).

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

use crate::limits::DEFAULT_MEMORY_BYTES;
use crate::options::check_weights;
use crate::{Error, Vectors};
pub use dendrogram::{Dendrogram, Merge, Partition};
pub(crate) use incremental::IncrementalTree;
pub(crate) use run::WardRun;

/// Clusters n vectors bottom up: each merge joins the two clusters whose union adds the least to
/// the within-cluster variance (Ward 1963).
///
/// `sizes` are the weights of the rows, one per row, from 1e-6 to 1e6; `None` means 1 each. A row
/// of size 2 equals two equal rows that are merged already.
///
/// Heights are 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2 between means in `f64`: two single rows merge
/// at their squared distance. They are the squares of SciPy's heights.
///
/// **Ties.** A cluster is identified by its lowest row. The chain starts at the lowest cluster. Of
/// neighbours whose distances differ by a relative 1e-9 or less, the previous cluster of the chain
/// is taken, and if it is not among them, the lowest.
///
/// O(n^2 dim) time, at most [`DEFAULT_MEMORY_BYTES`] of memory; see [`ward_within`]. No rows, or
/// one, return a tree without merges.
///
/// # Errors
/// As [`ward_within`].
///
/// ```
/// use pocketsage::{Vectors, ward};
///
/// // Rows 0 and 1 merge at 1, row 2 joins them at (2 100 + 2 121 - 1) / 3 (Lance-Williams).
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

/// [`ward`] within `memory` bytes, those of `vectors` included. The tree does not depend on
/// `memory`.
///
/// Working memory is 6 n dim bytes for means and grid, and, whichever fits, 3.2 n^2 bytes for a
/// matrix of bounds (the fastest up to a few thousand rows), 220 n for a few candidates of each
/// cluster, or 20 n for no bounds, which takes up to three times as long.
///
/// # Errors
/// [`Error::Memory`] if not even a run without bounds fits, before anything is allocated.
/// [`Error::Dimension`] unless there is one size a row; [`Error::Option`] for a size out of range.
pub fn ward_within(
    vectors: Vectors<'_>,
    sizes: Option<&[f64]>,
    memory: usize,
) -> Result<Dendrogram, Error> {
    check_weights(vectors.len(), sizes)?;
    Ok(WardRun::new(memory, vectors, sizes)?.tree(vectors.len()))
}

/// The least memory that clustering takes per action of `dim` components, in bytes: n actions fit
/// into n times as much.
///
/// ```
/// assert_eq!(pocketsage::bytes_per_action(256), 10 * 256 + 81);
/// ```
#[must_use]
pub fn bytes_per_action(dim: usize) -> usize {
    run::BoundsStrategy::None.bytes(1, dim)
}

#[cfg(test)]
mod tests {
    use super::run::BoundsStrategy;
    use super::*;
    use crate::testing::SeededNumbers;
    use alloc::{vec, vec::Vec};

    /// (a, b, height) of each merge of the tree of unweighted vectors.
    fn merges_of(values: &[f32], dim: usize) -> Vec<(usize, usize, f64)> {
        let tree = ward(Vectors::new(values, dim).unwrap(), None).unwrap();
        tree.merges().iter().map(|m| (m.a, m.b, m.height)).collect()
    }

    #[test]
    fn ties_go_to_the_lowest_row() {
        // The four corners of a square: all four sides are equally long.
        let square_merges = merges_of(&[0., 0., 0., 1., 1., 1., 1., 0.], 2);
        assert_eq!(square_merges, [(0, 1, 1.0), (2, 3, 1.0), (4, 5, 2.0)]);
        // Five equal rows: all at distance 0, merged in row order.
        let equal_row_merges = merges_of(&[3.0; 5], 1);
        assert_eq!(equal_row_merges, [(0, 1, 0.0), (2, 5, 0.0), (3, 6, 0.0), (4, 7, 0.0)]);
    }

    #[test]
    fn equal_rows_merge_at_exactly_zero() {
        let values: Vec<f32> = (0..40).flat_map(|_| [0.1, -0.7, 1.0 / 3.0]).collect();
        assert!(merges_of(&values, 3).iter().all(|merge| merge.2 == 0.0));
    }

    #[test]
    fn the_chain_ends_when_all_rows_are_equally_far() {
        let n = 33;
        let mut values = vec![0.0; n * n];
        (0..n).for_each(|i| values[i * n + i] = 1.0);
        let merges = merges_of(&values, n);
        assert_eq!(merges.len(), n - 1);
        assert!(merges.iter().all(|merge| (merge.2 - 2.0).abs() < 1e-9));
    }

    /// (vectors, dim, weights) of several shapes: scattered, in groups, with ties, with duplicates,
    /// far from the origin, and weighted.
    fn sample_inputs() -> Vec<(Vec<f32>, usize, Option<Vec<f64>>)> {
        let mut rng = SeededNumbers::new(3);
        let mut inputs = Vec::new();
        for (n, dim) in [(2, 1), (3, 5), (17, 2), (40, 3), (130, 16), (300, 33), (700, 8)] {
            for kind in 0..6 {
                let mut values: Vec<f32> = (0..n * dim).map(|_| rng.normal()).collect();
                match kind {
                    1 => (0..n).for_each(|row| {
                        values[row * dim..][..dim]
                            .iter_mut()
                            .for_each(|x| *x += (row % 5) as f32 * 3.0);
                    }),
                    2 => values.iter_mut().for_each(|x| *x = libm::roundf(*x)),
                    3 => (n / 2..n).for_each(|row| {
                        values.copy_within(row / 3 * dim..(row / 3 + 1) * dim, row * dim);
                    }),
                    4 => values.iter_mut().for_each(|x| *x = *x * 0.01 + 100.0),
                    _ => {}
                }
                let weights = (kind == 5)
                    .then(|| (0..n).map(|row| [1.0, 0.3, 7.0, 250.0][row % 4]).collect());
                inputs.push((values, dim, weights));
            }
        }
        inputs
    }

    #[test]
    fn every_strategy_returns_the_same_tree() {
        for (values, dim, weights) in sample_inputs() {
            let vectors = Vectors::new(&values, dim).unwrap();
            let [by_matrix, by_lists, without_bounds] = BoundsStrategy::ALL.map(|strategy| {
                let run = WardRun::with_strategy(strategy, vectors, weights.as_deref());
                (run.steps, run.had_no_ties)
            });
            assert_eq!(by_matrix, by_lists, "{} x {dim}", vectors.len());
            assert_eq!(by_matrix, without_bounds, "{} x {dim}", vectors.len());
        }
    }

    #[test]
    fn the_fastest_strategy_that_fits_is_chosen_or_memory_is_an_error() {
        let strategy_for = |memory| BoundsStrategy::choose(memory, 2_000, 256);
        assert_eq!(strategy_for(DEFAULT_MEMORY_BYTES), Ok(BoundsStrategy::Matrix));
        assert_eq!(strategy_for(12 << 20), Ok(BoundsStrategy::NeighbourLists));
        assert_eq!(strategy_for(6 << 20), Ok(BoundsStrategy::None));
        let error = strategy_for(1 << 20).unwrap_err();
        let Error::Memory { needed, .. } = error else { panic!("{error}") };
        assert_eq!(strategy_for(needed), Ok(BoundsStrategy::None));
        assert_eq!(
            BoundsStrategy::choose(DEFAULT_MEMORY_BYTES, 10_000, 256),
            Ok(BoundsStrategy::NeighbourLists)
        );
        assert_eq!(
            BoundsStrategy::choose(usize::MAX, usize::MAX >> 8, 256).unwrap_err().code(),
            "memory"
        );
    }

    #[test]
    fn scaling_to_huge_or_tiny_values_keeps_the_tree() {
        let values = [0.0f32, 1.0, 3.0, 7.0, 15.0, 31.0];
        let merged_pairs = |scale: f64| {
            let scaled: Vec<f32> = values.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
            merges_of(&scaled, 1).iter().map(|m| (m.0, m.1)).collect::<Vec<_>>()
        };
        for scale in [1e18, 1e37, 1e-20, 1e-40] {
            assert_eq!(merged_pairs(scale), merged_pairs(1.0), "scale {scale}");
        }
    }
}
