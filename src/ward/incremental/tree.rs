//! The tree, and what is kept with it so that it can be changed.

use crate::Vectors;
use crate::math::distance::{move_towards, squared_distance};
use crate::math::simd::{I32x8, LANES};
use crate::ward::dendrogram::{Dendrogram, Step};
use crate::ward::grid::Grid;
use crate::ward::run::Grown;
use alloc::{vec, vec::Vec};

pub(super) const NOBODY: u32 = u32::MAX;
/// How far beyond the vectors of now those to come may lie.
const MARGIN: f64 = 1.25;

/// What a node is, at one height of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is no node at this place.
    Vacant,
    /// A union higher up.
    Waiting,
    /// A cluster.
    Left,
    /// Part of a cluster.
    Joined,
}

/// Every node has a place: on the grid, and in each of the columns.
pub(crate) struct Living {
    pub(super) dim: usize,
    pub(super) grid: Grid,
    pub(super) means: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// By place, for every place of a panel.
    pub(super) floats: Vec<[f32; LANES]>,
    pub(super) heights: Vec<f64>,
    pub(super) lowest: Vec<u32>,
    /// [`NOBODY`] for a leaf.
    pub(super) children: Vec<[u32; 2]>,
    pub(super) states: Vec<State>,
    pub(super) vacant: Vec<u32>,
    /// The unions, ascending.
    pub(super) unions: Vec<u32>,
    /// The leaf of each row; equal rows share one.
    pub(super) leaves: Vec<u32>,
    /// Leaves that a row has left, or that weigh something else now.
    pub(super) touched: Vec<u32>,
    /// For every leaf, the squared distance that no other leaf is beyond, but for those that know it of this one.
    pub(super) farthest: Vec<f64>,
    /// The two leaves that are farthest apart, and how far (squared).
    pub(super) ends: [u32; 2],
    pub(super) diameter: f64,
}

impl Living {
    /// Bytes for n rows.
    pub(crate) fn bytes(n: usize, dim: usize) -> usize {
        let node = dim.saturating_mul(size_of::<f64>() + size_of::<i16>()) + 64;
        places(n).saturating_mul(node)
    }

    /// A tree of these rows; nothing when it could not be repaired. O(n dim).
    pub(crate) fn new(vectors: Vectors<'_>, grown: &Grown) -> Option<Self> {
        let distinct = &grown.distinct;
        let n = distinct.rows.len();
        if !grown.certain || n < 2 {
            return None;
        }
        let (dim, places) = (vectors.dim(), places(n));
        let mut living = Self {
            dim,
            grid: Grid::around(distinct.vectors(vectors), MARGIN, places),
            means: vec![0.0; places * dim],
            weights: vec![1.0; places],
            floats: vec![[1.0; LANES]; places / LANES],
            heights: vec![0.0; places],
            lowest: vec![0; places],
            children: vec![[NOBODY; 2]; places],
            states: vec![State::Vacant; places],
            vacant: (0..places as u32).rev().collect(),
            unions: Vec::with_capacity(n),
            leaves: vec![0; vectors.len()],
            touched: Vec::new(),
            farthest: vec![0.0; places],
            ends: [NOBODY; 2],
            diameter: grown.diameter,
        };
        for (leaf, &row) in distinct.rows.iter().enumerate() {
            living.put_leaf(vectors.row(row), distinct.weights[leaf])?;
            living.farthest[leaf] = grown.farthest[leaf] * grown.farthest[leaf];
            living.leaves[row] = leaf as u32;
        }
        for step in &distinct.steps {
            living.leaves[step.b] = living.leaves[step.a];
        }
        // Nodes of the dendrogram are in the order of the places.
        let tree = Dendrogram::from_steps(n, &grown.steps);
        living.lowest[..n]
            .iter_mut()
            .zip(&distinct.rows)
            .for_each(|(lowest, &row)| *lowest = row as u32);
        for merge in tree.merges() {
            let union = living.put_union(merge.a, merge.b, merge.height)?;
            living.unions.push(union as u32);
        }
        Some(living)
    }

    /// A row will be gone, and those after it one lower.
    pub(crate) fn forget(&mut self, row: usize) {
        self.set_weight(row);
        if row < self.leaves.len() {
            self.leaves.remove(row);
        }
    }

    /// A row will weigh something else.
    pub(crate) fn set_weight(&mut self, row: usize) {
        self.touched.extend(self.leaves.get(row));
    }

    /// Makes this the tree of these rows: those that were not forgotten, and new ones after them. Nothing when it has been given up, and
    /// is of no more use. O(n dim) for every cluster that is touched, and O(n^2) in all.
    pub(crate) fn follow(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<()> {
        let fresh = self.receive(vectors, weights)?;
        let mut totals = vec![0.0; self.states.len()];
        for (row, &leaf) in self.leaves.iter().enumerate().rev() {
            self.lowest[leaf as usize] = row as u32;
        }
        self.leaves.iter().zip(weights).for_each(|(&leaf, weight)| totals[leaf as usize] += weight);
        let (mut changed, mut lost) = (Vec::new(), Vec::new());
        for leaf in core::mem::take(&mut self.touched) {
            let list = if totals[leaf as usize] > 0.0 { &mut changed } else { &mut lost };
            if !list.contains(&leaf) {
                list.push(leaf);
            }
        }
        for &leaf in fresh.iter().chain(&changed) {
            self.weigh(leaf as usize, totals[leaf as usize]);
        }
        for &leaf in &lost {
            self.states[leaf as usize] = State::Vacant;
        }
        self.repair(&fresh, &changed)?;
        self.vacant.extend(lost);
        self.measure(&fresh);
        Some(())
    }

    /// The largest squared distance between two rows.
    pub(crate) fn diameter(&self) -> f64 {
        self.diameter
    }

    /// The n - 1 unions of the rows, children before parents.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let lowest = |place: u32| self.lowest[place as usize] as usize;
        let rows = self.leaves.iter().enumerate();
        let equal = rows.filter(|(row, leaf)| lowest(**leaf) < *row);
        let equal = equal.map(|(row, &leaf)| Step { a: lowest(leaf), b: row, height: 0.0 });
        let unions = self.unions.iter().map(|&union| {
            let [x, y] = self.children[union as usize].map(lowest);
            Step { a: x.min(y), b: x.max(y), height: self.heights[union as usize] }
        });
        equal.chain(unions).collect()
    }

    /// Finds the leaf of every new row, or makes one. Returns the new leaves.
    fn receive(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<Vec<u32>> {
        let known = self.leaves.len();
        let mut fresh = Vec::new();
        for (row, vector) in vectors.rows().enumerate().skip(known) {
            let equal = (0..row).find(|&other| vectors.row(other) == vector);
            if let Some(leaf) = equal.map(|other| self.leaves[other]) {
                self.leaves.push(leaf);
                self.touched.push(leaf);
            } else {
                let leaf = self.put_leaf(vector, weights[row])? as u32;
                self.leaves.push(leaf);
                fresh.push(leaf);
            }
        }
        // A new one that is there twice is new, and not touched.
        self.touched.retain(|leaf| !fresh.contains(leaf));
        Some(fresh)
    }

    pub(super) fn mean(&self, place: usize) -> &[f64] {
        &self.means[place * self.dim..][..self.dim]
    }

    fn weigh(&mut self, place: usize, weight: f64) {
        self.weights[place] = weight;
        self.floats[place / LANES][place % LANES] = weight as f32;
    }

    /// A new leaf, where there is a place and the grid reaches. O(dim).
    fn put_leaf(&mut self, vector: &[f32], weight: f64) -> Option<usize> {
        let place = self.vacant.pop()? as usize;
        let mean = &mut self.means[place * self.dim..][..self.dim];
        mean.iter_mut().zip(vector).for_each(|(mean, &x)| *mean = x.into());
        if !self.grid.reaches(mean) {
            return None;
        }
        self.grid.put(place, mean);
        self.weigh(place, weight);
        self.heights[place] = 0.0;
        self.children[place] = [NOBODY; 2];
        self.states[place] = State::Left;
        Some(place)
    }

    /// The union of two nodes, where there is a place. O(dim).
    pub(super) fn put_union(&mut self, x: usize, y: usize, height: f64) -> Option<usize> {
        let place = self.vacant.pop()? as usize;
        let (a, b) = if self.lowest[x] < self.lowest[y] { (x, y) } else { (y, x) };
        let (dim, weight) = (self.dim, self.weights[a] + self.weights[b]);
        self.means.copy_within(a * dim..(a + 1) * dim, place * dim);
        let share = self.weights[b] / weight;
        let (head, tail) = self.means.split_at_mut(place.max(b) * dim);
        let (mean, other) = if place > b {
            (&mut tail[..dim], &head[b * dim..][..dim])
        } else {
            (&mut head[place * dim..][..dim], &tail[..dim])
        };
        move_towards(mean, other, share);
        self.grid.put(place, &self.means[place * dim..][..dim]);
        self.weigh(place, weight);
        self.heights[place] = height;
        self.lowest[place] = self.lowest[a];
        self.children[place] = [a as u32, b as u32];
        self.states[place] = State::Waiting;
        Some(place)
    }

    /// Finds the diameter after a change. O(n dim) for every new leaf, and for every leaf that may be an end when one has been lost.
    fn measure(&mut self, fresh: &[u32]) {
        for &leaf in fresh {
            self.farthest[leaf as usize] = f64::INFINITY;
        }
        if self.ends.iter().any(|end| !self.leaves.contains(end)) {
            self.diameter = 0.0;
        }
        let rows = self.leaves.iter().enumerate();
        let first = rows.filter(|(row, leaf)| self.lowest[**leaf as usize] == *row as u32);
        let leaves: Vec<usize> = first.map(|(_, &leaf)| leaf as usize).collect();
        loop {
            // Farthest first.
            let farther = |x: &usize, y: &usize| self.farthest[*x].total_cmp(&self.farthest[*y]);
            match leaves.iter().copied().max_by(farther) {
                Some(leaf) if self.farthest[leaf] > self.diameter => self.look_far(leaf, &leaves),
                _ => return,
            }
        }
    }

    /// Is this leaf an end of the diameter? O(n dim).
    fn look_far(&mut self, leaf: usize, leaves: &[usize]) {
        let mut farthest: f64 = 0.0;
        let mut row = (usize::MAX, [[0; LANES]; 2]);
        for &other in leaves {
            let two = other / (2 * LANES);
            if row.0 != two {
                row = (two, self.grid.shared_row(leaf, two).map(I32x8::to_array));
            }
            let at_most = self.grid.at_most(row.1.as_flattened()[other % (2 * LANES)]);
            let mut squared = at_most * at_most;
            if squared > self.diameter {
                squared = squared_distance(self.mean(leaf), self.mean(other));
                if squared > self.diameter {
                    (self.diameter, self.ends) = (squared, [leaf as u32, other as u32]);
                }
            }
            farthest = farthest.max(squared);
        }
        self.farthest[leaf] = farthest;
    }
}

/// Places for the nodes of n rows and some more.
fn places(n: usize) -> usize {
    (2 * n + n / 4 + 64).next_multiple_of(2 * LANES)
}
