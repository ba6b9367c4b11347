//! The nodes of an incremental tree, stored by slot; adding and removing leaves.

use crate::Vectors;
use crate::math::distance::move_towards;
use crate::math::simd::{F32x8, LANES, sqrt};
use crate::ward::dendrogram::{Dendrogram, Step};
use crate::ward::grid::Grid;
use crate::ward::run::WardRun;
use alloc::{vec, vec::Vec};

/// Slot number of a missing node: a leaf has it for both children.
pub(super) const NO_NODE: u32 = u32::MAX;
/// The grid has room for vectors up to this many times as far from its centre as the farthest
/// vector when the tree is built.
const GRID_MARGIN: f64 = 1.25;

/// Minimum length of the part of a difference that is orthogonal to the earlier axes, relative to
/// the difference. A shorter part is inexact after rounding, and gives no axis.
const MIN_AXIS_REST: f32 = 0.01;

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

/// A leaf or an inner node.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) weight: f64,
    /// Ward height; 0 for a leaf.
    pub(super) height: f64,
    /// Slots of the children; [`NO_NODE`] for a leaf.
    pub(super) children: [u32; 2],
    /// Lowest row under the node.
    pub(super) lowest_row: u32,
    /// Squared length of the grid point, in squared steps.
    pub(super) norm: i32,
    /// Position among the live clusters of a repair, for a live cluster.
    pub(super) position: u32,
    pub(super) state: NodeState,
}

impl Node {
    /// The content of a slot without a node.
    const NONE: Self = Self {
        weight: 1.0,
        height: 0.0,
        children: [NO_NODE; 2],
        lowest_row: 0,
        norm: 0,
        position: 0,
        state: NodeState::Free,
    };

    /// Whether the node is a cluster that was not merged.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.state, NodeState::Live | NodeState::Active)
    }
}

/// Leaves and inner nodes of a dendrogram. Each node has a slot: its index in the vectors below.
pub(crate) struct IncrementalTree {
    pub(super) dim: usize,
    pub(super) nodes: Vec<Node>,
    /// Mean of each node, row-major.
    pub(super) means: Vec<f64>,
    /// The grid that the means are rounded to, one after the other.
    pub(super) grid: Grid,
    /// Grid point of each node, in chunks of eight dimensions, row-major.
    points: Vec<[i16; LANES]>,
    /// For each dimension of a grid point, its components along orthonormal axes. Most of the
    /// distance between nodes of different topics is along the axes.
    axes: Vec<[f32; LANES]>,
    /// Coordinates of each grid point along the axes, in steps.
    pub(super) sketches: Vec<[f32; LANES]>,
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
        let bytes_per_node = dim.saturating_mul(size_of::<f64>() + size_of::<i16>()) + 128;
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
            grid: Grid::with_margin(distinct_rows.vectors(vectors), GRID_MARGIN, 1),
            points: vec![[0; LANES]; slots * chunk_count(dim)],
            axes: Vec::new(),
            sketches: vec![[0.0; LANES]; slots],
            means: vec![0.0; slots * dim],
            nodes: vec![Node::NONE; slots],
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
        tree.nodes
            .iter_mut()
            .zip(&distinct_rows.rows)
            .for_each(|(leaf, &row)| leaf.lowest_row = row as u32);
        for merge in dendrogram.merges() {
            let node = tree.insert_inner(merge.a, merge.b, merge.height)?;
            tree.inner_nodes.push(node as u32);
        }
        tree.axes = vec![[0.0; LANES]; chunk_count(dim) * LANES];
        for (axis, merge) in dendrogram.merges().iter().rev().take(LANES).enumerate() {
            tree.store_axis(axis, merge.a, merge.b);
        }
        let node_count = n + tree.inner_nodes.len();
        (0..node_count)
            .for_each(|slot| tree.sketches[slot] = project(tree.point(slot), &tree.axes));
        Some(tree)
    }

    /// Makes the difference of two nodes an axis: its part that is orthogonal to the axes before,
    /// scaled to length 1; no axis if little is left. O(dim).
    // Never inlined: kept out of the function that builds the tree.
    #[inline(never)]
    fn store_axis(&mut self, axis: usize, a: usize, b: usize) {
        let [sketch_a, sketch_b] = [a, b].map(|slot| project(self.point(slot), &self.axes));
        let (mut squared_length, mut squared_rest) = (0.0, 0.0);
        let [a, b] = [a, b].map(|slot| self.point(slot).as_flattened());
        let mut rest = Vec::with_capacity(self.axes.len());
        for ((axes, &a), &b) in self.axes.iter().zip(a).zip(b) {
            let difference = f32::from(a) - f32::from(b);
            let mut x = difference;
            for ((component, a), b) in axes.iter().zip(sketch_a).zip(sketch_b) {
                x -= component * (a - b);
            }
            squared_length += difference * difference;
            squared_rest += x * x;
            rest.push(x);
        }
        if squared_rest > MIN_AXIS_REST * squared_length {
            let factor = 1.0 / sqrt(squared_rest.into()) as f32;
            self.axes.iter_mut().zip(rest).for_each(|(axes, x)| axes[axis] = x * factor);
        }
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
        let mut leaf_weights = vec![0.0; self.nodes.len()];
        for (row, &leaf) in self.leaf_of_row.iter().enumerate().rev() {
            self.nodes[leaf as usize].lowest_row = row as u32;
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
            self.nodes[leaf as usize].weight = leaf_weights[leaf as usize];
        }
        for &leaf in &removed_leaves {
            self.nodes[leaf as usize].state = NodeState::Free;
        }
        self.repair(&new_leaves, &changed_leaves)?;
        self.free_slots.extend(removed_leaves);
        Some(())
    }

    /// Returns the n - 1 merges of the rows, children before parents.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let lowest_row_of = |slot: u32| self.nodes[slot as usize].lowest_row as usize;
        let rows = self.leaf_of_row.iter().enumerate();
        let later_equal_rows = rows.filter(|(row, leaf)| lowest_row_of(**leaf) < *row);
        let equal_row_steps = later_equal_rows.map(|(row, &leaf)| Step {
            a: lowest_row_of(leaf),
            b: row,
            height: 0.0,
        });
        let mut steps: Vec<Step> = equal_row_steps.collect();
        let inner_steps = self.inner_nodes.iter().map(|&node| {
            let [x, y] = self.nodes[node as usize].children.map(lowest_row_of);
            Step { a: x.min(y), b: x.max(y), height: self.nodes[node as usize].height }
        });
        steps.extend(inner_steps);
        steps
    }

    /// Adds the new rows at the end of `vectors`, each to the leaf of an equal row, or to a new
    /// leaf. Returns the new leaves; `None` if the slots or the grid do not suffice.
    fn add_rows(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<Vec<u32>> {
        let first_new_row = self.leaf_of_row.len();
        let mut new_leaves = Vec::new();
        for (row, vector) in vectors.rows().enumerate().skip(first_new_row) {
            let new_leaf = self.insert_leaf(vector, weights[row])?;
            // Equal vectors have equal grid points.
            let is_equal = |(other, leaf): &(usize, &u32)| {
                self.nodes[**leaf as usize].norm == self.nodes[new_leaf].norm
                    && vectors.row(*other) == vector
            };
            let equal_row = self.leaf_of_row.iter().enumerate().find(is_equal);
            if let Some((_, &leaf)) = equal_row {
                self.nodes[new_leaf].state = NodeState::Free;
                self.free_slots.push(new_leaf as u32);
                self.leaf_of_row.push(leaf);
                self.changed_leaves.push(leaf);
            } else {
                self.leaf_of_row.push(new_leaf as u32);
                new_leaves.push(new_leaf as u32);
            }
        }
        // A new leaf of several equal rows counts as new, not as changed.
        self.changed_leaves.retain(|leaf| !new_leaves.contains(leaf));
        Some(new_leaves)
    }

    pub(super) fn mean(&self, slot: usize) -> &[f64] {
        &self.means[slot * self.dim..][..self.dim]
    }

    /// The grid point of a node, in chunks of eight dimensions.
    pub(super) fn point(&self, slot: usize) -> &[[i16; LANES]] {
        let chunk_count = chunk_count(self.dim);
        &self.points[slot * chunk_count..][..chunk_count]
    }

    /// Stores the grid point of the mean of a node. O(dim).
    fn store_point(&mut self, slot: usize) {
        let chunk_count = chunk_count(self.dim);
        let point = &mut self.points[slot * chunk_count..][..chunk_count];
        self.nodes[slot].norm = self.grid.encode(&self.means[slot * self.dim..][..self.dim], point);
        self.sketches[slot] = project(point, &self.axes);
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
        self.store_point(slot);
        let node = &mut self.nodes[slot];
        *node = Node { weight, state: NodeState::Live, norm: node.norm, ..Node::NONE };
        Some(slot)
    }

    /// Adds an inner node with children `x` and `y` and returns its slot; `None` if no slot is
    /// free. O(dim).
    pub(super) fn insert_inner(&mut self, x: usize, y: usize, height: f64) -> Option<usize> {
        let slot = self.free_slots.pop()? as usize;
        let (a, b) =
            if self.nodes[x].lowest_row < self.nodes[y].lowest_row { (x, y) } else { (y, x) };
        let (dim, weight) = (self.dim, self.nodes[a].weight + self.nodes[b].weight);
        self.means.copy_within(a * dim..(a + 1) * dim, slot * dim);
        let fraction = self.nodes[b].weight / weight;
        let (head, tail) = self.means.split_at_mut(slot.max(b) * dim);
        let (mean, other_mean) = if slot > b {
            (&mut tail[..dim], &head[b * dim..][..dim])
        } else {
            (&mut head[slot * dim..][..dim], &tail[..dim])
        };
        move_towards(mean, other_mean, fraction);
        self.store_point(slot);
        let lowest_row = self.nodes[a].lowest_row;
        let node = &mut self.nodes[slot];
        let (children, state) = ([a as u32, b as u32], NodeState::Pending);
        *node = Node { weight, height, children, lowest_row, state, ..*node };
        Some(slot)
    }
}

/// Computes the coordinates of a grid point along axes; without axes, 0. O(dim).
#[inline(never)]
fn project(point: &[[i16; LANES]], axes: &[[f32; LANES]]) -> [f32; LANES] {
    // Two sums, so that additions do not wait for each other.
    let mut sums = [F32x8::splat(0.0); 2];
    for (codes, axes) in point.as_flattened().as_chunks::<2>().0.iter().zip(axes.as_chunks::<2>().0)
    {
        for i in 0..2 {
            sums[i] = sums[i].add_scaled(F32x8::new(axes[i]), codes[i].into());
        }
    }
    sums[0].add_scaled(sums[1], 1.0).to_array()
}

/// Number of chunks of a grid point of `dim` dimensions: even, so that products take two at a time.
fn chunk_count(dim: usize) -> usize {
    dim.div_ceil(LANES).next_multiple_of(2)
}

/// Number of slots for the nodes of n rows, with room for rows that are added later.
fn slot_count(n: usize) -> usize {
    2 * n + n / 4 + 64
}
