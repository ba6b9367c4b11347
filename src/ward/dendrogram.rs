//! The tree that a clustering leaves behind, and the ways to cut it.

use crate::math::sort::{argsort, ascending_key};
use alloc::{vec, vec::Vec};
use serde::Serialize;

/// One union of two clusters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Merge {
    /// The smaller of the two node numbers.
    pub a: usize,
    /// The larger of the two node numbers.
    pub b: usize,
    /// The Ward height: 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2, the square of SciPy's `ward` height.
    pub height: f64,
    /// Rows under this node.
    pub size: usize,
}

/// n - 1 merges of n rows, ascending by height, in SciPy's numbering: rows are nodes 0..n, merge t makes node n + t.
///
/// Heights never decrease. Of equal height the smaller node comes first, and of equal size the one with the lowest row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dendrogram {
    rows: usize,
    merges: Vec<Merge>,
}

/// A merge as it is found: two clusters, each named by its lowest row, the lower of both first, children always before parents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) height: f64,
}

/// Which cluster each row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Cluster of each row, 0..count, numbered by first member; -1 where a singleton was dropped.
    pub labels: Vec<i32>,
    /// Number of clusters.
    pub count: usize,
}

impl Partition {
    /// The rows that belong to a cluster, each with its cluster, in the order of the rows.
    pub fn members(&self) -> impl Iterator<Item = (usize, usize)> {
        let label = |&label: &i32| usize::try_from(label).ok();
        self.labels.iter().map(label).enumerate().filter_map(|(row, label)| Some((row, label?)))
    }

    /// Number of rows in each cluster.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        self.members().for_each(|(_, label)| sizes[label] += 1);
        sizes
    }

    /// The partition with these labels, negative ones as -1 and the others numbered by first member.
    pub(crate) fn numbered(labels: impl Iterator<Item = i32>) -> Self {
        let mut labels: Vec<i32> = labels.collect();
        let most = labels.iter().max().map_or(0, |&most| most.max(-1) + 1);
        let mut names = vec![-1; most as usize];
        let mut count = 0;
        for label in &mut labels {
            let Some(name) = usize::try_from(*label).ok().map(|label| &mut names[label]) else {
                *label = -1;
                continue;
            };
            if *name < 0 {
                *name = count;
                count += 1;
            }
            *label = *name;
        }
        Self { labels, count: count as usize }
    }

    /// The clusters under new names, -1 to drop one; `count` is the number of names.
    pub(crate) fn renamed(&self, names: &[i32], count: usize) -> Self {
        let mut labels = vec![-1; self.labels.len()];
        self.members().for_each(|(row, label)| labels[row] = names[label]);
        Self { labels, count }
    }
}

impl Dendrogram {
    /// Sorts the steps of a chain by height and numbers them. O(n log n).
    pub(crate) fn from_steps(rows: usize, steps: &[Step]) -> Self {
        // Of the tree whose lowest row this is.
        let mut size = vec![1; rows];
        let mut sizes = Vec::with_capacity(steps.len());
        for step in steps {
            size[step.a] += size[step.b];
            sizes.push(size[step.a]);
        }
        // A child is smaller than its parent.
        let heights: Vec<u64> = steps.iter().map(|step| ascending_key(step.height)).collect();
        let ascending = argsort(&heights, &|x, y| {
            sizes[x].cmp(&sizes[y]).then_with(|| steps[x].a.cmp(&steps[y].a))
        });
        let mut node: Vec<usize> = (0..rows).collect();
        let merge = |(t, step): (usize, usize)| {
            let Step { a, b, height } = steps[step];
            let (x, y) = (node[a], node[b]);
            node[a] = rows + t;
            Merge { a: x.min(y), b: x.max(y), height, size: sizes[step] }
        };
        let merges = ascending.into_iter().enumerate().map(merge).collect();
        Self { rows, merges }
    }

    /// Number of rows that were clustered.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The merges, ascending by height.
    #[must_use]
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Keeps every merge of height <= `threshold` (PinnerSage, Algorithm 1; what SciPy's `fcluster` does by distance).
    #[must_use]
    pub fn cut_at(&self, threshold: f64) -> Partition {
        self.keep(self.merges.partition_point(|merge| merge.height <= threshold))
    }

    /// Keeps the lowest merges that leave `count` clusters, at least one and at most one a row.
    #[must_use]
    pub fn cut_into(&self, count: usize) -> Partition {
        self.keep(self.rows.saturating_sub(count.max(1)))
    }

    /// The partition made by the first `kept` merges. O(n).
    fn keep(&self, kept: usize) -> Partition {
        let mut forest = Forest::new(self.rows + kept);
        for (t, merge) in self.merges[..kept].iter().enumerate() {
            let joined = forest.join(merge.a, merge.b);
            forest.join(joined, self.rows + t);
        }
        Partition::numbered((0..self.rows).map(|row| forest.root(row) as i32))
    }
}

/// Disjoint sets, joined by root (union-find with path halving).
struct Forest {
    parent: Vec<usize>,
}

impl Forest {
    fn new(n: usize) -> Self {
        Self { parent: (0..n).collect() }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    /// Joins the sets of `x` and `y`; returns the root of both.
    fn join(&mut self, x: usize, y: usize) -> usize {
        let (x, y) = (self.root(x), self.root(y));
        let (root, below) = (x.min(y), x.max(y));
        self.parent[below] = root;
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(steps: &[(usize, usize, f64)]) -> Vec<Step> {
        steps.iter().map(|&(a, b, height)| Step { a, b, height }).collect()
    }

    #[test]
    fn merges_are_sorted_and_numbered_like_scipy() {
        let tree = Dendrogram::from_steps(4, &chain(&[(2, 3, 4.0), (0, 1, 1.0), (0, 2, 9.0)]));
        let as_tuples: Vec<_> =
            tree.merges().iter().map(|m| (m.a, m.b, m.height, m.size)).collect();
        assert_eq!(as_tuples, [(0, 1, 1.0, 2), (2, 3, 4.0, 2), (4, 5, 9.0, 4)]);
    }

    #[test]
    fn a_threshold_keeps_merges_up_to_and_including_it() {
        let tree = Dendrogram::from_steps(4, &chain(&[(2, 3, 4.0), (0, 1, 1.0), (0, 2, 9.0)]));
        assert_eq!(tree.cut_at(0.5).count, 4);
        assert_eq!(tree.cut_at(1.0).labels, [0, 0, 1, 2]);
        assert_eq!(tree.cut_at(8.9).labels, [0, 0, 1, 1]);
        assert_eq!(tree.cut_at(9.0).count, 1);
    }

    #[test]
    fn a_count_is_met_exactly_within_one_and_n() {
        let tree = Dendrogram::from_steps(3, &chain(&[(0, 2, 1.0), (0, 1, 2.0)]));
        for (asked, got) in [(0, 1), (1, 1), (2, 2), (3, 3), (9, 3)] {
            assert_eq!(tree.cut_into(asked).count, got);
        }
        assert_eq!(tree.cut_into(2).labels, [0, 1, 0]);
    }

    #[test]
    fn no_rows_and_one_row_have_trees_without_merges() {
        assert_eq!(Dendrogram::from_steps(0, &[]).cut_at(1.0).count, 0);
        let one = Dendrogram::from_steps(1, &[]).cut_into(5);
        assert_eq!((one.count, one.labels), (1, vec![0]));
    }
}
