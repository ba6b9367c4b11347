//! Which rows of many a search looks at: those whose sketches leave it open that they are among the best.

use super::bits::Bits;
use super::scan::kth_largest;
use super::sketch::{Estimates, Lookup, ROWS, Sketches};
use crate::lanes::lanes;
use alloc::vec::Vec;
use core::ops::Range;

/// Rows by which it is measured how far estimates are off.
const DRAWN: usize = 64;

/// The estimates of one query.
pub(super) struct Sieve<'a> {
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

impl<'a> Sieve<'a> {
    /// Estimates the allowed rows of these parts, and notes at least `leading` of the best if there are so many. O(rows dim / 8).
    pub(super) fn new(
        sketches: &'a Sketches,
        unit: &[f32],
        allowed: &Bits,
        parts: impl Iterator<Item = Range<usize>>,
        leading: usize,
    ) -> Self {
        let mut blocks = Vec::new();
        for part in parts {
            for block in part.start / ROWS..part.end.div_ceil(ROWS) {
                let first = block * ROWS;
                // Bits of the rows from one on.
                let from = |row: usize| u32::MAX.checked_shl(row.saturating_sub(first) as u32).unwrap_or(0);
                let wanted = allowed.window(first) & from(part.start) & !from(part.end);
                if wanted != 0 {
                    blocks.push((block, wanted));
                }
            }
        }
        let mut sieve =
            Self { sketches, estimates: Vec::with_capacity(blocks.len()), blocks, leaders: Vec::new() };
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
                let above = |lane: &usize| estimates.values[*lane] > bar;
                let leader = |lane| Estimate { row: block * ROWS + lane, value: estimates.values[lane] };
                leaders.extend(lanes(wanted).filter(above).map(leader));
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
            let below = |value: f32, doubt: f32| value + deviations * doubt < least;
            if !below(estimates.largest, estimates.largest_doubt) {
                let doubts = self.sketches.doubts(block);
                let open = |lane: &usize| !below(estimates.values[*lane], doubts[*lane]);
                rows.extend(lanes(wanted).filter(open).map(|lane| block * ROWS + lane));
            }
        }
        rows
    }
}

/// Keeps the `count` highest of more estimates, and says which the lowest of them is; of equals, all stay.
#[inline(never)]
fn keep_best(all: &mut Vec<Estimate>, count: usize) -> f32 {
    let mut values: Vec<f32> = all.iter().map(|one| one.value).collect();
    let bar = kth_largest(&mut values, count - 1);
    all.retain(|one| one.value >= bar);
    bar
}
