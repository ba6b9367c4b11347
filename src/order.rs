//! Sorting rows. One small sort, shared by everything that orders anything: the standard library's would cost the browser 5 KB
//! wherever it is used.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// The places of these keys in their order; of equal keys in the order of `ties`, and where that knows none, the lowest first. A merge sort,
/// bottom up. O(n log n).
pub(crate) fn order(keys: &[u64], ties: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut rows: Vec<(u64, usize)> = keys.iter().copied().zip(0..).collect();
    let mut merged = Vec::with_capacity(rows.len());
    let mut run = 1;
    while run < rows.len() {
        for pair in rows.chunks(2 * run) {
            merge(pair, run, &mut merged, ties);
        }
        core::mem::swap(&mut rows, &mut merged);
        merged.clear();
        run *= 2;
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// For [`order`], by which nothing else is ordered.
pub(crate) fn no_ties(_: usize, _: usize) -> Ordering {
    Ordering::Equal
}

/// A key that is in the order of the numbers, as `total_cmp` has it.
#[inline(always)]
pub(crate) fn ascending(number: f64) -> u64 {
    let bits = number.to_bits();
    if number.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

/// The other way round.
#[inline(always)]
pub(crate) fn descending(number: f64) -> u64 {
    !ascending(number)
}

/// Merges the two runs of a pair. A function of its own, because engines compile well what is called often.
#[inline(never)]
fn merge(
    pair: &[(u64, usize)],
    run: usize,
    merged: &mut Vec<(u64, usize)>,
    ties: &dyn Fn(usize, usize) -> Ordering,
) {
    let in_order =
        |x: &(u64, usize), y: &(u64, usize)| x.0 < y.0 || (x.0 == y.0 && ties(x.1, y.1).is_le());
    let (mut left, mut right) = pair.split_at(run.min(pair.len()));
    // What is in order need not be compared further.
    if let (Some(last), Some(first)) = (left.last(), right.first())
        && in_order(last, first)
    {
        return merged.extend_from_slice(pair);
    }
    while let (Some((x, rest)), Some((y, others))) = (left.split_first(), right.split_first()) {
        if in_order(x, y) {
            merged.push(*x);
            left = rest;
        } else {
            merged.push(*y);
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
    fn equals_the_stable_sort_of_the_standard_library() {
        let mut numbers = Numbers::new(20);
        for n in [0, 1, 2, 3, 4, 5, 31, 32, 33, 1000] {
            let rows: Vec<f32> = (0..n).map(|_| libm::roundf(numbers.normal() * 3.0)).collect();
            let ties: Vec<f32> = (0..n).map(|_| libm::roundf(numbers.normal())).collect();
            let sorted = |compare: &dyn Fn(usize, usize) -> Ordering| {
                let mut rows: Vec<usize> = (0..n).collect();
                rows.sort_by(|&x, &y| compare(x, y));
                rows
            };
            let keys: Vec<u64> = rows.iter().map(|&x| ascending(x.into())).collect();
            assert_eq!(order(&keys, &no_ties), sorted(&|x, y| rows[x].total_cmp(&rows[y])));
            let keys: Vec<u64> = rows.iter().map(|&x| descending(x.into())).collect();
            let tied = |x: usize, y: usize| ties[x].total_cmp(&ties[y]);
            assert_eq!(
                order(&keys, &tied),
                sorted(&|x, y| rows[y].total_cmp(&rows[x]).then(tied(x, y)))
            );
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
            let keys: Vec<u64> = scores.iter().map(|&score| descending(score.into())).collect();
            let sorted = order(&keys, &no_ties);
            let want: Vec<_> = sorted
                .into_iter()
                .take(count)
                .map(|row| Match { row, score: scores[row] })
                .collect();
            assert_eq!(best.finish(), want, "{count} of {n}");
        }
    }
}
