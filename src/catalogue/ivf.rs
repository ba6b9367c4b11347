//! Inverted lists (IVF): rows are grouped by their nearest centre, and a search probes only the
//! lists whose centres are nearest to the query. How many depends on the query: the neighbours of
//! an item are in few lists, those of an average of unlike items in many.
//!
//! The writer of a catalogue orders its rows by list and writes [`Section::Lists`] with the
//! centres and the rule of probing; `pocketsage build` computes them by k-means and measures the
//! recall. Rows added later belong to no list and are part of every search.
//!
//! [`Section::Lists`]: super::Section::Lists

use super::bitset::RowSet;
use super::bytes::{f32_at, u32_at};
use super::codes::{StoredVectors, ZERO_CODE};
use super::header::{ErrorBound, Header, MAX_SCALE};
use super::metric::Metric;
use super::scan::{self, Query, RowData, ScanPart};
use crate::Error;
use crate::math::top_k::kth_largest;
use alloc::vec::Vec;
use core::ops::Range;

/// The parsed section of inverted lists. The section has a header (probes, number of lists, recall,
/// margin), the end row of each list, and the scales and codes of the centres. Ranges are those of
/// bytes within the section.
#[derive(Debug, Clone)]
pub(super) struct InvertedLists {
    /// Number of lists.
    list_count: usize,
    /// Minimal number of lists that a search probes.
    pub(super) probes: usize,
    /// A search also probes lists whose centre scores at most this much below the best centre.
    margin: f32,
    /// The recall@10 that the writer of the catalogue measured.
    pub(super) recall: f32,
    /// Byte range of the end rows: for each list the index after its last row, as `u32`.
    offsets: Range<usize>,
    /// Byte range of the scales of the centres, as `f32`.
    scales: Range<usize>,
    /// Byte range of the codes of the centres.
    codes: Range<usize>,
    /// The squared length of each centre as `f32`, for L2; else empty.
    norms: Vec<u8>,
}

impl InvertedLists {
    /// Parses and checks the section of a catalogue of n rows.
    pub(super) fn read(bytes: &[u8], n: usize, dim: usize, metric: Metric) -> Result<Self, Error> {
        let invalid_error = || Error::corrupt("the lists have impossible values");
        if bytes.len() < 16 {
            return Err(invalid_error());
        }
        let [probes, list_count] = [0, 1].map(|i| u32_at(bytes, i));
        let [recall, margin] = [2, 3].map(|i| f32_at(bytes, i));
        let expected_bytes = list_count
            .checked_mul(dim)
            .and_then(|codes| codes.checked_add(16 + list_count.checked_mul(8)?));
        if expected_bytes != Some(bytes.len())
            || !(1..=list_count).contains(&probes)
            || !(0.0..=1.0).contains(&recall)
            || !(0.0..=f32::MAX).contains(&margin)
        {
            return Err(invalid_error());
        }
        let offsets = 16..16 + list_count * 4;
        let scales = offsets.end..offsets.end + list_count * 4;
        let codes = scales.end..bytes.len();
        let mut lists =
            Self { list_count, probes, margin, recall, codes, offsets, scales, norms: Vec::new() };
        let mut previous_end = 0;
        for list in 0..list_count {
            let Range { start, end } = lists.rows(bytes, list);
            if start != previous_end || end < start || end > n {
                return Err(invalid_error());
            }
            previous_end = end;
        }
        let scales_are_valid = (0..list_count)
            .all(|i| (0.0..=MAX_SCALE).contains(&f32_at(&bytes[lists.scales.clone()], i)));
        let codes = &bytes[lists.codes.clone()];
        if !scales_are_valid || !super::bytes::are_7_bit(codes) {
            return Err(invalid_error());
        }
        if metric == Metric::L2 {
            for (list, codes) in codes.chunks(dim).enumerate() {
                let offset = |&code: &u8| i32::from(code) - i32::from(ZERO_CODE);
                let squared_norm =
                    codes.iter().map(|code| offset(code) * offset(code)).sum::<i32>();
                let scale = f32_at(&bytes[lists.scales.clone()], list);
                let squared_length = (squared_norm as f32 * scale * scale).min(f32::MAX);
                lists.norms.extend(squared_length.to_le_bytes());
            }
        }
        Ok(lists)
    }

    /// Number of lists.
    pub(super) fn len(&self) -> usize {
        self.list_count
    }

    /// The rows of a list. `inline(never)`: two callers, none of them hot.
    #[inline(never)]
    fn rows(&self, bytes: &[u8], list: usize) -> Range<usize> {
        let offsets = &bytes[self.offsets.clone()];
        list.checked_sub(1).map_or(0, |before| u32_at(offsets, before))..u32_at(offsets, list)
    }

    /// The parts of a search: the rows of each list, with the queries that probe it; then the rows
    /// that belong to no list, with all queries. A query probes at least the share `min_share` of
    /// the lists, which is at most 1. `inline(never)`: called once for each search.
    #[inline(never)]
    pub(super) fn probed_parts(
        &self,
        bytes: &[u8],
        queries: &[Query],
        &Header { n, dim, metric, .. }: &Header,
        min_share: f64,
    ) -> Vec<ScanPart> {
        let probes = self.probes.max((min_share * self.list_count as f64) as usize);
        let all_lists = RowSet::all(self.list_count);
        let centres = RowData {
            codes: StoredVectors {
                dim,
                scales: &bytes[self.scales.clone()],
                codes: &bytes[self.codes.clone()],
                residuals: &[],
            },
            norms: &self.norms,
            header: &Header {
                n: self.list_count,
                dim,
                metric,
                spread: 0.0,
                error_bound: ErrorBound::default(),
            },
            allowed: &all_lists,
            sketches: None,
        };
        // `rows` is the index of a list, until the lists that no query probes are removed.
        let mut scan_parts: Vec<ScanPart> = (0..self.list_count)
            .map(|list| ScanPart { rows: list..list, queries: Vec::new() })
            .collect();
        for (query_index, query) in queries.iter().enumerate() {
            let scores = scan::approximate_scores(&centres, query);
            let larger = |a, &b| if b > a { b } else { a };
            let nearest_score = scores.iter().fold(f32::NEG_INFINITY, larger);
            let min_score = kth_largest(&scores, probes - 1).min(nearest_score - self.margin);
            for (part, score) in scan_parts.iter_mut().zip(scores) {
                if score >= min_score {
                    part.queries.push(query_index);
                }
            }
        }
        scan_parts.retain(|part| !part.queries.is_empty());
        for part in &mut scan_parts {
            part.rows = self.rows(bytes, part.rows.start);
        }
        let rows_after_lists = self.rows(bytes, self.list_count - 1).end..n;
        scan_parts.push(ScanPart { rows: rows_after_lists, queries: (0..queries.len()).collect() });
        scan_parts
    }
}

#[cfg(test)]
mod tests {
    use super::super::bytes::u32s_to_bytes;
    use super::super::{
        BuildOptions, Catalogue, CatalogueBuilder, Items, Precision, SearchOptions, Section,
    };
    use super::*;
    use crate::Vectors;
    use crate::testing::SeededNumbers;
    use alloc::{format, string::String};

    /// Builds a catalogue without lists from row-major vectors, with generated ids.
    fn build_catalogue(values: &[f32], dim: usize, metric: Metric) -> Catalogue {
        let vectors = Vectors::new(values, dim).unwrap();
        let ids: Vec<String> = (0..vectors.len()).map(|i| format!("{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let settings = BuildOptions { metric, precision: Precision::Full };
        let mut builder = CatalogueBuilder::new(dim, settings).unwrap();
        builder.add(&Items::new(vectors, &ids)).unwrap();
        builder.finish().unwrap()
    }

    /// Builds a catalogue with inverted lists from rows of the catalogue `source`. List l ends
    /// before row `offsets[l]`; its centre is vector l of the catalogue `centres`.
    fn build_with_lists(
        source: &Catalogue,
        rows: &[u32],
        offsets: &[u32],
        centres: &Catalogue,
        probes: u32,
    ) -> Result<Catalogue, Error> {
        build_with_margin(source, rows, offsets, centres, (probes, 0.0))
    }

    /// As `build_with_lists`, with the margin of probing.
    fn build_with_margin(
        source: &Catalogue,
        rows: &[u32],
        offsets: &[u32],
        centres: &Catalogue,
        (probes, margin): (u32, f32),
    ) -> Result<Catalogue, Error> {
        let header = [probes, offsets.len() as u32, 0.5f32.to_bits(), margin.to_bits()];
        let mut section = u32s_to_bytes(&header);
        section.extend(u32s_to_bytes(offsets));
        section.extend(centres.section(Section::Scales));
        section.extend(centres.section(Section::Codes));
        let settings = BuildOptions { metric: source.metric(), precision: source.precision() };
        let mut builder = CatalogueBuilder::new(source.dim(), settings)?;
        builder.add_rows(source, rows)?;
        builder.set_section(Section::Lists, section);
        builder.finish()
    }

    /// Builds two catalogues of the same 400 vectors, which are scattered around five centres: one
    /// with an inverted list for each centre, and one without lists.
    fn build_five_clusters(metric: Metric, probes: u32) -> (Catalogue, Catalogue) {
        let (dim, n, centre_count) = (20, 400, 5);
        let mut random = SeededNumbers::new(41);
        let centres: Vec<f32> = (0..centre_count * dim).map(|_| random.normal()).collect();
        let values: Vec<f32> = (0..n * dim)
            .map(|i| centres[i / dim % centre_count * dim + i % dim] + 0.1 * random.normal())
            .collect();
        let (catalogue_without_lists, centres) =
            (build_catalogue(&values, dim, metric), build_catalogue(&centres, dim, metric));
        let rows: Vec<u32> = (0..centre_count as u32)
            .flat_map(|list| (list..n as u32).step_by(centre_count))
            .collect();
        let offsets: Vec<u32> =
            (1..=centre_count as u32).map(|list| list * (n / centre_count) as u32).collect();
        (
            build_with_lists(&catalogue_without_lists, &rows, &offsets, &centres, probes).unwrap(),
            catalogue_without_lists,
        )
    }

    /// The ids of the 30 best items for a query.
    fn search_ids(catalogue: &Catalogue, query: &[f32], exact: bool) -> Vec<String> {
        let search = SearchOptions { count: 30, exact, ..SearchOptions::default() };
        let hit_lists = catalogue.search_with(Vectors::new(query, 20).unwrap(), &search).unwrap();
        hit_lists[0].iter().map(|hit| catalogue.id(hit.row).unwrap().into()).collect()
    }

    #[test]
    fn one_probe_finds_the_neighbours_and_probing_all_lists_equals_a_full_scan() {
        for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
            let (one_probe_catalogue, catalogue_without_lists) = build_five_clusters(metric, 1);
            let (five_probe_catalogue, _) = build_five_clusters(metric, 5);
            assert_eq!(one_probe_catalogue.lists(), Some((5, 1, 0.5)));
            for row in 0..50 {
                let mut query = Vec::new();
                catalogue_without_lists.read_vector(row, &mut query).unwrap();
                let expected_ids = search_ids(&catalogue_without_lists, &query, false);
                assert_eq!(search_ids(&one_probe_catalogue, &query, true), expected_ids);
                assert_eq!(search_ids(&five_probe_catalogue, &query, false), expected_ids);
                if metric != Metric::InnerProduct {
                    assert_eq!(
                        search_ids(&one_probe_catalogue, &query, false),
                        expected_ids,
                        "{metric:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn rows_after_the_lists_are_always_searched_and_removed_rows_are_never_returned() {
        let (catalogue, catalogue_without_lists) = build_five_clusters(Metric::Cosine, 1);
        let mut query = Vec::new();
        catalogue_without_lists.read_vector(1, &mut query).unwrap();
        let mut builder = CatalogueBuilder::new(20, BuildOptions::default()).unwrap();
        let all_rows: Vec<u32> = (0..400).collect();
        builder.add_rows(&catalogue, &all_rows).unwrap();
        // A vector opposite to the query, so that the centre of the probed list is far from it.
        let far_vector: Vec<f32> = query.iter().map(|x| -x).collect();
        builder.add(&Items::new(Vectors::new(&far_vector, 20).unwrap(), &["far"])).unwrap();
        builder.set_section(Section::Lists, catalogue.section(Section::Lists).to_vec());
        let removed_row = catalogue.row("1").unwrap();
        let mut removed_words = [0u32; 13];
        removed_words[removed_row / 32] |= 1 << (removed_row % 32);
        builder.set_section(Section::Removed, u32s_to_bytes(&removed_words));
        let changed_catalogue = builder.finish().unwrap();
        assert_eq!(
            (changed_catalogue.len(), changed_catalogue.rows(), changed_catalogue.row("1")),
            (400, 401, None)
        );
        let found_ids = search_ids(&changed_catalogue, &query, false);
        assert!(!found_ids.contains(&"1".into()) && found_ids.len() == 30);
        let search = SearchOptions { count: 400, ..SearchOptions::default() };
        let hit_lists =
            changed_catalogue.search_with(Vectors::new(&query, 20).unwrap(), &search).unwrap();
        assert!(hit_lists[0].iter().any(|hit| hit.row == 400));
    }

    /// Builds a catalogue of 200 rows near each of two orthogonal centres, in a list each; a search
    /// probes at least one list.
    fn build_two_lists(margin: f32) -> Result<Catalogue, Error> {
        let row = |x: f32, y: f32, step: usize| [x, y, 0.01 * step as f32];
        let values: Vec<f32> = (0..400)
            .flat_map(|i| if i < 200 { row(1.0, 0.0, i % 200) } else { row(0.0, 1.0, i % 200) })
            .collect();
        let source = build_catalogue(&values, 3, Metric::Cosine);
        let centres = build_catalogue(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 3, Metric::Cosine);
        let rows: Vec<u32> = (0..400).collect();
        build_with_margin(&source, &rows, &[200, 400], &centres, (1, margin))
    }

    #[test]
    fn a_search_probes_lists_within_the_margin_and_enough_rows() {
        // Nearly as near to the second centre as to the first: cosines .72 and .69.
        let query = [0.72, 0.69, 0.0];
        // The number of hits in each list. With `has_filter`, six rows of each are allowed.
        let count_hits = |catalogue: &Catalogue, query: &[f32; 3], count: usize, has_filter| {
            let mut allowed = RowSet::all(400);
            (0..400).filter(|row| has_filter && row % 200 > 5).for_each(|row| allowed.remove(row));
            let search =
                SearchOptions { count, allowed: Some(&allowed), ..SearchOptions::default() };
            let hits = catalogue.search_with(Vectors::new(query, 3).unwrap(), &search).unwrap();
            let of_list = |first| hits[0].iter().filter(|hit| hit.row / 200 == first).count();
            [of_list(0), of_list(1)]
        };
        let (narrow, wide) = (build_two_lists(0.0).unwrap(), build_two_lists(0.1).unwrap());
        // Two hits need 128 rows, less than a list has.
        assert_eq!(count_hits(&narrow, &query, 2, false), [2, 0]);
        let exact = SearchOptions { count: 3, exact: true, ..SearchOptions::default() };
        let exact_hits = wide.search_with(Vectors::new(&query, 3).unwrap(), &exact).unwrap();
        let found_hits = wide
            .search_with(Vectors::new(&query, 3).unwrap(), &SearchOptions { exact: false, ..exact })
            .unwrap();
        assert_eq!(found_hits, exact_hits, "both lists are within the margin");
        assert_eq!(count_hits(&wide, &[1.0, 0.2, 0.0], 3, false), [3, 0], "one list is");
        // 300 hits need more rows than there are.
        let [first, second] = count_hits(&narrow, &query, 300, false);
        assert_eq!(first + second, 300, "a search for many rows probes all lists");
        // Eight hits need more allowed rows than the twelve.
        assert_eq!(count_hits(&narrow, &query, 8, true), [6, 2], "and one with a filter");
        for margin in [f32::NAN, f32::INFINITY, -0.1] {
            assert_eq!(build_two_lists(margin).unwrap_err().code(), "corrupt", "{margin}");
        }
    }

    #[test]
    fn lists_of_a_wrong_shape_are_an_error() {
        let (_, catalogue_without_lists) = build_five_clusters(Metric::Cosine, 1);
        let centre = build_catalogue(&[1.0; 20], 20, Metric::Cosine);
        let short_centre = build_catalogue(&[1.0; 3], 3, Metric::Cosine);
        let error_code = |rows: &[u32], offsets: &[u32], centres: &Catalogue, probes| {
            build_with_lists(&catalogue_without_lists, rows, offsets, centres, probes)
                .err()
                .map(|error| error.code())
        };
        assert_eq!(error_code(&[3, 1], &[2], &centre, 1), None);
        assert_eq!(error_code(&[3, 3], &[2], &centre, 1), Some("option"), "an item twice");
        assert_eq!(error_code(&[3, 400], &[2], &centre, 1), Some("option"), "a row past the end");
        assert_eq!(error_code(&[3, 1], &[3], &centre, 1), Some("corrupt"), "a list past the end");
        assert_eq!(
            error_code(&[3, 1], &[2, 2], &centre, 1),
            Some("corrupt"),
            "a centre is missing"
        );
        assert_eq!(error_code(&[3, 1], &[2], &centre, 0), Some("corrupt"), "no list is probed");
        assert_eq!(error_code(&[3, 1], &[2], &centre, 2), Some("corrupt"), "more than all");
        assert_eq!(error_code(&[3, 1], &[2], &short_centre, 1), Some("corrupt"), "another length");
    }
}
