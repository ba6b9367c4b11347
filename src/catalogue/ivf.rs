//! Lists: rows near each other lie together, and a search looks into the lists nearest to the query alone (IVF).
//!
//! Who makes a catalogue groups its rows ([`Catalogue::grouped`]) and says how many lists a search should probe; `pocketsage build` does so by k-means, and
//! measures it. Rows added later are in no list, and in everyone's search.

use super::format::{Reach, float, little_endian, number};
use super::kernel::ROWS;
use super::scan::{Part, Query};
use super::{Catalogue, Metric};
use crate::order::{Best, Match};
use crate::{Error, Vectors};
use alloc::{format, vec::Vec};
use core::ops::Range;

/// How the rows of a catalogue are grouped.
#[derive(Debug, Clone, Copy)]
pub struct Grouping<'a> {
    /// Live rows, each once, list by list.
    pub rows: &'a [u32],
    /// Where each list ends among them.
    pub ends: &'a [u32],
    /// One item a list: its centre. Of the same length as the catalogue's vectors; its precision and metric do not matter.
    pub centres: &'a Catalogue,
    /// How many of the nearest lists a search looks into.
    pub probes: usize,
    /// The recall this gives: kept with the lists for those who ask.
    pub recall: f32,
}

impl Catalogue {
    /// The same items list by list; items that are in no list are left out.
    ///
    /// # Errors
    /// [`Error::Option`] for lists that do not hold live rows, each at most once, or that are not as many as their centres;
    /// [`Error::Dimension`] for centres of another length.
    pub fn grouped(&self, grouping: &Grouping<'_>) -> Result<Self, Error> {
        let Grouping { rows, ends, centres, probes, recall } = *grouping;
        if centres.dim() != self.dim() {
            let (got, expected) = (centres.dim(), self.dim());
            return Err(Error::Dimension { what: "length of the centres", got, expected });
        }
        let mut left = self.layout.live.clone();
        for &row in rows {
            if !left.has(row as usize) {
                return Err(Error::option("lists", format!("row {row} is no item, or in two lists")));
            }
            left.remove(row as usize);
        }
        let good = ends.is_sorted() && ends.last().map_or(0, |&end| end as usize) == rows.len();
        if !good
            || ends.len() != centres.rows()
            || !(1..=ends.len()).contains(&probes)
            || !(0.0..=1.0).contains(&recall)
        {
            return Err(Error::option("lists", "their ends, centres, probes and recall do not fit together"));
        }
        let mut section = little_endian(&[probes as u32, ends.len() as u32, recall.to_bits(), 0]);
        section.extend_from_slice(&little_endian(ends));
        section.extend_from_slice(centres.codes().scales);
        section.extend_from_slice(centres.codes().codes);
        self.rewritten(rows, section)
    }
}

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

    #[inline(never)]
    fn rows(&self, bytes: &[u8], list: usize) -> Range<usize> {
        let ends = &bytes[self.ends.clone()];
        list.checked_sub(1).map_or(0, |before| number(ends, before))..number(ends, list)
    }

    fn centres<'a>(&self, bytes: &'a [u8], dim: usize) -> Centres<'a> {
        Centres { dim, scales: &bytes[self.scales.clone()], codes: &bytes[self.codes.clone()] }
    }

    /// The section for a catalogue that keeps these rows of this one, ascending.
    pub(super) fn kept(&self, bytes: &[u8], rows: &[u32]) -> Vec<u8> {
        let mut ends = Vec::new();
        for list in 0..self.count {
            let end = self.rows(bytes, list).end;
            ends.push(rows.partition_point(|&row| (row as usize) < end) as u32);
        }
        let mut section = bytes.to_vec();
        section[self.ends.clone()].copy_from_slice(&little_endian(&ends));
        section
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
    #[inline(never)]
    fn nearest(&self, query: &[f32], metric: Metric, count: usize) -> Vec<Match> {
        let query = Query::new(query, metric, Reach::default());
        let mut best = Best::new(count);
        let mut last = Vec::new();
        for (at, codes) in self.codes.chunks(ROWS * self.dim).enumerate() {
            let here = codes.len() / self.dim;
            last.clear();
            if here < ROWS {
                last.extend_from_slice(codes);
                last.resize(ROWS * self.dim, 0);
            }
            let estimates = query.estimates(if here < ROWS { &last } else { codes });
            for (list, estimate) in estimates.into_iter().take(here).enumerate() {
                let scale = float(self.scales, at * ROWS + list);
                let codes = &codes[list * self.dim..][..self.dim];
                let norm = if metric == Metric::L2 { squared(codes, scale) } else { 0.0 };
                best.offer(at * ROWS + list, estimate * scale - norm);
            }
        }
        best.finish()
    }
}

fn squared(codes: &[u8], scale: f32) -> f32 {
    let squares = codes.iter().map(|&code| (i32::from(code) - 64) * (i32::from(code) - 64)).sum::<i32>();
    squares as f32 * scale * scale
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, Items, Precision, Search, Settings};
    use super::*;
    use crate::testing::Numbers;
    use alloc::string::String;

    fn build(values: &[f32], dim: usize, metric: Metric) -> Catalogue {
        let vectors = Vectors::new(values, dim).unwrap();
        let ids: Vec<String> = (0..vectors.len()).map(|i| format!("{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let settings = Settings { metric, precision: Precision::Full };
        let mut builder = Builder::new(dim, settings).unwrap();
        builder.add(&Items::new(vectors, &ids)).unwrap();
        builder.finish().unwrap()
    }

    /// Rows around the corners of a cube, and those corners as the centres of lists.
    fn grouped(metric: Metric, probes: usize) -> (Catalogue, Catalogue) {
        let (dim, n, count) = (20, 400, 5);
        let mut numbers = Numbers::new(41);
        let centres: Vec<f32> = (0..count * dim).map(|_| numbers.normal()).collect();
        let values: Vec<f32> =
            (0..n * dim).map(|i| centres[i / dim % count * dim + i % dim] + 0.1 * numbers.normal()).collect();
        let all = build(&values, dim, metric);
        let centres = build(&centres, dim, metric);
        let rows: Vec<u32> = (0..count as u32).flat_map(|list| (list..n as u32).step_by(count)).collect();
        let ends: Vec<u32> = (1..=count as u32).map(|list| list * (n / count) as u32).collect();
        let grouping = Grouping { rows: &rows, ends: &ends, centres: &centres, probes, recall: 0.5 };
        (all.grouped(&grouping).unwrap(), all)
    }

    fn ids(catalogue: &Catalogue, query: &[f32], exact: bool) -> Vec<String> {
        let search = Search { count: 30, exact, ..Search::default() };
        let found = catalogue.search_with(Vectors::new(query, 20).unwrap(), &search).unwrap();
        found[0].iter().map(|hit| catalogue.id(hit.row).unwrap().into()).collect()
    }

    fn vector(catalogue: &Catalogue, row: usize) -> Vec<f32> {
        let mut vector = Vec::new();
        catalogue.read_vector(row, &mut vector).unwrap();
        vector
    }

    #[test]
    fn the_nearest_list_has_the_neighbours_and_all_lists_have_everything() {
        for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
            let (one, flat) = grouped(metric, 1);
            let (all, _) = grouped(metric, 5);
            assert_eq!(one.lists(), Some((5, 1, 0.5)));
            for row in 0..50 {
                let query = vector(&flat, row);
                let want = ids(&flat, &query, false);
                assert_eq!(ids(&one, &query, true), want);
                assert_eq!(ids(&all, &query, false), want);
                if metric != Metric::InnerProduct {
                    assert_eq!(ids(&one, &query, false), want, "{metric:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_added_later_is_found_and_what_is_removed_is_not() {
        let (catalogue, flat) = grouped(Metric::Cosine, 1);
        let query = vector(&flat, 0);
        let more = build(&query, 20, Metric::Cosine); // its id is "0"
        let (without, removed) = catalogue.without(&["0", "5", "ghost"]).unwrap();
        assert_eq!((removed, without.len(), without.rows()), (2, 398, 400));
        assert!(!ids(&without, &query, false).contains(&"0".into()));
        let with = without.with(&more).unwrap();
        assert_eq!((with.len(), with.rows()), (399, 401));
        assert_eq!(ids(&with, &query, false)[0], "0");
        let compact = with.compact().unwrap();
        assert_eq!((compact.len(), compact.rows(), compact.lists()), (399, 399, Some((5, 1, 0.5))));
        assert_eq!(ids(&compact, &query, false), ids(&with, &query, false));
        assert_eq!(ids(&compact, &query, true), ids(&with, &query, true));
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let (_, flat) = grouped(Metric::Cosine, 1);
        let centre = build(&[1.0; 20], 20, Metric::Cosine);
        let short = build(&[1.0; 3], 3, Metric::Cosine);
        let good = Grouping { rows: &[3, 1], ends: &[2], centres: &centre, probes: 1, recall: 1.0 };
        assert_eq!(flat.grouped(&good).unwrap().len(), 2);
        for wrong in [
            Grouping { rows: &[3, 3], ..good },
            Grouping { rows: &[3, 400], ..good },
            Grouping { ends: &[1], ..good },
            Grouping { ends: &[2, 2], ..good },
            Grouping { probes: 0, ..good },
            Grouping { probes: 2, ..good },
            Grouping { recall: f32::NAN, ..good },
            Grouping { centres: &short, ..good },
        ] {
            let code = flat.grouped(&wrong).unwrap_err().code();
            assert!(["option", "dimension"].contains(&code));
        }
    }
}
