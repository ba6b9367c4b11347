//! The prefilter of a search: excludes the rows whose sketch estimates are too low for the rows to
//! be among the best.
//!
//! `inline(never)` functions hold one hot loop each, because wasm runtimes optimise whole
//! functions; [`lane_mask`] is part of these loops and always inlined.

// A bound that is NaN must not exclude its row, so comparisons are written as `!(bound < minimum)`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

use super::bitset::RowSet;
use super::sketch::{Estimates, QueryTables, SKETCH_BLOCK_ROWS, Sketches};
use crate::math::simd::{F32x8, LANES, set_lanes};
use crate::math::top_k::kth_largest;
use alloc::vec::Vec;
use core::ops::Range;

/// Maximum number of rows in the sample on which the error of a query's estimates is measured.
const CALIBRATION_ROWS: usize = 64;

/// The sketch estimates of one query.
pub(super) struct Prefilter<'a> {
    sketches: &'a Sketches,
    /// (index, mask) of each block with rows that may be returned; the mask has a bit for each row.
    blocks: Vec<(usize, u32)>,
    /// The estimates of the rows of each block in `blocks`.
    estimates: Vec<Estimates>,
    /// The highest estimates, unordered.
    highest: Vec<Estimate>,
}

/// The estimate of the dot product of the unit query with a stored row.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) row: usize,
    pub(super) value: f32,
}

impl<'a> Prefilter<'a> {
    /// Estimates the scores of the allowed rows in these parts, and stores the highest: at least
    /// `min_highest`, or all if there are fewer. O(rows dim / 8).
    pub(super) fn new(
        sketches: &'a Sketches,
        unit_query: &[f32],
        allowed: &RowSet,
        parts: impl Iterator<Item = Range<usize>>,
        min_highest: usize,
    ) -> Self {
        let mut blocks = Vec::new();
        for row_range in parts {
            for block in
                row_range.start / SKETCH_BLOCK_ROWS..row_range.end.div_ceil(SKETCH_BLOCK_ROWS)
            {
                let first = block * SKETCH_BLOCK_ROWS;
                // The mask of the rows of this block from `row` on.
                let mask_from = |row: usize| {
                    u32::MAX.checked_shl(row.saturating_sub(first) as u32).unwrap_or(0)
                };
                let mask =
                    allowed.window(first) & mask_from(row_range.start) & !mask_from(row_range.end);
                if mask != 0 {
                    blocks.push((block, mask));
                }
            }
        }
        let mut prefilter = Self {
            sketches,
            estimates: Vec::with_capacity(blocks.len()),
            blocks,
            highest: Vec::new(),
        };
        prefilter.estimate_blocks(&sketches.query_tables(unit_query), min_highest);
        prefilter
    }

    /// Computes the estimates of all blocks, and stores the highest.
    #[inline(never)]
    fn estimate_blocks(&mut self, tables: &QueryTables, min_highest: usize) {
        let Self { sketches, blocks, estimates, highest } = self;
        let mut threshold = f32::NEG_INFINITY;
        estimates.extend(blocks.iter().map(|&(block, mask)| {
            let estimates = sketches.estimates(block, tables);
            if estimates.max > threshold {
                let values = &estimates.values;
                let above_mask = lane_mask(values, |_, eight_values| {
                    F32x8::splat(threshold).lt_mask(eight_values)
                });
                let estimate =
                    |lane| Estimate { row: block * SKETCH_BLOCK_ROWS + lane, value: values[lane] };
                highest.extend(set_lanes(mask & above_mask).map(estimate));
                if highest.len() >= 4 * min_highest {
                    threshold = retain_highest(highest, min_highest);
                }
            }
            estimates
        }));
        if highest.len() > min_highest {
            retain_highest(highest, min_highest);
        }
    }

    /// The rows that have the highest estimates, in no order.
    pub(super) fn highest_rows(&self) -> Vec<usize> {
        self.highest.iter().map(|estimate| estimate.row).collect()
    }

    /// Pairs (estimate, its standard deviation) for one allowed row of each evenly spaced block.
    pub(super) fn calibration_sample(&self) -> Vec<(Estimate, f32)> {
        let block_stride = self.blocks.len().div_ceil(CALIBRATION_ROWS).max(1);
        let first_row_of = |(&(block, mask), estimates): (&(usize, u32), &Estimates)| {
            let lane = mask.trailing_zeros() as usize;
            let estimate =
                Estimate { row: block * SKETCH_BLOCK_ROWS + lane, value: estimates.values[lane] };
            (estimate, self.sketches.estimate_std_devs(block)[lane])
        };
        self.blocks.iter().zip(&self.estimates).step_by(block_stride).map(first_row_of).collect()
    }

    /// The rows, ascending, whose estimate plus `deviations` times its standard deviation is at
    /// least `min_value` or NaN.
    #[inline(never)]
    pub(super) fn rows_reaching(&self, min_value: f32, deviations: f32) -> Vec<usize> {
        let mut rows = Vec::new();
        for (&(block, mask), estimates) in self.blocks.iter().zip(&self.estimates) {
            // Blocks whose maximum is below `min_value` are skipped. NaN is not below it.
            if !(estimates.max + deviations * estimates.max_estimate_std_dev < min_value) {
                let estimate_std_devs = self.sketches.estimate_std_devs(block).as_chunks().0;
                let below_mask = lane_mask(&estimates.values, |group, eight_values| {
                    eight_values
                        .add_scaled(F32x8::new(estimate_std_devs[group]), deviations)
                        .lt_mask(F32x8::splat(min_value))
                });
                rows.extend(
                    set_lanes(mask & !below_mask).map(|lane| block * SKETCH_BLOCK_ROWS + lane),
                );
            }
        }
        rows
    }
}

/// A mask with a bit for each row of a block; `bits(group, values)` computes the bits of eight
/// rows.
#[inline(always)]
fn lane_mask(values: &[f32; SKETCH_BLOCK_ROWS], bits: impl Fn(usize, F32x8) -> u32) -> u32 {
    let groups = values.as_chunks().0.iter().enumerate();
    groups.fold(0, |mask, (group, eight_values)| {
        mask | bits(group, F32x8::new(*eight_values)) << (group * LANES)
    })
}

/// Retains the `count` highest of more than `count` estimates, and all that equal the lowest of
/// these values. Returns that value.
#[inline(never)]
fn retain_highest(estimates: &mut Vec<Estimate>, count: usize) -> f32 {
    let values: Vec<f32> = estimates.iter().map(|estimate| estimate.value).collect();
    let threshold = kth_largest(&values, count - 1);
    estimates.retain(|estimate| estimate.value >= threshold);
    threshold
}
