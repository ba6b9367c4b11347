//! The live clusters, exactly: their means, their weights, and which cluster each has been merged
//! into.

use crate::Vectors;
use crate::math::distance::{interpolate, interpolate_into_second, move_towards, squared_distance};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// A cluster is identified by its lowest row.
pub(crate) struct Clusters<'a> {
    /// The vectors of single rows.
    vectors: Vectors<'a>,
    /// Means of merged clusters, one after the other. At most half as many as rows: a merge reuses
    /// the mean of a part, if there is one.
    means: Vec<f64>,
    /// Index in `means` of each cluster's mean; [`NO_MEAN`] for a single row.
    mean_index: Vec<u32>,
    /// Indices in `means` that are free again.
    free_means: Vec<u32>,
    pub(crate) weights: Vec<f64>,
    /// Union-find parent; a live cluster is its own parent.
    parent: Vec<u32>,
    /// Merges so far.
    pub(crate) merge_count: u32,
}

/// Mean index of a single row.
const NO_MEAN: u32 = u32::MAX;

impl<'a> Clusters<'a> {
    /// One cluster a row.
    pub(crate) fn new(vectors: Vectors<'a>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        Self {
            vectors,
            means: Vec::with_capacity(n / 2 * vectors.dim()),
            mean_index: vec![NO_MEAN; n],
            free_means: Vec::new(),
            weights,
            parent: (0..n as u32).collect(),
            merge_count: 0,
        }
    }

    /// Number of live clusters.
    pub(crate) fn live_count(&self) -> usize {
        self.weights.len() - self.merge_count as usize
    }

    /// The vector of a single row.
    pub(crate) fn row(&self, cluster: usize) -> &'a [f32] {
        self.vectors.row(cluster)
    }

    /// The mean of a merged cluster; `None` for a single row.
    pub(crate) fn mean(&self, cluster: usize) -> Option<&[f64]> {
        self.mean_range(cluster).map(|index| &self.means[index])
    }

    fn mean_range(&self, cluster: usize) -> Option<Range<usize>> {
        let (index, dim) = (self.mean_index[cluster], self.vectors.dim());
        (index != NO_MEAN).then(|| index as usize * dim..(index as usize + 1) * dim)
    }

    pub(crate) fn is_live(&self, cluster: usize) -> bool {
        self.parent[cluster] == cluster as u32
    }

    /// The live cluster that contains `cluster`. Path halving; O(1) amortised in practice.
    pub(crate) fn root_of(&mut self, cluster: u32) -> usize {
        let mut cluster = cluster as usize;
        while !self.is_live(cluster) {
            let next = self.parent[cluster];
            self.parent[cluster] = self.parent[next as usize];
            cluster = next as usize;
        }
        cluster
    }

    /// Ward's distance, 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2, in `f64`. Symmetric to the bit.
    /// O(dim).
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

    /// Merges `b` into `a`, a < b. O(dim).
    pub(crate) fn merge(&mut self, a: usize, b: usize) {
        self.merge_count += 1;
        self.parent[b] = a as u32;
        let weight = self.weights[a] + self.weights[b];
        let fraction = self.weights[b] / weight;
        self.weights[a] = weight;
        let (x, y, dim) = (self.row(a), self.row(b), self.vectors.dim());
        match (self.mean_range(a), self.mean_range(b)) {
            (None, None) => {
                let new = self.means.len();
                self.mean_index[a] = self.free_means.pop().unwrap_or((new / dim) as u32);
                let at = self.mean_index[a] as usize * dim;
                if at == new {
                    self.means.resize(new + dim, 0.0);
                }
                interpolate(x, y, fraction, &mut self.means[at..at + dim]);
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
                self.free_means.push(self.mean_index[b]);
            }
        }
    }
}
