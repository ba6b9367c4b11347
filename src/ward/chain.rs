//! The nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983), and the rule that breaks
//! ties.
//!
//! Ties: two distances within a relative [`TIE`] of each other are equal. Of equally near
//! neighbours the previous cluster of the chain is taken, which is what makes the chain end; if it
//! is not among them, the lowest cluster. A cluster is identified by its lowest row
//! ([`Nearest::update`]).
//!
//! Small hot functions are `#[inline(never)]`: wasm runtimes compile and optimise whole functions
//! (docs/decisions/0013).

use super::clusters::Clusters;
use super::dendrogram::Step;
use alloc::{vec, vec::Vec};

/// Nearest-neighbour search over the live clusters.
pub(crate) trait NearestNeighbours {
    fn clusters(&self) -> &Clusters<'_>;

    /// The cluster before this one on the chain, preferred among ties.
    fn nearest(&mut self, cluster: usize, previous: usize, previous_distance: f64) -> Nearest;

    /// Merges `b` into `a`, a < b, its nearest neighbour at `distance`.
    fn merge(&mut self, a: usize, b: usize, distance: f64);
}

/// Relative difference up to which two distances are a tie: rounding in `f64` may order them where
/// exact arithmetic would not.
const TIE: f64 = 1e-9;

/// The nearest neighbour among the candidates considered so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest {
    /// `usize::MAX` before the first candidate.
    pub(crate) cluster: usize,
    pub(crate) distance: f64,
    /// Least distance seen; ties with `distance`.
    least: f64,
    /// Least distance of all other candidates.
    runner_up: f64,
    /// Preferred among equals.
    previous: usize,
    /// The distance to `previous`.
    previous_distance: f64,
}

impl Nearest {
    /// No candidate yet. `previous` and `previous_distance` as in [`NearestNeighbours::nearest`].
    pub(crate) fn none(previous: usize, previous_distance: f64) -> Self {
        let far = f64::INFINITY;
        Self {
            cluster: usize::MAX,
            distance: far,
            least: far,
            runner_up: far,
            previous,
            previous_distance,
        }
    }

    /// Offers a candidate. `distance` computes its exact distance, unless it is the previous
    /// cluster, whose distance is known. Returns the distance.
    // Always inlined, so that `distance` is a direct call.
    #[inline(always)]
    pub(crate) fn consider(&mut self, cluster: usize, distance: impl FnOnce() -> f64) -> f64 {
        let distance = if cluster == self.previous { self.previous_distance } else { distance() };
        self.update(cluster, distance);
        distance
    }

    /// Keeps `cluster` if it is nearer than all before, or ties and is preferred.
    #[inline(never)]
    fn update(&mut self, cluster: usize, distance: f64) {
        if cluster == self.cluster {
            return;
        }
        let nearer = distance < self.least * (1.0 - TIE);
        let tied = distance <= self.least * (1.0 + TIE);
        let preferred =
            cluster == self.previous || (self.cluster != self.previous && cluster < self.cluster);
        self.least = self.least.min(distance);
        if nearer || (tied && preferred) {
            self.runner_up = self.runner_up.min(self.distance);
            (self.cluster, self.distance) = (cluster, distance);
        } else {
            self.runner_up = self.runner_up.min(distance);
        }
    }

    /// Whether no other candidate ties with the nearest.
    pub(crate) fn is_unique(&self) -> bool {
        strictly_greater(self.runner_up, self.distance)
    }
}

/// Whether `distance` is greater than `other` and no tie.
pub(crate) fn strictly_greater(distance: f64, other: f64) -> bool {
    distance > other * (1.0 + TIE)
}

/// The merges of a chain.
pub(crate) struct ChainResult {
    /// All n - 1 merges; children before parents, and no height below that of a child.
    pub(crate) steps: Vec<Step>,
    /// Whether every merged cluster had a unique nearest neighbour.
    pub(crate) tie_free: bool,
}

/// Follows nearest neighbours until two clusters are each other's nearest, merges them, and repeats
/// until one cluster is left.
#[inline(never)]
pub(crate) fn nearest_neighbour_chain(neighbours: &mut impl NearestNeighbours) -> ChainResult {
    let n = neighbours.clusters().live_count();
    let mut result = ChainResult { steps: Vec::with_capacity(n), tie_free: true };
    let mut heights = vec![0.0f64; n];
    // Chain entries: (cluster, distance to the previous entry, whether that nearest neighbour was
    // unique).
    let mut chain: Vec<(usize, f64, bool)> = Vec::new();
    let mut start = 0;
    while result.steps.len() + 1 < n {
        // Rounding may leave a cluster on the chain that has been merged since.
        while chain.pop_if(|(top, ..)| !neighbours.clusters().is_live(*top)).is_some() {}
        let Some(&(top, previous_distance, was_unique)) = chain.last() else {
            while !neighbours.clusters().is_live(start) {
                start += 1;
            }
            chain.push((start, f64::INFINITY, true));
            continue;
        };
        let previous = chain.len().checked_sub(2).map_or(usize::MAX, |at| chain[at].0);
        let nearest = neighbours.nearest(top, previous, previous_distance);
        if nearest.cluster == previous {
            chain.truncate(chain.len() - 2);
            let (a, b) = (top.min(previous), top.max(previous));
            heights[a] = nearest.distance.max(heights[a]).max(heights[b]);
            result.steps.push(Step { a, b, height: heights[a] });
            result.tie_free &= was_unique && nearest.is_unique();
            neighbours.merge(a, b, nearest.distance);
        } else {
            chain.push((nearest.cluster, nearest.distance, nearest.is_unique()));
        }
    }
    result
}
