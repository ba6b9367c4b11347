//! The shown cut: as many interests as the tree has merges of unlike halves, and one more
//! (docs/decisions/0036-shown-cut-counts-unlike-merges.md).

use crate::Vectors;
use crate::math::distance::squared_distance;
use crate::math::simd::max;
use crate::math::sort::{argsort, descending_key};
use crate::ward::dendrogram::{Dendrogram, Partition};
use alloc::{vec, vec::Vec};

/// Spread that unit vectors without a catalogue are assumed to have, and the largest that
/// [`Cut::Auto`](crate::Cut::Auto) uses: two single actions of a cosine below 0.4 are then
/// two interests, as `PAIR_BOUND * NOMINAL_SPREAD` is 1.185, a cosine of 0.407.
const NOMINAL_SPREAD: f64 = 1.69;
/// A merge counts as unlike by a share that rises from 0 to 1 while its mean squared distance rises
/// from 1 - `HALF_RAMP` to 1 + `HALF_RAMP` times its bound. Without the ramp, one action that moves
/// several merges across their bounds would change the number of interests by as many.
const HALF_RAMP: f64 = 0.3;
/// The sum of the shares is rounded up if its fraction is at least this. Below a half: the shares
/// of several clear merges, each a little below 1, would otherwise add up to one merge fewer.
const LEAST_SHARE: f64 = 0.25;
/// The squared distance, in spreads, from which two single rows are two clusters: 0.701.
const PAIR_BOUND: f64 = UNLIKENESS_OF_TWO * (1.0 + HALF_RAMP * (2.0 * LEAST_SHARE - 1.0));
/// [`unlikeness_bound`] of two different rows, rounded.
const UNLIKENESS_OF_TWO: f64 = 0.825;

/// The bound of a merge with `items` different rows: the mean squared distance of its two halves,
/// in spreads, at which it counts as unlike by a half. 0.825 for two rows, up to 0.9 for many.
fn unlikeness_bound(items: f64) -> f64 {
    0.9 - 0.15 / items
}

/// The squared distance below which two single rows are one cluster, from the catalogue's spread if
/// there is one. O(n dim).
///
/// `squared_lengths` are those of the first rows; the others are appended.
pub(super) fn threshold(
    spread: Option<f64>,
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    squared_lengths: &mut Vec<f64>,
) -> f64 {
    let nominal_spread = NOMINAL_SPREAD * mean_squared_length(vectors, weights, squared_lengths);
    PAIR_BOUND * spread.unwrap_or(f64::INFINITY).min(nominal_spread)
}

/// Weighted mean of the squared lengths of the rows; NaN without rows. O(n dim).
fn mean_squared_length(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    squared_lengths: &mut Vec<f64>,
) -> f64 {
    let origin = vec![0.0f32; vectors.dim()];
    let new_rows = vectors.rows().skip(squared_lengths.len());
    squared_lengths.extend(new_rows.map(|x| squared_distance(x, &origin)));
    let (mut sum, mut total_weight) = (0.0, 0.0);
    for (row, squared_length) in squared_lengths.iter().enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[row]);
        sum += weight * squared_length;
        total_weight += weight;
    }
    sum / total_weight
}

/// A node of the tree: a row, or all rows below a merge.
#[derive(Clone, Copy)]
struct Branch {
    /// Number of different rows.
    items: f64,
    weight: f64,
    /// Weighted sum of squared distances to the mean.
    inertia: f64,
    /// `inertia` by `weight`: the mean squared distance to the mean.
    spread: f64,
    /// Largest unlikeness of the merges up to this node, in bounds.
    unlikeness: f64,
}

/// The partition of [`Cut::Auto`](crate::Cut::Auto). The unlikeness of a merge is the mean squared
/// distance between the rows of its two halves, in units of its bound. The partition has one
/// cluster more than there are unlike merges (their shares added, rounded), and undoes as many
/// merges, the least alike first. `threshold` is that of [`threshold`]. O(n log n).
// Never inlined: not hot, and kept out of the function that chooses the rule.
#[inline(never)]
pub(super) fn split(tree: &Dendrogram, weights: Option<&[f64]>, threshold: f64) -> Partition {
    let rows = tree.rows();
    // Equal rows have distance 0: a scale above 0 makes their unlikeness 0 if it is undefined.
    let scale = (threshold / PAIR_BOUND).max(f64::MIN_POSITIVE);
    let mut branches: Vec<Branch> = Vec::with_capacity(rows);
    let branch = |branches: &[Branch], node: usize| match node.checked_sub(rows) {
        Some(merge) => branches[merge],
        None => Branch {
            items: 1.0,
            weight: weights.map_or(1.0, |weights| weights[node]),
            inertia: 0.0,
            spread: 0.0,
            unlikeness: 0.0,
        },
    };
    let mut unlike_count = 0.0;
    // Merges without a share are kept; those with one are at least as many as are undone.
    let mut candidates = Vec::new();
    for (t, merge) in tree.merges().iter().enumerate() {
        let [a, b] = [merge.a, merge.b].map(|node| branch(&branches, node));
        let weight = a.weight + b.weight;
        // Repeated rows are one item, so that a weight equals repeated actions.
        let items = if merge.height > 0.0 { a.items + b.items } else { 1.0 };
        let distance_of_means = merge.height * weight / (2.0 * a.weight * b.weight);
        let mean_distance = distance_of_means + a.spread + b.spread;
        let own_unlikeness = mean_distance / (scale * unlikeness_bound(items));
        let unlikeness = max(own_unlikeness, max(a.unlikeness, b.unlikeness));
        if unlikeness > 1.0 - HALF_RAMP {
            unlike_count +=
                ((own_unlikeness - (1.0 - HALF_RAMP)) / (2.0 * HALF_RAMP)).clamp(0.0, 1.0);
            candidates.push(t);
        }
        let inertia = a.inertia + b.inertia + merge.height / 2.0;
        branches.push(Branch { items, weight, inertia, spread: inertia / weight, unlikeness });
    }
    let keys: Vec<u64> =
        candidates.iter().map(|&merge| descending_key(branches[merge].unlikeness)).collect();
    // A merge is at least as unlike as those below it; of equals the last, which no other contains,
    // comes first. So the merges below a kept merge are kept.
    let order = argsort(&keys, &|x, y| y.cmp(&x));
    let mut is_kept = vec![true; branches.len()];
    for &index in order.iter().take((unlike_count + (1.0 - LEAST_SHARE)) as usize) {
        is_kept[candidates[index]] = false;
    }
    tree.partition_by(&|merge| is_kept[merge])
}
