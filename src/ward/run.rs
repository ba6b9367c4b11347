//! One run of Ward clustering: chooses the strategy for bounds that fits into memory, and computes
//! the tree.

use super::bound_matrix::BoundMatrix;
use super::chain::{NearestNeighbours, nearest_neighbour_chain};
use super::clusters::Clusters;
use super::dedup::DedupedRows;
use super::dendrogram::{Dendrogram, Step};
use super::grid::Grid;
use super::neighbour_lists::NeighbourLists;
use crate::text::message;
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};

/// The result of a run: its merges, and the values from which a session builds its
/// [`IncrementalTree`](super::IncrementalTree).
pub(crate) struct WardRun {
    pub(super) deduped: DedupedRows,
    /// Merges of the distinct rows, by their index in `deduped`; children before parents.
    pub(super) steps: Vec<Step>,
    /// Largest squared distance between two rows; 0 if it was not measured.
    pub(crate) diameter: f64,
    /// For each distinct row, an upper bound of its distances to the distinct rows before it; empty
    /// if the diameter was not measured.
    pub(super) max_earlier_distances: Vec<f64>,
    /// Whether the nearest neighbour of every merged cluster was unique (`chain.rs`).
    pub(super) had_no_ties: bool,
}

impl WardRun {
    /// Clusters the rows of `vectors` within `memory` bytes. `weights` are valid (`check_weights`).
    /// [`Error::Memory`] if not even [`BoundsStrategy::None`] fits.
    pub(crate) fn new(
        memory: usize,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
        measure_diameter: bool,
    ) -> Result<Self, Error> {
        let strategy = BoundsStrategy::choose(memory, vectors.len(), vectors.dim())?;
        Ok(Self::with_strategy(strategy, vectors, weights, measure_diameter))
    }

    /// A run with this strategy, whatever memory it needs.
    pub(super) fn with_strategy(
        strategy: BoundsStrategy,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
        measure_diameter: bool,
    ) -> Self {
        let weights = weights.map_or_else(|| vec![1.0; vectors.len()], <[f64]>::to_vec);
        let deduped = DedupedRows::new(vectors, weights);
        let vectors = deduped.vectors(vectors);
        if vectors.len() < 2 {
            let max_earlier_distances = vec![0.0; vectors.len()];
            return Self {
                deduped,
                steps: Vec::new(),
                diameter: 0.0,
                max_earlier_distances,
                had_no_ties: true,
            };
        }
        let clusters = Clusters::new(vectors, deduped.weights.clone());
        let grid = Grid::new(vectors);
        let (chain, diameter, max_earlier_distances) = match strategy {
            BoundsStrategy::Matrix => {
                let (mut matrix, farthest_bounds) = BoundMatrix::new(clusters, &grid);
                let (diameter, max_earlier_distances) =
                    farthest_bounds.measure(measure_diameter, &grid, matrix.clusters());
                // The grid is freed before the chain allocates, so that the chain reuses memory
                // that is still in the caches.
                drop(grid);
                (nearest_neighbour_chain(&mut matrix), diameter, max_earlier_distances)
            }
            BoundsStrategy::NeighbourLists | BoundsStrategy::None => {
                let (mut lists, farthest_bounds) =
                    NeighbourLists::new(clusters, grid, strategy == BoundsStrategy::NeighbourLists);
                let (diameter, max_earlier_distances) =
                    farthest_bounds.measure(measure_diameter, lists.grid(), lists.clusters());
                (nearest_neighbour_chain(&mut lists), diameter, max_earlier_distances)
            }
        };
        Self {
            deduped,
            steps: chain.steps,
            diameter,
            max_earlier_distances,
            had_no_ties: chain.had_no_ties,
        }
    }

    /// The dendrogram of all `n` rows, duplicates included.
    pub(crate) fn tree(&self, n: usize) -> Dendrogram {
        let DedupedRows { rows, steps, .. } = &self.deduped;
        let to_rows = |step: &Step| Step { a: rows[step.a], b: rows[step.b], ..*step };
        let steps: Vec<Step> =
            steps.iter().copied().chain(self.steps.iter().map(to_rows)).collect();
        Dendrogram::from_steps(n, &steps)
    }
}

/// How lower bounds of distances are stored. The strategies differ in memory and time; the tree is
/// the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BoundsStrategy {
    /// A matrix of all pairs ([`BoundMatrix`]).
    Matrix,
    /// A few candidates of each cluster ([`NeighbourLists`]).
    NeighbourLists,
    /// No bounds are stored: every search scans the grid.
    None,
}

impl BoundsStrategy {
    /// All strategies, the fastest first.
    pub(super) const ALL: [Self; 3] = [Self::Matrix, Self::NeighbourLists, Self::None];

    /// Maximal number of rows for [`Self::Matrix`]: a larger matrix does not fit the caches, and
    /// neighbour lists are faster.
    const MAX_MATRIX_ROWS: usize = 5_000;

    /// Upper bound of the bytes of a run over n x `dim` vectors, the vectors included.
    // Never inlined: not hot, and called from several places.
    #[inline(never)]
    pub(super) fn bytes(self, n: usize, dim: usize) -> usize {
        let vectors = n.saturating_mul(size_of::<f32>().saturating_mul(dim));
        // At most one mean for every two rows, and a grid point for each row.
        let clusters =
            n.saturating_mul(dim.saturating_mul(size_of::<f64>() / 2 + size_of::<i16>()) + 64);
        let bounds = match self {
            Self::Matrix => BoundMatrix::bytes(n),
            Self::NeighbourLists => NeighbourLists::bytes(n, true),
            Self::None => NeighbourLists::bytes(n, false),
        };
        vectors.saturating_add(clusters).saturating_add(bounds)
    }

    /// The fastest strategy that fits into `memory` bytes. [`Error::Memory`] if none fits, or if
    /// its bytes cannot be allocated.
    pub(super) fn choose(memory: usize, n: usize, dim: usize) -> Result<Self, Error> {
        let fits = |strategy: &Self| strategy.bytes(n, dim) <= memory;
        let eligible = |strategy: &Self| *strategy != Self::Matrix || n <= Self::MAX_MATRIX_ROWS;
        let strategy = Self::ALL.into_iter().filter(eligible).find(fits);
        let strategy =
            strategy.ok_or_else(|| out_of_memory(Self::None.bytes(n, dim), memory, n, dim))?;
        // All bytes are allocated once and freed: too little memory is then an error here instead
        // of an abort in the middle of the run.
        let needed = strategy.bytes(n, dim);
        Vec::<u8>::new()
            .try_reserve_exact(needed)
            .map_err(|_| out_of_memory(needed, memory, n, dim))?;
        Ok(strategy)
    }
}

// Never inlined: rarely called, and kept out of the function that returns the error.
#[cold]
#[inline(never)]
fn out_of_memory(needed: usize, memory: usize, n: usize, dim: usize) -> Error {
    Error::Memory {
        needed,
        problem: message![
            n,
            " actions of ",
            dim,
            " components do not fit into ",
            memory >> 20,
            " MB: give more (memory) or keep fewer actions (maxActions)",
        ],
    }
}
