//! The nodes of an incremental tree, stored by slot; adding and removing leaves.

use crate::Vectors;
use crate::math::distance::move_towards;
use crate::math::simd::LANES;
use crate::ward::dendrogram::{Dendrogram, Step};
use crate::ward::grid::Grid;
use crate::ward::run::WardRun;
use alloc::{vec, vec::Vec};

/// Slot number of a missing node: a leaf has it for both children.
pub(super) const NO_NODE: u32 = u32::MAX;
/// The grid has room for vectors up to this many times as far from its centre as the farthest
/// vector when the tree is built.
const GRID_MARGIN: f64 = 1.25;

/// State of a slot at the height that a repair has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeState {
    /// The slot has no node.
    Free,
    /// The node of the slot is a merge of the old tree that has not been visited yet.
    Pending,
    /// The node of the slot is a live cluster that the change has not affected.
    Live,
    /// The node of the slot is a live cluster that the change has affected.
    Active,
    /// The node of the slot was merged into a larger cluster.
    Merged,
}

/// Leaves and inner nodes of a dendrogram. Each node has a slot: its index on the grid and in the
/// vectors below.
pub(crate) struct IncrementalTree {
    pub(super) dim: usize,
    pub(super) grid: Grid,
    /// Mean of each node, row-major.
    pub(super) means: Vec<f64>,
    /// Weight of each node.
    pub(super) weights: Vec<f64>,
    /// `weights` as `f32`, padded to whole pairs of panels.
    pub(super) weights_f32: Vec<[f32; LANES]>,
    /// Ward height of each node; 0 for a leaf.
    pub(super) heights: Vec<f64>,
    /// Lowest row under each node.
    pub(super) lowest_row: Vec<u32>,
    /// Slots of the children; [`NO_NODE`] for a leaf.
    pub(super) children: Vec<[u32; 2]>,
    pub(super) states: Vec<NodeState>,
    /// Slots without a node; the last is used first.
    pub(super) free_slots: Vec<u32>,
    /// Slots of the inner nodes, ascending by height.
    pub(super) inner_nodes: Vec<u32>,
    /// Leaf of each row; equal rows share a leaf.
    pub(super) leaf_of_row: Vec<u32>,
    /// Leaves that have lost or gained a row, or whose weight has changed, since the last update.
    pub(super) changed_leaves: Vec<u32>,
}

impl IncrementalTree {
    /// Memory of a tree of n rows, in bytes.
    pub(crate) fn bytes(n: usize, dim: usize) -> usize {
        let bytes_per_node = dim.saturating_mul(size_of::<f64>() + size_of::<i16>()) + 64;
        slot_count(n).saturating_mul(bytes_per_node)
    }

    /// The tree of a run over `vectors`; `None` if the run had ties, or fewer than two distinct
    /// rows. O(n dim).
    pub(crate) fn new(vectors: Vectors<'_>, run: &WardRun) -> Option<Self> {
        let distinct_rows = &run.distinct_rows;
        let n = distinct_rows.rows.len();
        if !run.had_no_ties || n < 2 {
            return None;
        }
        let (dim, slots) = (vectors.dim(), slot_count(n));
        let mut tree = Self {
            dim,
            grid: Grid::with_margin(distinct_rows.vectors(vectors), GRID_MARGIN, slots),
            means: vec![0.0; slots * dim],
            weights: vec![1.0; slots],
            weights_f32: vec![[1.0; LANES]; slots / LANES],
            heights: vec![0.0; slots],
            lowest_row: vec![0; slots],
            children: vec![[NO_NODE; 2]; slots],
            states: vec![NodeState::Free; slots],
            free_slots: (0..slots as u32).rev().collect(),
            inner_nodes: Vec::with_capacity(n),
            leaf_of_row: vec![0; vectors.len()],
            changed_leaves: Vec::new(),
        };
        for (leaf, &row) in distinct_rows.rows.iter().enumerate() {
            tree.insert_leaf(vectors.row(row), distinct_rows.weights[leaf])?;
            tree.leaf_of_row[row] = leaf as u32;
        }
        for step in &distinct_rows.steps {
            tree.leaf_of_row[step.b] = tree.leaf_of_row[step.a];
        }
        // Leaves take the first n slots and merges the slots after these, so slots equal the node
        // numbers of the dendrogram.
        let dendrogram = Dendrogram::from_steps(n, &run.steps);
        tree.lowest_row[..n]
            .iter_mut()
            .zip(&distinct_rows.rows)
            .for_each(|(lowest, &row)| *lowest = row as u32);
        for merge in dendrogram.merges() {
            let node = tree.insert_inner(merge.a, merge.b, merge.height)?;
            tree.inner_nodes.push(node as u32);
        }
        Some(tree)
    }

    /// Removes a row; the rows after it move up.
    pub(crate) fn remove_row(&mut self, row: usize) {
        self.mark_changed(row);
        if row < self.leaf_of_row.len() {
            self.leaf_of_row.remove(row);
        }
    }

    /// Marks that the weight of a row has changed.
    pub(crate) fn mark_changed(&mut self, row: usize) {
        self.changed_leaves.extend(self.leaf_of_row.get(row));
    }

    /// Updates the tree to that of `vectors`: the rows that were not removed, then new rows. `None`
    /// if the repair failed; the tree is then invalid. O(n dim) for each active cluster.
    pub(crate) fn update(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<()> {
        let new_leaves = self.add_rows(vectors, weights)?;
        let mut leaf_weights = vec![0.0; self.states.len()];
        for (row, &leaf) in self.leaf_of_row.iter().enumerate().rev() {
            self.lowest_row[leaf as usize] = row as u32;
        }
        self.leaf_of_row
            .iter()
            .zip(weights)
            .for_each(|(&leaf, weight)| leaf_weights[leaf as usize] += weight);
        let (mut changed_leaves, mut removed_leaves) = (Vec::new(), Vec::new());
        for leaf in core::mem::take(&mut self.changed_leaves) {
            let target_leaves = if leaf_weights[leaf as usize] > 0.0 {
                &mut changed_leaves
            } else {
                &mut removed_leaves
            };
            if !target_leaves.contains(&leaf) {
                target_leaves.push(leaf);
            }
        }
        for &leaf in new_leaves.iter().chain(&changed_leaves) {
            self.store_weight(leaf as usize, leaf_weights[leaf as usize]);
        }
        for &leaf in &removed_leaves {
            self.states[leaf as usize] = NodeState::Free;
        }
        self.repair(&new_leaves, &changed_leaves)?;
        self.free_slots.extend(removed_leaves);
        Some(())
    }

    /// Returns the n - 1 merges of the rows, children before parents.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let lowest_row_of = |slot: u32| self.lowest_row[slot as usize] as usize;
        let rows = self.leaf_of_row.iter().enumerate();
        let later_equal_rows = rows.filter(|(row, leaf)| lowest_row_of(**leaf) < *row);
        let equal_row_steps = later_equal_rows.map(|(row, &leaf)| Step {
            a: lowest_row_of(leaf),
            b: row,
            height: 0.0,
        });
        let inner_steps = self.inner_nodes.iter().map(|&node| {
            let [x, y] = self.children[node as usize].map(lowest_row_of);
            Step { a: x.min(y), b: x.max(y), height: self.heights[node as usize] }
        });
        equal_row_steps.chain(inner_steps).collect()
    }

    /// Adds the new rows at the end of `vectors`, each to the leaf of an equal row, or to a new
    /// leaf. Returns the new leaves; `None` if the slots or the grid do not suffice.
    fn add_rows(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<Vec<u32>> {
        let first_new_row = self.leaf_of_row.len();
        let mut new_leaves = Vec::new();
        for (row, vector) in vectors.rows().enumerate().skip(first_new_row) {
            let equal_row = (0..row).find(|&other| vectors.row(other) == vector);
            if let Some(leaf) = equal_row.map(|other| self.leaf_of_row[other]) {
                self.leaf_of_row.push(leaf);
                self.changed_leaves.push(leaf);
            } else {
                let leaf = self.insert_leaf(vector, weights[row])? as u32;
                self.leaf_of_row.push(leaf);
                new_leaves.push(leaf);
            }
        }
        // A new leaf of several equal rows counts as new, not as changed.
        self.changed_leaves.retain(|leaf| !new_leaves.contains(leaf));
        Some(new_leaves)
    }

    pub(super) fn mean(&self, slot: usize) -> &[f64] {
        &self.means[slot * self.dim..][..self.dim]
    }

    fn store_weight(&mut self, slot: usize, weight: f64) {
        self.weights[slot] = weight;
        self.weights_f32[slot / LANES][slot % LANES] = weight as f32;
    }

    /// Adds a leaf and returns its slot; `None` if no slot is free or the vector lies beyond the
    /// grid. O(dim).
    fn insert_leaf(&mut self, vector: &[f32], weight: f64) -> Option<usize> {
        let slot = self.free_slots.pop()? as usize;
        let mean = &mut self.means[slot * self.dim..][..self.dim];
        mean.iter_mut().zip(vector).for_each(|(mean, &x)| *mean = x.into());
        if !self.grid.contains(mean) {
            return None;
        }
        self.grid.store(slot, mean);
        self.store_weight(slot, weight);
        self.heights[slot] = 0.0;
        self.children[slot] = [NO_NODE; 2];
        self.states[slot] = NodeState::Live;
        Some(slot)
    }

    /// Adds an inner node with children `x` and `y` and returns its slot; `None` if no slot is
    /// free. O(dim).
    pub(super) fn insert_inner(&mut self, x: usize, y: usize, height: f64) -> Option<usize> {
        let slot = self.free_slots.pop()? as usize;
        let (a, b) = if self.lowest_row[x] < self.lowest_row[y] { (x, y) } else { (y, x) };
        let (dim, weight) = (self.dim, self.weights[a] + self.weights[b]);
        self.means.copy_within(a * dim..(a + 1) * dim, slot * dim);
        let fraction = self.weights[b] / weight;
        let (head, tail) = self.means.split_at_mut(slot.max(b) * dim);
        let (mean, other_mean) = if slot > b {
            (&mut tail[..dim], &head[b * dim..][..dim])
        } else {
            (&mut head[slot * dim..][..dim], &tail[..dim])
        };
        move_towards(mean, other_mean, fraction);
        self.grid.store(slot, &self.means[slot * dim..][..dim]);
        self.store_weight(slot, weight);
        self.heights[slot] = height;
        self.lowest_row[slot] = self.lowest_row[a];
        self.children[slot] = [a as u32, b as u32];
        self.states[slot] = NodeState::Pending;
        Some(slot)
    }
}

/// Number of slots for the nodes of n rows, with room for rows that are added later.
fn slot_count(n: usize) -> usize {
    (2 * n + n / 4 + 64).next_multiple_of(2 * LANES)
}
