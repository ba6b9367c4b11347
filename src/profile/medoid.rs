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
    nearest_members(vectors, partition, &means(vectors, weights, partition))
}

/// The row nearest to the mean of each cluster; `means` are count x dim, row-major. O(n dim).
pub(crate) fn nearest_members(
    vectors: Vectors<'_>,
    partition: &Partition,
    means: &[f64],
) -> Vec<usize> {
    let mut nearest_members = vec![(f64::INFINITY, usize::MAX); partition.count];
    for (row, label) in partition.members() {
        let distance = squared_distance(vectors.row(row), mean(means, label, vectors.dim()));
        if distance < nearest_members[label].0 {
            nearest_members[label] = (distance, row);
        }
    }
    nearest_members.into_iter().map(|(_, row)| row).collect()
}

/// Squared lengths and medoids of the last clustering, for the next one of nearly the same rows:
/// the medoid of a cluster depends only on the vectors and weights of its members.
#[derive(Default)]
pub(crate) struct KnownRows {
    /// Squared length of each row; a prefix of the rows, as new rows have none yet.
    pub(crate) squared_lengths: Vec<f64>,
    /// The cluster of each row; -1 for none.
    labels: Vec<i32>,
    /// (number of rows, medoid row) of each cluster; the medoid is [`UNKNOWN`] after a change.
    clusters: Vec<(usize, usize)>,
}

/// Medoid of a cluster that must be computed.
const UNKNOWN: usize = usize::MAX;

impl KnownRows {
    /// Removes a row; the rows after it move up. O(n).
    pub(crate) fn remove_row(&mut self, row: usize) {
        if row < self.squared_lengths.len() {
            self.squared_lengths.remove(row);
        }
        if row < self.labels.len() {
            self.mark_changed(row);
            self.labels.remove(row);
            for (_, medoid) in &mut self.clusters {
                *medoid -= usize::from(*medoid != UNKNOWN && *medoid > row);
            }
        }
    }

    /// Marks that the weight of a row has changed.
    pub(crate) fn mark_changed(&mut self, row: usize) {
        if let Some(cluster) = self.labels.get(row).and_then(|&x| self.clusters.get_mut(x as usize))
        {
            cluster.1 = UNKNOWN;
        }
    }

    /// Returns [`medoids`] and stores them. The clusters are numbered by first member. O(n), and
    /// O(dim) for each member of a cluster that is not known.
    pub(crate) fn update(
        &mut self,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
        partition: &Partition,
    ) -> Vec<usize> {
        // For each new cluster its number of rows, and the former cluster that all of them come
        // from, or -1.
        let mut origins = vec![(0, -1); partition.count];
        for (row, cluster) in partition.members() {
            let label = self.labels.get(row).copied().unwrap_or(-1);
            let (size, former_label) = &mut origins[cluster];
            *former_label = if *size == 0 || *former_label == label { label } else { -1 };
            *size += 1;
        }
        let known_medoid = |&(size, label): &(usize, i32)| match self.clusters.get(label as usize) {
            Some(&(former_size, medoid)) if former_size == size => medoid,
            _ => UNKNOWN,
        };
        let mut all_medoids: Vec<usize> = origins.iter().map(known_medoid).collect();
        let is_unknown = |label: i32| label >= 0 && all_medoids[label as usize] == UNKNOWN;
        let unknown_labels =
            partition.labels.iter().map(|&label| if is_unknown(label) { label } else { -1 });
        let mut computed =
            medoids(vectors, weights, &Partition::from_labels(unknown_labels)).into_iter();
        for medoid in &mut all_medoids {
            if *medoid == UNKNOWN {
                *medoid = computed.next().unwrap_or(UNKNOWN);
            }
        }
        self.labels.clone_from(&partition.labels);
        self.clusters =
            origins.iter().zip(&all_medoids).map(|(&(size, _), &medoid)| (size, medoid)).collect();
        all_medoids
    }
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
