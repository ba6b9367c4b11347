//! The repair of an incremental tree: one pass over the old merges, in which the few clusters that
//! a change has affected are merged anew.

use super::tree::{IncrementalTree, NO_NODE, NodeState};
use crate::math::distance::squared_distance;
use crate::math::simd::{F32x8, LANES, ROUND_DOWN, ROUND_UP, set_lanes};
use crate::ward::chain::{Nearest, is_greater_and_no_tie};
use crate::ward::grid::QUAD_VECTORS;
use alloc::{vec, vec::Vec};

/// Lower bound for a slot without a live cluster: above every distance.
const MAX_BOUND: f32 = f32::MAX;

/// A cluster that added, removed or reweighted rows affect, with lower bounds of its distances to
/// all others.
struct ActiveCluster {
    /// Slot of its node.
    slot: usize,
    /// Lower bounds of Ward's distance to every slot, in squared steps; at least [`MAX_BOUND`] to
    /// itself and to slots without a live cluster.
    lower_bounds: Vec<[f32; LANES]>,
    /// The nearest live cluster, as of its last search. Later merges bring no cluster nearer.
    nearest: Nearest,
    /// Number of merges of the new tree at the last search.
    merge_count_at_search: usize,
}

/// The state of a repair between two merges.
#[derive(Default)]
struct RepairState {
    /// Clusters that the change has affected, in no order.
    active_clusters: Vec<ActiveCluster>,
    /// For each quad of slots: 0 for a slot that has a live cluster, else [`MAX_BOUND`].
    dead_mask: Vec<[f32; QUAD_VECTORS]>,
    /// Slots of the inner nodes of the new tree so far, ascending by height.
    inner_nodes: Vec<u32>,
    /// Number of live clusters.
    live_count: usize,
    /// Number of clusters that became active since the start of the repair.
    activated_count: usize,
}

impl IncrementalTree {
    /// Replaces the inner nodes by those of the changed tree; `new_leaves` and `changed_leaves` are
    /// the leaves that were added and those of changed weight. `None` on a tie, or when too many
    /// clusters become active.
    pub(super) fn repair(&mut self, new_leaves: &[u32], changed_leaves: &[u32]) -> Option<()> {
        let mut repair = self.start_repair();
        // Limits of memory and of time: a cluster that becomes active takes about 2 / n of the time
        // of a full run.
        let max_active = 16 + (repair.live_count / 8).min(112);
        let max_activated = 24 + repair.live_count / 3;
        for &leaf in new_leaves.iter().chain(changed_leaves) {
            let lower_bounds = self.lower_bounds_to_all(leaf as usize, &repair);
            self.activate(leaf as usize, lower_bounds, &mut repair);
        }
        let old_inner_nodes = core::mem::take(&mut self.inner_nodes);
        let mut old_nodes = old_inner_nodes.iter().map(|&node| node as usize).peekable();
        let mut freed_slots = Vec::new();
        while repair.live_count > 1 {
            if repair.active_clusters.len() > max_active || repair.activated_count > max_activated {
                return None;
            }
            let (nearest_index, distance) = repair.nearest_active();
            if let Some(&node) = old_nodes.peek() {
                let children = self.children[node].map(|child| child as usize);
                let is_unchanged = |child: &usize| self.states[*child] == NodeState::Live;
                if !children.iter().all(is_unchanged) {
                    // Freed slots are not reused before the repair ends, so a child slot of an old
                    // merge never refers to a new node.
                    for child in children {
                        if self.states[child] == NodeState::Live {
                            let lower_bounds = self.lower_bounds_to_all(child, &repair);
                            self.activate(child, lower_bounds, &mut repair);
                        }
                    }
                    self.states[node] = NodeState::Free;
                    freed_slots.push(node as u32);
                    old_nodes.next();
                    continue;
                }
                if is_greater_and_no_tie(distance, self.heights[node]) {
                    let [a, b] = children;
                    self.merge_into(a, b, node, &mut repair);
                    old_nodes.next();
                    continue;
                }
            }
            let nearest_index = nearest_index?;
            if self.search_again_if_stale(nearest_index, &mut repair) {
                continue;
            }
            // `slot` and `other` are now the nearest pair of all clusters, unless another pair
            // ties.
            let active = &repair.active_clusters[nearest_index];
            let (slot, other) = (active.slot, active.nearest.cluster);
            let next_old_height =
                old_nodes.peek().map_or(f64::INFINITY, |&node| self.heights[node]);
            if !active.nearest.is_unique() || !is_greater_and_no_tie(next_old_height, distance) {
                return None;
            }
            if let Some(other_index) = repair.find_tied_or_nearer(nearest_index) {
                if self.search_again_if_stale(other_index, &mut repair) {
                    continue;
                }
                return None;
            }
            let height = distance.max(self.heights[slot]).max(self.heights[other]);
            let node = self.insert_inner(slot, other, height)?;
            let active_children = [slot, other].map(|child| repair.take_active(child));
            self.merge_into(slot, other, node, &mut repair);
            let lower_bounds = match active_children {
                [Some(x), Some(y)] => self.lower_bounds_of_union(x, &y, distance),
                _ => self.lower_bounds_to_all(node, &repair),
            };
            self.activate(node, lower_bounds, &mut repair);
        }
        freed_slots.extend(
            old_nodes.inspect(|&node| self.states[node] = NodeState::Free).map(|node| node as u32),
        );
        self.free_slots.extend(freed_slots);
        self.inner_nodes = repair.inner_nodes;
        Some(())
    }

    /// The state before the first merge: every leaf is a live cluster, and no cluster is active.
    fn start_repair(&mut self) -> RepairState {
        let mut repair = RepairState {
            dead_mask: vec![[MAX_BOUND; QUAD_VECTORS]; self.states.len() / QUAD_VECTORS],
            ..RepairState::default()
        };
        for (slot, state) in
            self.states.iter_mut().enumerate().filter(|(_, state)| **state != NodeState::Free)
        {
            *state = NodeState::Pending;
            if self.children[slot][0] == NO_NODE {
                *state = NodeState::Live;
                repair.dead_mask.as_flattened_mut()[slot] = 0.0;
                repair.live_count += 1;
            }
        }
        repair
    }

    /// Merges clusters `a` and `b` into `node`, and computes the bounds of the active clusters to
    /// `node` by Lance-Williams.
    fn merge_into(&mut self, a: usize, b: usize, node: usize, repair: &mut RepairState) {
        let (w, v) = (self.weights[a], self.weights[b]);
        let distance_ab = self.grid.squared_steps(self.heights[node]);
        for active in &mut repair.active_clusters {
            let c = self.weights[active.slot];
            let bounds = active.lower_bounds.as_flattened_mut();
            let [to_a, to_b] = [a, b].map(|child| f64::from(bounds[child]));
            let bound = ((w + c) * to_a + (v + c) * to_b - c * distance_ab) / (w + v + c);
            bounds[node] = bound.max(to_a.min(to_b)) as f32 * ROUND_DOWN;
            bounds[a] = MAX_BOUND;
            bounds[b] = MAX_BOUND;
        }
        for child in [a, b] {
            self.states[child] = NodeState::Merged;
            repair.dead_mask.as_flattened_mut()[child] = MAX_BOUND;
        }
        self.states[node] = NodeState::Live;
        repair.dead_mask.as_flattened_mut()[node] = 0.0;
        self.lowest_row[node] = self.lowest_row[a].min(self.lowest_row[b]);
        repair.inner_nodes.push(node as u32);
        repair.live_count -= 1;
    }

    /// Computes lower bounds of the distances of a cluster to all live clusters, computed on the
    /// grid. O(n dim).
    fn lower_bounds_to_all(&self, slot: usize, repair: &RepairState) -> Vec<[f32; LANES]> {
        let mut lower_bounds = vec![[MAX_BOUND; LANES]; self.weights_f32.len()];
        let (own_weight, slack) = (self.weights[slot] as f32, self.grid.slack());
        let weights = self.weights_f32.as_flattened().as_chunks().0;
        let bounds_by_quad = lower_bounds.as_flattened_mut().as_chunks_mut().0;
        let has_live_cluster = |quad: &usize| repair.dead_mask[*quad] != [MAX_BOUND; QUAD_VECTORS];
        let mut live_quads = (0..repair.dead_mask.len()).filter(has_live_cluster);
        while let Some(first) = live_quads.next() {
            // Four quads at a time; the last batch repeats its first quad to be complete.
            let rest: [usize; 3] = core::array::from_fn(|_| live_quads.next().unwrap_or(first));
            let quads = [first, rest[0], rest[1], rest[2]];
            for (pair, row) in
                quads.as_chunks::<2>().0.iter().zip(self.grid.row_of_quads(slot, quads))
            {
                let of_pair = |values: &[[f32; QUAD_VECTORS]]| {
                    F32x8::from_halves(pair.map(|quad| values[quad]))
                };
                let bounds = row
                    .to_f32()
                    .subtract_slack(slack)
                    .mul_harmonic_mean(own_weight, of_pair(weights))
                    .mul_scalar(ROUND_DOWN)
                    .max(of_pair(&repair.dead_mask));
                for (&quad, bounds) in pair.iter().zip(bounds.to_halves()) {
                    bounds_by_quad[quad] = bounds;
                }
            }
        }
        lower_bounds
    }

    /// Computes lower bounds of the distances of the union of x and y to all slots, computed from
    /// the bounds of x and y. `distance` is the distance between the two. O(n).
    fn lower_bounds_of_union(
        &self,
        x: ActiveCluster,
        y: &ActiveCluster,
        distance: f64,
    ) -> Vec<[f32; LANES]> {
        let distance_ab = self.grid.squared_steps(distance) as f32 * ROUND_UP;
        let factors = [self.weights[x.slot] as f32, self.weights[y.slot] as f32, distance_ab];
        let mut lower_bounds = x.lower_bounds;
        for ((x, y), weights) in lower_bounds.iter_mut().zip(&y.lower_bounds).zip(&self.weights_f32)
        {
            *x = F32x8::new(*x)
                .lance_williams(F32x8::new(*y), F32x8::new(*weights), factors)
                .to_array();
        }
        lower_bounds
    }

    /// Makes a cluster active and searches its nearest live cluster. `lower_bounds` are those of
    /// its distances to all slots.
    fn activate(
        &mut self,
        slot: usize,
        mut lower_bounds: Vec<[f32; LANES]>,
        repair: &mut RepairState,
    ) {
        lower_bounds[slot / LANES][slot % LANES] = MAX_BOUND;
        self.states[slot] = NodeState::Active;
        for active in &mut repair.active_clusters {
            let bound = lower_bounds[active.slot / LANES][active.slot % LANES];
            active.lower_bounds[slot / LANES][slot % LANES] = bound;
        }
        let mut active = ActiveCluster {
            slot,
            lower_bounds,
            nearest: Nearest::none(usize::MAX, 0.0),
            merge_count_at_search: 0,
        };
        self.search_nearest(&mut active, repair);
        repair.active_clusters.push(active);
        repair.activated_count += 1;
    }

    /// Searches the nearest live cluster of an active cluster again if merges since its last search
    /// may have changed it. Returns whether a search was run.
    fn search_again_if_stale(&mut self, index: usize, repair: &mut RepairState) -> bool {
        let ActiveCluster { nearest, merge_count_at_search, .. } = &repair.active_clusters[index];
        let is_current = *merge_count_at_search == repair.inner_nodes.len();
        if is_current || (nearest.stays_unique() && self.is_live(nearest.cluster)) {
            return false;
        }
        let mut active = repair.active_clusters.swap_remove(index);
        self.search_nearest(&mut active, repair);
        repair.active_clusters.push(active);
        let last = repair.active_clusters.len() - 1;
        repair.active_clusters.swap(index, last);
        true
    }

    /// Finds the nearest live cluster of an active cluster. O(n), and O(dim) for each distance that
    /// the bounds do not exclude.
    fn search_nearest(&self, active: &mut ActiveCluster, repair: &RepairState) {
        let ActiveCluster { slot, lower_bounds, nearest, merge_count_at_search } = active;
        *nearest = Nearest::none(usize::MAX, 0.0);
        *merge_count_at_search = repair.inner_nodes.len();
        let (mut least_bound, mut least_slot) = (MAX_BOUND, usize::MAX);
        for (panel, row) in lower_bounds.iter().enumerate() {
            if F32x8::new(*row).lt_mask(F32x8::splat(least_bound)) != 0 {
                for (lane, &bound) in row.iter().enumerate() {
                    if bound < least_bound {
                        (least_bound, least_slot) = (bound, panel * LANES + lane);
                    }
                }
            }
        }
        if least_slot == usize::MAX {
            return;
        }
        let mut distance_limit = MAX_BOUND;
        let mut exact_distance = |other: usize, bound: &mut f32| {
            let distance = nearest.consider(other, || self.distance(*slot, other));
            let squared_steps = self.grid.squared_steps(distance) as f32;
            *bound = squared_steps * ROUND_DOWN;
            self.grid.squared_steps(nearest.distance) as f32 * (1.0 + 4e-6)
        };
        distance_limit = distance_limit.min(exact_distance(
            least_slot,
            &mut lower_bounds[least_slot / LANES][least_slot % LANES],
        ));
        for (panel, row) in lower_bounds.iter_mut().enumerate() {
            for lane in set_lanes(F32x8::new(*row).lt_mask(F32x8::splat(distance_limit))) {
                distance_limit =
                    distance_limit.min(exact_distance(panel * LANES + lane, &mut row[lane]));
            }
        }
    }

    /// Whether the node is a cluster that was not merged.
    fn is_live(&self, slot: usize) -> bool {
        matches!(self.states[slot], NodeState::Live | NodeState::Active)
    }

    /// Ward's distance of two nodes, as computed by `Clusters::distance`. O(dim).
    fn distance(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.weights[a], self.weights[b]);
        2.0 * (w * v) / (w + v) * squared_distance(self.mean(a), self.mean(b))
    }
}

impl RepairState {
    /// Index of the active cluster whose nearest cluster is at the least distance, and that
    /// distance as of its last search; merges since then may have increased it.
    fn nearest_active(&self) -> (Option<usize>, f64) {
        let (mut nearest_index, mut least_distance) = (None, f64::INFINITY);
        for (index, active) in self.active_clusters.iter().enumerate() {
            if active.nearest.distance < least_distance {
                (nearest_index, least_distance) = (Some(index), active.nearest.distance);
            }
        }
        (nearest_index, least_distance)
    }

    /// Index of another active cluster whose nearest distance is less than that of the cluster at
    /// `nearest_index`, or ties with it; except its own nearest cluster, if the two are each
    /// other's unique nearest.
    fn find_tied_or_nearer(&self, nearest_index: usize) -> Option<usize> {
        let ActiveCluster { slot, nearest, .. } = &self.active_clusters[nearest_index];
        let is_tied_or_nearer = |index: &usize| {
            let other = &self.active_clusters[*index];
            let are_mutual_nearest = other.slot == nearest.cluster
                && other.nearest.cluster == *slot
                && other.nearest.is_unique();
            *index != nearest_index
                && !are_mutual_nearest
                && !is_greater_and_no_tie(other.nearest.distance, nearest.distance)
        };
        (0..self.active_clusters.len()).find(is_tied_or_nearer)
    }

    /// Removes and returns the active cluster at `slot`; `None` if that cluster is not active.
    fn take_active(&mut self, slot: usize) -> Option<ActiveCluster> {
        let index = self.active_clusters.iter().position(|active| active.slot == slot)?;
        Some(self.active_clusters.swap_remove(index))
    }
}
