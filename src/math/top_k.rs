//! Selection of the best rows: the k-th largest value of a slice, and the top k of a stream of scored rows.

use super::sort::{descending, no_ties, order};
use alloc::vec::Vec;

/// The number that k others are not below of. Numbers that are none count as the least. Hoare's selection: O(n) on average.
#[inline(never)]
pub(crate) fn kth_largest(numbers: &mut [f32], k: usize) -> f32 {
    numbers.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = f32::NEG_INFINITY);
    let (mut low, mut high) = (0, numbers.len() - 1);
    while low < high {
        let pivot = numbers[low.midpoint(high)];
        let (mut i, mut j) = (low, high);
        loop {
            while numbers[i] > pivot {
                i += 1;
            }
            while numbers[j] < pivot {
                j -= 1;
            }
            if i >= j {
                break;
            }
            numbers.swap(i, j);
            (i, j) = (i + 1, j - 1);
        }
        if k <= j { high = j } else { low = j + 1 }
    }
    numbers[k]
}

/// A row that answers a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredRow {
    /// The row.
    pub row: usize,
    /// Cosine to the query, in [-1, 1]; 0 where either vector is zero.
    pub score: f32,
}

/// The best of a stream of scored rows: highest score first, of equals the lowest row.
pub(crate) struct Best {
    count: usize,
    rows: Vec<ScoredRow>,
}

impl Best {
    /// Keeps the best `count`.
    pub(crate) fn new(count: usize) -> Self {
        Self { count, rows: Vec::new() }
    }

    /// Offers a row. Rows must come in ascending order. Amortised O(log count).
    #[inline]
    pub(crate) fn offer(&mut self, row: usize, score: f32) {
        self.rows.push(ScoredRow { row, score });
        if self.rows.len() > 4 * self.count + 64 {
            self.prune();
        }
    }

    /// The best, in order.
    pub(crate) fn finish(mut self) -> Vec<ScoredRow> {
        self.prune();
        self.rows
    }

    #[inline(never)]
    fn prune(&mut self) {
        let rows = &self.rows;
        // Kept rows stand before newer ones, so places break ties as rows do.
        let keys: Vec<u64> = rows.iter().map(|row| descending(row.score.into())).collect();
        let best = order(&keys, &no_ties);
        self.rows = best.into_iter().take(self.count).map(|at| rows[at]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Numbers;

    #[test]
    fn the_best_of_a_stream_are_the_first_of_the_sorted() {
        let mut numbers = Numbers::new(21);
        for (n, count) in [(0, 3), (5, 0), (1000, 7), (100, 1000), (3000, 1)] {
            // Rounded, so that many are equal.
            let scores: Vec<f32> = (0..n).map(|_| libm::roundf(numbers.normal() * 10.0)).collect();
            let mut best = Best::new(count);
            scores.iter().enumerate().for_each(|(row, &score)| best.offer(row, score));
            let keys: Vec<u64> = scores.iter().map(|&score| descending(score.into())).collect();
            let sorted = order(&keys, &no_ties);
            let want: Vec<_> = sorted
                .into_iter()
                .take(count)
                .map(|row| ScoredRow { row, score: scores[row] })
                .collect();
            assert_eq!(best.finish(), want, "{count} of {n}");
        }
    }
}
