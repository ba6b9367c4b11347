//! Which rows of many a search looks at: those whose sketches leave it open that they are among the best.

// A bound that is not a number must let its row through: "not below" is not "at least".
#![allow(clippy::neg_cmp_op_on_partial_ord)]

use super::bitset::RowSet;
use super::sketch::{Estimates, Lookup, ROWS, Sketches};
use crate::math::simd::{F32x8, LANES, set_lanes};
use crate::math::top_k::kth_largest;
use alloc::vec::Vec;
use core::ops::Range;

/// Rows by which it is measured how far estimates are off.
const DRAWN: usize = 64;

/// The estimates of one query.
pub(super) struct Prefilter<'a> {
    sketches: &'a Sketches,
    /// A block, and which of its rows may come out.
    blocks: Vec<(usize, u32)>,
    estimates: Vec<Estimates>,
    leaders: Vec<Estimate>,
}

/// Of the dot product of a unit query with a row.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) row: usize,
    pub(super) value: f32,
}

impl<'a> Prefilter<'a> {
    /// Estimates the allowed rows of these parts, and notes at least `leading` of the best if there are so many. O(rows dim / 8).
    pub(super) fn new(
        sketches: &'a Sketches,
        unit: &[f32],
        allowed: &RowSet,
        parts: impl Iterator<Item = Range<usize>>,
        leading: usize,
    ) -> Self {
        let mut blocks = Vec::new();
        for part in parts {
            for block in part.start / ROWS..part.end.div_ceil(ROWS) {
                let first = block * ROWS;
                // Bits of the rows from one on.
                let from = |row: usize| {
                    u32::MAX.checked_shl(row.saturating_sub(first) as u32).unwrap_or(0)
                };
                let wanted = allowed.window(first) & from(part.start) & !from(part.end);
                if wanted != 0 {
                    blocks.push((block, wanted));
                }
            }
        }
        let mut sieve = Self {
            sketches,
            estimates: Vec::with_capacity(blocks.len()),
            blocks,
            leaders: Vec::new(),
        };
        sieve.estimate(&sketches.lookup(unit), leading);
        sieve
    }

    #[inline(never)]
    fn estimate(&mut self, lookup: &Lookup, leading: usize) {
        let Self { sketches, blocks, estimates, leaders } = self;
        let mut bar = f32::NEG_INFINITY;
        estimates.extend(blocks.iter().map(|&(block, wanted)| {
            let estimates = sketches.estimates(block, lookup);
            if estimates.largest > bar {
                let values = &estimates.values;
                let above = each(values, |_, eight| F32x8::splat(bar).lt_mask(eight));
                let leader = |lane| Estimate { row: block * ROWS + lane, value: values[lane] };
                leaders.extend(set_lanes(wanted & above).map(leader));
                if leaders.len() >= 4 * leading {
                    bar = keep_best(leaders, leading);
                }
            }
            estimates
        }));
        if leaders.len() > leading {
            keep_best(leaders, leading);
        }
    }

    /// The rows of the highest estimates, in no order.
    pub(super) fn leaders(&self) -> Vec<usize> {
        self.leaders.iter().map(|leader| leader.row).collect()
    }

    /// Rows that lie evenly between the others, their estimates, and how far these are off, by their standard deviation.
    pub(super) fn drawn(&self) -> Vec<(Estimate, f32)> {
        let step = self.blocks.len().div_ceil(DRAWN).max(1);
        let one = |(&(block, wanted), estimates): (&(usize, u32), &Estimates)| {
            let lane = wanted.trailing_zeros() as usize;
            let estimate = Estimate { row: block * ROWS + lane, value: estimates.values[lane] };
            (estimate, self.sketches.doubts(block)[lane])
        };
        self.blocks.iter().zip(&self.estimates).step_by(step).map(one).collect()
    }

    /// The rows that reach `least` if they are as much above their estimates as `deviations` times their doubts, ascending.
    #[inline(never)]
    pub(super) fn rows(&self, least: f32, deviations: f32) -> Vec<usize> {
        let mut rows = Vec::new();
        for (&(block, wanted), estimates) in self.blocks.iter().zip(&self.estimates) {
            // What is not a number is not below.
            if !(estimates.largest + deviations * estimates.largest_doubt < least) {
                let doubts = self.sketches.doubts(block).as_chunks().0;
                let below = each(&estimates.values, |at, eight| {
                    eight
                        .add_scaled(F32x8::new(doubts[at]), deviations)
                        .lt_mask(F32x8::splat(least))
                });
                rows.extend(set_lanes(wanted & !below).map(|lane| block * ROWS + lane));
            }
        }
        rows
    }
}

/// The bits that the eights of a block give.
#[inline(always)]
fn each(values: &[f32; ROWS], bits: impl Fn(usize, F32x8) -> u32) -> u32 {
    let eights = values.as_chunks().0.iter().enumerate();
    eights.fold(0, |all, (at, eight)| all | bits(at, F32x8::new(*eight)) << (at * LANES))
}

/// Keeps the `count` highest of more estimates, and says which the lowest of them is; of equals, all stay.
#[inline(never)]
fn keep_best(all: &mut Vec<Estimate>, count: usize) -> f32 {
    let mut values: Vec<f32> = all.iter().map(|one| one.value).collect();
    let bar = kth_largest(&mut values, count - 1);
    all.retain(|one| one.value >= bar);
    bar
}
