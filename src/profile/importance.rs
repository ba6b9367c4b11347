//! Importance: the share of each interest in the time-decayed weight of all actions (PinnerSage,
//! Eq. 3).

use crate::math::simd::{max, min};
use crate::ward::dendrogram::Partition;
use alloc::{vec, vec::Vec};

/// Milliseconds in a day.
const DAY_MS: f64 = 86_400_000.0;

/// The share of each cluster in the time-decayed weight of all actions (PinnerSage, Eq. 3); the
/// shares sum to 1.
///
/// importance(C) is proportional to the sum over the members i of C of w_i exp(-lambda age_i), with
/// ages in days and `lambda` per day, at least 0. `at`, the time of each row, and `now` are
/// milliseconds since the epoch; an action after `now` has age 0. `weights` has the weight of each
/// row.
///
/// Ages are counted from the youngest action: the shares are the same, and those of a very old
/// history do not become 0 / 0.
///
/// O(n). Returns `partition.count` shares, none if there are no rows. The exponential is that of
/// `libm`, so every runtime returns the same bits.
///
/// # Panics
/// If `at` or `weights` has fewer entries than the partition has rows.
#[must_use]
pub fn importance(
    at: &[f64],
    weights: &[f64],
    partition: &Partition,
    now: f64,
    lambda: f64,
) -> Vec<f64> {
    let ages = partition.members().map(|(row, _)| age_in_days(now, at[row]));
    let youngest_age = ages.fold(f64::INFINITY, min);
    let mut shares = vec![0.0; partition.count];
    for (row, label) in partition.members() {
        shares[label] += decayed(weights[row], age_in_days(now, at[row]) - youngest_age, lambda);
    }
    let total_weight: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total_weight);
    shares
}

/// The weight of each row, decayed by `decay` per day of age relative to the youngest member of its
/// cluster, so that the weights of no cluster are all 0. Rows of no cluster keep theirs. O(n).
pub(crate) fn recency_weights(
    at: &[f64],
    weights: &[f64],
    partition: &Partition,
    now: f64,
    decay: f64,
) -> Vec<f64> {
    let mut youngest_ages = vec![f64::INFINITY; partition.count];
    for (row, label) in partition.members() {
        youngest_ages[label] = min(youngest_ages[label], age_in_days(now, at[row]));
    }
    let mut decayed_weights = weights.to_vec();
    for (row, label) in partition.members() {
        let age = age_in_days(now, at[row]) - youngest_ages[label];
        decayed_weights[row] = decayed(weights[row], age, decay);
    }
    decayed_weights
}

/// Age in days at `now`; 0 for a time after it.
fn age_in_days(now: f64, at: f64) -> f64 {
    max(now - at, 0.0) / DAY_MS
}

/// The weight of an action after `days` of decay.
fn decayed(weight: f64, days: f64, decay_per_day: f64) -> f64 {
    weight * libm::exp(-decay_per_day * days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_clusters() -> Partition {
        Partition { labels: vec![0, 1], count: 2 }
    }

    #[test]
    fn an_action_one_half_life_older_counts_half() {
        let lambda = core::f64::consts::LN_2 / 7.0;
        let shares =
            importance(&[0.0, 7.0 * DAY_MS], &[1.0, 1.0], &two_clusters(), 30.0 * DAY_MS, lambda);
        assert!((shares[1] / shares[0] - 2.0).abs() < 1e-12);
        assert!((shares[0] + shares[1] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn without_decay_importance_is_frequency() {
        let partition = Partition { labels: vec![0, 1, 0], count: 2 };
        let shares = importance(&[0.0, 5.0, 9.0], &[1.0, 1.0, 2.0], &partition, 10.0, 0.0);
        assert_eq!(shares, [0.75, 0.25]);
    }

    #[test]
    fn a_very_old_history_has_finite_shares() {
        let shares = importance(&[0.0, 0.0], &[1.0, 3.0], &two_clusters(), 1e6 * DAY_MS, 1.0);
        assert_eq!(shares, [0.25, 0.75]);
    }

    #[test]
    fn an_action_after_now_has_age_zero() {
        let shares = importance(
            &[50.0 * DAY_MS, 10.0 * DAY_MS],
            &[1.0; 2],
            &two_clusters(),
            10.0 * DAY_MS,
            1.0,
        );
        assert_eq!(shares, [0.5, 0.5]);
    }
}
