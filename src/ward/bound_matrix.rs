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
use super::pairwise::{FarthestBounds, all_pairs};
use crate::math::simd::{BoundCodes, F32x8, I32x8, LANES, ROUND_DOWN, ROUND_UP, set_lanes};
use alloc::{vec, vec::Vec};

/// The number of cells in a row is a multiple of this: two panels of eight slots.
const ROW_ALIGNMENT: usize = 2 * LANES;
/// Merges whose updates lie side by side in memory: 32 codes fill a cache line.
const BATCH: usize = 32;
/// Panel pairs that one call of [`next_hits`] returns at most.
const MAX_HITS: usize = 8;
/// Distance on the grid, in steps, at which the linear lower bound of a distance is tangent to the
/// exact one: about the distance of typical merges.
const TANGENT_POINT: f32 = 10_000.0;

/// A square matrix of lower bounds: row and column p belong to the cluster at slot p.
///
/// A cell is the 16-bit code of 1 + b, where b is a lower bound of a Ward distance in units of
/// [`scale`](Self::scale). (Lance-Williams gives the same with and without the 1.)
///
/// A merge changes one row and, by symmetry, one column. Writing the column would touch every row,
/// and most rows are never read again. So the column is appended to `pending_updates`, and a row
/// applies its updates when it is next read. When two fifths of the slots or fewer are live, the
/// matrix is compacted.
pub(crate) struct BoundMatrix<'a> {
    clusters: Clusters<'a>,
    /// Units of a cell in one squared unit of the vectors. Chosen so that no distance reaches 2^31.
    scale: f64,
    /// Cells in a row.
    width: usize,
    /// Rows one after the other; the cell of slot q is at [`cell_of`]`(q)`. [`BoundCodes::MAX`] on
    /// the diagonal; undefined in the columns of dead slots.
    cells: Vec<i16>,
    /// By cell: [`BoundCodes::MAX`] where the slot is dead or past the last, else 0.
    dead_mask: Vec<i16>,
    /// Weight of each cluster, by slot; undefined past the last slot.
    weights: Vec<f32>,
    /// Cluster at each slot, ascending.
    cluster_at: Vec<u32>,
    /// Slot of each cluster.
    slot_of: Vec<u32>,
    /// Number of merges that the row at each slot has applied.
    applied: Vec<u32>,
    /// Cell of the merged cluster, for each merge since the last compaction, in batches.
    merge_cells: Vec<[u32; BATCH]>,
    /// Merges since the last compaction.
    merge_count: usize,
    /// By slot: the number of its last merge, counted from 1; 0 for none.
    last_merge: Vec<u32>,
    /// By batch, one bit a merge: whether it is the last merge of its slot, and that slot is live.
    latest: Vec<u32>,
    /// The new columns: `pending_updates[p / 8 * batch_capacity + m / BATCH][p % 8][m % BATCH]` is
    /// the code of the distance of merge m to slot p. (Ordered by panel, so that writing one merge
    /// and reading those of one slot both touch few memory pages.)
    pending_updates: Vec<UpdateBatch>,
    /// Batches per panel for which `pending_updates` has room.
    batch_capacity: usize,
}

/// Codes of the distances of a batch of merges to the slots of a panel.
type UpdateBatch = [[i16; BATCH]; LANES];

/// Number of live clusters among n slots at which the matrix is compacted.
fn compacted_len(n: usize) -> usize {
    2 * n / 5
}

/// Batches of merges until a matrix of n slots is compacted.
fn batches(n: usize) -> usize {
    (n - compacted_len(n)).div_ceil(BATCH)
}

/// Index in a row of the cell of a slot.
fn cell_of(slot: usize) -> usize {
    slot / LANES * LANES + BoundCodes::position_of(slot % LANES)
}

impl<'a> BoundMatrix<'a> {
    /// Upper bound of the bytes of a matrix of n clusters.
    pub(crate) fn bytes(n: usize) -> usize {
        let width = n.next_multiple_of(ROW_ALIGNMENT);
        // The rows and the pending updates.
        size_of::<i16>().saturating_mul(width).saturating_mul(width + batches(n) * BATCH)
    }

    /// The matrix of all pairs of single rows, and the farthest distance of each. O(n^2 dim / 2).
    #[inline(never)]
    pub(crate) fn new(clusters: Clusters<'a>, grid: &Grid) -> (Self, FarthestBounds) {
        let n = clusters.live_count();
        let width = n.next_multiple_of(ROW_ALIGNMENT);
        let total: f64 = clusters.weights.iter().sum();
        let mut weights: Vec<f32> = clusters.weights.iter().map(|&w| w as f32).collect();
        weights.resize(width, 1.0);
        let equal = weights[..n].iter().all(|&w| w == weights[0]);
        // A lower bound of (sqrt(x) - slack)^2 that is linear in x: its tangent where sqrt(x) =
        // TANGENT_POINT, which is slope (x - slack TANGENT_POINT). Both factors are rounded down by
        // more than the roundings of the computation.
        let slack = grid.slack();
        let (slope, offset) = (1.0 - slack / TANGENT_POINT, slack * TANGENT_POINT * ROUND_UP);
        let unit = (1.0 / total) as f32;
        let factor = unit * slope * ROUND_DOWN;
        let equal_factors = equal.then(|| [F32x8::splat(weights[0] * factor); LANES]);

        let mut cells = vec![[0; LANES]; n.next_multiple_of(LANES) * (width / LANES)];
        let mut farthest = FarthestBounds::new(n);
        let count = n.div_ceil(LANES);
        all_pairs(grid, 0..count, 0..count, &mut |left, right, block| {
            let rows = LANES.min(n - left * LANES);
            let farthest = farthest.panel_mut(right);
            let mut bounds = [BoundCodes::splat(0); LANES];
            match &equal_factors {
                Some(factors) => {
                    compute_bounds(&block[..rows], factors, offset, &mut bounds, farthest);
                }
                None => {
                    let factors = harmonic_means(left, right, &weights, factor);
                    compute_bounds(&block[..rows], &factors, offset, &mut bounds, farthest);
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
        let matrix = Self {
            scale: grid.squared_steps(1.0) * f64::from(unit),
            width,
            cells,
            dead_mask,
            weights,
            cluster_at: (0..n as u32).collect(),
            slot_of: (0..n as u32).collect(),
            applied: vec![0; n],
            merge_cells: Vec::new(),
            merge_count: 0,
            last_merge: vec![0; n],
            latest: Vec::new(),
            pending_updates: Vec::new(),
            batch_capacity: batches(n),
            clusters,
        };
        (matrix, farthest)
    }

    /// Applies the pending updates of the row at `slot`.
    fn apply_pending(&mut self, slot: usize) {
        let row = &mut self.cells[slot * self.width..][..self.width];
        let applied = self.applied[slot] as usize;
        if applied == self.merge_count {
            return;
        }
        let mut pending = u32::MAX << (applied % BATCH);
        let first_batch = applied / BATCH;
        let (panel, lane) = (slot / LANES * self.batch_capacity, slot % LANES);
        let batches = self.latest[first_batch..]
            .iter()
            .zip(&self.merge_cells[first_batch..])
            .zip(&self.pending_updates[panel + first_batch..]);
        for ((latest, cells), updates) in batches {
            for merge in set_lanes(latest & pending) {
                row[cells[merge % BATCH] as usize] = updates[lane][merge % BATCH];
            }
            pending = u32::MAX;
        }
        self.applied[slot] = self.merge_count as u32;
    }

    /// Removes dead slots from rows and columns, so that rows are short and close in memory again.
    #[inline(never)]
    fn compact(&mut self) {
        let is_live = |slot: &usize| self.clusters.is_live(self.cluster_at[*slot] as usize);
        let live: Vec<usize> = (0..self.cluster_at.len()).filter(is_live).collect();
        live.iter().for_each(|&slot| self.apply_pending(slot));
        let (from, to) = (self.width, live.len().next_multiple_of(ROW_ALIGNMENT));
        let mut sources = vec![0; to];
        live.iter().enumerate().for_each(|(to, &from)| sources[cell_of(to)] = cell_of(from) as u32);
        let mut old = vec![0; from];
        // In place: nothing is written beyond what has been read.
        for (row, &slot) in live.iter().enumerate() {
            self.weights[row] = self.weights[slot];
            self.cluster_at[row] = self.cluster_at[slot];
            self.slot_of[self.cluster_at[row] as usize] = row as u32;
            let (head, tail) = self.cells.split_at_mut(slot * from);
            if let Some(target) = head.get_mut(row * to..(row + 1) * to) {
                gather(&tail[..from], &sources, target);
            } else {
                old.copy_from_slice(&tail[..from]);
                gather(&old, &sources, &mut self.cells[row * to..][..to]);
            }
        }
        let n = live.len();
        self.width = to;
        self.cluster_at.truncate(n);
        self.applied.clear();
        self.applied.resize(n, 0);
        self.last_merge.clear();
        self.last_merge.resize(n, 0);
        self.dead_mask.clear();
        self.dead_mask.resize(to, 0);
        (n..to).for_each(|slot| self.dead_mask[cell_of(slot)] = BoundCodes::MAX);
        self.merge_cells.clear();
        self.merge_count = 0;
        self.latest.clear();
        self.batch_capacity = batches(n);
    }

    /// Computes the distance of `cluster` to the cluster at `slot` and offers it to `nearest`.
    /// Returns the upper code of the nearest distance so far. O(dim).
    #[inline(never)]
    fn exact_distance(&self, cluster: usize, slot: usize, nearest: &mut Nearest) -> i16 {
        let candidate = self.cluster_at[slot] as usize;
        nearest.consider(candidate, || self.clusters.distance(cluster, candidate));
        self.upper_code(nearest.distance)
    }

    /// A code that is not below that of `distance`.
    fn upper_code(&self, distance: f64) -> i16 {
        BoundCodes::encode_scalar((distance * self.scale + 1.0) as f32 * ROUND_UP)
    }
}

impl NearestNeighbours for BoundMatrix<'_> {
    fn clusters(&self) -> &Clusters<'_> {
        &self.clusters
    }

    /// O(live clusters), and O(dim) for each distance that the bounds do not exclude.
    fn nearest(&mut self, cluster: usize, previous: usize, previous_distance: f64) -> Nearest {
        let slot = self.slot_of[cluster] as usize;
        self.apply_pending(slot);
        let row = panel_pairs(&self.cells[slot * self.width..][..self.width]);
        let dead_mask = panel_pairs(&self.dead_mask);
        let mut nearest = Nearest::none(previous, previous_distance);
        // Cells up to `limit` are visited in slot order, and `limit` falls to the nearest distance
        // found. It starts a little above the least bound: the nearest distance mostly lies within
        // a hundredth of it (8 code steps).
        let mut visited = -1;
        let mut limit = min_code(row, dead_mask).saturating_add(8);
        loop {
            let mut from = 0;
            let mut found = [(0, 0); MAX_HITS];
            while from < row.len() {
                let count;
                (from, count) = next_hits(row, dead_mask, from, limit, &mut found);
                for &(pair, within) in &found[..count] {
                    for position in set_lanes(within) {
                        let code = row[pair].as_flattened()[position % ROW_ALIGNMENT];
                        if code > visited && code <= limit {
                            let slot = (2 * pair + position / LANES) * LANES
                                + BoundCodes::lane_at(position % LANES);
                            limit = limit
                                .min(self.exact_distance(cluster, slot, &mut nearest).max(visited));
                        }
                    }
                }
            }
            let needed = self.upper_code(nearest.distance);
            if needed <= limit {
                return nearest;
            }
            (visited, limit) = (limit, needed);
        }
    }

    /// O(live clusters + dim).
    fn merge(&mut self, a: usize, b: usize, distance: f64) {
        let slots = [a, b].map(|cluster| self.slot_of[cluster] as usize);
        slots.into_iter().for_each(|slot| self.apply_pending(slot));
        let [slot_a, slot_b] = slots;
        let distance_ab = (distance * self.scale + 1.0) as f32 * ROUND_UP;
        let width = self.width;
        let (batch, in_batch) = (self.merge_count / BATCH, self.merge_count % BATCH);
        if self.pending_updates.is_empty() {
            self.pending_updates = vec![[[0; BATCH]; LANES]; width / LANES * self.batch_capacity];
        }
        if in_batch == 0 {
            self.latest.push(0);
            self.merge_cells.push([0; BATCH]);
        }
        let (head, tail) = self.cells.split_at_mut(slot_b * width);
        let factors = [self.weights[slot_a], self.weights[slot_b], distance_ab];
        let (row_a, row_b) = (&mut head[slot_a * width..][..width], &tail[..width]);
        let updates = self.pending_updates[batch..].iter_mut().step_by(self.batch_capacity);
        merge_rows(row_a, row_b, &self.weights, factors, updates, in_batch);
        self.cells[slot_a * width + cell_of(slot_a)] = BoundCodes::MAX;
        self.dead_mask[cell_of(slot_b)] = BoundCodes::MAX;
        self.clusters.merge(a, b);
        self.weights[slot_a] = self.clusters.weights[a] as f32;
        for slot in slots {
            if let Some(last) = self.last_merge[slot].checked_sub(1) {
                self.latest[last as usize / BATCH] &= !(1 << (last as usize % BATCH));
            }
        }
        self.latest[batch] |= 1 << in_batch;
        self.merge_cells[batch][in_batch] = cell_of(slot_a) as u32;
        self.merge_count += 1;
        self.last_merge[slot_a] = self.merge_count as u32;
        self.applied[slot_a] = self.merge_count as u32;
        if self.clusters.live_count() <= compacted_len(self.cluster_at.len()) {
            self.compact();
        }
    }
}

/// Codes of the bounds of `rows` of squared grid distances: (squared - `offset`) `factors`, at
/// least 0. Raises `farthest` to the largest squared distance of each column.
#[inline(never)]
fn compute_bounds(
    rows: &[I32x8],
    factors: &[F32x8; LANES],
    offset: f32,
    bounds: &mut [BoundCodes; LANES],
    farthest: &mut [i32; LANES],
) {
    let mut largest = I32x8::new(*farthest);
    for ((bound, row), factors) in bounds.iter_mut().zip(rows).zip(factors) {
        largest = largest.max(*row);
        *bound = BoundCodes::encode(
            row.to_f32()
                .offset_then_scale(-offset, *factors)
                .add_scalar(1.0)
                .max(F32x8::splat(1.0)),
        );
    }
    *farthest = largest.to_array();
}

/// Ward's factors 2 w v / (w + v), times `unit`, of the vectors of two panels.
#[inline(never)]
fn harmonic_means(left: usize, right: usize, weights: &[f32], unit: f32) -> [F32x8; LANES] {
    let (weights, _) = weights.as_chunks::<LANES>();
    weights[left].map(|own| F32x8::splat(unit).mul_harmonic_mean(own, F32x8::new(weights[right])))
}

/// Writes eight cells of each of some rows.
#[inline(never)]
fn write_rows(cells: &mut [[i16; LANES]], stride: usize, rows: &[BoundCodes]) {
    cells.iter_mut().step_by(stride).zip(rows).for_each(|(cells, row)| *cells = row.to_array());
}

/// Writes the transposed block: eight cells of each of its first `columns` columns.
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

/// Turns the row of cluster a into that of its union with b, and stores its cells as pending
/// updates of the other rows. O(n).
#[inline(never)]
fn merge_rows<'a>(
    row_a: &mut [i16],
    row_b: &[i16],
    weights: &[f32],
    factors: [f32; 3],
    updates: impl Iterator<Item = &'a mut UpdateBatch>,
    in_batch: usize,
) {
    let (row_a, _) = row_a.as_chunks_mut();
    let ((row_b, _), (weights, _)) = (row_b.as_chunks(), weights.as_chunks());
    for (((row_a, row_b), weights), updates) in
        row_a.iter_mut().zip(row_b).zip(weights).zip(updates)
    {
        let [bounds_a, bounds_b] = [*row_a, *row_b].map(|codes| BoundCodes::new(codes).decode());
        let codes =
            BoundCodes::encode(bounds_a.lance_williams(bounds_b, F32x8::new(*weights), factors))
                .to_array();
        *row_a = codes;
        for (position, code) in codes.into_iter().enumerate() {
            updates[BoundCodes::lane_at(position)][in_batch % BATCH] = code;
        }
    }
}

/// gathered[i] = codes[sources[i]].
#[inline(never)]
fn gather(codes: &[i16], sources: &[u32], gathered: &mut [i16]) {
    for (code, &source) in gathered.iter_mut().zip(sources) {
        *code = codes[source as usize];
    }
}

/// The codes of two panels.
type PanelPair = [[i16; LANES]; 2];

fn panel_pairs(codes: &[i16]) -> &[PanelPair] {
    codes.as_chunks().0.as_chunks().0
}

/// The codes of live slots; [`BoundCodes::MAX`] for dead ones.
#[inline(always)]
fn mask_dead(codes: &PanelPair, dead_mask: &PanelPair) -> [BoundCodes; 2] {
    core::array::from_fn(|i| BoundCodes::new(codes[i]).max(BoundCodes::new(dead_mask[i])))
}

/// The least code of the live slots of a row.
#[inline(never)]
fn min_code(row: &[PanelPair], dead_mask: &[PanelPair]) -> i16 {
    let mut least = [BoundCodes::splat(BoundCodes::MAX); 2];
    for (codes, dead_mask) in row.iter().zip(dead_mask) {
        let live = mask_dead(codes, dead_mask);
        least = core::array::from_fn(|i| least[i].min(live[i]));
    }
    least[0].min(least[1]).reduce_min()
}

/// The next panel pairs, from `from` on, that have a code of at most `limit`: stored in `found`
/// with the positions of those codes as bits. Returns where to continue, and the number found.
#[inline(never)]
fn next_hits(
    row: &[PanelPair],
    dead_mask: &[PanelPair],
    from: usize,
    limit: i16,
    found: &mut [(usize, u32); MAX_HITS],
) -> (usize, usize) {
    let beyond = BoundCodes::splat(limit.saturating_add(1));
    let mut count = 0;
    for pair in from..row.len().min(dead_mask.len()) {
        let [a, b] = mask_dead(&row[pair], &dead_mask[pair]);
        if a.min(b).lt_mask(beyond) != 0 {
            found[count % MAX_HITS] = (pair, a.lt_mask(beyond) | b.lt_mask(beyond) << LANES);
            count += 1;
            if count == MAX_HITS {
                return (pair + 1, count);
            }
        }
    }
    (row.len(), count)
}
