//! The clusters themselves, exactly: where they are, what they weigh, and who has joined whom.

use crate::Vectors;
use crate::math::distance::{interpolate, interpolate_into_second, move_towards, squared_distance};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Each cluster is named by its first row.
pub(crate) struct Clusters<'a> {
    /// Where single rows are.
    vectors: Vectors<'a>,
    /// Where unions are: at most half as many as rows, because a union takes over the slot of a part.
    means: Vec<f64>,
    /// Which of `means` is a cluster's; [`NONE`] of a single row.
    slots: Vec<u32>,
    /// Slots of unions that have joined others.
    vacant: Vec<u32>,
    pub(crate) weights: Vec<f64>,
    /// Whom a cluster has joined; itself while it is there.
    joined: Vec<u32>,
    /// Unions so far.
    pub(crate) unions: u32,
}

/// In place of a slot.
const NONE: u32 = u32::MAX;

impl<'a> Clusters<'a> {
    /// Every vector by itself.
    pub(crate) fn new(vectors: Vectors<'a>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        Self {
            vectors,
            means: Vec::with_capacity(n / 2 * vectors.dim()),
            slots: vec![NONE; n],
            vacant: Vec::new(),
            weights,
            joined: (0..n as u32).collect(),
            unions: 0,
        }
    }

    pub(crate) fn left(&self) -> usize {
        self.weights.len() - self.unions as usize
    }

    /// Where a single row is.
    pub(crate) fn row(&self, cluster: usize) -> &'a [f32] {
        self.vectors.row(cluster)
    }

    /// Where a union is.
    pub(crate) fn mean(&self, cluster: usize) -> Option<&[f64]> {
        self.slot(cluster).map(|slot| &self.means[slot])
    }

    fn slot(&self, cluster: usize) -> Option<Range<usize>> {
        let (slot, dim) = (self.slots[cluster], self.vectors.dim());
        (slot != NONE).then(|| slot as usize * dim..(slot as usize + 1) * dim)
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
        let squared = match (self.mean(a), self.mean(b)) {
            (None, None) => squared_distance(self.row(a), self.row(b)),
            (None, Some(y)) => squared_distance(self.row(a), y),
            (Some(x), None) => squared_distance(self.row(b), x),
            (Some(x), Some(y)) => squared_distance(x, y),
        };
        2.0 * (w * v) / (w + v) * squared
    }

    /// b joins a, a < b. O(dim).
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        self.unions += 1;
        self.joined[b] = a as u32;
        let weight = self.weights[a] + self.weights[b];
        let share = self.weights[b] / weight;
        self.weights[a] = weight;
        let (x, y, dim) = (self.row(a), self.row(b), self.vectors.dim());
        match (self.slot(a), self.slot(b)) {
            (None, None) => {
                let new = self.means.len();
                self.slots[a] = self.vacant.pop().unwrap_or((new / dim) as u32);
                let at = self.slots[a] as usize * dim;
                if at == new {
                    self.means.resize(new + dim, 0.0);
                }
                interpolate(x, y, share, &mut self.means[at..at + dim]);
            }
            (None, Some(y)) => {
                self.slots[a] = self.slots[b];
                interpolate_into_second(x, share, &mut self.means[y]);
            }
            (Some(x), None) => move_towards(&mut self.means[x], y, share),
            (Some(x), Some(y)) => {
                if let Ok([x, y]) = self.means.get_disjoint_mut([x, y]) {
                    move_towards(x, y, share);
                }
                self.vacant.push(self.slots[b]);
            }
        }
    }
}
