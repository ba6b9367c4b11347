//! The prefilter of a search: excludes rows whose sketch estimates are too low to be among the
//! best.
//!
//! `inline(never)` functions hold one hot loop each, because wasm runtimes optimise whole
//! functions; [`lane_mask`] is part of these loops and always inlined.

// A bound that is NaN must not exclude its row, so comparisons are written as `!(bound < minimum)`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

use super::bitset::RowSet;
use super::sketch::{BLOCK_ROWS, Estimates, QueryTables, Sketches};
use crate::math::simd::{F32x8, LANES, set_lanes};
use crate::math::top_k::kth_largest;
use alloc::vec::Vec;
use core::ops::Range;

/// Maximal number of rows on which a query measures the error of its estimates.
const CALIBRATION_ROWS: usize = 64;

/// The sketch estimates of one query.
pub(super) struct Prefilter<'a> {
    sketches: &'a Sketches,
    /// Index of a block, and a bit for each of its rows that may be returned.
    blocks: Vec<(usize, u32)>,
    /// The estimates of these blocks.
    estimates: Vec<Estimates>,
    /// The highest estimates, unordered.
    top: Vec<Estimate>,
}

/// An estimate of the dot product of the unit query with a stored row.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) row: usize,
    pub(super) value: f32,
}

impl<'a> Prefilter<'a> {
    /// Estimates the allowed rows of these parts and keeps at least `top_count` of the highest (or
    /// all of fewer). O(rows dim / 8).
    pub(super) fn new(
        sketches: &'a Sketches,
        unit: &[f32],
        allowed: &RowSet,
        parts: impl Iterator<Item = Range<usize>>,
        top_count: usize,
    ) -> Self {
        let mut blocks = Vec::new();
        for part in parts {
            for block in part.start / BLOCK_ROWS..part.end.div_ceil(BLOCK_ROWS) {
                let first = block * BLOCK_ROWS;
                // The bits of rows from this one on.
                let from = |row: usize| {
                    u32::MAX.checked_shl(row.saturating_sub(first) as u32).unwrap_or(0)
                };
                let mask = allowed.window(first) & from(part.start) & !from(part.end);
                if mask != 0 {
                    blocks.push((block, mask));
                }
            }
        }
        let mut prefilter =
            Self { sketches, estimates: Vec::with_capacity(blocks.len()), blocks, top: Vec::new() };
        prefilter.estimate_blocks(&sketches.query_tables(unit), top_count);
        prefilter
    }

    #[inline(never)]
    fn estimate_blocks(&mut self, tables: &QueryTables, top_count: usize) {
        let Self { sketches, blocks, estimates, top } = self;
        let mut threshold = f32::NEG_INFINITY;
        estimates.extend(blocks.iter().map(|&(block, mask)| {
            let estimates = sketches.estimates(block, tables);
            if estimates.max > threshold {
                let values = &estimates.values;
                let above = lane_mask(values, |_, eight| F32x8::splat(threshold).lt_mask(eight));
                let scored =
                    |lane| Estimate { row: block * BLOCK_ROWS + lane, value: values[lane] };
                top.extend(set_lanes(mask & above).map(scored));
                if top.len() >= 4 * top_count {
                    threshold = retain_highest(top, top_count);
                }
            }
            estimates
        }));
        if top.len() > top_count {
            retain_highest(top, top_count);
        }
    }

    /// The rows of the highest estimates, unordered.
    pub(super) fn top_rows(&self) -> Vec<usize> {
        self.top.iter().map(|scored| scored.row).collect()
    }

    /// Evenly spaced rows with their estimates and the standard deviations of these.
    pub(super) fn calibration_sample(&self) -> Vec<(Estimate, f32)> {
        let step = self.blocks.len().div_ceil(CALIBRATION_ROWS).max(1);
        let first_of_block = |(&(block, mask), estimates): (&(usize, u32), &Estimates)| {
            let lane = mask.trailing_zeros() as usize;
            let estimate =
                Estimate { row: block * BLOCK_ROWS + lane, value: estimates.values[lane] };
            (estimate, self.sketches.std_devs(block)[lane])
        };
        self.blocks.iter().zip(&self.estimates).step_by(step).map(first_of_block).collect()
    }

    /// The rows, ascending, whose estimate plus `deviations` standard deviations is `min_value` or
    /// more.
    #[inline(never)]
    pub(super) fn rows_reaching(&self, min_value: f32, deviations: f32) -> Vec<usize> {
        let mut rows = Vec::new();
        for (&(block, mask), estimates) in self.blocks.iter().zip(&self.estimates) {
            // NaN is not below the minimum.
            if !(estimates.max + deviations * estimates.max_std_dev < min_value) {
                let std_devs = self.sketches.std_devs(block).as_chunks().0;
                let below = lane_mask(&estimates.values, |at, eight| {
                    eight
                        .add_scaled(F32x8::new(std_devs[at]), deviations)
                        .lt_mask(F32x8::splat(min_value))
                });
                rows.extend(set_lanes(mask & !below).map(|lane| block * BLOCK_ROWS + lane));
            }
        }
        rows
    }
}

/// A bit for each row of a block, computed for eight rows at a time.
#[inline(always)]
fn lane_mask(values: &[f32; BLOCK_ROWS], bits: impl Fn(usize, F32x8) -> u32) -> u32 {
    let eights = values.as_chunks().0.iter().enumerate();
    eights.fold(0, |all, (at, eight)| all | bits(at, F32x8::new(*eight)) << (at * LANES))
}

/// Retains the `count` highest of more estimates, and all equal to the lowest of these, which it
/// returns.
#[inline(never)]
fn retain_highest(all: &mut Vec<Estimate>, count: usize) -> f32 {
    let mut values: Vec<f32> = all.iter().map(|estimate| estimate.value).collect();
    let threshold = kth_largest(&mut values, count - 1);
    all.retain(|estimate| estimate.value >= threshold);
    threshold
}
