//! Strategies 2 and 3: each cluster has a short list of candidates (2) or none (3). The whole grid
//! is scanned when a list does not determine the nearest neighbour. O(n dim) memory.
//!
//! By Lance-Williams, the Ward distance of a union to a third cluster is computed from the
//! distances of its two parts and grows with them, so lower bounds of these give a lower bound of
//! it. It is never below the smaller of both (reducibility), so a merge brings no other cluster
//! nearer.
//!
//! Hot loops are small `#[inline(never)]` functions: wasm runtimes compile and optimise whole
//! functions (docs/decisions/0013).

use super::candidates::{CandidateList, CandidateListBuilder, MAX_BOUND, to_f32_rounded_down};
use super::chain::{Nearest, NearestNeighbours};
use super::clusters::Clusters;
use super::grid::Grid;
use super::pairwise::all_pairs;
use crate::math::simd::{F32x8, LANES, ROUND_UP, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Width and height of a [`Tile`] of the distance matrix, in panels: 512 x 512 distances.
const TILE_PANELS: usize = 64;

/// Nearest-neighbour search by candidate lists, or by the grid only. Live clusters occupy the first
/// slots of the grid.
pub(crate) struct NeighbourLists<'a> {
    clusters: Clusters<'a>,
    grid: Grid,
    /// Candidate list of each cluster; no lists with `BoundsStrategy::None`.
    lists: Vec<CandidateList>,
    /// Cluster at each grid slot.
    cluster_at: Vec<u32>,
    /// Grid slot of each cluster.
    slot_of: Vec<u32>,
    /// Weight of the cluster at each slot; padded to whole pairs of panels.
    weights: Vec<f32>,
    /// The least weight of a row.
    min_weight: f64,
    /// The greatest weight of a cluster so far.
    max_weight: f64,
    /// Scratch: grid distances of the last scanned cluster to all live clusters, by slot.
    distances: Vec<[f32; LANES]>,
    /// Scratch, by cluster: its index in the list that is being processed, plus 1; 0 for a cluster
    /// that is not in that list. All 0 between calls.
    index_plus_one: Vec<u8>,
}

impl<'a> NeighbourLists<'a> {
    /// Upper bound of the bytes for n clusters, without the clusters and their grid.
    pub(crate) fn bytes(n: usize, with_lists: bool) -> usize {
        let tile_bytes = 2 * (TILE_PANELS * LANES).min(n).pow(2) * size_of::<f32>();
        let bytes_per_cluster = 4 * size_of::<u32>() + 1;
        let list_bytes = if with_lists { size_of::<CandidateList>() } else { 0 };
        n.saturating_mul(bytes_per_cluster + list_bytes).saturating_add(if with_lists {
            tile_bytes
        } else {
            0
        })
    }

    /// Prepares the search before the first merge, when each row is a cluster. O(n^2 dim) with
    /// lists, else O(n).
    #[inline(never)]
    pub(crate) fn new(clusters: Clusters<'a>, grid: Grid, with_lists: bool) -> Self {
        let n = clusters.live_count();
        let mut weights: Vec<f32> = clusters.weights.iter().map(|&w| w as f32).collect();
        weights.resize(n.next_multiple_of(2 * LANES), 1.0);
        let mut search = Self {
            lists: Vec::new(),
            cluster_at: (0..n as u32).collect(),
            slot_of: (0..n as u32).collect(),
            distances: vec![[0.0; LANES]; weights.len() / LANES],
            weights,
            min_weight: clusters.weights.iter().copied().fold(f64::INFINITY, f64::min),
            max_weight: clusters.weights.iter().copied().fold(0.0, f64::max),
            index_plus_one: vec![0; n],
            clusters,
            grid,
        };
        if with_lists {
            search.lists = vec![CandidateList::EMPTY; n];
            fill_lists(&search.grid, &search.weights, &mut search.lists);
            for cluster in 0..n {
                let slack = search.slack(cluster);
                search.lists[cluster].subtract_slack(slack);
            }
        }
        search
    }

    /// Upper bound, in steps, of the difference between the roots of two Ward distances of a
    /// cluster: the true one, and the one computed on the grid.
    fn slack(&self, cluster: usize) -> f32 {
        let w = self.clusters.weights[cluster];
        let factor = 2.0 * w * self.max_weight / (w + self.max_weight);
        sqrt(factor) as f32 * self.grid.slack() * ROUND_UP
    }

    /// Whether `nearest` is nearer than every cluster that is not in the list.
    fn is_nearer_than_unlisted(&self, nearest: &Nearest, list: &CandidateList) -> bool {
        self.grid.squared_steps(nearest.distance) < f64::from(list.unlisted_lower_bound)
    }

    /// Computes the exact distance of each candidate in the list whose lower bound does not exclude
    /// it, and updates `nearest`. O(dim) for each.
    fn refine_list(&mut self, cluster: usize, list: &mut CandidateList, nearest: &mut Nearest) {
        let (clusters, grid) = (&mut self.clusters, &self.grid);
        list.refine(|refined, candidate| {
            let candidate = clusters.root_of(candidate);
            // Skip the cluster itself, and candidates merged into a cluster that was visited.
            let entry =
                (candidate != cluster && !refined.contains(&(candidate as u32))).then(|| {
                    let distance =
                        nearest.consider(candidate, || clusters.distance(cluster, candidate));
                    (candidate as u32, to_f32_rounded_down(grid.squared_steps(distance)))
                });
            (entry, grid.squared_steps(nearest.distance))
        });
    }

    /// Computes the grid distances of a cluster to all live clusters, and returns the list of the
    /// nearest. O(live clusters dim).
    fn scan_all(&mut self, cluster: usize) -> CandidateList {
        let slot = self.slot_of[cluster] as usize;
        let n = self.clusters.live_count();
        let own_weight = self.weights[slot];
        let (weights, _) = self.weights.as_chunks::<LANES>();
        for pair in 0..n.div_ceil(2 * LANES) {
            for (panel, row) in (2 * pair..).zip(self.grid.row(slot, pair)) {
                let distances =
                    row.to_f32().mul_harmonic_mean(own_weight, F32x8::new(weights[panel]));
                self.distances[panel] = distances.to_array();
            }
        }
        let distances = &mut self.distances[..n.div_ceil(LANES)];
        distances.as_flattened_mut()[slot] = MAX_BOUND;
        distances.as_flattened_mut()[n..].fill(MAX_BOUND);
        let mut builder = CandidateListBuilder::new();
        builder.add_nearest(distances, |slot| self.cluster_at[slot]);
        let mut list = builder.finish();
        list.subtract_slack(self.slack(cluster));
        list
    }

    /// Computes the exact distance of every cluster that may be nearest, by the grid distances that
    /// [`scan_all`](Self::scan_all) stored for `cluster`, and updates `nearest`.
    // Cold: called only if more clusters are about equally near than a list holds.
    #[cold]
    fn check_all_within_slack(&mut self, cluster: usize, nearest: &mut Nearest) {
        let slack = self.slack(cluster);
        for slot in 0..self.clusters.live_count() {
            let limit =
                sqrt(self.grid.squared_steps(nearest.distance)) as f32 * (1.0 + 8e-6) + slack;
            let candidate = self.cluster_at[slot] as usize;
            if candidate != cluster && self.distances[slot / LANES][slot % LANES] <= limit * limit {
                nearest.consider(candidate, || self.clusters.distance(cluster, candidate));
            }
        }
    }

    /// The candidate list of the union of clusters `a` and `b`, computed from their lists.
    /// `distance` is the distance between the two.
    fn merged_list(&mut self, a: usize, b: usize, distance: f64) -> CandidateList {
        let distance_ab = self.grid.squared_steps(distance);
        let (w, v) = (self.clusters.weights[a], self.clusters.weights[b]);
        let lance_williams = |to_a: f32, to_b: f32, c: f64| {
            ((w + c) * f64::from(to_a) + (v + c) * f64::from(to_b) - c * distance_ab) / (w + v + c)
        };
        let [list_a, list_b] = [a, b].map(|cluster| self.live_list(cluster));
        let candidates_b: Vec<(u32, f32)> = list_b.iter().collect();
        for (index, &(candidate, _)) in candidates_b.iter().enumerate() {
            self.index_plus_one[candidate as usize] = index as u8 + 1;
        }
        let mut builder = CandidateListBuilder::new();
        let mut add_candidate = |candidate: u32, to_a: f32, to_b: f32| {
            let bound = lance_williams(to_a, to_b, self.clusters.weights[candidate as usize]);
            builder.add(candidate, to_f32_rounded_down(bound.max(to_a.min(to_b).into())));
        };
        for (candidate, to_a) in list_a.iter() {
            let index_plus_one = core::mem::take(&mut self.index_plus_one[candidate as usize]);
            let to_b = match usize::from(index_plus_one).checked_sub(1) {
                Some(index) => candidates_b[index].1,
                None => list_b.unlisted_lower_bound,
            };
            if candidate != b as u32 {
                add_candidate(candidate, to_a, to_b);
            }
        }
        for (candidate, to_b) in candidates_b {
            if core::mem::take(&mut self.index_plus_one[candidate as usize]) > 0
                && candidate != a as u32
            {
                add_candidate(candidate, list_a.unlisted_lower_bound, to_b);
            }
        }
        let mut list = builder.finish();
        // For a third cluster of any weight, the result of Lance-Williams lies between that for the
        // least weight and the limit for a weight that tends to infinity.
        let (to_a, to_b) =
            (f64::from(list_a.unlisted_lower_bound), f64::from(list_b.unlisted_lower_bound));
        let unlisted_lower_bound = lance_williams(
            list_a.unlisted_lower_bound,
            list_b.unlisted_lower_bound,
            self.min_weight,
        )
        .min(to_a + to_b - distance_ab);
        list.cap_lower_bounds(to_f32_rounded_down(unlisted_lower_bound.max(to_a.min(to_b))));
        list
    }

    /// Returns the list of a cluster with each candidate replaced by the live cluster that contains
    /// it, without duplicates and without the cluster itself.
    #[inline(never)]
    fn live_list(&mut self, cluster: usize) -> CandidateList {
        let list = self.lists[cluster];
        let mut builder = CandidateListBuilder::new();
        for (candidate, bound) in list.iter() {
            let candidate = self.clusters.root_of(candidate);
            if candidate != cluster {
                let index_plus_one = &mut self.index_plus_one[candidate];
                builder.add_or_lower(candidate as u32, bound, index_plus_one);
            }
        }
        let list = builder.finish_with_unlisted(list.unlisted_lower_bound);
        list.iter().for_each(|(candidate, _)| self.index_plus_one[candidate as usize] = 0);
        list
    }

    /// Moves the cluster at the last slot to the slot of `cluster`, which was merged into another.
    /// O(dim).
    fn free_slot(&mut self, cluster: usize) {
        let (slot, last_slot) = (self.slot_of[cluster] as usize, self.clusters.live_count());
        self.grid.copy(last_slot, slot);
        self.weights[slot] = self.weights[last_slot];
        let moved_cluster = self.cluster_at[last_slot];
        self.cluster_at[slot] = moved_cluster;
        self.slot_of[moved_cluster as usize] = slot as u32;
    }
}

impl NearestNeighbours for NeighbourLists<'_> {
    fn clusters(&self) -> &Clusters<'_> {
        &self.clusters
    }

    /// Takes O(dim) time for each candidate that the bounds do not exclude, and O(live clusters
    /// dim) when the list does not determine the nearest neighbour.
    fn nearest(&mut self, cluster: usize, previous: usize, previous_distance: f64) -> Nearest {
        let mut nearest = Nearest::none(previous, previous_distance);
        if let Some(&(mut list)) = self.lists.get(cluster) {
            self.refine_list(cluster, &mut list, &mut nearest);
            self.lists[cluster] = list;
            if self.is_nearer_than_unlisted(&nearest, &list) {
                return nearest;
            }
        }
        let mut list = self.scan_all(cluster);
        self.refine_list(cluster, &mut list, &mut nearest);
        if !self.is_nearer_than_unlisted(&nearest, &list) {
            self.check_all_within_slack(cluster, &mut nearest);
        }
        if let Some(stored_list) = self.lists.get_mut(cluster) {
            *stored_list = list;
        }
        nearest
    }

    /// Takes O(dim) time.
    fn merge(&mut self, a: usize, b: usize, distance: f64) {
        if !self.lists.is_empty() {
            self.lists[a] = self.merged_list(a, b, distance);
        }
        self.clusters.merge(a, b);
        self.max_weight = self.max_weight.max(self.clusters.weights[a]);
        let slot = self.slot_of[a] as usize;
        if let Some(mean) = self.clusters.mean(a) {
            self.grid.store(slot, mean);
        }
        self.weights[slot] = self.clusters.weights[a] as f32;
        self.free_slot(b);
    }
}

/// Fills the candidate list of each row from the grid distances of all pairs of rows. O(n^2 dim).
#[inline(never)]
fn fill_lists(grid: &Grid, weights: &[f32], lists: &mut [CandidateList]) {
    let n = lists.len();
    let panel_count = n.div_ceil(LANES);
    let (weights, _) = weights.as_chunks::<LANES>();
    let side_panels = panel_count.min(TILE_PANELS);
    let mut tile = Tile {
        side_panels,
        distances: vec![[MAX_BOUND; LANES]; side_panels * side_panels * LANES],
    };
    let mut mirrored_tile = Tile { side_panels, distances: tile.distances.clone() };
    // Ranges of at most TILE_PANELS panels, from panel `start` on.
    let tile_ranges = |start: usize| {
        let tile_starts = (start..panel_count).step_by(TILE_PANELS);
        tile_starts.map(|first_panel| first_panel..panel_count.min(first_panel + TILE_PANELS))
    };
    for rows in tile_ranges(0) {
        for columns in tile_ranges(rows.start) {
            let tile_is_on_diagonal = rows == columns;
            all_pairs(grid, rows.clone(), columns.clone(), &mut |left, right, block| {
                let mut distances = [[MAX_BOUND; LANES]; LANES];
                for (i, row) in block.iter().enumerate() {
                    distances[i] = row
                        .to_f32()
                        .mul_harmonic_mean(weights[left][i], F32x8::new(weights[right]))
                        .to_array();
                    if left == right {
                        // A vector is not its own neighbour.
                        distances[i][i] = MAX_BOUND;
                    }
                    if n < (right + 1) * LANES {
                        distances[i][n % LANES..].fill(MAX_BOUND);
                    }
                }
                tile.write(left - rows.start, right - columns.start, &distances);
                if left != right {
                    let transposed_block =
                        core::array::from_fn(|j| core::array::from_fn(|i| distances[i][j]));
                    let target_tile =
                        if tile_is_on_diagonal { &mut tile } else { &mut mirrored_tile };
                    target_tile.write(right - columns.start, left - rows.start, &transposed_block);
                }
            });
            let slot_range =
                |panels: &Range<usize>| panels.start * LANES..n.min(panels.end * LANES);
            tile.update_lists(&mut lists[slot_range(&rows)], &columns);
            if !tile_is_on_diagonal {
                mirrored_tile.update_lists(&mut lists[slot_range(&columns)], &rows);
            }
        }
    }
}

/// A square part of the matrix of grid distances.
struct Tile {
    /// Width and height, in panels.
    side_panels: usize,
    /// Grid distances, row-major; [`MAX_BOUND`] on the diagonal of the matrix and past the last
    /// slot.
    distances: Vec<[f32; LANES]>,
}

impl Tile {
    /// Stores the distances of a pair of panels; `left` and `right` are counted within the tile.
    fn write(&mut self, left: usize, right: usize, block: &[[f32; LANES]; LANES]) {
        for (i, row) in block.iter().enumerate() {
            self.distances[(left * LANES + i) * self.side_panels + right] = *row;
        }
    }

    /// Adds the nearest slots of each row of the tile to the list of that row. The columns of the
    /// tile are the slots of `panels`.
    fn update_lists(&self, lists: &mut [CandidateList], panels: &Range<usize>) {
        for (list, row) in lists.iter_mut().zip(self.distances.chunks_exact(self.side_panels)) {
            let mut builder = CandidateListBuilder::from(list);
            builder.add_nearest(&row[..panels.len()], |i| (panels.start * LANES + i) as u32);
            *list = builder.finish();
        }
    }
}
