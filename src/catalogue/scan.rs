//! Search: a scan of the codes that proves which rows can be among the best, and the exact scores of those.
//!
//! A code stands for its part of a vector with a known error, and so does a rounded query. So the integer dot product bounds the exact
//! score of a row from both sides. The k-th largest lower bound is a score that k rows reach; a row whose upper bound is less is not among the best
//! k. All others are scored in `f32` against the stored vector. The result is that of scoring every row.

// A bound that is not a number must let its row through: "not below" is not "at least".
#![allow(clippy::neg_cmp_op_on_partial_ord)]

use super::bitset::RowSet;
use super::bytes::float;
use super::codes::{Codes, number};
use super::header::{ErrorBound, Header};
use super::kernel::{LANES, ROWS, Weights, exact};
use super::metric::Metric;
use super::prefilter::{Estimate, Prefilter};
use super::search::SearchOptions;
use super::sketch::Sketches;
use crate::math::simd::{F32x8, set_lanes, sqrt};
use crate::math::top_k::{ScoredRow, TopK, kth_largest};
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Rows that stay in the first cache while several queries look at them.
const BLOCK: usize = 64;
/// Rows whose bounds are compared at once.
const EIGHT: usize = 8;
/// A row is left out when its sketch says that it is so many standard deviations below what it would have to reach.
const DEVIATIONS: f32 = 5.0;

/// What is scanned.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) codes: Codes<'a>,
    /// Squared lengths, for L2.
    pub(super) norms: &'a [u8],
    pub(super) header: &'a Header,
    /// The rows that may come out.
    pub(super) allowed: &'a RowSet,
    /// Of rows that are worth them.
    pub(super) sketches: Option<&'a Sketches>,
}

/// A part of the rows, and the queries that look into it.
pub(super) struct Part {
    pub(super) rows: Range<usize>,
    pub(super) queries: Vec<usize>,
}

/// The best rows of the parts for each query.
pub(super) fn search(
    rows: &Rows<'_>,
    queries: Vectors<'_>,
    parts: &[Part],
    search: &SearchOptions<'_>,
) -> Vec<Vec<ScoredRow>> {
    let wanted = search.offset.saturating_add(search.count).min(rows.codes.len());
    let mut running: Vec<Running> =
        queries.rows().map(|query| Running::new(rows, query, wanted, search.min_score)).collect();
    if let Some(sketches) = rows.sketches {
        for (at, running) in running.iter_mut().enumerate().filter(|_| wanted > 0) {
            let own = parts
                .iter()
                .filter(|part| part.queries.contains(&at))
                .map(|part| part.rows.clone());
            running.sift(rows, sketches, own);
        }
        return running.into_iter().map(|running| running.finish(rows, search)).collect();
    }
    for part in parts {
        for start in part.rows.clone().step_by(BLOCK) {
            let block = start..(start + BLOCK).min(part.rows.end);
            for &query in &part.queries {
                running[query].scan(rows, block.clone());
            }
        }
    }
    running.into_iter().map(|running| running.finish(rows, search)).collect()
}

/// Every row, for every query.
pub(super) fn everything(n: usize, queries: usize) -> Vec<Part> {
    vec![Part { rows: 0..n, queries: (0..queries).collect() }]
}

/// The `count` rows that are nearest to a query by their codes alone, ascending; of rows equally far, all or none.
pub(super) fn nearest(rows: &Rows<'_>, query: &[f32], count: usize) -> Vec<usize> {
    let query = Query::new(query, rows.header.metric, ErrorBound::default());
    let n = rows.codes.len();
    let mut scores = Vec::with_capacity(n + ROWS);
    for first in (0..n).step_by(ROWS) {
        let four = core::array::from_fn(|at| (first + at).min(n - 1));
        let estimates = query.estimates(&rows.codes, four);
        scores.extend(four.iter().zip(estimates).map(|(&row, estimate)| {
            let norm = if rows.norms.is_empty() { 0.0 } else { float(rows.norms, row) };
            estimate * rows.codes.scale(row) - norm
        }));
    }
    scores.truncate(n);
    let bar = kth_largest(&mut scores.clone(), count - 1);
    (0..n).filter(|&row| scores[row] >= bar).collect()
}

/// A query as searches need it.
pub(super) struct Query {
    /// At unit length; zero stays zero.
    exact: Vec<f32>,
    /// Its length.
    length: f64,
    weights: Weights,
    /// What a unit of the integer dot product adds to a bound, before the scale of the row.
    unit: f32,
    /// How far a bound is from the estimate, before the scale of the row.
    reach: f32,
    /// The doubt about the squared length of a row, as a share of it.
    doubt: f32,
}

impl Query {
    pub(super) fn new(query: &[f32], metric: Metric, reach: ErrorBound) -> Self {
        let squares: f64 = query.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let length = sqrt(squares);
        let scale = if squares > 0.0 { 1.0 / length } else { 0.0 };
        let exact: Vec<f32> = query.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
        let weights = Weights::new(&exact);
        // Scores of a row are proportional to the length of the query, but for L2, where -|q - x|^2 = 2 q x - |x|^2 - |q|^2.
        let factor = if metric == Metric::L2 { 2.0 * length } else { 1.0 };
        let (codes, residuals) = (f64::from(reach.codes), f64::from(reach.residuals));
        // Rounding of sums and products in f32, of the exact score as of the bounds.
        let rounding = (query.len() / LANES + 32) as f64 * f64::from(f32::EPSILON);
        let error = weights.lost * codes + residuals * 1.000_001 + rounding * (codes + residuals);
        Self {
            exact,
            length,
            unit: (weights.unit * factor) as f32,
            reach: (error * factor * 1.000_001) as f32,
            doubt: rounding as f32,
            weights,
        }
    }

    /// Estimates of four rows, before the scales.
    #[inline(always)]
    fn estimates(&self, codes: &Codes<'_>, rows: [usize; ROWS]) -> [f32; ROWS] {
        let middle = self.weights.sum.wrapping_mul(super::codes::ZERO.into());
        let [a, b, c, d] = rows;
        let row = |row: usize| &codes.codes[row * codes.dim..][..codes.dim];
        let dots = self.weights.dots([row(a), row(b), row(c), row(d)]);
        dots.map(|dot| dot.wrapping_sub(middle) as f32 * self.unit)
    }

    /// How far the estimates of sketches are off, of what they say themselves: the root mean square. NaN if there is no telling.
    #[inline(never)]
    fn error(&self, rows: &Rows<'_>, drawn: &[(Estimate, f32)]) -> f32 {
        let mut sum = 0.0;
        for four in drawn.chunks(ROWS) {
            let four: [_; ROWS] = core::array::from_fn(|at| four[at.min(four.len() - 1)]);
            let known = self.estimates(&rows.codes, four.map(|(one, _)| one.row));
            for ((one, doubt), known) in four.into_iter().zip(known) {
                if doubt > 0.0 {
                    let off = (known * rows.codes.scale(one.row) - one.value) / doubt;
                    sum += off * off;
                }
            }
        }
        // Of the last four, some may be there twice.
        sqrt((sum / drawn.len().next_multiple_of(ROWS) as f32).into()) as f32
    }
}

/// A row that may be among the best, and the bounds of its score.
#[derive(Clone, Copy)]
struct Candidate {
    row: usize,
    lower: f32,
    upper: f32,
}

/// A search under way.
struct Running {
    query: Query,
    count: usize,
    /// What the upper bound of a row must reach.
    least: f32,
    candidates: Vec<Candidate>,
    room: usize,
}

impl Running {
    fn new(rows: &Rows<'_>, query: &[f32], count: usize, min_score: Option<f32>) -> Self {
        let query = Query::new(query, rows.header.metric, rows.header.reach.known(&rows.codes));
        let least =
            min_score.map_or(f32::NEG_INFINITY, |score| query.bound(score, rows.header.metric));
        Self { query, count, least, candidates: Vec::new(), room: 4 * count + 64 }
    }

    /// Looks at the allowed rows of a block.
    #[inline(never)]
    fn scan(&mut self, rows: &Rows<'_>, block: Range<usize>) {
        for first in block.clone().step_by(EIGHT) {
            let left = block.end - first;
            let wanted =
                rows.allowed.window(first) & if left < EIGHT { (1 << left) - 1 } else { 255 };
            if wanted != 0 {
                self.look(rows, core::array::from_fn(|at| (first + at).min(block.end - 1)), wanted);
            }
        }
        if self.candidates.len() >= self.room {
            self.prune();
        }
    }

    /// Looks at the rows that sketches do not rule out.
    #[inline(never)]
    fn sift(
        &mut self,
        rows: &Rows<'_>,
        sketches: &Sketches,
        parts: impl Iterator<Item = Range<usize>>,
    ) {
        let sieve =
            Prefilter::new(sketches, &self.query.exact, rows.allowed, parts, 2 * self.count + 16);
        self.look_at(rows, &sieve.leaders());
        self.prune();
        // What they reached stays; the leaders come again, in the order of all rows.
        self.candidates.clear();
        let deviations = DEVIATIONS * self.query.error(rows, &sieve.drawn()).max(1.0);
        self.look_at(rows, &sieve.rows(self.least, deviations));
    }

    fn look_at(&mut self, rows: &Rows<'_>, list: &[usize]) {
        for eight in list.chunks(EIGHT) {
            let wanted = (1 << eight.len()) - 1;
            self.look(rows, core::array::from_fn(|at| eight[at.min(eight.len() - 1)]), wanted);
            if self.candidates.len() >= self.room {
                self.prune();
            }
        }
    }

    /// Looks at those of eight rows that are wanted, by bit; most are done with after one comparison.
    #[inline(never)]
    fn look(&mut self, rows: &Rows<'_>, eight: [usize; EIGHT], wanted: u32) {
        let Query { reach, doubt, .. } = self.query;
        let [mut estimates, mut scales] = [[0.0; EIGHT]; 2];
        for (estimates, rows_of) in estimates.as_chunks_mut().0.iter_mut().zip(eight.as_chunks().0)
        {
            *estimates = self.query.estimates(&rows.codes, *rows_of);
        }
        for (scale, row) in scales.iter_mut().zip(eight) {
            *scale = rows.codes.scale(row);
        }
        let (estimates, scales) = (F32x8::new(estimates), F32x8::new(scales));
        let mut uppers = estimates.shifted(reach, scales);
        let mut lowers = estimates.shifted(-reach, scales);
        if !rows.norms.is_empty() {
            let norms = F32x8::new(eight.map(|row| float(rows.norms, row)));
            uppers = uppers.add_scaled(norms, doubt - 1.0);
            lowers = lowers.add_scaled(norms, -doubt - 1.0);
        }
        // What is not a number is not below.
        let open = wanted & !uppers.lt_mask(F32x8::splat(self.least));
        if open != 0 {
            let (lowers, uppers) = (lowers.to_array(), uppers.to_array());
            // Scores are clamped to 1: a bound above says no more than 1.
            let most = if rows.header.metric == Metric::Cosine { 1.0 } else { f32::MAX };
            let candidate = |at| Candidate {
                row: eight[at],
                lower: f32::min(lowers[at], most),
                upper: uppers[at],
            };
            self.candidates.extend(set_lanes(open).map(candidate));
        }
    }

    /// Raises what must be reached, and drops who does not.
    #[inline(never)]
    fn prune(&mut self) {
        if self.candidates.len() > self.count {
            let mut lowers: Vec<f32> = self.candidates.iter().map(|one| one.lower).collect();
            let reached = kth_largest(&mut lowers, self.count - 1);
            if reached > self.least {
                self.least = reached;
            }
        }
        let least = self.least;
        self.candidates.retain(|one| !(one.upper < least));
        self.room = self.room.max(2 * self.candidates.len());
    }

    fn finish(mut self, rows: &Rows<'_>, search: &SearchOptions<'_>) -> Vec<ScoredRow> {
        if self.count == 0 {
            return Vec::new();
        }
        self.prune();
        let scores = self.scores(rows);
        let mut best = TopK::new(self.count);
        for (one, score) in self.candidates.iter().zip(scores) {
            if let Some(score) =
                score.filter(|&score| search.min_score.is_none_or(|least| score >= least))
            {
                best.push(one.row, score);
            }
        }
        let mut found = best.finish();
        found.drain(..search.offset.min(found.len()));
        found
    }
}

impl Running {
    /// The exact scores of the candidates that need one, after pruning. Who is among the best for certain comes first: exact scores are a
    /// higher bar than bounds, and spare many of the others.
    fn scores(&mut self, rows: &Rows<'_>) -> Vec<Option<f32>> {
        let mut scores = vec![None; self.candidates.len()];
        let mut sure = Vec::new();
        for (one, score) in self.candidates.iter().zip(&mut scores) {
            if one.lower >= self.least {
                let exact = self.query.score(rows, one.row);
                *score = Some(exact);
                sure.push(exact);
            }
        }
        if sure.len() >= self.count {
            let reached =
                self.query.bound(kth_largest(&mut sure, self.count - 1), rows.header.metric);
            self.least = self.least.max(reached);
        }
        for (one, score) in self.candidates.iter().zip(&mut scores) {
            if score.is_none() && !(one.upper < self.least) {
                *score = Some(self.query.score(rows, one.row));
            }
        }
        scores
    }
}

impl Query {
    /// The exact score of a row, as users see it.
    #[inline(never)]
    fn score(&self, rows: &Rows<'_>, row: usize) -> f32 {
        let scale = rows.codes.scale(row);
        match rows.header.metric {
            // + 0.0 turns -0 into 0, which total_cmp would order below it.
            Metric::Cosine => (self.dot(&rows.codes, row) * scale).clamp(-1.0, 1.0) + 0.0,
            Metric::InnerProduct => {
                let product = f64::from(self.dot(&rows.codes, row) * scale) * self.length;
                product.clamp(f32::MIN.into(), f32::MAX.into()) as f32 + 0.0
            }
            Metric::L2 => {
                // By the differences, so that a near item keeps its digits.
                let (codes, residuals) = rows.codes.row(row);
                let mut lanes = [0.0f64; LANES];
                for (at, (&q, &code)) in self.exact.iter().zip(codes).enumerate() {
                    let residual = residuals.map_or(0, |residuals| residuals[at]);
                    let apart = f64::from(q) * self.length
                        - f64::from(number(code, residual)) * f64::from(scale);
                    lanes[at % LANES] += apart * apart;
                }
                0.0 - lanes.iter().sum::<f64>().min(f32::MAX.into()) as f32
            }
        }
    }

    /// Dot product of the unit query with a stored vector, before its scale.
    fn dot(&self, codes: &Codes<'_>, row: usize) -> f32 {
        let (codes, residuals) = codes.row(row);
        exact(&self.exact, codes, residuals)
    }

    /// A score as the bounds have it, from below.
    fn bound(&self, score: f32, metric: Metric) -> f32 {
        let score = f64::from(score);
        let bound = match metric {
            Metric::Cosine => score,
            Metric::InnerProduct => score / self.length,
            Metric::L2 => score + self.length * self.length,
        };
        let doubt = if metric == Metric::L2 { self.length * self.length } else { bound.abs() };
        // 0 / 0: a zero query scores 0 everywhere, and nothing is left out here.
        let bound = (bound - doubt * 1e-6) as f32;
        if bound.is_nan() { f32::NEG_INFINITY } else { bound }
    }
}

impl ErrorBound {
    /// What is known of rows whose file does not say.
    pub(super) fn known(self, codes: &Codes<'_>) -> Self {
        let root = sqrt(codes.dim as f64) as f32 * 1.000_001;
        Self {
            codes: if self.codes > 0.0 { self.codes } else { 64.0 * root },
            residuals: match codes.residuals.is_empty() {
                true => 0.0,
                false if self.residuals > 0.0 => self.residuals,
                false => 0.5 * root,
            },
        }
    }
}

/// Refuses queries of another length than the catalogue's.
pub(super) fn check(queries: Vectors<'_>, dim: usize) -> Result<(), Error> {
    match queries.dim() == dim {
        true => Ok(()),
        false => {
            Err(Error::Dimension { what: "length of the query", got: queries.dim(), expected: dim })
        }
    }
}

#[cfg(test)]
mod tests;
