//! The distances of all pairs on the grid: a blocked matrix product.

use super::clusters::Clusters;
use super::grid::Grid;
use crate::math::distance::squared_distance;
use crate::math::simd::{I32x8, LANES, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Panels kept in the nearest cache while others stream past (96 vectors).
const BLOCK: usize = 12;

/// Shows the blocks of 8 x 8 squared distances, in steps, of these panels with those, on and above the diagonal of all: the panel of the
/// rows, that of the columns, and the rows. O(rows columns dim).
#[inline(never)]
pub(crate) fn all_pairs(
    grid: &Grid,
    rows: Range<usize>,
    columns: Range<usize>,
    show: &mut dyn FnMut(usize, usize, &[I32x8; LANES]),
) {
    let mut block = [I32x8::ZERO; LANES];
    for first in rows.clone().step_by(BLOCK) {
        for right in first.max(columns.start)..columns.end {
            for left in first..rows.end.min(first + BLOCK).min(right + 1) {
                grid.block(left, right, &mut block);
                show(left, right, &block);
            }
        }
    }
}

/// For every place, the largest squared distance, in steps, to a place before it, and within its panel.
pub(crate) struct Farthest(Vec<[i32; LANES]>);

impl Farthest {
    pub(crate) fn new(n: usize) -> Self {
        Self(vec![[0; LANES]; n.div_ceil(LANES)])
    }

    /// That of the places of a panel.
    pub(crate) fn of(&mut self, panel: usize) -> &mut [i32; LANES] {
        &mut self.0[panel]
    }

    #[inline(always)]
    pub(crate) fn look(&mut self, right: usize, rows: &[I32x8]) {
        let farthest = &mut self.0[right];
        *farthest = rows.iter().fold(I32x8::new(*farthest), |most, &row| most.max(row)).to_array();
    }

    /// The largest squared distance between two vectors, while every cluster still is one; and for every vector a distance that no vector
    /// before it is beyond. 0 and none where nobody asks.
    pub(crate) fn measured(
        &self,
        asked: bool,
        grid: &Grid,
        clusters: &Clusters<'_>,
    ) -> (f64, Vec<f64>) {
        if !asked {
            return (0.0, Vec::new());
        }
        let bounds = self.0.as_flattened().iter().map(|&squared| grid.at_most(squared));
        (self.diameter(grid, clusters), bounds.collect())
    }

    /// O(n dim) for every vector that may be at an end of it.
    fn diameter(&self, grid: &Grid, clusters: &Clusters<'_>) -> f64 {
        let n = clusters.left();
        let slack = 2.0 * f64::from(grid.slack());
        let farthest = &self.0.as_flattened()[..n];
        let most = farthest.iter().fold(0, |most, &squared| most.max(squared));
        let open = |squared: i32| sqrt(squared.into()) + slack >= sqrt(most.into());
        let mut diameter: f64 = 0.0;
        for place in (0..n).filter(|&place| open(farthest[place])) {
            for two in 0..=place / (2 * LANES) {
                let row = grid.shared_row(place, two).map(I32x8::to_array);
                for (other, &squared) in (2 * two * LANES..=place).zip(row.as_flattened()) {
                    if open(squared) {
                        diameter = diameter
                            .max(squared_distance(clusters.row(place), clusters.row(other)));
                    }
                }
            }
        }
        diameter
    }
}
