//! One run of Ward clustering: chooses the strategy for bounds that fits into memory, and computes
//! the tree.

use super::bound_matrix::BoundMatrix;
use super::chain::nearest_neighbour_chain;
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
    pub(super) distinct_rows: DedupedRows,
    /// Merges of the distinct rows, by their index in `distinct_rows`; children before parents.
    pub(super) steps: Vec<Step>,
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
    ) -> Result<Self, Error> {
        let strategy = BoundsStrategy::choose(memory, vectors.len(), vectors.dim())?;
        Ok(Self::with_strategy(strategy, vectors, weights))
    }

    /// Clusters the rows by `strategy`, whatever memory it needs.
    pub(super) fn with_strategy(
        strategy: BoundsStrategy,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
    ) -> Self {
        let weights = weights.map_or_else(|| vec![1.0; vectors.len()], <[f64]>::to_vec);
        let distinct_rows = DedupedRows::new(vectors, weights);
        let vectors = distinct_rows.vectors(vectors);
        if vectors.len() < 2 {
            return Self { distinct_rows, steps: Vec::new(), had_no_ties: true };
        }
        let clusters = Clusters::new(vectors, distinct_rows.weights.clone());
        let grid = Grid::new(vectors);
        let chain_result = match strategy {
            BoundsStrategy::Matrix => {
                let mut matrix = BoundMatrix::new(clusters, &grid);
                // The grid is freed before the chain allocates, so that the chain reuses memory
                // that is still in the caches.
                drop(grid);
                nearest_neighbour_chain(&mut matrix)
            }
            BoundsStrategy::NeighbourLists | BoundsStrategy::None => {
                let mut lists =
                    NeighbourLists::new(clusters, grid, strategy == BoundsStrategy::NeighbourLists);
                nearest_neighbour_chain(&mut lists)
            }
        };
        Self { distinct_rows, steps: chain_result.steps, had_no_ties: chain_result.had_no_ties }
    }

    /// The dendrogram of all `n` rows, duplicates included.
    pub(crate) fn tree(&self, n: usize) -> Dendrogram {
        let DedupedRows { rows, steps, .. } = &self.distinct_rows;
        let to_input_rows = |step: &Step| Step { a: rows[step.a], b: rows[step.b], ..*step };
        let steps: Vec<Step> =
            steps.iter().copied().chain(self.steps.iter().map(to_input_rows)).collect();
        Dendrogram::from_steps(n, &steps)
    }
}

/// How lower bounds of distances are stored. The strategies differ in memory and time; the tree is
/// the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BoundsStrategy {
    /// A matrix of the bounds of all pairs ([`BoundMatrix`]).
    Matrix,
    /// A few candidates of each cluster ([`NeighbourLists`]).
    NeighbourLists,
    /// No bounds are stored: every search scans the grid.
    None,
}

impl BoundsStrategy {
    /// All strategies, the fastest first.
    pub(super) const ALL: [Self; 3] = [Self::Matrix, Self::NeighbourLists, Self::None];

    /// Maximum number of rows for [`Self::Matrix`]: a larger matrix does not fit the caches, and
    /// neighbour lists are faster.
    const MAX_MATRIX_ROWS: usize = 5_000;

    /// Upper bound of the bytes of a run over n x `dim` vectors, the vectors included.
    // Never inlined: not hot, and called from several places.
    #[inline(never)]
    pub(super) fn bytes(self, n: usize, dim: usize) -> usize {
        let vector_bytes = n.saturating_mul(size_of::<f32>().saturating_mul(dim));
        // At most one mean for every two rows, and a grid point for each row.
        let cluster_bytes =
            n.saturating_mul(dim.saturating_mul(size_of::<f64>() / 2 + size_of::<i16>()) + 64);
        let bound_bytes = match self {
            Self::Matrix => BoundMatrix::bytes(n),
            Self::NeighbourLists => NeighbourLists::bytes(n, true),
            Self::None => NeighbourLists::bytes(n, false),
        };
        vector_bytes.saturating_add(cluster_bytes).saturating_add(bound_bytes)
    }

    /// The fastest strategy that fits into `memory` bytes. [`Error::Memory`] if none fits, or if
    /// its bytes cannot be allocated.
    pub(super) fn choose(memory: usize, n: usize, dim: usize) -> Result<Self, Error> {
        let fits_memory = |strategy: &Self| strategy.bytes(n, dim) <= memory;
        let is_eligible = |strategy: &Self| *strategy != Self::Matrix || n <= Self::MAX_MATRIX_ROWS;
        let strategy = Self::ALL.into_iter().filter(is_eligible).find(fits_memory);
        let strategy =
            strategy.ok_or_else(|| out_of_memory(Self::None.bytes(n, dim), memory, n, dim))?;
        // All bytes are allocated once and freed: too little memory is then an error here instead
        // of an abort in the middle of the run.
        let needed_bytes = strategy.bytes(n, dim);
        Vec::<u8>::new()
            .try_reserve_exact(needed_bytes)
            .map_err(|_| out_of_memory(needed_bytes, memory, n, dim))?;
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
