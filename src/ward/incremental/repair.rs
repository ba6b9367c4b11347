//! The repair of an incremental tree: one pass over the old merges, with the few clusters that a
//! change has affected.

use super::tree::{IncrementalTree, NO_NODE, NodeState};
use crate::math::distance::squared_distance;
use crate::math::simd::{F32x8, LANES, ROUND_DOWN, ROUND_UP, set_lanes};
use crate::ward::chain::{Nearest, strictly_greater};
use alloc::{vec, vec::Vec};

/// Above every distance.
const MAX_BOUND: f32 = f32::MAX;

/// A changed cluster, with bounds of its distances to all.
struct Active {
    slot: usize,
    /// Lower bounds of Ward's distance to every slot, in squared steps; [`MAX_BOUND`] to itself.
    bounds: Vec<[f32; LANES]>,
    nearest: Nearest,
    /// Number of merges when `nearest` was found. A later merge brings no cluster nearer.
    found_after: usize,
}

/// The state of a repair.
#[derive(Default)]
struct ActiveSet {
    active: Vec<Active>,
    /// By slot: 0 where a cluster is live, else [`MAX_BOUND`].
    dead_mask: Vec<[f32; LANES]>,
    /// Live clusters in each panel.
    live_in_panel: Vec<u8>,
    /// Inner nodes of the new tree so far, ascending by height.
    inner_nodes: Vec<u32>,
    live_count: usize,
    /// Clusters that have become active, in all.
    activated: usize,
}

impl IncrementalTree {
    /// Repairs the merges. `None` on a tie, or when too many clusters become active.
    pub(super) fn repair(&mut self, new_leaves: &[u32], changed: &[u32]) -> Option<()> {
        let mut set = self.active_set();
        let max_active = 8 + (set.live_count / 16).min(120);
        for &leaf in new_leaves.iter().chain(changed) {
            let bounds = self.bounds_to_all(leaf as usize, &set);
            self.activate(leaf as usize, bounds, &mut set);
        }
        let old = core::mem::take(&mut self.inner_nodes);
        let mut old_nodes = old.iter().map(|&node| node as usize).peekable();
        let mut freed = Vec::new();
        while set.live_count > 1 {
            if set.active.len() > max_active || set.activated > 2 * max_active {
                return None;
            }
            let (first, distance) = set.nearest_active();
            if let Some(&node) = old_nodes.peek() {
                let children = self.children[node].map(|child| child as usize);
                let unchanged = children
                    .iter()
                    .all(|&child| self.states[child] == NodeState::Live && !set.is_active(child));
                if !unchanged {
                    // A slot freed here is not reused before the end, so a stale child index is
                    // harmless.
                    for child in children {
                        if self.states[child] == NodeState::Live && !set.is_active(child) {
                            let bounds = self.bounds_to_all(child, &set);
                            self.activate(child, bounds, &mut set);
                        }
                    }
                    self.states[node] = NodeState::Free;
                    freed.push(node as u32);
                    old_nodes.next();
                    continue;
                }
                if strictly_greater(distance, self.heights[node]) {
                    let [a, b] = children;
                    self.merge_into(a, b, node, &mut set);
                    old_nodes.next();
                    continue;
                }
            }
            let first = first?;
            if self.refresh(first, &mut set) {
                continue;
            }
            // This is the nearest pair of all clusters, unless it ties.
            let active = &set.active[first];
            let (slot, other) = (active.slot, active.nearest.cluster);
            let next = old_nodes.peek().map_or(f64::INFINITY, |&node| self.heights[node]);
            if !active.nearest.is_unique() || !strictly_greater(next, distance) {
                return None;
            }
            if let Some(rival) = set.rival(first) {
                if self.refresh(rival, &mut set) {
                    continue;
                }
                return None;
            }
            let height = distance.max(self.heights[slot]).max(self.heights[other]);
            let node = self.insert_inner(slot, other, height)?;
            let children = [slot, other].map(|child| set.take_active(child));
            self.merge_into(slot, other, node, &mut set);
            let bounds = match children {
                [Some(x), Some(y)] => self.union_bounds(x, &y, distance),
                _ => self.bounds_to_all(node, &set),
            };
            self.activate(node, bounds, &mut set);
        }
        freed.extend(
            old_nodes.inspect(|&node| self.states[node] = NodeState::Free).map(|node| node as u32),
        );
        self.free_slots.extend(freed);
        self.inner_nodes = set.inner_nodes;
        Some(())
    }

    /// The state before the first merge: every leaf is a live cluster, none is active.
    fn active_set(&mut self) -> ActiveSet {
        let mut set = ActiveSet {
            dead_mask: vec![[MAX_BOUND; LANES]; self.weights_f32.len()],
            live_in_panel: vec![0; self.weights_f32.len()],
            ..ActiveSet::default()
        };
        for (slot, state) in
            self.states.iter_mut().enumerate().filter(|(_, state)| **state != NodeState::Free)
        {
            *state = NodeState::Pending;
            if self.children[slot][0] == NO_NODE {
                *state = NodeState::Live;
                set.live_in_panel[slot / LANES] += 1;
                set.dead_mask[slot / LANES][slot % LANES] = 0.0;
                set.live_count += 1;
            }
        }
        set
    }

    /// Merges clusters `a` and `b` into `node`; active clusters update their bounds by
    /// Lance-Williams.
    fn merge_into(&mut self, a: usize, b: usize, node: usize, set: &mut ActiveSet) {
        let (w, v) = (self.weights[a], self.weights[b]);
        let distance_ab = self.grid.squared_steps(self.heights[node]);
        for active in &mut set.active {
            let c = self.weights[active.slot];
            let [to_a, to_b] =
                [a, b].map(|child| f64::from(active.bounds[child / LANES][child % LANES]));
            let bound = ((w + c) * to_a + (v + c) * to_b - c * distance_ab) / (w + v + c);
            active.bounds[node / LANES][node % LANES] =
                bound.max(to_a.min(to_b)) as f32 * ROUND_DOWN;
        }
        for child in [a, b] {
            self.states[child] = NodeState::Merged;
            set.dead_mask[child / LANES][child % LANES] = MAX_BOUND;
            set.live_in_panel[child / LANES] -= 1;
        }
        self.states[node] = NodeState::Live;
        set.live_in_panel[node / LANES] += 1;
        set.dead_mask[node / LANES][node % LANES] = 0.0;
        self.lowest_row[node] = self.lowest_row[a].min(self.lowest_row[b]);
        set.inner_nodes.push(node as u32);
        set.live_count -= 1;
    }

    /// Lower bounds of the distances of a cluster to all live clusters, from the grid. O(n dim).
    fn bounds_to_all(&self, slot: usize, set: &ActiveSet) -> Vec<[f32; LANES]> {
        let mut bounds = vec![[MAX_BOUND; LANES]; self.weights_f32.len()];
        let (own_weight, slack) = (self.weights[slot] as f32, self.grid.slack());
        for (pair, live_in_panel) in set.live_in_panel.chunks_exact(2).enumerate() {
            if live_in_panel == [0, 0] {
                continue;
            }
            for (panel, row) in (2 * pair..).zip(self.grid.row(slot, pair)) {
                let bound = row
                    .to_f32()
                    .subtract_slack(slack)
                    .mul_harmonic_mean(own_weight, F32x8::new(self.weights_f32[panel]));
                bounds[panel] = bound.mul_scalar(ROUND_DOWN).to_array();
            }
        }
        bounds
    }

    /// Lower bounds of the distances of the union of x and y, which are at `distance`, from theirs.
    /// O(n).
    fn union_bounds(&self, x: Active, y: &Active, distance: f64) -> Vec<[f32; LANES]> {
        let distance_ab = self.grid.squared_steps(distance) as f32 * ROUND_UP;
        let factors = [self.weights[x.slot] as f32, self.weights[y.slot] as f32, distance_ab];
        let mut bounds = x.bounds;
        for ((x, y), weights) in bounds.iter_mut().zip(&y.bounds).zip(&self.weights_f32) {
            *x = F32x8::new(*x)
                .lance_williams(F32x8::new(*y), F32x8::new(*weights), factors)
                .to_array();
        }
        bounds
    }

    /// Adds a cluster to the active ones.
    fn activate(&mut self, slot: usize, mut bounds: Vec<[f32; LANES]>, set: &mut ActiveSet) {
        bounds[slot / LANES][slot % LANES] = MAX_BOUND;
        for active in &mut set.active {
            let bound = bounds[active.slot / LANES][active.slot % LANES];
            active.bounds[slot / LANES][slot % LANES] = bound;
        }
        let mut active =
            Active { slot, bounds, nearest: Nearest::none(usize::MAX, 0.0), found_after: 0 };
        self.search(&mut active, set);
        set.active.push(active);
        set.activated += 1;
    }

    /// Searches the nearest of an active cluster again if there were merges since. Returns whether
    /// there were.
    fn refresh(&mut self, index: usize, set: &mut ActiveSet) -> bool {
        if set.active[index].found_after == set.inner_nodes.len() {
            return false;
        }
        let mut active = set.active.swap_remove(index);
        self.search(&mut active, set);
        set.active.push(active);
        let last = set.active.len() - 1;
        set.active.swap(index, last);
        true
    }

    /// Finds the nearest of an active cluster. O(n), and O(dim) for each distance that the bounds
    /// do not exclude.
    fn search(&self, active: &mut Active, set: &ActiveSet) {
        let Active { slot, bounds, nearest, found_after } = active;
        *nearest = Nearest::none(usize::MAX, 0.0);
        *found_after = set.inner_nodes.len();
        let mut least = (MAX_BOUND, usize::MAX);
        for (panel, (row, dead_mask)) in bounds.iter().zip(&set.dead_mask).enumerate() {
            let row = F32x8::new(*row).max(F32x8::new(*dead_mask));
            if row.lt_mask(F32x8::splat(least.0)) != 0 {
                for (lane, bound) in row.to_array().into_iter().enumerate() {
                    if bound < least.0 {
                        least = (bound, panel * LANES + lane);
                    }
                }
            }
        }
        if least.1 == usize::MAX {
            return;
        }
        let mut limit = MAX_BOUND;
        let mut exact_distance = |other: usize, bound: &mut f32| {
            let distance = nearest.consider(other, || self.distance(*slot, other));
            let steps = self.grid.squared_steps(distance) as f32;
            *bound = steps * ROUND_DOWN;
            self.grid.squared_steps(nearest.distance) as f32 * (1.0 + 4e-6)
        };
        limit = limit.min(exact_distance(least.1, &mut bounds[least.1 / LANES][least.1 % LANES]));
        for (panel, (row, dead_mask)) in bounds.iter_mut().zip(&set.dead_mask).enumerate() {
            let open = F32x8::new(*row).max(F32x8::new(*dead_mask));
            for lane in set_lanes(open.lt_mask(F32x8::splat(limit))) {
                limit = limit.min(exact_distance(panel * LANES + lane, &mut row[lane]));
            }
        }
    }

    /// Ward's distance, as `Clusters::distance`. O(dim).
    fn distance(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.weights[a], self.weights[b]);
        2.0 * (w * v) / (w + v) * squared_distance(self.mean(a), self.mean(b))
    }
}

impl ActiveSet {
    /// Index of the active cluster with the least nearest distance, and that distance; later merges
    /// may have made the true one greater.
    fn nearest_active(&self) -> (Option<usize>, f64) {
        let mut first = (None, f64::INFINITY);
        for (index, active) in self.active.iter().enumerate() {
            if active.nearest.distance < first.1 {
                first = (Some(index), active.nearest.distance);
            }
        }
        first
    }

    /// Another active cluster whose nearest may be as near as that of `first`, unless the two are
    /// each other's unique nearest.
    fn rival(&self, first: usize) -> Option<usize> {
        let Active { slot, nearest, .. } = &self.active[first];
        let is_rival = |index: &usize| {
            let rival = &self.active[*index];
            let mutual = rival.slot == nearest.cluster
                && rival.nearest.cluster == *slot
                && rival.nearest.is_unique();
            *index != first
                && !mutual
                && !strictly_greater(rival.nearest.distance, nearest.distance)
        };
        (0..self.active.len()).find(is_rival)
    }

    /// Removes and returns an active cluster.
    fn take_active(&mut self, slot: usize) -> Option<Active> {
        let index = self.active.iter().position(|active| active.slot == slot)?;
        Some(self.active.swap_remove(index))
    }

    fn is_active(&self, slot: usize) -> bool {
        self.active.iter().any(|active| active.slot == slot)
    }
}
