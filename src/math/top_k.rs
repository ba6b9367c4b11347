//! Selection of the best rows: the k-th largest value of a slice, and the top k of a stream of
//! scored rows.
//!
//! Ties: of rows with equal scores the lowest row is the better one ([`TopK`]). This decides the
//! order of search results and of `nearest`.

use super::sort::{argsort, descending_key, no_tie_break};
use alloc::{vec, vec::Vec};
use wide::{CmpGt, i32x4};

/// The value at index k of the values in descending order: k = 0 gives the largest. Requires k < n.
/// NaN counts as negative infinity. O(n), in 32 passes without branches on values: the comparisons
/// of a selection by pivots cannot be predicted (docs/decisions/0053).
// Never inlined: wasm runtimes optimise whole functions, and these loops are hot.
#[inline(never)]
pub(crate) fn kth_largest(values: &[f32], k: usize) -> f32 {
    // Integer keys in the order of the values; the padding is below all of them.
    let mut keys = vec![[i32::MIN; KEY_LANES]; values.len().div_ceil(KEY_LANES)];
    for (key, &value) in keys.as_flattened_mut().iter_mut().zip(values) {
        let value = if value.is_nan() { f32::NEG_INFINITY } else { value };
        *key = flip_negative(value.to_bits() as i32);
    }
    // The largest key that more than k keys reach, bit by bit from the highest.
    let mut kth_key = i32::MIN;
    for bit in (0..i32::BITS).rev() {
        let candidate = kth_key ^ (1 << bit);
        let minus_lesser_count = keys
            .iter()
            .fold(i32x4::ZERO, |sum, keys| sum + i32x4::splat(candidate).cmp_gt(i32x4::new(*keys)));
        let reaching_count = (KEY_LANES * keys.len()) as i32 + minus_lesser_count.reduce_add();
        if reaching_count > k as i32 {
            kth_key = candidate;
        }
    }
    f32::from_bits(flip_negative(kth_key) as u32)
}

/// Number of keys that [`kth_largest`] compares in one instruction.
const KEY_LANES: usize = 4;

/// Maps the bits of an `f32` to an integer of the same order, and back.
fn flip_negative(bits: i32) -> i32 {
    bits ^ (bits >> 31 & i32::MAX)
}

/// A row and its score for one query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredRow {
    /// Row of the catalogue or of the vectors searched.
    pub row: usize,
    /// Similarity to the query; higher is better. By `nearest` and a catalogue of
    /// [`Metric::Cosine`](crate::Metric::Cosine): the cosine, in [-1, 1], and 0 where either vector
    /// is zero. For the other metrics see [`Metric`](crate::Metric).
    pub score: f32,
}

/// Keeps the `count` best of a stream of scored rows: highest score first, of equal scores the
/// lowest row. O(count) memory.
pub(crate) struct TopK {
    count: usize,
    rows: Vec<ScoredRow>,
}

impl TopK {
    pub(crate) fn new(count: usize) -> Self {
        Self { count, rows: Vec::new() }
    }

    /// Adds a row. Rows must be added in ascending order. Amortised O(log count).
    #[inline]
    pub(crate) fn push(&mut self, row: usize, score: f32) {
        self.rows.push(ScoredRow { row, score });
        if self.rows.len() > 4 * self.count + 64 {
            self.prune();
        }
    }

    /// The best rows, best first: `count`, or all if fewer were added.
    pub(crate) fn finish(mut self) -> Vec<ScoredRow> {
        self.prune();
        let keys: Vec<u64> = self.rows.iter().map(|row| descending_key(row.score.into())).collect();
        // Rows are in ascending order, so the stable sort orders equal scores by row.
        argsort(&keys, &no_tie_break).into_iter().map(|index| self.rows[index]).collect()
    }

    /// Drops all but the `count` best rows, of equal scores the highest rows first. The others stay
    /// in ascending order.
    // Never inlined: rarely called, and kept out of the hot function that calls `push`.
    #[inline(never)]
    fn prune(&mut self) {
        let Some(last) = self.count.checked_sub(1) else { return self.rows.clear() };
        if self.rows.len() <= self.count {
            return;
        }
        let scores: Vec<f32> = self.rows.iter().map(|row| row.score).collect();
        let least = kth_largest(&scores, last);
        let mut tie_count = self.count - scores.iter().filter(|&&score| score > least).count();
        self.rows.retain(|row| {
            let is_retained_tie = row.score == least && tie_count > 0;
            tie_count -= usize::from(is_retained_tie);
            row.score > least || is_retained_tie
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    #[test]
    fn the_top_k_of_a_stream_begin_the_sorted_rows() {
        let mut random = SeededNumbers::new(21);
        for (n, count) in [(0, 3), (5, 0), (1000, 7), (100, 1000), (3000, 1)] {
            // Rounded, so that many scores are equal.
            let scores: Vec<f32> = (0..n).map(|_| libm::roundf(random.normal() * 10.0)).collect();
            let mut top_k = TopK::new(count);
            scores.iter().enumerate().for_each(|(row, &score)| top_k.push(row, score));
            let keys: Vec<u64> = scores.iter().map(|&score| descending_key(score.into())).collect();
            let sorted_rows = argsort(&keys, &no_tie_break);
            let expected: Vec<_> = sorted_rows
                .into_iter()
                .take(count)
                .map(|row| ScoredRow { row, score: scores[row] })
                .collect();
            assert_eq!(top_k.finish(), expected, "{count} of {n}");
        }
    }
}
