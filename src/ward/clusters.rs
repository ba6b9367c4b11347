//! The clusters of a run: exact means in `f64`, weights, and the cluster into which each was
//! merged.

use crate::Vectors;
use crate::math::distance::{interpolate, interpolate_into_second, move_towards, squared_distance};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// All clusters of a run, live or merged. The number of a cluster is its lowest row; a cluster is
/// live until it is merged into one of a lower number.
pub(crate) struct Clusters<'a> {
    /// Vector of each row.
    vectors: Vectors<'a>,
    /// Means of clusters of several rows, row-major. At most one for every two rows: a merge
    /// overwrites the mean of one of its parts, if a part has one.
    means: Vec<f64>,
    /// Row of `means` that has the mean of each cluster; [`NO_MEAN`] for a cluster of one row.
    mean_index: Vec<u32>,
    /// Rows of `means` that may be overwritten, because their clusters were merged into others.
    free_mean_rows: Vec<u32>,
    /// Weight of each cluster.
    pub(crate) weights: Vec<f64>,
    /// Union-find parent; a live cluster is its own parent.
    parent: Vec<u32>,
    /// Number of merges of clusters so far.
    pub(crate) merge_count: u32,
}

/// `mean_index` of a cluster of one row, whose mean is its vector.
const NO_MEAN: u32 = u32::MAX;

impl<'a> Clusters<'a> {
    /// Creates one cluster for each row of `vectors`.
    pub(crate) fn new(vectors: Vectors<'a>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        Self {
            vectors,
            means: Vec::with_capacity(n / 2 * vectors.dim()),
            mean_index: vec![NO_MEAN; n],
            free_mean_rows: Vec::new(),
            weights,
            parent: (0..n as u32).collect(),
            merge_count: 0,
        }
    }

    /// Number of live clusters.
    pub(crate) fn live_count(&self) -> usize {
        self.weights.len() - self.merge_count as usize
    }

    /// The vector of the row that the cluster is numbered by: the mean of a cluster of one row.
    pub(crate) fn row(&self, cluster: usize) -> &'a [f32] {
        self.vectors.row(cluster)
    }

    /// The mean of a cluster of several rows; `None` for a cluster of one row.
    pub(crate) fn mean(&self, cluster: usize) -> Option<&[f64]> {
        self.mean_range(cluster).map(|index| &self.means[index])
    }

    /// Range in `means` of the mean of a cluster of several rows; `None` for a cluster of one row.
    fn mean_range(&self, cluster: usize) -> Option<Range<usize>> {
        let (index, dim) = (self.mean_index[cluster], self.vectors.dim());
        (index != NO_MEAN).then(|| index as usize * dim..(index as usize + 1) * dim)
    }

    /// Whether the cluster has not been merged into another.
    pub(crate) fn is_live(&self, cluster: usize) -> bool {
        self.parent[cluster] == cluster as u32
    }

    /// The live cluster that contains `cluster`. Path halving; O(1) amortised in practice.
    pub(crate) fn root_of(&mut self, cluster: u32) -> usize {
        let mut cluster = cluster as usize;
        while !self.is_live(cluster) {
            let parent = self.parent[cluster];
            self.parent[cluster] = self.parent[parent as usize];
            cluster = parent as usize;
        }
        cluster
    }

    /// Computes Ward's distance, 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2, in `f64`. Symmetric to the
    /// bit. O(dim).
    pub(crate) fn distance(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.weights[a], self.weights[b]);
        let squared = match (self.mean(a), self.mean(b)) {
            (None, None) => squared_distance(self.row(a), self.row(b)),
            (None, Some(y)) => squared_distance(self.row(a), y),
            (Some(x), None) => squared_distance(self.row(b), x),
            (Some(x), Some(y)) => squared_distance(x, y),
        };
        2.0 * (w * v) / (w + v) * squared
    }

    /// Merges cluster `b` into cluster `a`, a < b. O(dim).
    pub(crate) fn merge(&mut self, a: usize, b: usize) {
        self.merge_count += 1;
        self.parent[b] = a as u32;
        let weight = self.weights[a] + self.weights[b];
        let fraction = self.weights[b] / weight;
        self.weights[a] = weight;
        let (x, y, dim) = (self.row(a), self.row(b), self.vectors.dim());
        match (self.mean_range(a), self.mean_range(b)) {
            (None, None) => {
                let end = self.means.len();
                self.mean_index[a] = self.free_mean_rows.pop().unwrap_or((end / dim) as u32);
                let start = self.mean_index[a] as usize * dim;
                if start == end {
                    self.means.resize(end + dim, 0.0);
                }
                interpolate(x, y, fraction, &mut self.means[start..start + dim]);
            }
            (None, Some(y)) => {
                self.mean_index[a] = self.mean_index[b];
                interpolate_into_second(x, fraction, &mut self.means[y]);
            }
            (Some(x), None) => move_towards(&mut self.means[x], y, fraction),
            (Some(x), Some(y)) => {
                if let Ok([x, y]) = self.means.get_disjoint_mut([x, y]) {
                    move_towards(x, y, fraction);
                }
                self.free_mean_rows.push(self.mean_index[b]);
            }
        }
    }
}
