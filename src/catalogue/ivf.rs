//! Lists: rows near each other lie together, and a search looks into the lists nearest to the query alone (IVF).
//!
//! Built by k-means on a subsample. How many lists a search probes is measured on the catalogue itself when it is built: how far down the ranking of
//! lists the true neighbours of some of its own items lie. That, and the recall it gives, is kept in the file.

use super::codes::{Codes, Encoded, Precision};
use super::format::{Reach, float, number};
use super::scan::{Part, Query};
use super::{Catalogue, Metric, Search};
use crate::order::{Best, Match};
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Catalogues of at least this many items are worth lists.
pub(super) const WORTH: usize = 60_000;
/// Rows per list that k-means looks at, and its rounds.
const SAMPLE: usize = 48;
const ROUNDS: usize = 6;
/// Items whose neighbours are looked for when the number of probes is chosen, how many neighbours, and the share to be found.
const TRIALS: usize = 256;
const NEIGHBOURS: usize = 10;
const WANTED: f64 = 0.995;

/// Where the lists are in their section: probes, count, recall, zero; then ends, scales and codes of the centres.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    count: usize,
    pub(super) probes: usize,
    pub(super) recall: f32,
    ends: Range<usize>,
    scales: Range<usize>,
    codes: Range<usize>,
}

impl Lists {
    pub(super) fn read(bytes: &[u8], n: usize, dim: usize) -> Result<Self, Error> {
        let wrong = || Error::corrupt("the lists have impossible values");
        if bytes.len() < 16 {
            return Err(wrong());
        }
        let [probes, count] = [0, 1].map(|i| number(bytes, i));
        let recall = float(bytes, 2);
        let cells = count.checked_mul(dim).and_then(|cells| cells.checked_add(16 + count.checked_mul(8)?));
        if cells != Some(bytes.len()) || !(1..=count).contains(&probes) || !(0.0..=1.0).contains(&recall) {
            return Err(wrong());
        }
        let ends = 16..16 + count * 4;
        let scales = ends.end..ends.end + count * 4;
        let lists = Self { count, probes, recall, codes: scales.end..bytes.len(), ends, scales };
        let mut last = 0;
        for list in 0..count {
            let Range { start, end } = lists.rows(bytes, list);
            if start != last || end < start || end > n {
                return Err(wrong());
            }
            last = end;
        }
        let finite = (0..count).all(|i| (0.0..=f32::MAX).contains(&float(&bytes[lists.scales.clone()], i)));
        match finite && super::format::small(&bytes[lists.codes.clone()]) {
            true => Ok(lists),
            false => Err(wrong()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    fn rows(&self, bytes: &[u8], list: usize) -> Range<usize> {
        let ends = &bytes[self.ends.clone()];
        list.checked_sub(1).map_or(0, |before| number(ends, before))..number(ends, list)
    }

    fn centres<'a>(&self, bytes: &'a [u8], dim: usize) -> Centres<'a> {
        Centres { dim, scales: &bytes[self.scales.clone()], codes: &bytes[self.codes.clone()] }
    }

    /// The parts that these queries look into, ascending; rows that came after the lists were made are in everyone's.
    pub(super) fn parts(&self, bytes: &[u8], queries: Vectors<'_>, metric: Metric, n: usize) -> Vec<Part> {
        let centres = self.centres(bytes, queries.dim());
        let mut parts: Vec<Part> =
            (0..self.count).map(|list| Part { rows: self.rows(bytes, list), queries: Vec::new() }).collect();
        for (at, query) in queries.rows().enumerate() {
            let nearest = centres.nearest(query, metric, self.probes);
            nearest.iter().for_each(|list| parts[list.row].queries.push(at));
        }
        let rest = parts.last().map_or(0, |part| part.rows.end)..n;
        parts.push(Part { rows: rest, queries: (0..queries.len()).collect() });
        parts
    }
}

/// Centres of lists, as codes.
#[derive(Clone, Copy)]
struct Centres<'a> {
    dim: usize,
    scales: &'a [u8],
    codes: &'a [u8],
}

impl Centres<'_> {
    /// The nearest lists by estimate: no need to be exact about which lists to look into.
    fn nearest(&self, query: &[f32], metric: Metric, count: usize) -> Vec<Match> {
        let codes = Codes { dim: self.dim, scales: self.scales, codes: self.codes, residuals: &[] };
        let query = Query::new(query, metric, Reach::default());
        let mut best = Best::new(count);
        for first in (0..codes.len()).step_by(4) {
            for (list, estimate) in (first..codes.len()).zip(query.estimates(&codes, first)) {
                let scale = codes.scale(list);
                let norm = if metric == Metric::L2 { squared(codes.code_row(list), scale) } else { 0.0 };
                best.offer(list, estimate * scale - norm);
            }
        }
        best.finish()
    }
}

fn squared(codes: &[u8], scale: f32) -> f32 {
    let squares = codes.iter().map(|&code| (i32::from(code) - 64) * (i32::from(code) - 64)).sum::<i32>();
    squares as f32 * scale * scale
}

/// The metric by which rows are put into lists: for inner products their directions count.
fn grouping(metric: Metric) -> Metric {
    if metric == Metric::L2 { Metric::L2 } else { Metric::Cosine }
}

/// The rows list by list, and the section of lists with probes and recall still to be found.
pub(super) fn group(catalogue: &Catalogue) -> (Vec<u32>, Vec<u8>) {
    let rows: Vec<u32> =
        (0..catalogue.rows() as u32).filter(|&row| catalogue.is_live(row as usize)).collect();
    let (dim, metric) = (catalogue.dim(), grouping(catalogue.metric()));
    let count = ((libm::sqrt(rows.len() as f64)) as usize).clamp(1, 4096).min(rows.len().max(1));
    let stride = (rows.len() / (count * SAMPLE)).max(1);
    let sample: Vec<u32> = rows.iter().copied().step_by(stride).collect();

    let mut means = Vec::new();
    for list in 0..count {
        catalogue.codes().decode(sample[list * sample.len() / count] as usize, &mut means);
    }
    let mut centres = encode(&means, dim, metric);
    let mut vector = Vec::new();
    for _ in 0..ROUNDS {
        let mut sums = vec![0.0f64; count * dim];
        let mut sizes = vec![0.0f64; count];
        for &row in &sample {
            let list = nearest(catalogue, &centres, row, metric, &mut vector);
            sizes[list] += 1.0;
            for (sum, &x) in sums[list * dim..][..dim].iter_mut().zip(&vector) {
                *sum += f64::from(x);
            }
        }
        for (list, size) in sizes.iter().enumerate().filter(|(_, size)| **size > 0.0) {
            for (mean, sum) in means[list * dim..][..dim].iter_mut().zip(&sums[list * dim..]) {
                *mean = (sum / size) as f32;
            }
        }
        centres = encode(&means, dim, metric);
    }

    let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
    for &row in &rows {
        members[nearest(catalogue, &centres, row, metric, &mut vector)].push(row);
    }
    let mut section = Vec::new();
    let mut end = 0;
    for x in [1, count as u32, 0, 0] {
        section.extend(x.to_le_bytes());
    }
    for list in &members {
        end += list.len() as u32;
        section.extend(end.to_le_bytes());
    }
    section.extend(&centres.scales);
    section.extend(&centres.codes);
    (members.concat(), section)
}

fn encode(means: &[f32], dim: usize, metric: Metric) -> Encoded {
    let mut encoded = Encoded::default();
    if let Ok(means) = Vectors::new(means, dim) {
        encoded.extend(means, metric, Precision::Compact);
    }
    encoded
}

fn nearest(
    catalogue: &Catalogue,
    centres: &Encoded,
    row: u32,
    metric: Metric,
    vector: &mut Vec<f32>,
) -> usize {
    vector.clear();
    catalogue.codes().decode(row as usize, vector);
    let centres = Centres { dim: catalogue.dim(), scales: &centres.scales, codes: &centres.codes };
    centres.nearest(vector, metric, 1)[0].row
}

/// How many lists must be probed so that items find their neighbours, and the share found then.
pub(super) fn measure(catalogue: &Catalogue, lists: &Lists, section: &[u8]) -> Result<(usize, f32), Error> {
    let (n, dim) = (catalogue.rows(), catalogue.dim());
    let centres = lists.centres(section, dim);
    let list_of = |row: usize| order_of(lists.count, |list| lists.rows(section, list).end <= row);
    // needed[p]: neighbours that lie in the list ranked p for their query.
    let (mut needed, mut total) = (vec![0usize; lists.count], 0usize);
    let stride = (n / TRIALS).max(1);
    let mut query = Vec::new();
    for row in (stride / 2..n).step_by(stride).take(TRIALS) {
        query.clear();
        catalogue.read_vector(row, &mut query)?;
        let vector = Vectors::new(&query, dim)?;
        let search = Search { count: NEIGHBOURS, exclude: &[row as u32], exact: true, ..Search::default() };
        let ranks = centres.nearest(&query, catalogue.metric(), lists.count);
        let mut place = vec![0; lists.count];
        ranks.iter().enumerate().for_each(|(rank, list)| place[list.row] = rank);
        for hit in &catalogue.search_with(vector, &search)?[0] {
            needed[place[list_of(hit.row)]] += 1;
            total += 1;
        }
    }
    let mut found = 0;
    for (probed, here) in needed.iter().enumerate() {
        found += here;
        if found as f64 >= WANTED * total as f64 {
            return Ok((probed + 1, if total == 0 { 1.0 } else { found as f32 / total as f32 }));
        }
    }
    Ok((lists.count, 1.0))
}

/// The first place below n where `before` no longer holds.
fn order_of(n: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
