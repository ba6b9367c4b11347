//! Selection of the best rows: the k-th largest value of a slice, and the top k of a stream of
//! scored rows.
//!
//! Ties: of rows with equal scores the lowest row is the better one ([`TopK`]). This decides the
//! order of search results and of `nearest`.

use super::sort::{argsort, descending_key, no_tie_break};
use alloc::vec::Vec;

/// The value at index k of the values in descending order: k = 0 gives the largest. Requires k < n.
/// NaN sorts below everything. Reorders `values`, and replaces NaN by negative infinity. Hoare's
/// selection (1961), O(n) on average.
// Never inlined: wasm runtimes optimise whole functions, and this loop is hot.
#[inline(never)]
pub(crate) fn kth_largest(values: &mut [f32], k: usize) -> f32 {
    values.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = f32::NEG_INFINITY);
    let (mut low, mut high) = (0, values.len() - 1);
    while low < high {
        let pivot = values[low.midpoint(high)];
        let (mut i, mut j) = (low, high);
        loop {
            while values[i] > pivot {
                i += 1;
            }
            while values[j] < pivot {
                j -= 1;
            }
            if i >= j {
                break;
            }
            values.swap(i, j);
            (i, j) = (i + 1, j - 1);
        }
        if k <= j { high = j } else { low = j + 1 }
    }
    values[k]
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
        let mut scores: Vec<f32> = self.rows.iter().map(|row| row.score).collect();
        let least = kth_largest(&mut scores, last);
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
