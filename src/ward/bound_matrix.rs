//! Strategy 1: a matrix of lower bounds of all Ward distances, updated by Lance-Williams. The
//! fastest strategy while the matrix fits the caches (`BoundsStrategy`).
//!
//! Functions over whole rows are `#[inline(never)]`: wasm runtimes compile and optimise whole
//! functions, so each hot loop is a small function of its own (docs/decisions/0013). More than
//! 400 lines: the loops share the layout of the matrix, and in a module of their own they made the
//! wasm file larger.

use super::chain::{Nearest, NearestNeighbours};
use super::clusters::Clusters;
use super::grid::Grid;
use super::pairwise::all_pairs;
use crate::math::simd::{BoundCodes, F32x8, I32x8, LANES, ROUND_DOWN, ROUND_UP, set_lanes};
use alloc::{vec, vec::Vec};

/// The number of cells in a row is a multiple of this: the slots of two panels.
const ROW_ALIGNMENT: usize = 2 * LANES;
/// Maximum number of cells in a row of a matrix that fits the caches, in 2 MB. (Less in tests, so
/// that small inputs test larger matrices.)
const MAX_CACHED_WIDTH: usize = if cfg!(test) { 128 } else { 1024 };
/// Number of merges in a batch, whose updates are stored side by side: 32 codes fill a cache line.
const BATCH_MERGES: usize = 32;
/// Maximum number of panel pairs that one call of [`next_hit_pairs`] returns.
const MAX_HIT_PAIRS: usize = 8;
/// Grid distance, in steps, at which the linear lower bound of squared distances touches the exact
/// bound as its tangent: about the distance of typical merges.
const TANGENT_STEPS: f32 = 10_000.0;

/// A square matrix of lower bounds of Ward distances: row p and column p belong to the cluster at
/// slot p.
///
/// A cell is the 16-bit code of 1 + b, where b is a lower bound of a Ward distance, multiplied by
/// [`scale`](Self::scale). (Lance-Williams is the same formula with and without the 1.)
///
/// A merge changes one row and, by symmetry, one column. Writing the column touches every row, and
/// most rows are never read again. So the column of a matrix that does not fit the caches
/// ([`MAX_CACHED_WIDTH`]) is appended to `pending_updates`, and the updates of a row are applied
/// when it is next read. When at most two fifths of the slots have a live cluster, the matrix is
/// compacted.
pub(crate) struct BoundMatrix<'a> {
    clusters: Clusters<'a>,
    /// Factor from a Ward distance to the value of a cell. Chosen so that no value reaches 2^31.
    scale: f64,
    /// Number of cells in a row.
    width: usize,
    /// Rows one after the other; the cell of slot q is at [`cell_of`]`(q)`. [`BoundCodes::MAX`] on
    /// the diagonal; undefined in the columns of dead slots.
    cells: Vec<i16>,
    /// By cell of a row: [`BoundCodes::MAX`] if its slot is dead or past the last, else 0.
    dead_mask: Vec<i16>,
    /// Weight of each cluster, by slot; undefined past the last slot.
    weights: Vec<f32>,
    /// Cluster at each slot, ascending.
    cluster_at: Vec<u32>,
    /// Matrix slot of each cluster.
    slot_of: Vec<u32>,
    /// By slot: number of recorded merges that its row includes.
    applied_merges: Vec<u32>,
    /// For each recorded merge, in batches: the cell, in every row, of the union.
    merge_cells: Vec<[u32; BATCH_MERGES]>,
    /// Number of merges since the last compaction that are recorded as pending updates.
    merge_count: usize,
    /// By slot: the number of its last recorded merge, counted from 1; 0 for none.
    last_merge: Vec<u32>,
    /// By batch, one bit for each merge: set if it is the last merge of its slot and the slot is
    /// live. Only these merges need to be applied.
    is_last_merge: Vec<u32>,
    /// The columns of the unions: the code of the distance between the union of merge m and slot p
    /// is `pending_updates[p / 8 * batch_capacity + m / BATCH_MERGES][p % 8][m % BATCH_MERGES]`.
    /// (Ordered by panel, so that both writing the codes of one merge and reading those of one slot
    /// touch few memory pages.)
    pending_updates: Vec<UpdateBatch>,
    /// Number of batches for each panel that fit into `pending_updates`.
    batch_capacity: usize,
}

/// Codes of the distances between the slots of a panel and the unions of a batch of merges.
type UpdateBatch = [[i16; BATCH_MERGES]; LANES];

/// Number of live clusters at which a matrix of n slots is compacted.
fn compaction_threshold(n: usize) -> usize {
    2 * n / 5
}

/// Number of batches of merges before a matrix of n slots is compacted.
fn max_merge_batches(n: usize) -> usize {
    (n - compaction_threshold(n)).div_ceil(BATCH_MERGES)
}

/// Index, within a row, of the cell of a slot.
fn cell_of(slot: usize) -> usize {
    slot / LANES * LANES + BoundCodes::position_of(slot % LANES)
}

impl<'a> BoundMatrix<'a> {
    /// Upper bound of the bytes of a matrix for n clusters.
    pub(crate) fn bytes(n: usize) -> usize {
        let width = n.next_multiple_of(ROW_ALIGNMENT);
        // `width` rows of cells, and pending updates as large as one more row for each merge.
        size_of::<i16>()
            .saturating_mul(width)
            .saturating_mul(width + max_merge_batches(n) * BATCH_MERGES)
    }

    /// Builds the matrix before the first merge, when each row is a cluster. O(n^2 dim).
    #[inline(never)]
    pub(crate) fn new(clusters: Clusters<'a>, grid: &Grid) -> Self {
        let n = clusters.live_count();
        let width = n.next_multiple_of(ROW_ALIGNMENT);
        let total_weight: f64 = clusters.weights.iter().sum();
        let mut weights: Vec<f32> = clusters.weights.iter().map(|&w| w as f32).collect();
        weights.resize(width, 1.0);
        let weights_are_equal = weights[..n].iter().all(|&w| w == weights[0]);
        // A lower bound of (sqrt(x) - slack)^2 that is linear in x: the tangent at sqrt(x) =
        // TANGENT_STEPS, which is slope (x - slack TANGENT_STEPS). It is lowered by more than the
        // rounding errors of the computation.
        let slack = grid.slack();
        let (slope, offset) = (1.0 - slack / TANGENT_STEPS, slack * TANGENT_STEPS * ROUND_UP);
        let inverse_total_weight = (1.0 / total_weight) as f32;
        let factor = inverse_total_weight * slope * ROUND_DOWN;
        let equal_factors = weights_are_equal.then(|| [F32x8::splat(weights[0] * factor); LANES]);

        let mut cells = vec![[0; LANES]; n.next_multiple_of(LANES) * (width / LANES)];
        let panels = 0..n.div_ceil(LANES);
        all_pairs(grid, panels.clone(), panels, &mut |left, right, block| {
            let rows = LANES.min(n - left * LANES);
            let mut bounds = [BoundCodes::splat(0); LANES];
            match &equal_factors {
                Some(factors) => compute_bounds(&block[..rows], factors, offset, &mut bounds),
                None => {
                    let factors = harmonic_means(left, right, &weights, factor);
                    compute_bounds(&block[..rows], &factors, offset, &mut bounds);
                }
            }
            let stride = width / LANES;
            write_rows(&mut cells[left * LANES * stride + right..], stride, &bounds[..rows]);
            if left != right {
                let columns = LANES.min(n - right * LANES);
                write_columns(
                    &mut cells[right * LANES * stride + left..],
                    stride,
                    &bounds,
                    columns,
                );
            }
        });
        let mut cells = cells.into_flattened();
        let mut dead_mask = vec![0; width];
        for slot in 0..width {
            if slot < n {
                cells[slot * width + cell_of(slot)] = BoundCodes::MAX;
            } else {
                dead_mask[cell_of(slot)] = BoundCodes::MAX;
            }
        }
        Self {
            scale: grid.squared_steps(1.0) * f64::from(inverse_total_weight),
            width,
            cells,
            dead_mask,
            weights,
            cluster_at: (0..n as u32).collect(),
            slot_of: (0..n as u32).collect(),
            applied_merges: vec![0; n],
            merge_cells: Vec::new(),
            merge_count: 0,
            last_merge: vec![0; n],
            is_last_merge: Vec::new(),
            pending_updates: Vec::new(),
            batch_capacity: max_merge_batches(n),
            clusters,
        }
    }

    /// Writes the updates that are pending for the row at `slot` into its cells.
    fn apply_pending(&mut self, slot: usize) {
        let row = &mut self.cells[slot * self.width..][..self.width];
        let applied_merges = self.applied_merges[slot] as usize;
        if applied_merges == self.merge_count {
            return;
        }
        let mut pending_mask = u32::MAX << (applied_merges % BATCH_MERGES);
        let first_batch = applied_merges / BATCH_MERGES;
        let (panel, lane) = (slot / LANES * self.batch_capacity, slot % LANES);
        let pending_batches = self.is_last_merge[first_batch..]
            .iter()
            .zip(&self.merge_cells[first_batch..])
            .zip(&self.pending_updates[panel + first_batch..]);
        for ((is_last_merge, cells), updates) in pending_batches {
            for merge in set_lanes(is_last_merge & pending_mask) {
                row[cells[merge % BATCH_MERGES] as usize] = updates[lane][merge % BATCH_MERGES];
            }
            pending_mask = u32::MAX;
        }
        self.applied_merges[slot] = self.merge_count as u32;
    }

    /// Removes the rows and columns of dead slots, so that rows are short and close in memory
    /// again.
    #[inline(never)]
    fn compact(&mut self) {
        let is_live = |slot: &usize| self.clusters.is_live(self.cluster_at[*slot] as usize);
        let live_slots: Vec<usize> = (0..self.cluster_at.len()).filter(is_live).collect();
        live_slots.iter().for_each(|&slot| self.apply_pending(slot));
        let (old_width, new_width) = (self.width, live_slots.len().next_multiple_of(ROW_ALIGNMENT));
        let mut source_cells = vec![0; new_width];
        live_slots
            .iter()
            .enumerate()
            .for_each(|(to, &from)| source_cells[cell_of(to)] = cell_of(from) as u32);
        let mut old_row = vec![0; old_width];
        // Rows move in place: a new row only overwrites cells that were read before.
        for (row, &slot) in live_slots.iter().enumerate() {
            self.weights[row] = self.weights[slot];
            self.cluster_at[row] = self.cluster_at[slot];
            self.slot_of[self.cluster_at[row] as usize] = row as u32;
            let (head, tail) = self.cells.split_at_mut(slot * old_width);
            if let Some(target) = head.get_mut(row * new_width..(row + 1) * new_width) {
                gather(&tail[..old_width], &source_cells, target);
            } else {
                old_row.copy_from_slice(&tail[..old_width]);
                gather(&old_row, &source_cells, &mut self.cells[row * new_width..][..new_width]);
            }
        }
        let n = live_slots.len();
        self.width = new_width;
        self.cluster_at.truncate(n);
        self.applied_merges.clear();
        self.applied_merges.resize(n, 0);
        self.last_merge.clear();
        self.last_merge.resize(n, 0);
        self.dead_mask.clear();
        self.dead_mask.resize(new_width, 0);
        (n..new_width).for_each(|slot| self.dead_mask[cell_of(slot)] = BoundCodes::MAX);
        self.merge_cells.clear();
        self.merge_count = 0;
        self.is_last_merge.clear();
        self.batch_capacity = max_merge_batches(n);
    }

    /// Replaces the row of the first of two slots by that of the union of their clusters, and
    /// records its cells as pending updates of the other rows.
    #[inline(never)]
    fn merge_and_record(&mut self, slots: [usize; 2], factors: [f32; 3]) {
        slots.into_iter().for_each(|slot| self.apply_pending(slot));
        let ([slot_a, slot_b], width) = (slots, self.width);
        let (batch, index_in_batch) =
            (self.merge_count / BATCH_MERGES, self.merge_count % BATCH_MERGES);
        if self.pending_updates.is_empty() {
            self.pending_updates =
                vec![[[0; BATCH_MERGES]; LANES]; width / LANES * self.batch_capacity];
        }
        if index_in_batch == 0 {
            self.is_last_merge.push(0);
            self.merge_cells.push([0; BATCH_MERGES]);
        }
        let (head, tail) = self.cells.split_at_mut(slot_b * width);
        let (row_a, row_b) = (&mut head[slot_a * width..][..width], &tail[..width]);
        let updates = self.pending_updates[batch..].iter_mut().step_by(self.batch_capacity);
        merge_rows(row_a, row_b, &self.weights, factors, updates, index_in_batch);
        for slot in slots {
            if let Some(previous) = self.last_merge[slot].checked_sub(1) {
                self.is_last_merge[previous as usize / BATCH_MERGES] &=
                    !(1 << (previous as usize % BATCH_MERGES));
            }
        }
        self.is_last_merge[batch] |= 1 << index_in_batch;
        self.merge_cells[batch][index_in_batch] = cell_of(slot_a) as u32;
        self.merge_count += 1;
        self.last_merge[slot_a] = self.merge_count as u32;
        self.applied_merges[slot_a] = self.merge_count as u32;
    }

    /// Computes the exact distance between `cluster` and the cluster at `slot`, and updates
    /// `nearest`. Returns the [`upper_code`](Self::upper_code) of the nearest distance so far.
    /// O(dim).
    #[inline(never)]
    fn exact_distance(&self, cluster: usize, slot: usize, nearest: &mut Nearest) -> i16 {
        let candidate = self.cluster_at[slot] as usize;
        nearest.consider(candidate, || self.clusters.distance(cluster, candidate));
        self.upper_code(nearest.distance)
    }

    /// A code that is at least the code of every lower bound of `distance`.
    fn upper_code(&self, distance: f64) -> i16 {
        BoundCodes::encode_scalar((distance * self.scale + 1.0) as f32 * ROUND_UP)
    }
}

impl NearestNeighbours for BoundMatrix<'_> {
    fn clusters(&self) -> &Clusters<'_> {
        &self.clusters
    }

    /// Takes O(live clusters) time, and O(dim) for each distance that the bounds do not exclude.
    fn nearest(&mut self, cluster: usize, previous: usize, previous_distance: f64) -> Nearest {
        let slot = self.slot_of[cluster] as usize;
        if self.merge_count > 0 {
            self.apply_pending(slot);
        }
        let row = panel_pairs(&self.cells[slot * self.width..][..self.width]);
        let dead_mask = panel_pairs(&self.dead_mask);
        let mut nearest = Nearest::none(previous, previous_distance);
        // Cells with codes up to `max_code` are visited in slot order, and `max_code` is lowered to
        // the code of the nearest distance. It starts 8 codes (about a hundredth) above the least
        // bound, where the nearest distance mostly lies.
        let mut max_visited_code = -1;
        let mut max_code = min_code(row, dead_mask).saturating_add(8);
        loop {
            let mut next_pair = 0;
            let mut hit_pairs = [(0, 0); MAX_HIT_PAIRS];
            while next_pair < row.len() {
                let hit_count;
                (next_pair, hit_count) =
                    next_hit_pairs(row, dead_mask, next_pair, max_code, &mut hit_pairs);
                for &(pair, hits) in &hit_pairs[..hit_count] {
                    for position in set_lanes(hits) {
                        let code = row[pair].as_flattened()[position % ROW_ALIGNMENT];
                        if code > max_visited_code && code <= max_code {
                            let slot = (2 * pair + position / LANES) * LANES
                                + BoundCodes::lane_at(position % LANES);
                            max_code = max_code.min(
                                self.exact_distance(cluster, slot, &mut nearest)
                                    .max(max_visited_code),
                            );
                        }
                    }
                }
            }
            let needed_max_code = self.upper_code(nearest.distance);
            if needed_max_code <= max_code {
                return nearest;
            }
            (max_visited_code, max_code) = (max_code, needed_max_code);
        }
    }

    /// Takes O(live clusters + dim) time.
    fn merge(&mut self, a: usize, b: usize, distance: f64) {
        let slots = [a, b].map(|cluster| self.slot_of[cluster] as usize);
        let [slot_a, slot_b] = slots;
        let distance_ab = (distance * self.scale + 1.0) as f32 * ROUND_UP;
        let factors = [self.weights[slot_a], self.weights[slot_b], distance_ab];
        if self.width <= MAX_CACHED_WIDTH {
            let weights = &self.weights[..self.cluster_at.len().next_multiple_of(LANES)];
            merge_slots(&mut self.cells, self.width, slots, weights, factors);
        } else {
            self.merge_and_record(slots, factors);
        }
        self.cells[slot_a * self.width + cell_of(slot_a)] = BoundCodes::MAX;
        self.dead_mask[cell_of(slot_b)] = BoundCodes::MAX;
        self.clusters.merge(a, b);
        self.weights[slot_a] = self.clusters.weights[a] as f32;
        if self.clusters.live_count() <= compaction_threshold(self.cluster_at.len()) {
            self.compact();
        }
    }
}

/// Computes the cells of `rows` of squared grid distances: the codes of 1 + b with the lower bound
/// b = max(0, (squared - `offset`) `factors`).
#[inline(never)]
fn compute_bounds(
    rows: &[I32x8],
    factors: &[F32x8; LANES],
    offset: f32,
    bounds: &mut [BoundCodes; LANES],
) {
    for ((bound, row), factors) in bounds.iter_mut().zip(rows).zip(factors) {
        *bound = BoundCodes::encode(
            row.to_f32()
                .offset_then_scale(-offset, *factors)
                .add_scalar(1.0)
                .max(F32x8::splat(1.0)),
        );
    }
}

/// Ward's factors 2 w v / (w + v), times `factor`, for all pairs of vectors of two panels.
#[inline(never)]
fn harmonic_means(left: usize, right: usize, weights: &[f32], factor: f32) -> [F32x8; LANES] {
    let (weights, _) = weights.as_chunks::<LANES>();
    weights[left].map(|own| F32x8::splat(factor).mul_harmonic_mean(own, F32x8::new(weights[right])))
}

/// Writes eight cells into each of several rows of the matrix, which are `stride` panels apart.
#[inline(never)]
fn write_rows(cells: &mut [[i16; LANES]], stride: usize, rows: &[BoundCodes]) {
    cells.iter_mut().step_by(stride).zip(rows).for_each(|(cells, row)| *cells = row.to_array());
}

/// Transposes the block `rows` and writes its first `columns` columns, eight cells each, into rows
/// of the matrix, which are `stride` panels apart.
#[inline(never)]
fn write_columns(
    cells: &mut [[i16; LANES]],
    stride: usize,
    rows: &[BoundCodes; LANES],
    columns: usize,
) {
    let transposed = BoundCodes::transpose(*rows);
    cells
        .iter_mut()
        .step_by(stride)
        .zip(&transposed[..columns])
        .for_each(|(cells, column)| *cells = column.to_array());
}

/// Replaces the row of cluster a by that of the union of a and b, and stores its cells as pending
/// updates of the other rows. O(n).
#[inline(never)]
fn merge_rows<'a>(
    row_a: &mut [i16],
    row_b: &[i16],
    weights: &[f32],
    factors: [f32; 3],
    updates: impl Iterator<Item = &'a mut UpdateBatch>,
    index_in_batch: usize,
) {
    let (row_a, _) = row_a.as_chunks_mut();
    let ((row_b, _), (weights, _)) = (row_b.as_chunks(), weights.as_chunks());
    for (((row_a, row_b), weights), updates) in
        row_a.iter_mut().zip(row_b).zip(weights).zip(updates)
    {
        let codes = union_codes([*row_a, *row_b], weights, factors);
        *row_a = codes;
        for (position, code) in codes.into_iter().enumerate() {
            updates[BoundCodes::lane_at(position)][index_in_batch % BATCH_MERGES] = code;
        }
    }
}

/// Replaces the row and the column of slot a by those of the union of the clusters at two slots, a
/// and b. `weights` are those of all panels that have a cluster. O(n).
#[inline(never)]
fn merge_slots(
    cells: &mut [i16],
    width: usize,
    [slot_a, slot_b]: [usize; 2],
    weights: &[f32],
    factors: [f32; 3],
) {
    let cell = cell_of(slot_a);
    for (panel, weights) in weights.as_chunks().0.iter().enumerate() {
        let [row_a, row_b] = [slot_a, slot_b].map(|slot| slot * (width / LANES) + panel);
        let panels = cells.as_chunks_mut().0;
        let codes = union_codes([panels[row_a], panels[row_b]], weights, factors);
        panels[row_a] = codes;
        let rows = &mut cells[panel * LANES * width..][..LANES * width];
        for (position, code) in codes.into_iter().enumerate() {
            rows[BoundCodes::lane_at(position) * width + cell] = code;
        }
    }
}

/// Lance-Williams: the codes of a panel in the row of the union of two clusters.
#[inline(always)]
fn union_codes(
    codes_of_parts: [[i16; LANES]; 2],
    weights: &[f32; LANES],
    factors: [f32; 3],
) -> [i16; LANES] {
    let [bounds_a, bounds_b] = codes_of_parts.map(|codes| BoundCodes::new(codes).decode());
    BoundCodes::encode(bounds_a.lance_williams(bounds_b, F32x8::new(*weights), factors)).to_array()
}

/// Sets each `target_codes[i]` to `codes[source_cells[i]]`.
#[inline(never)]
fn gather(codes: &[i16], source_cells: &[u32], target_codes: &mut [i16]) {
    for (code, &source) in target_codes.iter_mut().zip(source_cells) {
        *code = codes[source as usize];
    }
}

/// The codes of the 16 slots of two adjacent panels, in one row of the matrix.
type PanelPair = [[i16; LANES]; 2];

/// Groups the cells of a matrix row into pairs of panels.
fn panel_pairs(codes: &[i16]) -> &[PanelPair] {
    codes.as_chunks().0.as_chunks().0
}

/// Returns the codes of two panels, with those of dead slots replaced by [`BoundCodes::MAX`].
#[inline(always)]
fn mask_dead(codes: &PanelPair, dead_mask: &PanelPair) -> [BoundCodes; 2] {
    core::array::from_fn(|i| BoundCodes::new(codes[i]).max(BoundCodes::new(dead_mask[i])))
}

/// Returns the smallest quantized bound in a matrix row, over the slots of live clusters.
#[inline(never)]
fn min_code(row: &[PanelPair], dead_mask: &[PanelPair]) -> i16 {
    let mut lane_minima = [BoundCodes::splat(BoundCodes::MAX); 2];
    for (codes, dead_mask) in row.iter().zip(dead_mask) {
        let live_codes = mask_dead(codes, dead_mask);
        lane_minima = core::array::from_fn(|i| lane_minima[i].min(live_codes[i]));
    }
    lane_minima[0].min(lane_minima[1]).reduce_min()
}

/// Finds the next panel pairs, from `first_pair` on, that have a code of at most `max_code` (a
/// hit). Stores in `hit_pairs` the index of each pair and a bit mask of its hits. Returns the index
/// at which to continue, and the number of pairs found.
#[inline(never)]
fn next_hit_pairs(
    row: &[PanelPair],
    dead_mask: &[PanelPair],
    first_pair: usize,
    max_code: i16,
    hit_pairs: &mut [(usize, u32); MAX_HIT_PAIRS],
) -> (usize, usize) {
    let exclusive_max = BoundCodes::splat(max_code.saturating_add(1));
    let mut hit_count = 0;
    for pair in first_pair..row.len().min(dead_mask.len()) {
        let [a, b] = mask_dead(&row[pair], &dead_mask[pair]);
        if a.min(b).lt_mask(exclusive_max) != 0 {
            hit_pairs[hit_count % MAX_HIT_PAIRS] =
                (pair, a.lt_mask(exclusive_max) | b.lt_mask(exclusive_max) << LANES);
            hit_count += 1;
            if hit_count == MAX_HIT_PAIRS {
                return (pair + 1, hit_count);
            }
        }
    }
    (row.len(), hit_count)
}
