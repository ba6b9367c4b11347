//! Squared grid distances of all pairs of vectors, by a blocked matrix product.

use super::grid::Grid;
use crate::math::simd::{I32x8, LANES};
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
