//! The candidate list of a cluster (strategy 2): the few clusters that may be nearest, each with a
//! lower bound of its distance, and one lower bound for all clusters that are not in the list.
//!
//! Distances are Ward distances in squared steps of the grid. Functions over whole lists are
//! `#[inline(never)]`: wasm runtimes compile and optimise whole functions (docs/decisions/0013).

use crate::math::simd::{F32x8, LANES, ROUND_DOWN, set_lanes, sqrt};

/// Maximum number of candidates in a [`CandidateList`].
pub(crate) const MAX_CANDIDATES_PER_LIST: usize = 24;
/// Minimal number of candidates in the list that a search returns; fewer only if there are fewer
/// clusters.
const MIN_CANDIDATES_PER_LIST: usize = 16;
/// The cluster number in an empty entry of a list.
pub(crate) const NO_CLUSTER: u32 = u32::MAX;
/// The bound in an empty entry of a list: above every distance.
pub(crate) const MAX_BOUND: f32 = f32::MAX;

/// The nearest candidates of one cluster. Clusters are identified by their lowest row when they
/// were added; they may have been merged since.
#[derive(Clone, Copy)]
pub(crate) struct CandidateList {
    /// Lower bound of each candidate's distance, at most `unlisted_lower_bound`; [`MAX_BOUND`] in
    /// empty entries.
    lower_bounds: [f32; MAX_CANDIDATES_PER_LIST],
    /// Cluster number of each candidate; [`NO_CLUSTER`] in empty entries.
    clusters: [u32; MAX_CANDIDATES_PER_LIST],
    /// Lower bound of the distances of all clusters that are not in the list.
    pub(crate) unlisted_lower_bound: f32,
}

impl CandidateList {
    /// The list of a cluster without neighbours.
    pub(crate) const EMPTY: Self = Self {
        lower_bounds: [MAX_BOUND; MAX_CANDIDATES_PER_LIST],
        clusters: [NO_CLUSTER; MAX_CANDIDATES_PER_LIST],
        unlisted_lower_bound: MAX_BOUND,
    };

    /// Iterates over the candidates as (cluster, lower bound of its distance).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.clusters
            .into_iter()
            .zip(self.lower_bounds)
            .filter(|(cluster, _)| *cluster != NO_CLUSTER)
    }

    /// Lowers `unlisted_lower_bound` to at most `bound`, and then every candidate's bound to at
    /// most `unlisted_lower_bound`: a cluster outside the list may be that near, and may merge with
    /// any candidate.
    pub(crate) fn cap_lower_bounds(&mut self, bound: f32) {
        self.unlisted_lower_bound = self.unlisted_lower_bound.min(bound);
        for (bound, _) in self
            .lower_bounds
            .iter_mut()
            .zip(&self.clusters)
            .filter(|(_, cluster)| **cluster != NO_CLUSTER)
        {
            *bound = bound.min(self.unlisted_lower_bound);
        }
    }

    /// Replaces grid distances by lower bounds of the true distances. The root of a true distance
    /// is at least that of the grid distance minus `slack`.
    pub(crate) fn subtract_slack(&mut self, slack: f32) {
        for bound in self
            .lower_bounds
            .iter_mut()
            .chain([&mut self.unlisted_lower_bound])
            .filter(|bound| **bound < MAX_BOUND)
        {
            let root = (sqrt(f64::from(*bound)) as f32 * ROUND_DOWN - slack).max(0.0);
            *bound = root * root * ROUND_DOWN;
        }
    }

    /// Replaces lower bounds by exact distances, the least bound first, until the least remaining
    /// bound exceeds a limit. `exact_distance(refined, cluster)` returns the live cluster that
    /// contains `cluster` and its distance, or `None` to drop the entry, and the new limit;
    /// `refined` are the clusters that have exact distances already.
    pub(crate) fn refine(
        &mut self,
        mut exact_distance: impl FnMut(&[u32], u32) -> (Option<(u32, f32)>, f64),
    ) {
        let mut unrefined_bounds = self.lower_bounds;
        let mut refined_count = 0;
        let mut limit = f64::INFINITY;
        loop {
            let mut least_bound = MAX_BOUND;
            let mut index = MAX_CANDIDATES_PER_LIST;
            for (i, &bound) in unrefined_bounds.iter().enumerate() {
                if bound < least_bound {
                    (least_bound, index) = (bound, i);
                }
            }
            if index == MAX_CANDIDATES_PER_LIST || f64::from(least_bound) > limit {
                return;
            }
            let (updated_entry, next_limit) =
                exact_distance(&self.clusters[..refined_count], self.clusters[index]);
            limit = next_limit;
            unrefined_bounds[index] = MAX_BOUND;
            match updated_entry {
                None => (self.lower_bounds[index], self.clusters[index]) = (MAX_BOUND, NO_CLUSTER),
                Some((cluster, distance)) => {
                    (self.lower_bounds[index], self.clusters[index]) =
                        (distance.min(self.unlisted_lower_bound), cluster);
                    // Entries with exact distances are moved to the front of the list.
                    self.clusters.swap(index, refined_count);
                    self.lower_bounds.swap(index, refined_count);
                    unrefined_bounds.swap(index, refined_count);
                    refined_count += 1;
                }
            }
        }
    }
}

/// Converts `x` to an `f32` that is at most `x`, and less only by rounding. `x` must be at least 0.
pub(crate) fn to_f32_rounded_down(x: f64) -> f32 {
    x as f32 * ROUND_DOWN
}

/// Capacity of the buffer of a [`CandidateListBuilder`], in panels of eight candidates.
const BUFFER_PANELS: usize = 8;

/// Builds the [`CandidateList`] of the nearest candidates of a stream. Candidates are collected in
/// a buffer; when it is full, all but the nearest are discarded.
pub(crate) struct CandidateListBuilder {
    /// Lower bound of each candidate's distance; [`MAX_BOUND`] in empty entries.
    lower_bounds: [[f32; LANES]; BUFFER_PANELS],
    clusters: [u32; BUFFER_PANELS * LANES],
    /// Number of candidates in the buffer.
    candidate_count: usize,
    /// Lower bound of the distance of every discarded candidate.
    unlisted_lower_bound: f32,
}

impl CandidateListBuilder {
    // Never inlined: filling the arrays takes as many bytes of code as a call saves time.
    #[inline(never)]
    pub(crate) fn new() -> Self {
        Self {
            lower_bounds: [[MAX_BOUND; LANES]; BUFFER_PANELS],
            clusters: [NO_CLUSTER; BUFFER_PANELS * LANES],
            candidate_count: 0,
            unlisted_lower_bound: MAX_BOUND,
        }
    }

    /// A builder that contains the candidates of a list.
    pub(crate) fn from(list: &CandidateList) -> Self {
        let mut builder = Self::new();
        list.iter().for_each(|(cluster, bound)| builder.add(cluster, bound));
        builder.unlisted_lower_bound = list.unlisted_lower_bound;
        builder
    }

    /// Adds a candidate, unless its bound is at least that of the discarded candidates.
    #[inline(always)]
    pub(crate) fn add(&mut self, cluster: u32, bound: f32) {
        if self.candidate_count == BUFFER_PANELS * LANES {
            self.shrink();
        }
        if bound < self.unlisted_lower_bound {
            self.lower_bounds.as_flattened_mut()[self.candidate_count] = bound;
            self.clusters[self.candidate_count] = cluster;
            self.candidate_count += 1;
        }
    }

    /// Adds a candidate that is not in the buffer yet (`index_plus_one` is 0) and stores its index
    /// in the buffer plus 1; lowers the bound of a candidate that is. At most
    /// [`MAX_CANDIDATES_PER_LIST`] candidates may be added.
    pub(crate) fn add_or_lower(&mut self, cluster: u32, bound: f32, index_plus_one: &mut u8) {
        if let Some(index) = index_plus_one.checked_sub(1) {
            let lower_bound = &mut self.lower_bounds.as_flattened_mut()[usize::from(index)];
            *lower_bound = lower_bound.min(bound);
        } else {
            self.add(cluster, bound);
            *index_plus_one = self.candidate_count as u8;
        }
    }

    /// Adds the nearest clusters, or all if they are few; cluster `cluster_at(i)` is at distance i
    /// of `distances`. O(n).
    pub(crate) fn add_nearest(
        &mut self,
        distances: &[[f32; LANES]],
        cluster_at: impl Fn(usize) -> u32,
    ) {
        let limit = if self.unlisted_lower_bound < MAX_BOUND {
            self.unlisted_lower_bound
        } else {
            cutoff_of_nearest(distances)
        };
        for (panel, distances) in distances.iter().enumerate() {
            for lane in set_lanes(F32x8::new(*distances).lt_mask(F32x8::splat(limit))) {
                self.add(cluster_at(panel * LANES + lane), distances[lane]);
            }
        }
        self.unlisted_lower_bound = self.unlisted_lower_bound.min(limit);
    }

    /// Discards all candidates in the buffer but the nearest, which fit into a list.
    #[inline(never)]
    fn shrink(&mut self) {
        let limit = cutoff_by_bisection(&self.lower_bounds);
        self.unlisted_lower_bound = self.unlisted_lower_bound.min(limit);
        let lower_bounds = self.lower_bounds.as_flattened_mut();
        let mut kept_count = 0;
        for index in 0..self.candidate_count {
            let bound = lower_bounds[index];
            if bound < limit && kept_count < MAX_CANDIDATES_PER_LIST {
                (lower_bounds[kept_count], self.clusters[kept_count]) =
                    (bound, self.clusters[index]);
                kept_count += 1;
            } else {
                // The candidate is discarded; candidates below `limit`, too, if ties make them
                // too many for a list.
                self.unlisted_lower_bound = self.unlisted_lower_bound.min(bound);
            }
        }
        lower_bounds[kept_count..].fill(MAX_BOUND);
        self.candidate_count = kept_count;
    }

    /// Returns the list of the candidates, with `lower_bound` for all clusters not in the list.
    pub(crate) fn finish_with_unlisted(mut self, lower_bound: f32) -> CandidateList {
        self.unlisted_lower_bound = lower_bound;
        self.finish()
    }

    /// Returns the list of the nearest candidates added.
    #[inline(never)]
    pub(crate) fn finish(mut self) -> CandidateList {
        if self.candidate_count > MAX_CANDIDATES_PER_LIST {
            self.shrink();
        }
        self.clusters[self.candidate_count..].fill(NO_CLUSTER);
        let lower_bounds = self.lower_bounds.as_flattened();
        let mut list = CandidateList {
            lower_bounds: core::array::from_fn(|index| lower_bounds[index]),
            clusters: core::array::from_fn(|index| self.clusters[index]),
            unlisted_lower_bound: self.unlisted_lower_bound,
        };
        list.cap_lower_bounds(self.unlisted_lower_bound);
        list
    }
}

/// A distance below which at least [`MIN_CANDIDATES_PER_LIST`] of `distances` lie, and seldom many
/// more; [`MAX_BOUND`] if there are too few distances.
fn cutoff_of_nearest(distances: &[[f32; LANES]]) -> f32 {
    // The distances are split into 64 groups. Below the cutoff of the groups' minima lie at least
    // as many distances as minima, so it is a cutoff of all distances.
    let mut group_minima = [[MAX_BOUND; LANES]; BUFFER_PANELS];
    for panels in distances.chunks(BUFFER_PANELS) {
        for (minima, panel) in group_minima.iter_mut().zip(panels) {
            *minima = F32x8::new(*minima).min(F32x8::new(*panel)).to_array();
        }
    }
    cutoff_by_bisection(&group_minima)
}

/// Number of values below `limit`.
#[inline(never)]
fn count_below(values: &[[f32; LANES]; BUFFER_PANELS], limit: f32) -> usize {
    let lanes_below =
        |panel: &[f32; LANES]| F32x8::new(*panel).lt_mask(F32x8::splat(limit)).count_ones();
    values.iter().map(lanes_below).sum::<u32>() as usize
}

/// A value below which at least [`MIN_CANDIDATES_PER_LIST`] of `values` lie, and, unless there are
/// ties, at most [`MAX_CANDIDATES_PER_LIST`]; [`MAX_BOUND`] if no more than the latter are below
/// it. Found by bisection over the bit patterns of `f32`.
fn cutoff_by_bisection(values: &[[f32; LANES]; BUFFER_PANELS]) -> f32 {
    let values_below = |limit: f32| count_below(values, limit);
    if values_below(MAX_BOUND) <= MAX_CANDIDATES_PER_LIST {
        return MAX_BOUND;
    }
    let least_value = values.iter().flatten().fold(MAX_BOUND, |least, &x| least.min(x));
    // Positive floats are ordered as their bit patterns. The 16th nearest candidate is seldom more
    // than twice as far as the nearest, hence the first guess of 4 times the least squared
    // distance.
    let (mut bits_too_low, mut bits_high_enough) = (least_value.to_bits(), MAX_BOUND.to_bits());
    let mut middle_bits = (4.0 * least_value).min(MAX_BOUND).to_bits();
    while bits_high_enough - bits_too_low > 1 {
        let count = values_below(f32::from_bits(middle_bits));
        if count < MIN_CANDIDATES_PER_LIST {
            bits_too_low = middle_bits;
        } else {
            bits_high_enough = middle_bits;
            if count <= MAX_CANDIDATES_PER_LIST {
                break;
            }
        }
        middle_bits = bits_too_low.midpoint(bits_high_enough);
    }
    f32::from_bits(bits_high_enough)
}
