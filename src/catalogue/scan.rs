//! The bounded scan: integer dot products bound the score of every row, and only rows that may be
//! among the best are scored exactly.
//!
//! The rounding errors of codes and of the query are bounded, so an integer dot product gives a
//! lower and an upper bound of the exact score. The k-th largest lower bound is a score that k rows
//! reach; a row with a lower upper bound is not among the k best. All others are scored in `f32`
//! against the stored vector, so the result equals that of scoring every row. Ties are broken by
//! row, lowest first, in [`TopK`].
//!
//! `inline(never)` functions are kept separate because wasm runtimes optimise whole functions: a
//! small hot function is compiled by the optimising tier early. `Query::estimates` is the loop body
//! and always inlined.
//!
//! More than 400 lines: bounds and exact scores of a query must be read side by side.

// A bound that is NaN must not exclude its row, so comparisons are written as `!(bound < minimum)`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

use super::bitset::RowSet;
use super::bytes::f32_at;
use super::codes::{StoredVectors, component};
use super::header::{ErrorBound, Header};
use super::kernel::{KERNEL_ROWS, LANES, QueryWeights, exact_dot};
use super::metric::Metric;
use super::prefilter::{Estimate, Prefilter};
use super::search::SearchOptions;
use super::sketch::Sketches;
use crate::math::simd::{F32x8, set_lanes, sqrt};
use crate::math::top_k::{ScoredRow, TopK, kth_largest};
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Rows whose codes stay in the first-level cache while several queries scan them.
const CACHE_BLOCK_ROWS: usize = 64;
/// Rows whose bounds are computed and compared at once.
const BOUND_ROWS: usize = 8;
/// The prefilter excludes a row when the score to reach exceeds its estimate by more than this many
/// standard deviations.
const PREFILTER_DEVIATIONS: f32 = 5.0;

/// The rows of a catalogue as a scan reads them.
#[derive(Clone, Copy)]
pub(super) struct RowData<'a> {
    pub(super) codes: StoredVectors<'a>,
    /// Squared lengths, for L2.
    pub(super) norms: &'a [u8],
    pub(super) header: &'a Header,
    /// The rows that may be returned.
    pub(super) allowed: &'a RowSet,
    /// Sketches, where the prefilter is to be used.
    pub(super) sketches: Option<&'a Sketches>,
}

/// A range of rows, and the queries that search it.
pub(super) struct ScanPart {
    pub(super) rows: Range<usize>,
    /// Indices of queries.
    pub(super) queries: Vec<usize>,
}

/// For each query the best rows of its parts, best first. Parts must ascend.
pub(super) fn search(
    rows: &RowData<'_>,
    queries: Vectors<'_>,
    parts: &[ScanPart],
    search: &SearchOptions<'_>,
) -> Vec<Vec<ScoredRow>> {
    let wanted = search.offset.saturating_add(search.count).min(rows.codes.len());
    let mut scans: Vec<QueryScan> =
        queries.rows().map(|query| QueryScan::new(rows, query, wanted, search.min_score)).collect();
    if let Some(sketches) = rows.sketches {
        for (at, scan) in scans.iter_mut().enumerate().filter(|_| wanted > 0) {
            let own = parts
                .iter()
                .filter(|part| part.queries.contains(&at))
                .map(|part| part.rows.clone());
            scan.scan_prefiltered(rows, sketches, own);
        }
        return scans.into_iter().map(|scan| scan.finish(rows, search)).collect();
    }
    for part in parts {
        for start in part.rows.clone().step_by(CACHE_BLOCK_ROWS) {
            let block = start..(start + CACHE_BLOCK_ROWS).min(part.rows.end);
            for &query in &part.queries {
                scans[query].scan_block(rows, block.clone());
            }
        }
    }
    scans.into_iter().map(|scan| scan.finish(rows, search)).collect()
}

/// One part: all n rows, for all queries.
pub(super) fn one_part(n: usize, queries: usize) -> Vec<ScanPart> {
    vec![ScanPart { rows: 0..n, queries: (0..queries).collect() }]
}

/// The `count` rows of highest estimated score, ascending, and all that tie with the last of them.
/// Requires 1 <= `count` <= n.
pub(super) fn approximate_nearest(rows: &RowData<'_>, query: &[f32], count: usize) -> Vec<usize> {
    let query = Query::new(query, rows.header.metric, ErrorBound::default());
    let n = rows.codes.len();
    let mut scores = Vec::with_capacity(n + KERNEL_ROWS);
    for first in (0..n).step_by(KERNEL_ROWS) {
        let four = core::array::from_fn(|at| (first + at).min(n - 1));
        let estimates = query.estimates(&rows.codes, four);
        scores.extend(four.iter().zip(estimates).map(|(&row, estimate)| {
            let norm = if rows.norms.is_empty() { 0.0 } else { f32_at(rows.norms, row) };
            estimate * rows.codes.scale(row) - norm
        }));
    }
    scores.truncate(n);
    let threshold = kth_largest(&mut scores.clone(), count - 1);
    (0..n).filter(|&row| scores[row] >= threshold).collect()
}

/// A query, prepared for bounds and exact scores.
pub(super) struct Query {
    /// The query at unit length; a zero query stays zero.
    unit: Vec<f32>,
    /// Euclidean length of the query given.
    norm: f64,
    weights: QueryWeights,
    /// Factor from the integer dot product to an estimate, before the scale of the row.
    step: f32,
    /// Distance of either bound from the estimate, before the scale of the row.
    margin: f32,
    /// Error bound of a row's squared length, relative to it.
    norm_margin: f32,
}

impl Query {
    pub(super) fn new(query: &[f32], metric: Metric, error_bound: ErrorBound) -> Self {
        let squares: f64 = query.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let length = sqrt(squares);
        let scale = if squares > 0.0 { 1.0 / length } else { 0.0 };
        let unit: Vec<f32> = query.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
        let weights = QueryWeights::new(&unit);
        // Bounds omit what is common to all rows: the factor |q| of a product and, for L2, where
        // -|q - x|^2 = 2 q x - |x|^2 - |q|^2, the term |q|^2.
        let factor = if metric == Metric::L2 { 2.0 * length } else { 1.0 };
        let (codes, residuals) =
            (f64::from(error_bound.max_code_norm), f64::from(error_bound.max_residual_norm));
        // Rounding in f32, of the exact score as well as of the bounds.
        let rounding = (query.len() / LANES + 32) as f64 * f64::from(f32::EPSILON);
        let error =
            weights.rounding_norm * codes + residuals * 1.000_001 + rounding * (codes + residuals);
        Self {
            unit,
            norm: length,
            step: (weights.step * factor) as f32,
            margin: (error * factor * 1.000_001) as f32,
            norm_margin: rounding as f32,
            weights,
        }
    }

    /// Estimated scores of four rows, before the scales.
    #[inline(always)]
    fn estimates(
        &self,
        codes: &StoredVectors<'_>,
        rows: [usize; KERNEL_ROWS],
    ) -> [f32; KERNEL_ROWS] {
        let zero_dot = self.weights.sum.wrapping_mul(super::codes::ZERO_CODE.into());
        let [a, b, c, d] = rows;
        let row = |row: usize| &codes.codes[row * codes.dim..][..codes.dim];
        let dots = self.weights.dots([row(a), row(b), row(c), row(d)]);
        dots.map(|dot| dot.wrapping_sub(zero_dot) as f32 * self.step)
    }

    /// Root mean square error of sketch estimates, in units of their own standard deviations; NaN
    /// for an empty sample.
    #[inline(never)]
    fn deviation_ratio(&self, rows: &RowData<'_>, sample: &[(Estimate, f32)]) -> f32 {
        let mut sum = 0.0;
        for four in sample.chunks(KERNEL_ROWS) {
            let four: [_; KERNEL_ROWS] = core::array::from_fn(|at| four[at.min(four.len() - 1)]);
            let dots = self.estimates(&rows.codes, four.map(|(estimate, _)| estimate.row));
            for ((estimate, std_dev), dot) in four.into_iter().zip(dots) {
                if std_dev > 0.0 {
                    let dot = dot * rows.codes.scale(estimate.row);
                    let deviations = (dot - estimate.value) / std_dev;
                    sum += deviations * deviations;
                }
            }
        }
        // The last chunk is padded with copies of its last row, which are counted, too.
        sqrt((sum / sample.len().next_multiple_of(KERNEL_ROWS) as f32).into()) as f32
    }
}

/// A row that may be among the best, with the bounds of its score.
#[derive(Clone, Copy)]
struct Candidate {
    row: usize,
    lower: f32,
    upper: f32,
}

/// The scan of one query.
struct QueryScan {
    query: Query,
    /// Number of best rows needed, those skipped by the offset included.
    count: usize,
    /// A row with a lower upper bound is not among the best.
    min_upper: f32,
    candidates: Vec<Candidate>,
    /// Number of candidates at which they are pruned.
    prune_len: usize,
}

impl QueryScan {
    fn new(rows: &RowData<'_>, query: &[f32], count: usize, min_score: Option<f32>) -> Self {
        let query = Query::new(
            query,
            rows.header.metric,
            rows.header.error_bound.or_worst_case(&rows.codes),
        );
        let min_upper = min_score
            .map_or(f32::NEG_INFINITY, |score| query.score_to_bound(score, rows.header.metric));
        Self { query, count, min_upper, candidates: Vec::new(), prune_len: 4 * count + 64 }
    }

    /// Bounds the allowed rows of a block.
    #[inline(never)]
    fn scan_block(&mut self, rows: &RowData<'_>, block: Range<usize>) {
        for first in block.clone().step_by(BOUND_ROWS) {
            let left = block.end - first;
            let mask =
                rows.allowed.window(first) & if left < BOUND_ROWS { (1 << left) - 1 } else { 255 };
            if mask != 0 {
                self.bound_group(
                    rows,
                    core::array::from_fn(|at| (first + at).min(block.end - 1)),
                    mask,
                );
            }
        }
        if self.candidates.len() >= self.prune_len {
            self.prune();
        }
    }

    /// Bounds the rows that the prefilter does not exclude: first those of the highest estimates,
    /// for a minimum to reach, then all that may reach it.
    #[inline(never)]
    fn scan_prefiltered(
        &mut self,
        rows: &RowData<'_>,
        sketches: &Sketches,
        parts: impl Iterator<Item = Range<usize>>,
    ) {
        let prefilter =
            Prefilter::new(sketches, &self.query.unit, rows.allowed, parts, 2 * self.count + 16);
        self.bound_rows(rows, &prefilter.top_rows());
        self.prune();
        // The minimum is kept; the rows are bounded again below, in ascending order.
        self.candidates.clear();
        let deviations = PREFILTER_DEVIATIONS
            * self.query.deviation_ratio(rows, &prefilter.calibration_sample()).max(1.0);
        self.bound_rows(rows, &prefilter.rows_reaching(self.min_upper, deviations));
    }

    /// Bounds these rows.
    fn bound_rows(&mut self, rows: &RowData<'_>, list: &[usize]) {
        for group in list.chunks(BOUND_ROWS) {
            let mask = (1 << group.len()) - 1;
            self.bound_group(rows, core::array::from_fn(|at| group[at.min(group.len() - 1)]), mask);
            if self.candidates.len() >= self.prune_len {
                self.prune();
            }
        }
    }

    /// Bounds eight rows and adds those of `mask` that may be among the best as candidates. Most
    /// groups end after one comparison.
    #[inline(never)]
    fn bound_group(&mut self, rows: &RowData<'_>, group: [usize; BOUND_ROWS], mask: u32) {
        let Query { margin, norm_margin, .. } = self.query;
        let [mut estimates, mut scales] = [[0.0; BOUND_ROWS]; 2];
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
        // NaN is not below the minimum.
        let open = mask & !uppers.lt_mask(F32x8::splat(self.min_upper));
        if open != 0 {
            let (lowers, uppers) = (lowers.to_array(), uppers.to_array());
            // Cosines are clamped to 1, so a lower bound above 1 is not reached.
            let most = if rows.header.metric == Metric::Cosine { 1.0 } else { f32::MAX };
            let candidate = |at| Candidate {
                row: group[at],
                lower: f32::min(lowers[at], most),
                upper: uppers[at],
            };
            self.candidates.extend(set_lanes(open).map(candidate));
        }
    }

    /// Raises the minimum to the `count`-th largest lower bound and drops candidates below it.
    #[inline(never)]
    fn prune(&mut self) {
        if self.candidates.len() > self.count {
            let mut lowers: Vec<f32> = self.candidates.iter().map(|row| row.lower).collect();
            let reached = kth_largest(&mut lowers, self.count - 1);
            if reached > self.min_upper {
                self.min_upper = reached;
            }
        }
        let min_upper = self.min_upper;
        self.candidates.retain(|row| !(row.upper < min_upper));
        self.prune_len = self.prune_len.max(2 * self.candidates.len());
    }

    /// The exact scores of the remaining candidates: the best, best first, without the offset.
    fn finish(mut self, rows: &RowData<'_>, search: &SearchOptions<'_>) -> Vec<ScoredRow> {
        if self.count == 0 {
            return Vec::new();
        }
        self.prune();
        let scores = self.exact_scores(rows);
        let mut best = TopK::new(self.count);
        for (candidate, score) in self.candidates.iter().zip(scores) {
            if let Some(score) =
                score.filter(|&score| search.min_score.is_none_or(|min| score >= min))
            {
                best.push(candidate.row, score);
            }
        }
        let mut found = best.finish();
        found.drain(..search.offset.min(found.len()));
        found
    }

    /// Exact scores of the candidates that need one, after pruning. Candidates that are certainly
    /// among the best are scored first: their exact scores raise the minimum, which excludes many
    /// of the others.
    fn exact_scores(&mut self, rows: &RowData<'_>) -> Vec<Option<f32>> {
        let mut scores = vec![None; self.candidates.len()];
        let mut certain = Vec::new();
        for (candidate, score) in self.candidates.iter().zip(&mut scores) {
            if candidate.lower >= self.min_upper {
                let exact = self.query.exact_score(rows, candidate.row);
                *score = Some(exact);
                certain.push(exact);
            }
        }
        if certain.len() >= self.count {
            let reached = self
                .query
                .score_to_bound(kth_largest(&mut certain, self.count - 1), rows.header.metric);
            self.min_upper = self.min_upper.max(reached);
        }
        for (candidate, score) in self.candidates.iter().zip(&mut scores) {
            if score.is_none() && !(candidate.upper < self.min_upper) {
                *score = Some(self.query.exact_score(rows, candidate.row));
            }
        }
        scores
    }
}

impl Query {
    /// The exact score of a row, as returned to the caller.
    #[inline(never)]
    fn exact_score(&self, rows: &RowData<'_>, row: usize) -> f32 {
        let scale = rows.codes.scale(row);
        match rows.header.metric {
            // + 0.0 turns -0 into 0, which total_cmp would order below it.
            Metric::Cosine => (self.dot(&rows.codes, row) * scale).clamp(-1.0, 1.0) + 0.0,
            Metric::InnerProduct => {
                let product = f64::from(self.dot(&rows.codes, row) * scale) * self.norm;
                product.clamp(f32::MIN.into(), f32::MAX.into()) as f32 + 0.0
            }
            Metric::L2 => {
                // A sum of squared differences loses no digits for a near item.
                let (codes, residuals) = rows.codes.row(row);
                let mut lanes = [0.0f64; LANES];
                for (at, (&q, &code)) in self.unit.iter().zip(codes).enumerate() {
                    let residual = residuals.map_or(0, |residuals| residuals[at]);
                    let difference = f64::from(q) * self.norm
                        - f64::from(component(code, residual)) * f64::from(scale);
                    lanes[at % LANES] += difference * difference;
                }
                0.0 - lanes.iter().sum::<f64>().min(f32::MAX.into()) as f32
            }
        }
    }

    /// Dot product of the unit query with a stored vector, before its scale.
    fn dot(&self, codes: &StoredVectors<'_>, row: usize) -> f32 {
        let (codes, residuals) = codes.row(row);
        exact_dot(&self.unit, codes, residuals)
    }

    /// A lower bound of a score on the scale of [`Candidate`] bounds.
    fn score_to_bound(&self, score: f32, metric: Metric) -> f32 {
        let score = f64::from(score);
        let bound = match metric {
            Metric::Cosine => score,
            Metric::InnerProduct => score / self.norm,
            Metric::L2 => score + self.norm * self.norm,
        };
        let magnitude = if metric == Metric::L2 { self.norm * self.norm } else { bound.abs() };
        // 0 / 0: a zero query scores 0 everywhere, and no row is excluded here.
        let bound = (bound - magnitude * 1e-6) as f32;
        if bound.is_nan() { f32::NEG_INFINITY } else { bound }
    }
}

impl ErrorBound {
    /// The bound itself, or the worst case for a file that stores none.
    pub(super) fn or_worst_case(self, codes: &StoredVectors<'_>) -> Self {
        let root = sqrt(codes.dim as f64) as f32 * 1.000_001;
        Self {
            max_code_norm: if self.max_code_norm > 0.0 { self.max_code_norm } else { 64.0 * root },
            max_residual_norm: match codes.residuals.is_empty() {
                true => 0.0,
                false if self.max_residual_norm > 0.0 => self.max_residual_norm,
                false => 0.5 * root,
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
