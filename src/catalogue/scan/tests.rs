use super::super::{BuildOptions, Catalogue, CatalogueBuilder, Items, Precision};
use super::*;
use crate::testing::SeededNumbers;
use alloc::{format, string::String};

/// Builds a catalogue of row-major vectors, with generated ids.
fn build_catalogue(values: &[f32], dim: usize, settings: BuildOptions) -> Catalogue {
    let vectors = Vectors::new(values, dim).unwrap();
    let ids: Vec<String> = (0..vectors.len()).map(|i| format!("item {i}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut builder = CatalogueBuilder::new(dim, settings).unwrap();
    builder.add(&Items::new(vectors, &ids)).unwrap();
    builder.finish().unwrap()
}

fn settings(metric: Metric, precision: Precision) -> BuildOptions {
    BuildOptions { precision, metric }
}

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];

/// Components of n vectors whose scores nearly tie: tight groups, duplicates and zero vectors.
fn near_tie_values(n: usize, dim: usize, random: &mut SeededNumbers, scatter: f32) -> Vec<f32> {
    let centres: Vec<f32> = (0..5 * dim).map(|_| random.normal()).collect();
    let mut values: Vec<f32> = (0..n * dim)
        .map(|i| centres[(i / dim % 5) * dim + i % dim] + scatter * random.normal())
        .collect();
    for row in (7..n).step_by(11) {
        values.copy_within((row - 7) * dim..(row - 6) * dim, row * dim);
    }
    if n > 20 {
        values[3 * dim..4 * dim].fill(0.0);
    }
    values
}

/// The expected search result: every row is scored exactly, without bounds, and sorted.
fn score_all(catalogue: &Catalogue, query: &[f32], search: &SearchOptions<'_>) -> Vec<ScoredRow> {
    let allowed = RowSet::all(catalogue.rows());
    let rows = RowData {
        codes: catalogue.codes(),
        norms: catalogue.norms(),
        header: &catalogue.layout.header,
        allowed: &allowed,
        sketches: None,
    };
    let query = Query::new(query, catalogue.metric(), ErrorBound::default());
    let mut all_hits: Vec<ScoredRow> = (0..catalogue.rows())
        .filter(|&row| {
            catalogue.is_live(row) && search.allowed.is_none_or(|allowed| allowed.contains(row))
        })
        .filter(|&row| !search.exclude.contains(&(row as u32)))
        .map(|row| {
            let mut vector = Vec::new();
            rows.codes.read_steps(row, &mut vector);
            ScoredRow { row, score: query.exact_score(&rows, row, &vector) }
        })
        .filter(|hit| search.min_score.is_none_or(|min_score| hit.score >= min_score))
        .collect();
    all_hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    all_hits.into_iter().skip(search.offset).take(search.count).collect()
}

#[test]
fn the_bounded_scan_equals_scoring_every_row_bit_for_bit() {
    let mut random = SeededNumbers::new(31);
    for (n, dim) in [(1, 1), (5, 3), (64, 16), (130, 33), (700, 20), (2000, 64), (1500, 300)] {
        for scatter in [0.001, 0.05, 1.0] {
            for metric in METRICS {
                for precision in [Precision::Full, Precision::Compact] {
                    let values = near_tie_values(n, dim, &mut random, scatter);
                    let catalogue = build_catalogue(&values, dim, settings(metric, precision));
                    let two_thirds_of_rows = {
                        let mut two_thirds_of_rows = RowSet::empty(n);
                        (0..n)
                            .filter(|row| row % 3 != 1)
                            .for_each(|row| two_thirds_of_rows.insert(row));
                        two_thirds_of_rows
                    };
                    let near_query: Vec<f32> =
                        values[..dim].iter().map(|x| x + 0.01 * random.normal()).collect();
                    let far_query: Vec<f32> = (0..dim).map(|_| random.normal() * 5.0).collect();
                    for query in [&values[..dim], &near_query, &far_query, &vec![0.0; dim]] {
                        for search in [
                            SearchOptions { count: 10, ..SearchOptions::default() },
                            SearchOptions {
                                count: 7,
                                offset: 5,
                                allowed: Some(&two_thirds_of_rows),
                                ..SearchOptions::default()
                            },
                            SearchOptions { count: n, exclude: &[0], ..SearchOptions::default() },
                            SearchOptions {
                                count: 40,
                                min_score: Some(0.5),
                                ..SearchOptions::default()
                            },
                            SearchOptions {
                                count: 40,
                                min_score: Some(-0.2 * dim as f32),
                                ..SearchOptions::default()
                            },
                        ] {
                            let actual_hits =
                                catalogue.search_with(Vectors::new(query, dim).unwrap(), &search);
                            let expected_hits = score_all(&catalogue, query, &search);
                            assert_eq!(
                                actual_hits.unwrap()[0],
                                expected_hits,
                                "{n} {dim} {scatter} {metric:?} {precision:?} {search:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn scores_are_those_of_the_stored_vectors() {
    let mut random = SeededNumbers::new(11);
    for (n, dim) in [(1, 1), (7, 3), (100, 20), (333, 65)] {
        let values: Vec<f32> = (0..n * dim).map(|_| random.normal()).collect();
        for metric in METRICS {
            let catalogue = build_catalogue(&values, dim, settings(metric, Precision::Full));
            let query: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
            let query_length = query.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let hit_lists = catalogue.search(Vectors::new(&query, dim).unwrap(), 10, &[]).unwrap();
            assert_eq!(hit_lists[0].len(), n.min(10));
            for hit in &hit_lists[0] {
                let mut stored_vector = Vec::new();
                catalogue.read_vector(hit.row, &mut stored_vector).unwrap();
                let component_pairs = || {
                    stored_vector.iter().zip(&query).map(|(&a, &b)| (f64::from(a), f64::from(b)))
                };
                let expected_score: f64 = match metric {
                    Metric::Cosine => {
                        component_pairs().map(|(a, b)| a * b).sum::<f64>() / query_length
                    }
                    Metric::InnerProduct => component_pairs().map(|(a, b)| a * b).sum(),
                    Metric::L2 => -component_pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>(),
                };
                assert!(
                    (f64::from(hit.score) - expected_score).abs()
                        < 1e-5 * (1.0 + expected_score.abs()),
                    "{metric:?} {expected_score}"
                );
            }
        }
    }
}

#[test]
fn vectors_of_every_magnitude_are_found_or_refused() {
    for magnitude in [1e-38, 1e-18, 1.0, 1e15, 1.1e15, 1e18, 1e37] {
        let values: Vec<f32> =
            [1.0, 0.0, 0.8, 0.6, 0.0, 1.0].iter().map(|x| x * magnitude).collect();
        for metric in METRICS {
            if metric != Metric::Cosine && magnitude > crate::MAX_COMPONENT {
                let mut builder =
                    CatalogueBuilder::new(2, settings(metric, Precision::Full)).unwrap();
                let vectors = Vectors::new(&values, 2).unwrap();
                let add_error = builder.add(&Items::new(vectors, &["a", "b", "c"])).unwrap_err();
                assert_eq!(add_error.code(), "option");
                let unit_catalogue =
                    build_catalogue(&[1.0, 0.0], 2, settings(metric, Precision::Full));
                let query = Vectors::new(&values[..2], 2).unwrap();
                assert_eq!(unit_catalogue.search(query, 1, &[]).unwrap_err().code(), "option");
                continue;
            }
            let catalogue = build_catalogue(&values, 2, settings(metric, Precision::Full));
            let query = [magnitude, magnitude * 0.9];
            let hits = &catalogue.search(Vectors::new(&query, 2).unwrap(), 3, &[]).unwrap()[0];
            assert!(
                hits.iter().all(|hit| hit.score.is_finite()),
                "{magnitude:e} {metric:?} {hits:?}"
            );
            assert_eq!(hits.len(), 3);
            // Products below the range of f32 are all 0.
            if metric == Metric::Cosine || magnitude >= 1e-18 {
                assert_eq!(hits[0].row, 1, "{magnitude:e} {metric:?} {hits:?}");
            }
        }
    }
}

#[test]
fn a_batch_of_queries_equals_single_queries() {
    let mut random = SeededNumbers::new(12);
    let values = near_tie_values(500, 48, &mut random, 0.3);
    let catalogue = build_catalogue(&values, 48, BuildOptions::default());
    let queries = Vectors::new(&values[..5 * 48], 48).unwrap();
    let batch_hit_lists = catalogue.search(queries, 9, &[]).unwrap();
    for (query, batch_hits) in queries.rows().zip(batch_hit_lists) {
        assert_eq!(
            catalogue.search(Vectors::new(query, 48).unwrap(), 9, &[]).unwrap()[0],
            batch_hits
        );
    }
}

#[test]
fn ties_are_broken_by_row_and_exclusions_and_counts_are_respected() {
    let values = [1., 0., 1., 0., 0., 1., 1., 0., 0., 0.];
    let catalogue = build_catalogue(&values, 2, BuildOptions::default());
    let found_rows = |count, exclude: &[u32]| -> Vec<usize> {
        let query = Vectors::new(&[9.0, 0.0], 2).unwrap();
        catalogue.search(query, count, exclude).unwrap()[0].iter().map(|hit| hit.row).collect()
    };
    assert_eq!(found_rows(9, &[]), [0, 1, 3, 2, 4]);
    assert_eq!(found_rows(2, &[0, 3]), [1, 2]);
    assert!(found_rows(0, &[]).is_empty());
    let query = Vectors::new(&[0.0, 0.0], 2).unwrap();
    assert!(catalogue.search(query, 5, &[]).unwrap()[0].iter().all(|hit| hit.score == 0.0));
    assert_eq!(catalogue.search(query, 5, &[5]).unwrap_err().code(), "option");
    let short_query = Vectors::new(&[1.0], 1).unwrap();
    assert_eq!(catalogue.search(short_query, 5, &[]).unwrap_err().code(), "dimension");
}

#[test]
fn the_kth_largest_equals_that_of_a_sorted_slice() {
    let mut random = SeededNumbers::new(13);
    for n in [1, 2, 3, 10, 101] {
        for multiplier in [1.0, 1000.0] {
            let all_values: Vec<f32> =
                (0..n).map(|_| libm::roundf(random.normal() * multiplier)).collect();
            let mut sorted_values = all_values.clone();
            sorted_values.sort_by(|a, b| b.total_cmp(a));
            for (k, expected) in sorted_values.iter().enumerate() {
                assert_eq!(kth_largest(&all_values, k), *expected);
            }
        }
    }
    assert_eq!(kth_largest(&[f32::NAN, 1.0, f32::NAN], 1), f32::NEG_INFINITY);
}

/// Components of n vectors in 100 clusters around a common mean, as embedding models produce.
fn topic_values(
    n: usize,
    dim: usize,
    scatter: f32,
    mean: f32,
    random: &mut SeededNumbers,
) -> Vec<f32> {
    let centres: Vec<f32> = (0..100 * dim).map(|_| random.normal()).collect();
    let cluster_value =
        |i: usize| centres[i / dim % 100 * dim + i % dim] + mean * (i % dim % 3) as f32;
    (0..n * dim).map(|i| cluster_value(i) + scatter * random.normal()).collect()
}

#[test]
fn a_prefiltered_search_equals_a_full_scan() {
    let mut random = SeededNumbers::new(61);
    let (n, dim) = (9000, 64);
    let mut hit_count = 0;
    for (scatter, mean) in [(0.2, 0.0), (1.0, 0.0), (1.0, 2.0), (4.0, 0.5)] {
        for (metric, precision) in
            [(Metric::Cosine, Precision::Full), (Metric::InnerProduct, Precision::Compact)]
        {
            let mut values = topic_values(n, dim, scatter, mean, &mut random);
            // Some rows have outlier components, some are zero, some are duplicates.
            (0..n).step_by(50).for_each(|row| values[row * dim + row % dim] *= 20.0);
            values[5 * dim..6 * dim].fill(0.0);
            (100..140).for_each(|row| values.copy_within(7 * dim..8 * dim, row * dim));
            let plain_catalogue = build_catalogue(&values, dim, settings(metric, precision));
            let mut sketched_catalogue = plain_catalogue.clone();
            sketched_catalogue.prepare();
            assert!(sketched_catalogue.sketches.is_some());
            let mut two_thirds_of_rows = RowSet::empty(n);
            (0..n).filter(|row| row % 3 != 1).for_each(|row| two_thirds_of_rows.insert(row));
            for query in 0..20 {
                let query: Vec<f32> = match query {
                    0 => vec![0.0; dim],
                    1 => values[7 * dim..8 * dim].to_vec(),
                    _ => values[query * 77 * dim..][..dim]
                        .iter()
                        .map(|x| x + 0.3 * random.normal())
                        .collect(),
                };
                for search in [
                    SearchOptions { count: 10, ..SearchOptions::default() },
                    SearchOptions {
                        count: 20,
                        offset: 25,
                        allowed: Some(&two_thirds_of_rows),
                        ..SearchOptions::default()
                    },
                    SearchOptions {
                        count: 50,
                        min_score: Some(0.3),
                        exclude: &[0, 77, 154],
                        ..SearchOptions::default()
                    },
                    SearchOptions { count: 8000, ..SearchOptions::default() },
                ] {
                    let queries = Vectors::new(&query, dim).unwrap();
                    let expected_hits = &plain_catalogue.search_with(queries, &search).unwrap()[0];
                    let actual_hits = &sketched_catalogue.search_with(queries, &search).unwrap()[0];
                    assert_eq!(
                        actual_hits, expected_hits,
                        "{scatter} {mean} {metric:?} {search:?}"
                    );
                    hit_count += actual_hits.len();
                }
            }
        }
    }
    assert!(hit_count > 1_000_000);
}

#[test]
fn small_catalogues_and_l2_are_not_sketched() {
    let mut random = SeededNumbers::new(62);
    let values = topic_values(9000, 8, 1.0, 0.0, &mut random);
    let is_sketched = |n: usize, metric| {
        let mut catalogue = build_catalogue(&values[..n * 8], 8, settings(metric, Precision::Full));
        catalogue.prepare();
        catalogue.prepare();
        catalogue.sketches.is_some()
    };
    assert_eq!(
        [is_sketched(8191, Metric::Cosine), is_sketched(8192, Metric::Cosine)],
        [false, true]
    );
    assert!(!is_sketched(9000, Metric::L2));
}

#[test]
fn norms_in_a_cosine_catalogue_are_ignored() {
    let mut random = SeededNumbers::new(63);
    let values = near_tie_values(40, 5, &mut random, 1.0);
    let catalogue_without_norms = build_catalogue(&values, 5, BuildOptions::default());
    let mut builder = CatalogueBuilder::new(5, BuildOptions::default()).unwrap();
    builder.add_rows(&catalogue_without_norms, &(0..40).collect::<Vec<u32>>()).unwrap();
    builder.set_section(super::super::Section::Norms, vec![0x7f; 40]);
    let catalogue_with_norms =
        Catalogue::from_bytes(builder.finish().unwrap().bytes().to_vec()).unwrap();
    let query = Vectors::new(&values[..5], 5).unwrap();
    assert_eq!(
        catalogue_with_norms.search(query, 9, &[]).unwrap(),
        catalogue_without_norms.search(query, 9, &[]).unwrap()
    );
}
