//! The nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983), and the rule that breaks
//! ties.
//!
//! Ties ([`Nearest::update`]): two distances within a relative [`TIE_TOLERANCE`] of each other are
//! equal. Of equally near neighbours the previous cluster of the chain is chosen, so that the chain
//! ends; if it is not among them, the cluster of the lowest number. The number of a cluster is its
//! lowest row.
//!
//! Small hot functions are `#[inline(never)]`: wasm runtimes compile and optimise whole functions
//! (docs/decisions/0013).

use super::clusters::Clusters;
use super::dendrogram::Step;
use crate::math::simd::{max, min};
use alloc::{vec, vec::Vec};

/// Nearest-neighbour search over the live clusters.
pub(crate) trait NearestNeighbours {
    /// Returns the clusters, with their means and weights.
    fn clusters(&self) -> &Clusters<'_>;

    /// Returns the nearest neighbour of `cluster`. `previous` is the cluster before it on the chain
    /// (`usize::MAX` for none), `previous_distance` the distance between the two; of equally near
    /// neighbours `previous` is preferred.
    fn nearest(&mut self, cluster: usize, previous: usize, previous_distance: f64) -> Nearest;

    /// Merges cluster `b` into cluster `a`; a < b, and `distance` is the distance between them.
    fn merge(&mut self, a: usize, b: usize, distance: f64);
}

/// Relative difference up to which two distances count as equal: rounding in `f64` may order
/// distances that are equal in exact arithmetic.
const TIE_TOLERANCE: f64 = 1e-9;

/// The nearest neighbour among the candidates considered so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest {
    /// The nearest cluster; `usize::MAX` before the first candidate.
    pub(crate) cluster: usize,
    /// Distance of `cluster`, the nearest neighbour.
    pub(crate) distance: f64,
    /// Minimum distance of the candidates, `cluster` included; it ties with `distance`.
    least_distance: f64,
    /// Minimum distance of the candidates other than `cluster`.
    runner_up_distance: f64,
    /// The previous cluster of the chain, preferred among equally near candidates.
    previous: usize,
    /// Distance of `previous`, the previous cluster of the chain.
    previous_distance: f64,
}

impl Nearest {
    /// The state of a search before its first candidate. The arguments are those of
    /// [`NearestNeighbours::nearest`].
    pub(crate) fn none(previous: usize, previous_distance: f64) -> Self {
        let infinity = f64::INFINITY;
        Self {
            cluster: usize::MAX,
            distance: infinity,
            least_distance: infinity,
            runner_up_distance: infinity,
            previous,
            previous_distance,
        }
    }

    /// Updates the nearest neighbour with the candidate `cluster` and returns its exact distance.
    /// `distance` computes it; it is not called for the previous cluster, whose distance is known.
    // Always inlined, so that the closure `distance` is called directly.
    #[inline(always)]
    pub(crate) fn consider(&mut self, cluster: usize, distance: impl FnOnce() -> f64) -> f64 {
        let distance = if cluster == self.previous { self.previous_distance } else { distance() };
        self.update(cluster, distance);
        distance
    }

    /// Makes `cluster` the nearest neighbour if it is nearer than all candidates before it, or ties
    /// with them and is preferred.
    #[inline(never)]
    fn update(&mut self, cluster: usize, distance: f64) {
        if cluster == self.cluster {
            return;
        }
        let is_nearer = distance < self.least_distance * (1.0 - TIE_TOLERANCE);
        let is_tied = distance <= self.least_distance * (1.0 + TIE_TOLERANCE);
        let is_preferred =
            cluster == self.previous || (self.cluster != self.previous && cluster < self.cluster);
        self.least_distance = min(self.least_distance, distance);
        if is_nearer || (is_tied && is_preferred) {
            self.runner_up_distance = min(self.runner_up_distance, self.distance);
            (self.cluster, self.distance) = (cluster, distance);
        } else {
            self.runner_up_distance = min(self.runner_up_distance, distance);
        }
    }

    /// Whether no other candidate ties with the nearest.
    pub(crate) fn is_unique(&self) -> bool {
        is_greater_and_no_tie(self.runner_up_distance, self.distance)
    }

    /// Whether no other candidate ties with the nearest, nor will after merges of other candidates.
    /// A union is no nearer than its parts, but its distance may be less by a rounding error.
    pub(crate) fn stays_unique(&self) -> bool {
        self.runner_up_distance > self.distance * (1.0 + 2.0 * TIE_TOLERANCE)
    }
}

/// Whether `distance` is greater than `other_distance` by more than a tie.
pub(crate) fn is_greater_and_no_tie(distance: f64, other_distance: f64) -> bool {
    distance > other_distance * (1.0 + TIE_TOLERANCE)
}

/// The result of [`nearest_neighbour_chain`].
pub(crate) struct ChainResult {
    /// The n - 1 merges, children before parents; no merge is lower than its children.
    pub(crate) steps: Vec<Step>,
    /// Whether the nearest neighbour of every merged cluster was unique.
    pub(crate) had_no_ties: bool,
}

/// Follows nearest neighbours until two clusters are each other's nearest, merges them, and repeats
/// until one cluster is left.
#[inline(never)]
pub(crate) fn nearest_neighbour_chain(neighbours: &mut impl NearestNeighbours) -> ChainResult {
    let n = neighbours.clusters().live_count();
    let mut result = ChainResult { steps: Vec::with_capacity(n), had_no_ties: true };
    let mut heights = vec![0.0f64; n];
    // Chain entries: (cluster, distance to the previous entry, whether that nearest neighbour was
    // unique).
    let mut chain: Vec<(usize, f64, bool)> = Vec::new();
    let mut lowest_live = 0;
    while result.steps.len() + 1 < n {
        // Due to rounding, a cluster may still be on the chain after it was merged.
        while chain
            .pop_if(|(top_cluster, ..)| !neighbours.clusters().is_live(*top_cluster))
            .is_some()
        {}
        let Some(&(top_cluster, previous_distance, was_unique_nearest)) = chain.last() else {
            while !neighbours.clusters().is_live(lowest_live) {
                lowest_live += 1;
            }
            chain.push((lowest_live, f64::INFINITY, true));
            continue;
        };
        let previous = chain.len().checked_sub(2).map_or(usize::MAX, |index| chain[index].0);
        let nearest = neighbours.nearest(top_cluster, previous, previous_distance);
        if nearest.cluster == previous {
            chain.truncate(chain.len() - 2);
            let (a, b) = (top_cluster.min(previous), top_cluster.max(previous));
            heights[a] = max(nearest.distance, max(heights[a], heights[b]));
            result.steps.push(Step { a, b, height: heights[a] });
            result.had_no_ties &= was_unique_nearest && nearest.is_unique();
            neighbours.merge(a, b, nearest.distance);
        } else {
            chain.push((nearest.cluster, nearest.distance, nearest.is_unique()));
        }
    }
    result
}
