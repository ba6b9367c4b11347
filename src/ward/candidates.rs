//! The neighbours that a cluster remembers (strategy 2): a few candidates, each with a lower bound
//! of its distance, and one lower bound for all other clusters.
//!
//! Distances are Ward distances in squared steps of the grid. Functions over whole lists are
//! `#[inline(never)]`: wasm runtimes compile and optimise whole functions (docs/decisions/0013).

use crate::math::simd::{F32x8, LANES, ROUND_DOWN, set_lanes, sqrt};

/// Candidates of a list, at most.
pub(crate) const MAX_CANDIDATES: usize = 24;
/// Candidates that a search keeps at least, if there are as many clusters.
const MIN_CANDIDATES: usize = 16;
/// An empty entry of a list.
pub(crate) const NO_CLUSTER: u32 = u32::MAX;
/// The bound of an empty entry; above every distance.
pub(crate) const MAX_BOUND: f32 = f32::MAX;

/// The nearest candidates of one cluster. Clusters are identified by their lowest row when they
/// were added; they may have been merged since.
#[derive(Clone, Copy)]
pub(crate) struct CandidateList {
    /// Lower bounds of the distances, at most `others_bound`; [`MAX_BOUND`] in empty entries.
    bounds: [f32; MAX_CANDIDATES],
    clusters: [u32; MAX_CANDIDATES],
    /// Lower bound of the distance of every cluster that is not in the list.
    pub(crate) others_bound: f32,
}

impl CandidateList {
    /// The list of a cluster without neighbours.
    pub(crate) const EMPTY: Self = Self {
        bounds: [MAX_BOUND; MAX_CANDIDATES],
        clusters: [NO_CLUSTER; MAX_CANDIDATES],
        others_bound: MAX_BOUND,
    };

    /// (cluster, bound) of each candidate.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.clusters.into_iter().zip(self.bounds).filter(|(cluster, _)| *cluster != NO_CLUSTER)
    }

    /// Lowers `others_bound`, and every bound above it: a cluster outside the list may be as near,
    /// and may merge with any candidate.
    pub(crate) fn cap_bounds(&mut self, others: f32) {
        self.others_bound = self.others_bound.min(others);
        for (bound, _) in self
            .bounds
            .iter_mut()
            .zip(&self.clusters)
            .filter(|(_, cluster)| **cluster != NO_CLUSTER)
        {
            *bound = bound.min(self.others_bound);
        }
    }

    /// Turns grid distances into lower bounds of the true distances, whose roots may be up to
    /// `slack` less.
    pub(crate) fn subtract_slack(&mut self, slack: f32) {
        for bound in self
            .bounds
            .iter_mut()
            .chain([&mut self.others_bound])
            .filter(|bound| **bound < MAX_BOUND)
        {
            let root = (sqrt(f64::from(*bound)) as f32 * ROUND_DOWN - slack).max(0.0);
            *bound = root * root * ROUND_DOWN;
        }
    }

    /// Replaces bounds by exact distances, from the least bound on. `exact(refined, cluster)`
    /// returns the live cluster that contains `cluster` with its distance, or `None` to drop the
    /// entry, and the distance up to which to continue; `refined` are the clusters refined so far.
    pub(crate) fn refine(
        &mut self,
        mut exact: impl FnMut(&[u32], u32) -> (Option<(u32, f32)>, f64),
    ) {
        let mut open = self.bounds;
        let mut refined = 0;
        let mut limit = f64::INFINITY;
        loop {
            let mut least = MAX_BOUND;
            let mut index = MAX_CANDIDATES;
            for (i, &bound) in open.iter().enumerate() {
                if bound < least {
                    (least, index) = (bound, i);
                }
            }
            if index == MAX_CANDIDATES || f64::from(least) > limit {
                return;
            }
            let (updated, next_limit) = exact(&self.clusters[..refined], self.clusters[index]);
            limit = next_limit;
            open[index] = MAX_BOUND;
            match updated {
                None => (self.bounds[index], self.clusters[index]) = (MAX_BOUND, NO_CLUSTER),
                Some((cluster, distance)) => {
                    (self.bounds[index], self.clusters[index]) =
                        (distance.min(self.others_bound), cluster);
                    // Refined entries stand first.
                    self.clusters.swap(index, refined);
                    self.bounds.swap(index, refined);
                    open.swap(index, refined);
                    refined += 1;
                }
            }
        }
    }
}

/// `x` as `f32`, rounded down or slightly below.
pub(crate) fn round_down(x: f64) -> f32 {
    x as f32 * ROUND_DOWN
}

/// Panels of eight candidates in the buffer of a [`TopKBuilder`].
const BUFFER_PANELS: usize = 8;

/// Collects the nearest candidates of a stream in a buffer; when it is full, only the nearest stay.
pub(crate) struct TopKBuilder {
    /// [`MAX_BOUND`] in empty entries.
    bounds: [[f32; LANES]; BUFFER_PANELS],
    clusters: [u32; BUFFER_PANELS * LANES],
    count: usize,
    /// Lower bound of every candidate that was left out.
    others_bound: f32,
}

impl TopKBuilder {
    pub(crate) fn new() -> Self {
        Self {
            bounds: [[MAX_BOUND; LANES]; BUFFER_PANELS],
            clusters: [NO_CLUSTER; BUFFER_PANELS * LANES],
            count: 0,
            others_bound: MAX_BOUND,
        }
    }

    /// Starts with the candidates of a list.
    pub(crate) fn from(list: &CandidateList) -> Self {
        let mut builder = Self::new();
        list.iter().for_each(|(cluster, bound)| builder.add(cluster, bound));
        builder.others_bound = list.others_bound;
        builder
    }

    /// Adds a candidate, unless one as near has been left out.
    #[inline(always)]
    pub(crate) fn add(&mut self, cluster: u32, bound: f32) {
        if self.count == BUFFER_PANELS * LANES {
            self.shrink();
        }
        if bound < self.others_bound {
            self.bounds.as_flattened_mut()[self.count] = bound;
            self.clusters[self.count] = cluster;
            self.count += 1;
        }
    }

    /// Adds a candidate and stores its position, counted from 1, in `position`; if there is one
    /// already, lowers its bound. At most [`MAX_CANDIDATES`] may be added.
    pub(crate) fn add_or_lower(&mut self, cluster: u32, bound: f32, position: &mut u8) {
        if let Some(index) = position.checked_sub(1) {
            let known = &mut self.bounds.as_flattened_mut()[usize::from(index)];
            *known = known.min(bound);
        } else {
            self.add(cluster, bound);
            *position = self.count as u8;
        }
    }

    /// Adds the nearest of the clusters `cluster_at(i)` at distance i, or all if they are few.
    /// O(n).
    pub(crate) fn add_nearest(
        &mut self,
        distances: &[[f32; LANES]],
        cluster_at: impl Fn(usize) -> u32,
    ) {
        let limit = if self.others_bound < MAX_BOUND {
            self.others_bound
        } else {
            cutoff_of_nearest(distances)
        };
        for (panel, distances) in distances.iter().enumerate() {
            for lane in set_lanes(F32x8::new(*distances).lt_mask(F32x8::splat(limit))) {
                self.add(cluster_at(panel * LANES + lane), distances[lane]);
            }
        }
        self.others_bound = self.others_bound.min(limit);
    }

    /// Keeps only the nearest.
    #[inline(never)]
    fn shrink(&mut self) {
        let limit = cutoff(&self.bounds);
        self.others_bound = self.others_bound.min(limit);
        let bounds = self.bounds.as_flattened_mut();
        let mut kept = 0;
        for index in 0..self.count {
            let bound = bounds[index];
            if bound < limit && kept < MAX_CANDIDATES {
                (bounds[kept], self.clusters[kept]) = (bound, self.clusters[index]);
                kept += 1;
            } else {
                // (Of equal bounds not all may fit.)
                self.others_bound = self.others_bound.min(bound);
            }
        }
        bounds[kept..].fill(MAX_BOUND);
        self.count = kept;
    }

    /// The list, with `others` as the bound of all other clusters.
    pub(crate) fn finish_with(mut self, others: f32) -> CandidateList {
        self.others_bound = others;
        self.finish()
    }

    /// The list of the nearest.
    #[inline(never)]
    pub(crate) fn finish(mut self) -> CandidateList {
        if self.count > MAX_CANDIDATES {
            self.shrink();
        }
        self.clusters[self.count..].fill(NO_CLUSTER);
        let bounds = self.bounds.as_flattened();
        let mut list = CandidateList {
            bounds: core::array::from_fn(|index| bounds[index]),
            clusters: core::array::from_fn(|index| self.clusters[index]),
            others_bound: self.others_bound,
        };
        list.cap_bounds(self.others_bound);
        list
    }
}

/// A distance below which there are at least [`MIN_CANDIDATES`] of these, and seldom many more;
/// [`MAX_BOUND`] if there are fewer.
fn cutoff_of_nearest(distances: &[[f32; LANES]]) -> f32 {
    // The minimum of each of 64 groups: a cutoff of the minima is one of all distances.
    let mut groups = [[MAX_BOUND; LANES]; BUFFER_PANELS];
    for panels in distances.chunks(BUFFER_PANELS) {
        for (group, panel) in groups.iter_mut().zip(panels) {
            *group = F32x8::new(*group).min(F32x8::new(*panel)).to_array();
        }
    }
    cutoff(&groups)
}

#[inline(never)]
fn count_below(values: &[[f32; LANES]; BUFFER_PANELS], limit: f32) -> usize {
    let below = |panel: &[f32; LANES]| F32x8::new(*panel).lt_mask(F32x8::splat(limit)).count_ones();
    values.iter().map(below).sum::<u32>() as usize
}

/// A value below which there are at least [`MIN_CANDIDATES`] of these, and at most
/// [`MAX_CANDIDATES`] if ties allow; [`MAX_BOUND`] if there are no more than that. Bisection over
/// the bit patterns.
fn cutoff(values: &[[f32; LANES]; BUFFER_PANELS]) -> f32 {
    let below = |limit: f32| count_below(values, limit);
    if below(MAX_BOUND) <= MAX_CANDIDATES {
        return MAX_BOUND;
    }
    let least = values.iter().flatten().fold(MAX_BOUND, |least, &x| least.min(x));
    // Positive floats are in the order of their bits. The 16th nearest is seldom at more than twice
    // the distance of the nearest, hence the first guess of 4 (squared).
    let (mut too_low, mut high_enough) = (least.to_bits(), MAX_BOUND.to_bits());
    let mut middle = (4.0 * least).min(MAX_BOUND).to_bits();
    while high_enough - too_low > 1 {
        let count = below(f32::from_bits(middle));
        if count < MIN_CANDIDATES {
            too_low = middle;
        } else {
            high_enough = middle;
            if count <= MAX_CANDIDATES {
                break;
            }
        }
        middle = too_low.midpoint(high_enough);
    }
    f32::from_bits(high_enough)
}
