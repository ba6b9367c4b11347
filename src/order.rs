//! Sorting rows. One small sort, shared by everything that orders anything: the standard library's would cost the browser 5 KB
//! wherever it is used.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// 0..n in the order of `compare`; of equals the lowest first. A merge sort, bottom up. O(n log n).
pub(crate) fn order(n: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    let mut merged = Vec::with_capacity(n);
    let mut run = 1;
    while run < n {
        for pair in rows.chunks(2 * run) {
            merge(pair, run, &mut merged, compare);
        }
        core::mem::swap(&mut rows, &mut merged);
        merged.clear();
        run *= 2;
    }
    rows
}

/// Merges the two runs of a pair. A function of its own, because engines compile well what is called often.
#[inline(never)]
fn merge(pair: &[usize], run: usize, merged: &mut Vec<usize>, compare: &dyn Fn(usize, usize) -> Ordering) {
    let (mut left, mut right) = pair.split_at(run.min(pair.len()));
    // What is in order need not be compared further.
    if let (Some(&last), Some(&first)) = (left.last(), right.first())
        && compare(last, first).is_le()
    {
        return merged.extend_from_slice(pair);
    }
    while let (Some((&x, rest)), Some((&y, others))) = (left.split_first(), right.split_first()) {
        if compare(x, y).is_le() {
            merged.push(x);
            left = rest;
        } else {
            merged.push(y);
            right = others;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
}

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
pub struct Match {
    /// The row.
    pub row: usize,
    /// Cosine to the query, in [-1, 1]; 0 where either vector is zero.
    pub score: f32,
}

/// The best of a stream of scored rows: highest score first, of equals the lowest row.
pub(crate) struct Best {
    count: usize,
    rows: Vec<Match>,
}

impl Best {
    /// Keeps the best `count`.
    pub(crate) fn new(count: usize) -> Self {
        Self { count, rows: Vec::new() }
    }

    /// Offers a row. Rows must come in ascending order. Amortised O(log count).
    #[inline]
    pub(crate) fn offer(&mut self, row: usize, score: f32) {
        self.rows.push(Match { row, score });
        if self.rows.len() > 4 * self.count + 64 {
            self.prune();
        }
    }

    /// The best, in order.
    pub(crate) fn finish(mut self) -> Vec<Match> {
        self.prune();
        self.rows
    }

    #[inline(never)]
    fn prune(&mut self) {
        let rows = &self.rows;
        // Kept rows stand before newer ones, so places break ties as rows do.
        let best = order(rows.len(), &|x, y| rows[y].score.total_cmp(&rows[x].score));
        self.rows = best.into_iter().take(self.count).map(|at| rows[at]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Numbers;

    #[test]
    fn equals_the_stable_sort_of_the_standard_library() {
        let mut numbers = Numbers::new(20);
        for n in [0, 1, 2, 3, 4, 5, 31, 32, 33, 1000] {
            let keys: Vec<f32> = (0..n).map(|_| libm::roundf(numbers.normal() * 3.0)).collect();
            let mut want: Vec<usize> = (0..n).collect();
            want.sort_by(|&x, &y| keys[x].total_cmp(&keys[y]));
            assert_eq!(order(n, &|x, y| keys[x].total_cmp(&keys[y])), want);
        }
    }

    #[test]
    fn the_best_of_a_stream_are_the_first_of_the_sorted() {
        let mut numbers = Numbers::new(21);
        for (n, count) in [(0, 3), (5, 0), (1000, 7), (100, 1000), (3000, 1)] {
            // Rounded, so that many are equal.
            let scores: Vec<f32> = (0..n).map(|_| libm::roundf(numbers.normal() * 10.0)).collect();
            let mut best = Best::new(count);
            scores.iter().enumerate().for_each(|(row, &score)| best.offer(row, score));
            let sorted = order(n, &|x, y| scores[y].total_cmp(&scores[x]));
            let want: Vec<_> =
                sorted.into_iter().take(count).map(|row| Match { row, score: scores[row] }).collect();
            assert_eq!(best.finish(), want, "{count} of {n}");
        }
    }
}
