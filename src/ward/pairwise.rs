//! Squared grid distances of all pairs: a blocked matrix product.

use super::clusters::Clusters;
use super::grid::Grid;
use crate::math::distance::squared_distance;
use crate::math::simd::{I32x8, LANES, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Panels (of eight vectors) that stay in the first-level cache while others stream past.
const PANELS_PER_BLOCK: usize = 12;

/// Calls `visit(left, right, block)` for each pair of panels, `left` in `rows`, `right` in
/// `columns`, left <= right. `block[i]` has the squared distances, in squared steps, of vector i of
/// panel `left` to the eight vectors of panel `right`. O(|rows| |columns| dim).
// Never inlined: wasm runtimes compile and optimise whole functions (docs/decisions/0013).
#[inline(never)]
pub(crate) fn all_pairs(
    grid: &Grid,
    rows: Range<usize>,
    columns: Range<usize>,
    visit: &mut dyn FnMut(usize, usize, &[I32x8; LANES]),
) {
    let mut block = [I32x8::ZERO; LANES];
    for first in rows.clone().step_by(PANELS_PER_BLOCK) {
        for right in first.max(columns.start)..columns.end {
            for left in first..rows.end.min(first + PANELS_PER_BLOCK).min(right + 1) {
                grid.block(left, right, &mut block);
                visit(left, right, &block);
            }
        }
    }
}

/// For each slot: the largest squared grid distance, in squared steps, to a slot before it or in
/// its panel.
pub(crate) struct FarthestBounds(Vec<[i32; LANES]>);

impl FarthestBounds {
    pub(crate) fn new(n: usize) -> Self {
        Self(vec![[0; LANES]; n.div_ceil(LANES)])
    }

    /// The bounds of the slots of a panel.
    pub(crate) fn panel_mut(&mut self, panel: usize) -> &mut [i32; LANES] {
        &mut self.0[panel]
    }

    /// Includes `rows`, distances to the slots of the panel `right`.
    #[inline(always)]
    pub(crate) fn update(&mut self, right: usize, rows: &[I32x8]) {
        let farthest = &mut self.0[right];
        *farthest =
            rows.iter().fold(I32x8::new(*farthest), |largest, &row| largest.max(row)).to_array();
    }

    /// The largest squared distance between two vectors, and for each vector an upper bound of its
    /// distance to every vector before it. Valid only before the first merge. Returns 0 and an
    /// empty vector unless `wanted`.
    pub(crate) fn measure(
        &self,
        wanted: bool,
        grid: &Grid,
        clusters: &Clusters<'_>,
    ) -> (f64, Vec<f64>) {
        if !wanted {
            return (0.0, Vec::new());
        }
        let bounds = self.0.as_flattened().iter().map(|&squared| grid.max_distance(squared));
        (self.diameter(grid, clusters), bounds.collect())
    }

    /// O(n dim) for each vector that may be an end of the diameter.
    fn diameter(&self, grid: &Grid, clusters: &Clusters<'_>) -> f64 {
        let n = clusters.live_count();
        let slack = 2.0 * f64::from(grid.slack());
        let farthest = &self.0.as_flattened()[..n];
        let largest = farthest.iter().fold(0, |largest, &squared| largest.max(squared));
        let may_reach = |squared: i32| sqrt(squared.into()) + slack >= sqrt(largest.into());
        let mut diameter: f64 = 0.0;
        for slot in (0..n).filter(|&slot| may_reach(farthest[slot])) {
            for pair in 0..=slot / (2 * LANES) {
                let row = grid.row_not_inlined(slot, pair).map(I32x8::to_array);
                for (other, &squared) in (2 * pair * LANES..=slot).zip(row.as_flattened()) {
                    if may_reach(squared) {
                        diameter =
                            diameter.max(squared_distance(clusters.row(slot), clusters.row(other)));
                    }
                }
            }
        }
        diameter
    }
}
