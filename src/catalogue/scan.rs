//! The bounded scan: integer dot products bound the score of every row, and only rows that may be
//! among the best are scored exactly.
//!
//! The rounding errors of codes and of the query are bounded, so an integer dot product gives a
//! lower and an upper bound of the exact score. At least k rows have a score of at least the k-th
//! largest lower bound, so a row whose upper bound is less is not among the k best. All other rows
//! are scored in `f32` against the stored vector, so the result equals that of scoring every row.
//! Ties are broken by row, lowest first, in [`TopK`].
//!
//! `inline(never)` functions are not merged into their callers, because wasm runtimes optimise
//! whole functions: a small hot function is compiled by the optimising tier early.
//!
//! More than 400 lines: bounds and exact scores of a query must be read side by side.

// A bound that is NaN must not exclude its row, so comparisons are written as `!(bound < minimum)`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

use super::bitset::RowSet;
use super::bytes::f32_at;
use super::codes::StoredVectors;
use super::header::{ErrorBound, Header};
use super::kernel::{KERNEL_ROWS, PARTIAL_SUMS, QueryWeights, STEPS_PER_CODE, Steps, exact_dot};
use super::metric::Metric;
use super::prefilter::{Estimate, Prefilter};
use super::search::SearchOptions;
use super::sketch::Sketches;
use crate::math::simd::{F32x8, set_lanes, sqrt};
use crate::math::top_k::{ScoredRow, TopK, kth_largest};
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Number of rows in a block, whose codes stay in the first-level cache while several queries scan
/// them.
const CACHE_BLOCK_ROWS: usize = 64;
/// Number of rows in a group, whose bounds are computed and compared together.
const GROUP_ROWS: usize = 8;
/// The prefilter excludes a row if the minimal score of the best rows exceeds its estimate by more
/// than this number of standard deviations.
const PREFILTER_DEVIATIONS: f32 = 3.0;

/// The stored data of a catalogue's rows that a scan reads.
#[derive(Clone, Copy)]
pub(super) struct RowData<'a> {
    pub(super) codes: StoredVectors<'a>,
    /// The squared length of each stored vector as `f32`, for L2; else empty.
    pub(super) norms: &'a [u8],
    pub(super) header: &'a Header,
    /// The rows that the search may return.
    pub(super) allowed: &'a RowSet,
    /// The sketches of the rows, if the prefilter is used.
    pub(super) sketches: Option<&'a Sketches>,
}

/// A range of rows, and the queries that search it.
pub(super) struct ScanPart {
    pub(super) rows: Range<usize>,
    /// Indices of queries.
    pub(super) queries: Vec<usize>,
}

/// For each query the best rows of the parts that it searches, best first. The row ranges of
/// `parts` must ascend.
pub(super) fn search(
    rows: &RowData<'_>,
    queries: Vec<Query>,
    parts: &[ScanPart],
    search: &SearchOptions<'_>,
) -> Vec<Vec<ScoredRow>> {
    let wanted_count = search.offset.saturating_add(search.count).min(rows.codes.len());
    let mut scans: Vec<QueryScan> = queries
        .into_iter()
        .map(|query| QueryScan::new(rows, query, wanted_count, search.min_score))
        .collect();
    if let Some(sketches) = rows.sketches {
        for (query_index, scan) in scans.iter_mut().enumerate().filter(|_| wanted_count > 0) {
            let searched_rows = parts
                .iter()
                .filter(|part| part.queries.contains(&query_index))
                .map(|part| part.rows.clone());
            scan.scan_prefiltered(rows, sketches, searched_rows);
        }
        return scans.into_iter().map(|scan| scan.finish(rows, search)).collect();
    }
    for part in parts {
        for start in part.rows.clone().step_by(CACHE_BLOCK_ROWS) {
            let block = start..(start + CACHE_BLOCK_ROWS).min(part.rows.end);
            for &query_index in &part.queries {
                scans[query_index].scan_block(rows, block.clone());
            }
        }
    }
    scans.into_iter().map(|scan| scan.finish(rows, search)).collect()
}

/// A single part that holds all n rows and is searched by all queries.
pub(super) fn single_part(n: usize, query_count: usize) -> Vec<ScanPart> {
    vec![ScanPart { rows: 0..n, queries: (0..query_count).collect() }]
}

/// The estimated score of each row: for cosine and inner product that of the unit query, for L2
/// without the squared length of the query.
pub(super) fn approximate_scores(rows: &RowData<'_>, query: &Query) -> Vec<f32> {
    let n = rows.codes.len();
    let mut scores = Vec::with_capacity(n + KERNEL_ROWS);
    for first in (0..n).step_by(KERNEL_ROWS) {
        let four_rows = core::array::from_fn(|i| (first + i).min(n - 1));
        let estimates = query.estimates(&rows.codes, four_rows);
        scores.extend(four_rows.iter().zip(estimates).map(|(&row, estimate)| {
            let norm = if rows.norms.is_empty() { 0.0 } else { f32_at(rows.norms, row) };
            estimate * rows.codes.scale(row) - norm
        }));
    }
    scores.truncate(n);
    scores
}

/// The exact scores of the given rows, one list after the other for each query. Each row is read
/// and decoded once.
pub(super) fn score_rows(rows: &RowData<'_>, queries: Vectors<'_>, indices: &[u32]) -> Vec<f32> {
    let queries: Vec<Query> = queries
        .rows()
        .map(|query| Query::new(query, rows.header.metric, ErrorBound::default()))
        .collect();
    let mut scores = vec![0.0; queries.len() * indices.len()];
    let mut vector = Vec::new();
    for (index, &row) in indices.iter().enumerate() {
        rows.codes.read_steps(row as usize, &mut vector);
        let scores_of_row = scores.iter_mut().skip(index).step_by(indices.len());
        for (query, score) in queries.iter().zip(scores_of_row) {
            *score = query.exact_score(rows, row as usize, &vector);
        }
    }
    scores
}

/// A query vector, prepared for computing bounds and exact scores.
pub(super) struct Query {
    /// The query divided by its length; a zero query stays zero.
    unit: Vec<f32>,
    /// Euclidean length of the query.
    norm: f64,
    /// The unit query as integer weights.
    weights: QueryWeights,
    /// Factor from an integer dot product to the estimate of a score, before the scale of the row.
    estimate_factor: f32,
    /// Difference of the upper and of the lower bound from the estimate, before the scale of the
    /// row.
    margin: f32,
    /// Relative error bound of the squared length of a row, for L2.
    norm_margin: f32,
}

impl Query {
    pub(super) fn new(query: &[f32], metric: Metric, error_bound: ErrorBound) -> Self {
        let squared_norm: f64 = query.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let norm = sqrt(squared_norm);
        let scale = if squared_norm > 0.0 { 1.0 / norm } else { 0.0 };
        let unit: Vec<f32> = query.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
        let weights = QueryWeights::new(&unit);
        // Bounds omit the parts of a score that all rows have in common: the factor |q| of an inner
        // product and, for L2, where -|q - x|^2 = 2 q x - |x|^2 - |q|^2, the term |q|^2.
        let score_factor = if metric == Metric::L2 { 2.0 * norm } else { 1.0 };
        let (code_norm, residual_norm) =
            (f64::from(error_bound.max_code_norm), f64::from(error_bound.max_residual_norm));
        // The relative rounding errors in f32, of the exact score and of the bounds.
        let rounding_error = (query.len() / PARTIAL_SUMS + 32) as f64 * f64::from(f32::EPSILON);
        let error = weights.rounding_norm * code_norm
            + residual_norm * 1.000_001
            + rounding_error * (code_norm + residual_norm);
        Self {
            unit,
            norm,
            estimate_factor: (weights.step * score_factor) as f32,
            margin: (error * score_factor * 1.000_001) as f32,
            norm_margin: rounding_error as f32,
            weights,
        }
    }

    /// Estimated scores of four rows, before the scales of the rows. `inline(never)`: it has three
    /// callers, and a call for four rows costs less than 1 % of a search.
    #[inline(never)]
    fn estimates(
        &self,
        codes: &StoredVectors<'_>,
        rows: [usize; KERNEL_ROWS],
    ) -> [f32; KERNEL_ROWS] {
        // The integer dot product of a row whose components are all 0.
        let zero_dot = self.weights.sum.wrapping_mul(super::codes::ZERO_CODE.into());
        let [a, b, c, d] = rows;
        let row = |row: usize| &codes.codes[row * codes.dim..][..codes.dim];
        let dots = self.weights.dots([row(a), row(b), row(c), row(d)]);
        dots.map(|dot| dot.wrapping_sub(zero_dot) as f32 * self.estimate_factor)
    }

    /// Root mean square error of the sketch estimates of a sample, each error divided by the
    /// standard deviation of its estimate; NaN for an empty sample.
    #[inline(never)]
    fn deviation_ratio(&self, rows: &RowData<'_>, sample: &[(Estimate, f32)]) -> f32 {
        let mut sum = 0.0;
        for chunk in sample.chunks(KERNEL_ROWS) {
            let four_samples: [_; KERNEL_ROWS] =
                core::array::from_fn(|i| chunk[i.min(chunk.len() - 1)]);
            let dots = self.estimates(&rows.codes, four_samples.map(|(estimate, _)| estimate.row));
            for ((estimate, std_dev), dot) in four_samples.into_iter().zip(dots) {
                if std_dev > 0.0 {
                    let dot = dot * rows.codes.scale(estimate.row);
                    let deviations = (dot - estimate.value) / std_dev;
                    sum += deviations * deviations;
                }
            }
        }
        // The last chunk is padded with copies of its last row, which count, too.
        sqrt((sum / sample.len().next_multiple_of(KERNEL_ROWS) as f32).into()) as f32
    }
}

/// A row that may be among the best, with the bounds of its score.
#[derive(Clone, Copy)]
struct Candidate {
    row: usize,
    lower_bound: f32,
    upper_bound: f32,
}

/// The state of the scan of one query.
struct QueryScan {
    query: Query,
    /// Number of best rows to be found, including those that the offset skips.
    count: usize,
    /// A row whose upper bound is below this is not among the best.
    min_upper_bound: f32,
    candidates: Vec<Candidate>,
    /// Number of candidates at which those that are not among the best are removed.
    prune_len: usize,
}

impl QueryScan {
    fn new(rows: &RowData<'_>, query: Query, count: usize, min_score: Option<f32>) -> Self {
        let min_upper_bound = min_score
            .map_or(f32::NEG_INFINITY, |score| query.score_to_bound(score, rows.header.metric));
        Self { query, count, min_upper_bound, candidates: Vec::new(), prune_len: 4 * count + 64 }
    }

    /// Computes the bounds of the allowed rows of a block, and adds the candidates among them.
    #[inline(never)]
    fn scan_block(&mut self, rows: &RowData<'_>, block: Range<usize>) {
        for first in block.clone().step_by(GROUP_ROWS) {
            let remaining_rows = block.end - first;
            let mask = rows.allowed.window(first)
                & if remaining_rows < GROUP_ROWS { (1 << remaining_rows) - 1 } else { 255 };
            if mask != 0 {
                self.bound_group(
                    rows,
                    core::array::from_fn(|lane| (first + lane).min(block.end - 1)),
                    mask,
                );
            }
        }
        if self.candidates.len() >= self.prune_len {
            self.prune();
        }
    }

    /// Adds the candidates among the rows that the prefilter does not exclude. The rows of the
    /// highest estimates are bounded first, to find a minimal score of the best rows; then all rows
    /// whose estimates may reach it.
    #[inline(never)]
    fn scan_prefiltered(
        &mut self,
        rows: &RowData<'_>,
        sketches: &Sketches,
        parts: impl Iterator<Item = Range<usize>>,
    ) {
        let prefilter =
            Prefilter::new(sketches, &self.query.unit, rows.allowed, parts, 2 * self.count + 16);
        self.bound_rows(rows, &prefilter.highest_rows());
        self.prune();
        // `min_upper_bound` is kept. The rows are bounded again below, in ascending order.
        self.candidates.clear();
        let deviations = PREFILTER_DEVIATIONS
            * self.query.deviation_ratio(rows, &prefilter.calibration_sample()).max(1.0);
        self.bound_rows(rows, &prefilter.rows_reaching(self.min_upper_bound, deviations));
    }

    /// Computes the bounds of the rows with these indices, and adds the candidates among them.
    fn bound_rows(&mut self, rows: &RowData<'_>, indices: &[usize]) {
        for chunk in indices.chunks(GROUP_ROWS) {
            let mask = (1 << chunk.len()) - 1;
            let group = core::array::from_fn(|lane| chunk[lane.min(chunk.len() - 1)]);
            self.bound_group(rows, group, mask);
            if self.candidates.len() >= self.prune_len {
                self.prune();
            }
        }
    }

    /// Computes the bounds of eight rows, and adds those that may be among the best as candidates.
    /// Rows whose bit in `mask` is 0 are ignored. Most groups have no candidates, which takes one
    /// comparison.
    #[inline(never)]
    fn bound_group(&mut self, rows: &RowData<'_>, group: [usize; GROUP_ROWS], mask: u32) {
        let Query { margin, norm_margin, .. } = self.query;
        let [mut estimates, mut scales] = [[0.0; GROUP_ROWS]; 2];
        for (estimates, rows_of) in estimates.as_chunks_mut().0.iter_mut().zip(group.as_chunks().0)
        {
            *estimates = self.query.estimates(&rows.codes, *rows_of);
        }
        for (scale, row) in scales.iter_mut().zip(group) {
            *scale = rows.codes.scale(row);
        }
        let (estimates, scales) = (F32x8::new(estimates), F32x8::new(scales));
        let mut uppers = estimates.offset_then_scale(margin, scales);
        let mut lowers = estimates.offset_then_scale(-margin, scales);
        if !rows.norms.is_empty() {
            let norms = F32x8::new(group.map(|row| f32_at(rows.norms, row)));
            uppers = uppers.add_scaled(norms, norm_margin - 1.0);
            lowers = lowers.add_scaled(norms, -norm_margin - 1.0);
        }
        // A row is excluded if its upper bound is below the minimum. NaN is not below it, so a row
        // with a NaN bound becomes a candidate.
        let candidate_mask = mask & !uppers.lt_mask(F32x8::splat(self.min_upper_bound));
        if candidate_mask != 0 {
            let (lowers, uppers) = (lowers.to_array(), uppers.to_array());
            // Exact cosines are clamped to 1, so a lower bound must not exceed 1.
            let max_score = if rows.header.metric == Metric::Cosine { 1.0 } else { f32::MAX };
            let candidate = |lane| Candidate {
                row: group[lane],
                lower_bound: f32::min(lowers[lane], max_score),
                upper_bound: uppers[lane],
            };
            self.candidates.extend(set_lanes(candidate_mask).map(candidate));
        }
    }

    /// Raises `min_upper_bound` to the `count`-th largest lower bound, and removes the candidates
    /// whose upper bounds are below it.
    #[inline(never)]
    fn prune(&mut self) {
        if self.candidates.len() > self.count {
            let lowers: Vec<f32> = self.candidates.iter().map(|row| row.lower_bound).collect();
            let kth_lower_bound = kth_largest(&lowers, self.count - 1);
            if kth_lower_bound > self.min_upper_bound {
                self.min_upper_bound = kth_lower_bound;
            }
        }
        let min_upper_bound = self.min_upper_bound;
        self.candidates.retain(|row| !(row.upper_bound < min_upper_bound));
        self.prune_len = self.prune_len.max(2 * self.candidates.len());
    }

    /// Computes exact scores of the remaining candidates. Returns the best rows, best first, after
    /// the rows that the offset skips.
    fn finish(mut self, rows: &RowData<'_>, search: &SearchOptions<'_>) -> Vec<ScoredRow> {
        if self.count == 0 {
            return Vec::new();
        }
        self.prune();
        let scores = self.exact_scores(rows);
        let mut top_rows = TopK::new(self.count);
        for (candidate, score) in self.candidates.iter().zip(scores) {
            if let Some(score) =
                score.filter(|&score| search.min_score.is_none_or(|min| score >= min))
            {
                top_rows.push(candidate.row, score);
            }
        }
        let mut best_rows = top_rows.finish();
        best_rows.drain(..search.offset.min(best_rows.len()));
        best_rows
    }

    /// The exact score of each candidate, `None` for those that are not among the best. Candidates
    /// that are certainly among the best are scored first: their scores raise `min_upper_bound`,
    /// which excludes many of the others.
    fn exact_scores(&mut self, rows: &RowData<'_>) -> Vec<Option<f32>> {
        let mut scores = vec![None; self.candidates.len()];
        let mut certain_scores = Vec::new();
        let mut vector = Vec::new();
        let mut exact_score = |query: &Query, row: usize| {
            rows.codes.read_steps(row, &mut vector);
            query.exact_score(rows, row, &vector)
        };
        for (candidate, score) in self.candidates.iter().zip(&mut scores) {
            if candidate.lower_bound >= self.min_upper_bound {
                let certain_score = exact_score(&self.query, candidate.row);
                *score = Some(certain_score);
                certain_scores.push(certain_score);
            }
        }
        if certain_scores.len() >= self.count {
            let kth_score = kth_largest(&certain_scores, self.count - 1);
            let kth_bound = self.query.score_to_bound(kth_score, rows.header.metric);
            self.min_upper_bound = self.min_upper_bound.max(kth_bound);
        }
        for (candidate, score) in self.candidates.iter().zip(&mut scores) {
            if score.is_none() && !(candidate.upper_bound < self.min_upper_bound) {
                *score = Some(exact_score(&self.query, candidate.row));
            }
        }
        scores
    }
}

impl Query {
    /// The exact score of a row, as returned to the caller; `vector` is the decoded row.
    #[inline(never)]
    fn exact_score(&self, rows: &RowData<'_>, row: usize, vector: &[Steps]) -> f32 {
        let scale = rows.codes.scale(row);
        match rows.header.metric {
            // Adding 0 turns -0 into 0, because `total_cmp` orders -0 below 0.
            Metric::Cosine => (exact_dot(&self.unit, vector) * scale).clamp(-1.0, 1.0) + 0.0,
            Metric::InnerProduct => {
                let product = f64::from(exact_dot(&self.unit, vector) * scale) * self.norm;
                product.clamp(f32::MIN.into(), f32::MAX.into()) as f32 + 0.0
            }
            Metric::L2 => {
                // Squared differences are summed, because |q|^2 + |x|^2 - 2 q x would lose digits
                // for a near item.
                let mut lanes = [0.0f64; PARTIAL_SUMS];
                for (k, (&q, &steps)) in self.unit.iter().zip(vector.as_flattened()).enumerate() {
                    let difference = f64::from(q) * self.norm
                        - f64::from(steps / STEPS_PER_CODE) * f64::from(scale);
                    lanes[k % PARTIAL_SUMS] += difference * difference;
                }
                0.0 - lanes.iter().sum::<f64>().min(f32::MAX.into()) as f32
            }
        }
    }

    /// Converts a score to the scale of [`Candidate`] bounds, rounded down.
    fn score_to_bound(&self, score: f32, metric: Metric) -> f32 {
        let score = f64::from(score);
        let bound = match metric {
            Metric::Cosine => score,
            Metric::InnerProduct => score / self.norm,
            Metric::L2 => score + self.norm * self.norm,
        };
        let score_magnitude =
            if metric == Metric::L2 { self.norm * self.norm } else { bound.abs() };
        // For a zero query this is 0 / 0: every row has score 0, and none must be excluded.
        let bound = (bound - score_magnitude * 1e-6) as f32;
        if bound.is_nan() { f32::NEG_INFINITY } else { bound }
    }
}

impl ErrorBound {
    /// The stored bound, or that of the worst case if the file stores none.
    pub(super) fn or_worst_case(self, codes: &StoredVectors<'_>) -> Self {
        let root_of_dim = sqrt(codes.dim as f64) as f32 * 1.000_001;
        Self {
            max_code_norm: if self.max_code_norm > 0.0 {
                self.max_code_norm
            } else {
                64.0 * root_of_dim
            },
            max_residual_norm: match codes.residuals.is_empty() {
                true => 0.0,
                false if self.max_residual_norm > 0.0 => self.max_residual_norm,
                false => 0.5 * root_of_dim,
            },
        }
    }
}

/// Checks that queries have `dim` dimensions.
pub(super) fn check_query_dim(queries: Vectors<'_>, dim: usize) -> Result<(), Error> {
    match queries.dim() == dim {
        true => Ok(()),
        false => {
            Err(Error::Dimension { what: "length of the query", got: queries.dim(), expected: dim })
        }
    }
}

#[cfg(test)]
mod tests;
