//! The clusters themselves, exactly: where they are, what they weigh, and who has joined whom.

use crate::Vectors;
use crate::exact::{move_towards, squared_distance, widened};
use alloc::vec::Vec;

/// Each cluster is named by its first row.
pub(crate) struct Clusters {
    dim: usize,
    /// Row-major; of a cluster that has been joined, where it was.
    means: Vec<f64>,
    pub(crate) weights: Vec<f64>,
    /// Whom a cluster has joined; itself while it is there.
    joined: Vec<u32>,
    /// Unions so far.
    pub(crate) unions: u32,
}

impl Clusters {
    /// Every vector by itself.
    pub(crate) fn new(vectors: Vectors<'_>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        Self {
            dim: vectors.dim(),
            means: widened(vectors.values()),
            weights,
            joined: (0..n as u32).collect(),
            unions: 0,
        }
    }

    pub(crate) fn left(&self) -> usize {
        self.weights.len() - self.unions as usize
    }

    pub(crate) fn mean(&self, cluster: usize) -> &[f64] {
        &self.means[cluster * self.dim..(cluster + 1) * self.dim]
    }

    pub(crate) fn is_left(&self, cluster: usize) -> bool {
        self.joined[cluster] == cluster as u32
    }

    /// The cluster that a cluster is part of now.
    pub(crate) fn find(&mut self, name: u32) -> usize {
        let mut cluster = name as usize;
        while !self.is_left(cluster) {
            let next = self.joined[cluster];
            self.joined[cluster] = self.joined[next as usize];
            cluster = next as usize;
        }
        cluster
    }

    /// Ward's distance, 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2. The same both ways. O(dim).
    pub(crate) fn apart(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.weights[a], self.weights[b]);
        2.0 * (w * v) / (w + v) * squared_distance(self.mean(a), self.mean(b))
    }

    /// b joins a, a < b. O(dim).
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        self.unions += 1;
        self.joined[b] = a as u32;
        let weight = self.weights[a] + self.weights[b];
        let (head, tail) = self.means.split_at_mut(b * self.dim);
        move_towards(&mut head[a * self.dim..][..self.dim], &tail[..self.dim], self.weights[b] / weight);
        self.weights[a] = weight;
    }
}
