//! The only sort of the crate: a stable merge sort that returns a permutation. (The standard
//! library's sort was measured to add 5 KB to the wasm file.)

use alloc::vec::Vec;
use core::cmp::Ordering;

/// The indices of `keys` in ascending order of their keys. Equal keys are ordered by `tie_break`,
/// and where that returns `Equal`, by index. Bottom-up merge sort, O(n log n).
pub(crate) fn argsort(keys: &[u64], tie_break: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    // (key, index), in sorted runs of `run_len` entries.
    let mut entries: Vec<(u64, usize)> = keys.iter().copied().zip(0..).collect();
    let mut merged_entries = Vec::with_capacity(entries.len());
    let is_sorted = entries.is_sorted_by(|x, y| are_in_order(x, y, tie_break));
    let mut run_len = if is_sorted { entries.len() } else { 1 };
    while run_len < entries.len() {
        for two_runs in entries.chunks(2 * run_len) {
            merge(two_runs, run_len, &mut merged_entries, tie_break);
        }
        core::mem::swap(&mut entries, &mut merged_entries);
        merged_entries.clear();
        run_len *= 2;
    }
    entries.into_iter().map(|(_, index)| index).collect()
}

/// The tie-break for [`argsort`] that orders equal keys by index.
pub(crate) fn no_tie_break(_: usize, _: usize) -> Ordering {
    Ordering::Equal
}

/// A sort key whose unsigned order is the order of `f64::total_cmp`.
#[inline(always)]
pub(crate) fn ascending_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

/// A sort key whose unsigned order is the reverse of `f64::total_cmp`.
#[inline(always)]
pub(crate) fn descending_key(value: f64) -> u64 {
    !ascending_key(value)
}

fn are_in_order(
    x: &(u64, usize),
    y: &(u64, usize),
    tie_break: &dyn Fn(usize, usize) -> Ordering,
) -> bool {
    x.0 < y.0 || (x.0 == y.0 && tie_break(x.1, y.1).is_le())
}

/// Merges the two sorted runs in `two_runs`, the first of which has `run_len` entries, and appends
/// the result to `merged_entries`.
// Never inlined: wasm runtimes optimise whole functions, and small ones that are called often
// first.
#[inline(never)]
fn merge(
    two_runs: &[(u64, usize)],
    run_len: usize,
    merged_entries: &mut Vec<(u64, usize)>,
    tie_break: &dyn Fn(usize, usize) -> Ordering,
) {
    let (mut left_run, mut right_run) = two_runs.split_at(run_len.min(two_runs.len()));
    // If the last entry of the left run and the first of the right are in order, so are all.
    if let (Some(last), Some(first)) = (left_run.last(), right_run.first())
        && are_in_order(last, first, tie_break)
    {
        return merged_entries.extend_from_slice(two_runs);
    }
    while let (Some((x, left_rest)), Some((y, right_rest))) =
        (left_run.split_first(), right_run.split_first())
    {
        if are_in_order(x, y, tie_break) {
            merged_entries.push(*x);
            left_run = left_rest;
        } else {
            merged_entries.push(*y);
            right_run = right_rest;
        }
    }
    merged_entries.extend_from_slice(left_run);
    merged_entries.extend_from_slice(right_run);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    #[test]
    fn equals_the_stable_sort_of_the_standard_library() {
        let mut random = SeededNumbers::new(20);
        for n in [0, 1, 2, 3, 4, 5, 31, 32, 33, 1000] {
            let values: Vec<f32> = (0..n).map(|_| libm::roundf(random.normal() * 3.0)).collect();
            let tie_values: Vec<f32> = (0..n).map(|_| libm::roundf(random.normal())).collect();
            let sorted_rows = |compare: &dyn Fn(usize, usize) -> Ordering| {
                let mut rows: Vec<usize> = (0..n).collect();
                rows.sort_by(|&x, &y| compare(x, y));
                rows
            };
            let keys: Vec<u64> = values.iter().map(|&x| ascending_key(x.into())).collect();
            assert_eq!(
                argsort(&keys, &no_tie_break),
                sorted_rows(&|x, y| values[x].total_cmp(&values[y]))
            );
            let keys: Vec<u64> = values.iter().map(|&x| descending_key(x.into())).collect();
            let compare_ties = |x: usize, y: usize| tie_values[x].total_cmp(&tie_values[y]);
            assert_eq!(
                argsort(&keys, &compare_ties),
                sorted_rows(&|x, y| values[y].total_cmp(&values[x]).then(compare_ties(x, y)))
            );
        }
    }
}
