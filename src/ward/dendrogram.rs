//! The dendrogram of a clustering, and its cuts by height and by count.
//!
//! Ties: merges of equal height are ordered by size, then by lowest row. So the cut into a given
//! number of clusters is unique.

use crate::math::sort::{argsort, ascending_key};
use alloc::{vec, vec::Vec};
use serde::Serialize;

/// A merge of two nodes of the dendrogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Merge {
    /// The smaller node number.
    pub a: usize,
    /// The larger node number.
    pub b: usize,
    /// The Ward height, 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2: a squared distance, the square of
    /// the height that SciPy's `ward` returns.
    pub height: f64,
    /// Number of rows under the new node.
    pub size: usize,
}

/// n - 1 merges of n rows, ascending by height, numbered as in SciPy: rows are nodes 0..n, merge t
/// creates node n + t.
///
/// Merges of equal height are ordered by size, smaller first, and those of equal size by their
/// lowest row. No rows, or one, have no merges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dendrogram {
    rows: usize,
    merges: Vec<Merge>,
}

/// A merge of clusters `a` and `b`, a < b, each identified by its lowest row. Clustering returns
/// steps in the order of its merges, children before parents; [`Dendrogram`] sorts them by height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    pub(crate) a: usize,
    pub(crate) b: usize,
    /// Ward height of the merge.
    pub(crate) height: f64,
}

/// The cluster of each row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Cluster of each row, 0..count, numbered by first member; -1 for a row without a cluster (a
    /// dropped singleton).
    pub labels: Vec<i32>,
    /// Number of clusters.
    pub count: usize,
}

impl Partition {
    /// (row, cluster) of every row that has a cluster, by ascending row.
    pub fn members(&self) -> impl Iterator<Item = (usize, usize)> {
        let to_cluster = |&label: &i32| usize::try_from(label).ok();
        self.labels
            .iter()
            .map(to_cluster)
            .enumerate()
            .filter_map(|(row, label)| Some((row, label?)))
    }

    /// Number of rows in each cluster. O(n).
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        self.members().for_each(|(_, label)| sizes[label] += 1);
        sizes
    }

    /// Renumbers labels by first member; negative labels become -1.
    pub(crate) fn from_labels(labels: impl Iterator<Item = i32>) -> Self {
        let mut labels: Vec<i32> = labels.collect();
        let label_limit = labels.iter().max().map_or(0, |&largest| largest.max(-1) + 1);
        let mut new_labels = vec![-1; label_limit as usize];
        let mut count = 0;
        for label in &mut labels {
            let Some(new_label) = usize::try_from(*label).ok().map(|old| &mut new_labels[old])
            else {
                *label = -1;
                continue;
            };
            if *new_label < 0 {
                *new_label = count;
                count += 1;
            }
            *label = *new_label;
        }
        Self { labels, count: count as usize }
    }

    /// Replaces cluster c by `new_labels[c]`, -1 to drop it; `count` is the number of new clusters.
    pub(crate) fn with_new_labels(&self, new_labels: &[i32], count: usize) -> Self {
        let mut labels = vec![-1; self.labels.len()];
        self.members().for_each(|(row, label)| labels[row] = new_labels[label]);
        Self { labels, count }
    }
}

impl Dendrogram {
    /// Sorts the steps of a chain by height and numbers the nodes. O(n log n).
    pub(crate) fn from_steps(rows: usize, steps: &[Step]) -> Self {
        // Number of rows of each cluster after the steps so far, indexed by its lowest row.
        let mut cluster_size = vec![1; rows];
        let mut step_sizes = Vec::with_capacity(steps.len());
        for step in steps {
            cluster_size[step.a] += cluster_size[step.b];
            step_sizes.push(cluster_size[step.a]);
        }
        // Of merges of equal height the smaller comes first, so a child precedes its parent.
        let heights: Vec<u64> = steps.iter().map(|step| ascending_key(step.height)).collect();
        let step_order = argsort(&heights, &|x, y| {
            step_sizes[x].cmp(&step_sizes[y]).then_with(|| steps[x].a.cmp(&steps[y].a))
        });
        // Node number of each cluster after the merges so far, indexed by its lowest row.
        let mut node_of: Vec<usize> = (0..rows).collect();
        let to_merge = |(t, step): (usize, usize)| {
            let Step { a, b, height } = steps[step];
            let (x, y) = (node_of[a], node_of[b]);
            node_of[a] = rows + t;
            Merge { a: x.min(y), b: x.max(y), height, size: step_sizes[step] }
        };
        let merges = step_order.into_iter().enumerate().map(to_merge).collect();
        Self { rows, merges }
    }

    /// Number of rows clustered.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The merges, ascending by height.
    #[must_use]
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Keeps every merge of height <= `threshold` (PinnerSage, Algorithm 1; SciPy's `fcluster` with
    /// criterion "distance"). `threshold` is a squared distance. O(n).
    #[must_use]
    pub fn cut_at(&self, threshold: f64) -> Partition {
        let kept_count = self.merges.partition_point(|merge| merge.height <= threshold);
        self.partition_by(&|merge| merge < kept_count)
    }

    /// Keeps the lowest merges that leave `count` clusters; `count` is clamped to 1..=rows. O(n).
    #[must_use]
    pub fn cut_into(&self, count: usize) -> Partition {
        let kept_count = self.rows.saturating_sub(count.max(1));
        self.partition_by(&|merge| merge < kept_count)
    }

    /// Returns the clusters that the kept merges form; `is_kept` receives the index of a merge. The
    /// merges below a kept merge must be kept. O(n).
    pub(crate) fn partition_by(&self, is_kept: &dyn Fn(usize) -> bool) -> Partition {
        // For each node the topmost node above it that kept merges lead to, from the last merge
        // down, because parents follow their children.
        let mut top_nodes: Vec<i32> = (0..(self.rows + self.merges.len()) as i32).collect();
        for (t, merge) in self.merges.iter().enumerate().rev().filter(|(t, _)| is_kept(*t)) {
            let top_node = top_nodes[self.rows + t];
            top_nodes[merge.a] = top_node;
            top_nodes[merge.b] = top_node;
        }
        top_nodes.truncate(self.rows);
        Partition::from_labels(top_nodes.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_from_tuples(tuples: &[(usize, usize, f64)]) -> Vec<Step> {
        tuples.iter().map(|&(a, b, height)| Step { a, b, height }).collect()
    }

    #[test]
    fn merges_are_sorted_and_numbered_like_scipy() {
        let tree =
            Dendrogram::from_steps(4, &steps_from_tuples(&[(2, 3, 4.0), (0, 1, 1.0), (0, 2, 9.0)]));
        let as_tuples: Vec<_> =
            tree.merges().iter().map(|m| (m.a, m.b, m.height, m.size)).collect();
        assert_eq!(as_tuples, [(0, 1, 1.0, 2), (2, 3, 4.0, 2), (4, 5, 9.0, 4)]);
    }

    #[test]
    fn cut_at_keeps_merges_up_to_and_including_the_threshold() {
        let tree =
            Dendrogram::from_steps(4, &steps_from_tuples(&[(2, 3, 4.0), (0, 1, 1.0), (0, 2, 9.0)]));
        assert_eq!(tree.cut_at(0.5).count, 4);
        assert_eq!(tree.cut_at(1.0).labels, [0, 0, 1, 2]);
        assert_eq!(tree.cut_at(8.9).labels, [0, 0, 1, 1]);
        assert_eq!(tree.cut_at(9.0).count, 1);
    }

    #[test]
    fn a_count_is_clamped_to_one_and_n() {
        let tree = Dendrogram::from_steps(3, &steps_from_tuples(&[(0, 2, 1.0), (0, 1, 2.0)]));
        for (requested_count, expected_count) in [(0, 1), (1, 1), (2, 2), (3, 3), (9, 3)] {
            assert_eq!(tree.cut_into(requested_count).count, expected_count);
        }
        assert_eq!(tree.cut_into(2).labels, [0, 1, 0]);
    }

    #[test]
    fn no_rows_and_one_row_have_trees_without_merges() {
        assert_eq!(Dendrogram::from_steps(0, &[]).cut_at(1.0).count, 0);
        let single_row = Dendrogram::from_steps(1, &[]).cut_into(5);
        assert_eq!((single_row.count, single_row.labels), (1, vec![0]));
    }
}
