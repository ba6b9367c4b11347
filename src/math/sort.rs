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
}
