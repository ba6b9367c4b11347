//! Means and medoids of clusters (PinnerSage, Eq. 2).
//!
//! Ties: of equally near members the lowest row is the medoid.

use crate::Vectors;
use crate::math::distance::{add_scaled, squared_distance};
use crate::ward::dendrogram::Partition;
use alloc::{vec, vec::Vec};

/// The medoid of each cluster: the member with the least weighted sum of squared distances to the
/// members (PinnerSage, Eq. 2). Of ties the lowest row.
///
/// For squared Euclidean distance, sum_j w_j ||x_m - x_j||^2 = W ||x_m - c||^2 + constant, where c
/// is the weighted mean and W the total weight. So the medoid is the member nearest to the mean:
/// O(n dim) instead of O(n^2 dim).
///
/// `weights` are one per row, or `None` for 1 each. Returns the row of each cluster's medoid, none
/// if there are no clusters. Computed in `f64`.
///
/// # Panics
/// If `partition` or `weights` has not one entry for each row.
#[must_use]
pub fn medoids(vectors: Vectors<'_>, weights: Option<&[f64]>, partition: &Partition) -> Vec<usize> {
    let means = means(vectors, weights, partition);
    let mut nearest_members = vec![(f64::INFINITY, usize::MAX); partition.count];
    for (row, label) in partition.members() {
        let distance = squared_distance(vectors.row(row), mean(&means, label, vectors.dim()));
        if distance < nearest_members[label].0 {
            nearest_members[label] = (distance, row);
        }
    }
    nearest_members.into_iter().map(|(_, row)| row).collect()
}

/// Weighted mean of each cluster: count x dim, row-major.
pub(crate) fn means(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    partition: &Partition,
) -> Vec<f64> {
    let dim = vectors.dim();
    let mut means = vec![0.0; partition.count * dim];
    let mut cluster_weights = vec![0.0; partition.count];
    for (row, label) in partition.members() {
        let weight = weights.map_or(1.0, |weights| weights[row]);
        cluster_weights[label] += weight;
        add_scaled(&mut means[label * dim..(label + 1) * dim], vectors.row(row), weight);
    }
    for (sums, cluster_weight) in means.chunks_exact_mut(dim).zip(cluster_weights) {
        sums.iter_mut().for_each(|sum| *sum /= cluster_weight);
    }
    means
}

/// The mean of one cluster, from [`means`].
pub(crate) fn mean(means: &[f64], label: usize, dim: usize) -> &[f64] {
    &means[label * dim..(label + 1) * dim]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_cluster(n: usize) -> Partition {
        Partition { labels: vec![0; n], count: usize::from(n > 0) }
    }

    #[test]
    fn a_pair_is_represented_by_its_first_row() {
        let vectors = Vectors::new(&[0.1, 0.7, 0.3, 0.2], 2).unwrap();
        assert_eq!(medoids(vectors, None, &one_cluster(2)), [0]);
    }

    #[test]
    fn weights_move_the_medoid() {
        let vectors = Vectors::new(&[0.0, 1.0, 2.0, 10.0], 1).unwrap();
        assert_eq!(medoids(vectors, None, &one_cluster(4)), [2]);
        let weights = [1.0, 1.0, 1.0, 100.0];
        assert_eq!(medoids(vectors, Some(&weights), &one_cluster(4)), [3]);
    }

    #[test]
    fn no_rows_have_no_medoids() {
        let no_vectors = Vectors::new(&[], 2).unwrap();
        assert!(medoids(no_vectors, None, &one_cluster(0)).is_empty());
    }
}
