//! The state of a repair, and the clusters that a change has affected.

use crate::math::simd::LANES;
use crate::ward::chain::Nearest;
use alloc::vec::Vec;

/// A cluster that added, removed or reweighted rows affect, with lower bounds of its distances to
/// all others.
pub(super) struct ActiveCluster {
    /// Slot of its node.
    pub(super) slot: usize,
    /// Lower bounds of Ward's distance to the cluster at each position, in squared steps; at least
    /// `MAX_BOUND` to itself and past the last position.
    pub(super) lower_bounds: Vec<[f32; LANES]>,
    /// The nearest live cluster, as of its last search. Later merges bring no cluster nearer.
    pub(super) nearest: Nearest,
    /// Number of merges of the new tree at the last search.
    pub(super) merge_count_at_search: usize,
}

/// The state of a repair between two merges.
#[derive(Default)]
pub(super) struct RepairState {
    /// Clusters that the change has affected, in no order.
    pub(super) active_clusters: Vec<ActiveCluster>,
    /// Slots of the live clusters. A cluster keeps its position until it is merged, or until the
    /// cluster at the last position moves to that of one that was merged.
    pub(super) live: Vec<u32>,
    /// Weights of the live clusters.
    pub(super) live_weights: Vec<[f32; LANES]>,
    /// Slots of the inner nodes of the new tree so far, ascending by height.
    pub(super) inner_nodes: Vec<u32>,
    /// Number of clusters that became active since the start of the repair.
    pub(super) activated_count: usize,
}
