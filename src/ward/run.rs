//! One run of the clustering: which bounds fit into memory, and the tree that comes out.

use super::bound_matrix::Matrix;
use super::chain::{Neighbours, chain};
use super::clusters::Clusters;
use super::dedup::Distinct;
use super::dendrogram::{Dendrogram, Step};
use super::grid::Grid;
use super::neighbour_lists::Names;
use crate::text::message;
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};

/// A tree, and what has been learnt on the way.
pub(crate) struct Grown {
    pub(super) distinct: Distinct,
    /// Of the distinct rows.
    pub(super) steps: Vec<Step>,
    /// The largest squared distance between two rows; 0 unless it was to be measured.
    pub(crate) diameter: f64,
    /// For every distinct row, how far at most those before it are, likewise.
    pub(super) farthest: Vec<f64>,
    /// No choice was between neighbours that are equally near.
    pub(super) certain: bool,
}

impl Grown {
    pub(crate) fn within(
        memory: usize,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
        measured: bool,
    ) -> Result<Self, Error> {
        let way = Way::within(memory, vectors.len(), vectors.dim())?;
        Ok(Self::by(way, vectors, weights, measured))
    }

    pub(super) fn by(
        way: Way,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
        measured: bool,
    ) -> Self {
        let weights = weights.map_or_else(|| vec![1.0; vectors.len()], <[f64]>::to_vec);
        let distinct = Distinct::of(vectors, weights);
        let vectors = distinct.vectors(vectors);
        if vectors.len() < 2 {
            let farthest = vec![0.0; vectors.len()];
            return Self { distinct, steps: Vec::new(), diameter: 0.0, farthest, certain: true };
        }
        let clusters = Clusters::new(vectors, distinct.weights.clone());
        let grid = Grid::of(vectors);
        let (unions, diameter, farthest) = match way {
            Way::Matrix => {
                let (mut matrix, farthest) = Matrix::new(clusters, &grid);
                let (diameter, farthest) = farthest.measured(measured, &grid, matrix.clusters());
                // What is freed is taken again at once, while it is in the caches.
                drop(grid);
                (chain(&mut matrix), diameter, farthest)
            }
            Way::Names | Way::Nothing => {
                let (mut names, farthest) = Names::new(clusters, grid, way == Way::Names);
                let (diameter, farthest) =
                    farthest.measured(measured, names.grid(), names.clusters());
                (chain(&mut names), diameter, farthest)
            }
        };
        Self { distinct, steps: unions.steps, diameter, farthest, certain: unions.certain }
    }

    /// The tree of all n rows.
    pub(crate) fn tree(&self, n: usize) -> Dendrogram {
        let Distinct { rows, steps, .. } = &self.distinct;
        let of_rows = |step: &Step| Step { a: rows[step.a], b: rows[step.b], ..*step };
        let steps: Vec<Step> =
            steps.iter().copied().chain(self.steps.iter().map(of_rows)).collect();
        Dendrogram::from_steps(n, &steps)
    }
}

/// How bounds are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Matrix,
    Names,
    /// Nothing is kept: every cluster looks around every time.
    Nothing,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Matrix, Self::Names, Self::Nothing];

    /// Beyond so many rows neighbours known by name are faster than a matrix, which has left the caches.
    const MOST_ROWS_OF_A_MATRIX: usize = 5_000;

    #[inline(never)]
    fn bytes(self, n: usize, dim: usize) -> usize {
        let vectors = n.saturating_mul(size_of::<f32>().saturating_mul(dim));
        // A mean for every second row, and every row on the grid.
        let clusters =
            n.saturating_mul(dim.saturating_mul(size_of::<f64>() / 2 + size_of::<i16>()) + 64);
        let bounds = match self {
            Self::Matrix => Matrix::bytes(n),
            Self::Names => Names::bytes(n, true),
            Self::Nothing => Names::bytes(n, false),
        };
        vectors.saturating_add(clusters).saturating_add(bounds)
    }

    /// The fastest that fits, if there is that much memory to be had.
    pub(super) fn within(memory: usize, n: usize, dim: usize) -> Result<Self, Error> {
        let fits = |way: &Self| way.bytes(n, dim) <= memory;
        let fast = |way: &Self| *way != Self::Matrix || n <= Self::MOST_ROWS_OF_A_MATRIX;
        let way = Self::ALL.into_iter().filter(fast).find(fits);
        let way = way.ok_or_else(|| refused(Self::Nothing.bytes(n, dim), memory, n, dim))?;
        // Asked for in one piece and given back: what cannot be had is refused here, not in the middle.
        let needed = way.bytes(n, dim);
        Vec::<u8>::new().try_reserve_exact(needed).map_err(|_| refused(needed, memory, n, dim))?;
        Ok(way)
    }
}

#[cold]
#[inline(never)]
fn refused(needed: usize, memory: usize, n: usize, dim: usize) -> Error {
    Error::Memory {
        needed,
        problem: message![
            n,
            " actions of ",
            dim,
            " numbers do not fit into ",
            memory >> 20,
            " MB: give more (memory) or keep fewer actions (maxActions)",
        ],
    }
}
