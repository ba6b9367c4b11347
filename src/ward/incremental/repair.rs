//! The repair of an incremental tree: one pass over the old merges, in which the few clusters that
//! a change has affected are merged anew.

use super::bounds::{MAX_BOUND, least_position};
use super::state::{ActiveCluster, RepairState};
use super::tree::{IncrementalTree, NO_NODE, NodeState};
use crate::math::distance::squared_distance;
use crate::math::simd::{F32x8, LANES, ROUND_DOWN, max, min, set_lanes};
use crate::ward::chain::{Nearest, is_greater_and_no_tie};
use alloc::vec::Vec;

/// The cluster at the last position moves to that of a cluster that was merged.
#[derive(Clone, Copy)]
struct Move {
    from: usize,
    to: usize,
}

impl Move {
    fn apply(self, lower_bounds: &mut [[f32; LANES]]) {
        let bounds = lower_bounds.as_flattened_mut();
        bounds[self.to] = bounds[self.from];
        bounds[self.from] = MAX_BOUND;
    }
}

impl IncrementalTree {
    /// Replaces the inner nodes by those of the changed tree; `new_leaves` and `changed_leaves` are
    /// the leaves that were added and those of changed weight. `None` on a tie, or when too many
    /// clusters become active.
    pub(super) fn repair(&mut self, new_leaves: &[u32], changed_leaves: &[u32]) -> Option<()> {
        let old_inner_nodes = core::mem::take(&mut self.inner_nodes);
        let active_leaves: Vec<u32> = new_leaves.iter().chain(changed_leaves).copied().collect();
        // Merges below all distances of the active leaves stay: no cluster is nearer than its rows.
        let mut least_bound = MAX_BOUND;
        if !active_leaves.is_empty() {
            let leaves_only = self.start_repair(&[], &active_leaves, MAX_BOUND);
            for &leaf in &active_leaves {
                let lower_bounds = self.lower_bounds_to_all(leaf as usize, &leaves_only);
                if let Some(nearest) = least_position(&lower_bounds) {
                    least_bound = least_bound.min(lower_bounds.as_flattened()[nearest]);
                }
            }
        }
        let mut repair = self.start_repair(&old_inner_nodes, &active_leaves, least_bound);
        // Limits of memory and of time: a cluster that becomes active takes about 2 / n of the time
        // of a full run.
        let max_active = 16 + (old_inner_nodes.len() / 8).min(112);
        let max_activated = 24 + old_inner_nodes.len() / 3;
        for &leaf in &active_leaves {
            let lower_bounds = self.lower_bounds_to_all(leaf as usize, &repair);
            self.activate(leaf as usize, lower_bounds, &mut repair);
        }
        let remaining_nodes = &old_inner_nodes[repair.inner_nodes.len()..];
        let mut old_nodes = remaining_nodes.iter().map(|&node| node as usize).peekable();
        let mut freed_slots = Vec::new();
        while repair.live.len() > 1 {
            if repair.active_clusters.len() > max_active || repair.activated_count > max_activated {
                return None;
            }
            let (nearest_index, distance) = repair.nearest_active();
            if let Some(&node) = old_nodes.peek() {
                let children = self.nodes[node].children.map(|child| child as usize);
                let is_unchanged = |child: &usize| self.nodes[*child].state == NodeState::Live;
                if !children.iter().all(is_unchanged) {
                    // Freed slots are not reused before the repair ends, so a child slot of an old
                    // merge never refers to a new node.
                    for child in children {
                        if self.nodes[child].state == NodeState::Live {
                            let lower_bounds = self.lower_bounds_to_all(child, &repair);
                            self.activate(child, lower_bounds, &mut repair);
                        }
                    }
                    self.nodes[node].state = NodeState::Free;
                    freed_slots.push(node as u32);
                    old_nodes.next();
                    continue;
                }
                if is_greater_and_no_tie(distance, self.nodes[node].height) {
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
                old_nodes.peek().map_or(f64::INFINITY, |&node| self.nodes[node].height);
            if !active.nearest.is_unique() || !is_greater_and_no_tie(next_old_height, distance) {
                return None;
            }
            if let Some(other_index) = repair.find_tied_or_nearer(nearest_index) {
                if self.search_again_if_stale(other_index, &mut repair) {
                    continue;
                }
                return None;
            }
            let height = distance.max(self.nodes[slot].height).max(self.nodes[other].height);
            let node = self.insert_inner(slot, other, height)?;
            let union_bounds = match [slot, other].map(|child| repair.take_active(child)) {
                [Some(x), Some(y)] => Some(self.lower_bounds_of_union(x, &y, distance, &repair)),
                _ => None,
            };
            let move_last = self.merge_into(slot, other, node, &mut repair);
            let lower_bounds = match union_bounds {
                Some(mut lower_bounds) => {
                    move_last.apply(&mut lower_bounds);
                    lower_bounds
                }
                None => self.lower_bounds_to_all(node, &repair),
            };
            self.activate(node, lower_bounds, &mut repair);
        }
        freed_slots.extend(
            old_nodes
                .inspect(|&node| self.nodes[node].state = NodeState::Free)
                .map(|node| node as u32),
        );
        self.free_slots.extend(freed_slots);
        self.inner_nodes = repair.inner_nodes;
        Some(())
    }

    /// The state after the first of `old_inner_nodes`: those without an active or removed leaf that
    /// are less high than `least_bound`, in squared steps. No cluster is active yet.
    pub(super) fn start_repair(
        &mut self,
        old_inner_nodes: &[u32],
        active_leaves: &[u32],
        least_bound: f32,
    ) -> RepairState {
        for node in self.nodes.iter_mut().filter(|node| node.state != NodeState::Free) {
            let is_leaf = node.children[0] == NO_NODE;
            node.state = if is_leaf { NodeState::Live } else { NodeState::Pending };
        }
        active_leaves.iter().for_each(|&leaf| self.nodes[leaf as usize].state = NodeState::Active);
        let mut repair = RepairState::default();
        for &slot in old_inner_nodes {
            let node = slot as usize;
            let [a, b] = self.nodes[node].children.map(|child| child as usize);
            if [a, b].iter().any(|&child| self.nodes[child].state != NodeState::Live)
                || self.grid.squared_steps(self.nodes[node].height) >= least_bound.into()
            {
                break;
            }
            self.merge_states(a, b, node);
            repair.inner_nodes.push(slot);
        }
        for (slot, node) in (0..).zip(&mut self.nodes).filter(|(_, node)| node.is_live()) {
            node.position = repair.live.len() as u32;
            repair.live.push(slot);
        }
        let weights_of = |slots: &[u32]| {
            let mut weights = [1.0; LANES];
            weights
                .iter_mut()
                .zip(slots)
                .for_each(|(weight, &slot)| *weight = self.nodes[slot as usize].weight as f32);
            weights
        };
        repair.live_weights = repair.live.chunks(LANES).map(weights_of).collect();
        repair
    }

    /// Merges clusters `a` and `b` into `node`, and computes the bounds of the active clusters to
    /// `node` by Lance-Williams. `node` takes the position of `a`; returns the move that fills that
    /// of `b`.
    fn merge_into(&mut self, a: usize, b: usize, node: usize, repair: &mut RepairState) -> Move {
        let (w, v) = (self.nodes[a].weight, self.nodes[b].weight);
        let distance_ab = self.grid.squared_steps(self.nodes[node].height);
        let [to, removed] = [a, b].map(|child| self.nodes[child].position as usize);
        let move_last = Move { from: repair.live.len() - 1, to: removed };
        for active in &mut repair.active_clusters {
            let c = self.nodes[active.slot].weight;
            let bounds = active.lower_bounds.as_flattened_mut();
            let [to_a, to_b] = [to, removed].map(|position| f64::from(bounds[position]));
            let bound = ((w + c) * to_a + (v + c) * to_b - c * distance_ab) / (w + v + c);
            bounds[to] = max(bound, min(to_a, to_b)) as f32 * ROUND_DOWN;
            move_last.apply(&mut active.lower_bounds);
        }
        self.merge_states(a, b, node);
        repair.live[to] = node as u32;
        repair.live_weights[to / LANES][to % LANES] = self.nodes[node].weight as f32;
        self.nodes[node].position = to as u32;
        let moved_weight = repair.live_weights[move_last.from / LANES][move_last.from % LANES];
        repair.live_weights[removed / LANES][removed % LANES] = moved_weight;
        repair.live.swap_remove(removed);
        if let Some(&moved) = repair.live.get(removed) {
            self.nodes[moved as usize].position = removed as u32;
        }
        repair.inner_nodes.push(node as u32);
        move_last
    }

    /// Makes `node` a live cluster in place of its children `a` and `b`.
    fn merge_states(&mut self, a: usize, b: usize, node: usize) {
        self.nodes[a].state = NodeState::Merged;
        self.nodes[b].state = NodeState::Merged;
        self.nodes[node].state = NodeState::Live;
        self.nodes[node].lowest_row = self.nodes[a].lowest_row.min(self.nodes[b].lowest_row);
    }

    /// Makes a cluster active and searches its nearest live cluster. `lower_bounds` are those of
    /// its distances to all live clusters.
    fn activate(
        &mut self,
        slot: usize,
        mut lower_bounds: Vec<[f32; LANES]>,
        repair: &mut RepairState,
    ) {
        let position = self.nodes[slot].position as usize;
        lower_bounds.as_flattened_mut()[position] = MAX_BOUND;
        self.nodes[slot].state = NodeState::Active;
        for active in &mut repair.active_clusters {
            let other_position = self.nodes[active.slot].position as usize;
            active.lower_bounds.as_flattened_mut()[position] =
                lower_bounds.as_flattened()[other_position];
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
        if is_current || (nearest.stays_unique() && self.nodes[nearest.cluster].is_live()) {
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
        // Positions after the last have no cluster any more.
        lower_bounds.truncate(repair.live.len().div_ceil(LANES));
        let Some(least_position) = least_position(lower_bounds) else { return };
        let mut distance_limit = MAX_BOUND;
        let mut exact_distance = |position: usize, bound: &mut f32| {
            let other = repair.live[position] as usize;
            let distance = nearest.consider(other, || self.distance(*slot, other));
            let squared_steps = self.grid.squared_steps(distance) as f32;
            *bound = squared_steps * ROUND_DOWN;
            self.grid.squared_steps(nearest.distance) as f32 * (1.0 + 4e-6)
        };
        distance_limit = distance_limit.min(exact_distance(
            least_position,
            &mut lower_bounds[least_position / LANES][least_position % LANES],
        ));
        for (panel, row) in lower_bounds.iter_mut().enumerate() {
            for lane in set_lanes(F32x8::new(*row).lt_mask(F32x8::splat(distance_limit))) {
                distance_limit =
                    distance_limit.min(exact_distance(panel * LANES + lane, &mut row[lane]));
            }
        }
    }

    /// Ward's distance of two nodes, as computed by `Clusters::distance`. O(dim).
    pub(super) fn distance(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.nodes[a].weight, self.nodes[b].weight);
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
