//! Squared grid distances of all pairs of vectors, by a blocked matrix product; and from these, the
//! largest distance of each vector and of all.

use super::clusters::Clusters;
use super::grid::Grid;
use crate::math::distance::squared_distance;
use crate::math::simd::{I32x8, LANES, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Number of panels (of eight vectors) that stay in the first-level cache while other panels are
/// compared with them.
const PANELS_PER_BLOCK: usize = 12;

/// Calls `visit(left, right, block)` for each pair of panels with `left` in `rows`, `right` in
/// `columns`, and left <= right. `block[i]` has the squared distances, in squared steps, of vector
/// i of panel `left` to the eight vectors of panel `right`. O(|rows| |columns| dim).
// Never inlined: wasm runtimes compile and optimise whole functions (docs/decisions/0013).
#[inline(never)]
pub(crate) fn all_pairs(
    grid: &Grid,
    rows: Range<usize>,
    columns: Range<usize>,
    visit: &mut dyn FnMut(usize, usize, &[I32x8; LANES]),
) {
    let mut block = [I32x8::ZERO; LANES];
    for first_panel in rows.clone().step_by(PANELS_PER_BLOCK) {
        for right in first_panel.max(columns.start)..columns.end {
            for left in first_panel..rows.end.min(first_panel + PANELS_PER_BLOCK).min(right + 1) {
                grid.block(left, right, &mut block);
                visit(left, right, &block);
            }
        }
    }
}

/// Stores for each slot the largest squared grid distance, in squared steps, to the slots before it
/// and the slots of its own panel.
pub(crate) struct FarthestBounds(Vec<[i32; LANES]>);

impl FarthestBounds {
    pub(crate) fn new(n: usize) -> Self {
        Self(vec![[0; LANES]; n.div_ceil(LANES)])
    }

    /// Returns the largest squared grid distance of each of the eight slots of a panel.
    pub(crate) fn panel_mut(&mut self, panel: usize) -> &mut [i32; LANES] {
        &mut self.0[panel]
    }

    /// Raises the largest squared distances of panel `right` to those in `rows`, each the distances
    /// of one vector to the eight slots of that panel.
    #[inline(always)]
    pub(crate) fn update(&mut self, right: usize, rows: &[I32x8]) {
        let largest = &mut self.0[right];
        *largest =
            rows.iter().fold(I32x8::new(*largest), |largest, &row| largest.max(row)).to_array();
    }

    /// The largest squared distance between two vectors (the diameter), and for each vector an
    /// upper bound of its distances to the vectors before it. Must be called before the first
    /// merge. Returns 0 and no bounds unless `measure_diameter`.
    pub(crate) fn measure(
        &self,
        measure_diameter: bool,
        grid: &Grid,
        clusters: &Clusters<'_>,
    ) -> (f64, Vec<f64>) {
        if !measure_diameter {
            return (0.0, Vec::new());
        }
        let bounds = self.0.as_flattened().iter().map(|&squared| grid.max_distance(squared));
        (self.diameter(grid, clusters), bounds.collect())
    }

    /// Computes the largest squared distance between two vectors. O(n dim) for each vector that may
    /// be one of the two.
    fn diameter(&self, grid: &Grid, clusters: &Clusters<'_>) -> f64 {
        let n = clusters.live_count();
        let slack = 2.0 * f64::from(grid.slack());
        let largest_by_slot = &self.0.as_flattened()[..n];
        let largest_squared =
            largest_by_slot.iter().fold(0, |largest, &squared| largest.max(squared));
        let may_be_diameter =
            |squared: i32| sqrt(squared.into()) + slack >= sqrt(largest_squared.into());
        let mut diameter: f64 = 0.0;
        for slot in (0..n).filter(|&slot| may_be_diameter(largest_by_slot[slot])) {
            for pair in 0..=slot / (2 * LANES) {
                let row = grid.row_not_inlined(slot, pair).map(I32x8::to_array);
                for (other, &squared) in (2 * pair * LANES..=slot).zip(row.as_flattened()) {
                    if may_be_diameter(squared) {
                        diameter =
                            diameter.max(squared_distance(clusters.row(slot), clusters.row(other)));
                    }
                }
            }
        }
        diameter
    }
}
