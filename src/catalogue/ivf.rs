//! Inverted lists (IVF): rows are grouped by their nearest centre, and a search probes only the
//! lists whose centres are nearest to the query.
//!
//! The writer of a catalogue orders its rows by list and writes [`Section::Lists`] with the
//! centres and the number of lists to probe; `pocketsage build` computes them by k-means and
//! measures the recall. Rows added later belong to no list and are part of every search.
//!
//! [`Section::Lists`]: super::Section::Lists

use super::bitset::RowSet;
use super::bytes::{f32_at, u32_at};
use super::codes::{StoredVectors, ZERO_CODE};
use super::header::{ErrorBound, Header, MAX_SCALE};
use super::metric::Metric;
use super::scan::{self, RowData, ScanPart};
use crate::{Error, Vectors};
use alloc::vec::Vec;
use core::ops::Range;

/// The parsed section of inverted lists. The section has a header (probes, number of lists, recall,
/// zero), the end row of each list, and the scales and codes of the centres. Ranges are those of
/// bytes within the section.
#[derive(Debug, Clone)]
pub(super) struct InvertedLists {
    /// Number of lists.
    list_count: usize,
    /// Number of lists that a search probes.
    pub(super) probes: usize,
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
        let recall = f32_at(bytes, 2);
        let expected_bytes = list_count
            .checked_mul(dim)
            .and_then(|codes| codes.checked_add(16 + list_count.checked_mul(8)?));
        if expected_bytes != Some(bytes.len())
            || !(1..=list_count).contains(&probes)
            || !(0.0..=1.0).contains(&recall)
        {
            return Err(invalid_error());
        }
        let offsets = 16..16 + list_count * 4;
        let scales = offsets.end..offsets.end + list_count * 4;
        let codes = scales.end..bytes.len();
        let mut lists =
            Self { list_count, probes, recall, codes, offsets, scales, norms: Vec::new() };
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
    /// that belong to no list, with all queries. `inline(never)`: called once for each search.
    #[inline(never)]
    pub(super) fn probed_parts(
        &self,
        bytes: &[u8],
        queries: Vectors<'_>,
        metric: Metric,
        n: usize,
    ) -> Vec<ScanPart> {
        let (dim, all_lists) = (queries.dim(), RowSet::all(self.list_count));
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
        let mut scan_parts: Vec<ScanPart> = (0..self.list_count)
            .map(|list| ScanPart { rows: self.rows(bytes, list), queries: Vec::new() })
            .collect();
        for (query_index, query) in queries.rows().enumerate() {
            let probed_lists = scan::approximate_nearest(&centres, query, self.probes);
            probed_lists.into_iter().for_each(|list| scan_parts[list].queries.push(query_index));
        }
        let rows_after_lists = scan_parts.last().map_or(0, |part| part.rows.end)..n;
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
        let mut section = u32s_to_bytes(&[probes, offsets.len() as u32, 0.5f32.to_bits(), 0]);
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
