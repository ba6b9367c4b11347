use super::super::{BuildOptions, Catalogue, CatalogueBuilder, Items, Precision};
use super::*;
use crate::testing::SeededNumbers;
use alloc::{format, string::String};

fn catalogue(values: &[f32], dim: usize, settings: BuildOptions) -> Catalogue {
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

/// Vectors with many near ties: tight groups, duplicates, zeros.
fn near_ties(n: usize, dim: usize, random: &mut SeededNumbers, scatter: f32) -> Vec<f32> {
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

/// The best rows by the exact scores of all rows, without bounds.
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
    let mut all: Vec<ScoredRow> = (0..catalogue.rows())
        .filter(|&row| {
            catalogue.is_live(row) && search.allowed.is_none_or(|allowed| allowed.contains(row))
        })
        .filter(|&row| !search.exclude.contains(&(row as u32)))
        .map(|row| ScoredRow { row, score: query.exact_score(&rows, row) })
        .filter(|hit| search.min_score.is_none_or(|least| hit.score >= least))
        .collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.into_iter().skip(search.offset).take(search.count).collect()
}

#[test]
fn the_bounded_scan_equals_scoring_every_row_bit_for_bit() {
    let mut random = SeededNumbers::new(31);
    for (n, dim) in [(1, 1), (5, 3), (64, 16), (130, 33), (700, 20), (2000, 64), (1500, 300)] {
        for scatter in [0.001, 0.05, 1.0] {
            for metric in METRICS {
                for precision in [Precision::Full, Precision::Compact] {
                    let values = near_ties(n, dim, &mut random, scatter);
                    let catalogue = catalogue(&values, dim, settings(metric, precision));
                    let two_thirds = {
                        let mut two_thirds = RowSet::empty(n);
                        (0..n).filter(|row| row % 3 != 1).for_each(|row| two_thirds.insert(row));
                        two_thirds
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
                                allowed: Some(&two_thirds),
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
                            let found =
                                catalogue.search_with(Vectors::new(query, dim).unwrap(), &search);
                            let expected = score_all(&catalogue, query, &search);
                            assert_eq!(
                                found.unwrap()[0],
                                expected,
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
            let catalogue = catalogue(&values, dim, settings(metric, Precision::Full));
            let query: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
            let length = query.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let found = catalogue.search(Vectors::new(&query, dim).unwrap(), 10, &[]).unwrap();
            assert_eq!(found[0].len(), n.min(10));
            for hit in &found[0] {
                let mut stored = Vec::new();
                catalogue.read_vector(hit.row, &mut stored).unwrap();
                let pairs =
                    || stored.iter().zip(&query).map(|(&a, &b)| (f64::from(a), f64::from(b)));
                let expected: f64 = match metric {
                    Metric::Cosine => pairs().map(|(a, b)| a * b).sum::<f64>() / length,
                    Metric::InnerProduct => pairs().map(|(a, b)| a * b).sum(),
                    Metric::L2 => -pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>(),
                };
                assert!(
                    (f64::from(hit.score) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                    "{metric:?} {expected}"
                );
            }
        }
    }
}

#[test]
fn vectors_of_every_magnitude_are_found_or_refused() {
    for size in [1e-38, 1e-18, 1.0, 1e15, 1.1e15, 1e18, 1e37] {
        let values: Vec<f32> = [1.0, 0.0, 0.8, 0.6, 0.0, 1.0].iter().map(|x| x * size).collect();
        for metric in METRICS {
            if metric != Metric::Cosine && size > crate::MAX_COMPONENT {
                let mut builder =
                    CatalogueBuilder::new(2, settings(metric, Precision::Full)).unwrap();
                let vectors = Vectors::new(&values, 2).unwrap();
                let refused = builder.add(&Items::new(vectors, &["a", "b", "c"])).unwrap_err();
                assert_eq!(refused.code(), "option");
                let small = catalogue(&[1.0, 0.0], 2, settings(metric, Precision::Full));
                let query = Vectors::new(&values[..2], 2).unwrap();
                assert_eq!(small.search(query, 1, &[]).unwrap_err().code(), "option");
                continue;
            }
            let catalogue = catalogue(&values, 2, settings(metric, Precision::Full));
            let query = [size, size * 0.9];
            let found = &catalogue.search(Vectors::new(&query, 2).unwrap(), 3, &[]).unwrap()[0];
            assert!(found.iter().all(|hit| hit.score.is_finite()), "{size:e} {metric:?} {found:?}");
            assert_eq!(found.len(), 3);
            // Products below the range of f32 are all 0.
            if metric == Metric::Cosine || size >= 1e-18 {
                assert_eq!(found[0].row, 1, "{size:e} {metric:?} {found:?}");
            }
        }
    }
}

#[test]
fn a_batch_of_queries_equals_single_queries() {
    let mut random = SeededNumbers::new(12);
    let values = near_ties(500, 48, &mut random, 0.3);
    let catalogue = catalogue(&values, 48, BuildOptions::default());
    let queries = Vectors::new(&values[..5 * 48], 48).unwrap();
    let together = catalogue.search(queries, 9, &[]).unwrap();
    for (query, found) in queries.rows().zip(together) {
        assert_eq!(catalogue.search(Vectors::new(query, 48).unwrap(), 9, &[]).unwrap()[0], found);
    }
}

#[test]
fn ties_are_broken_by_row_and_exclusions_and_counts_are_respected() {
    let values = [1., 0., 1., 0., 0., 1., 1., 0., 0., 0.];
    let catalogue = catalogue(&values, 2, BuildOptions::default());
    let rows = |count, exclude: &[u32]| -> Vec<usize> {
        let query = Vectors::new(&[9.0, 0.0], 2).unwrap();
        catalogue.search(query, count, exclude).unwrap()[0].iter().map(|hit| hit.row).collect()
    };
    assert_eq!(rows(9, &[]), [0, 1, 3, 2, 4]);
    assert_eq!(rows(2, &[0, 3]), [1, 2]);
    assert!(rows(0, &[]).is_empty());
    let query = Vectors::new(&[0.0, 0.0], 2).unwrap();
    assert!(catalogue.search(query, 5, &[]).unwrap()[0].iter().all(|hit| hit.score == 0.0));
    assert_eq!(catalogue.search(query, 5, &[5]).unwrap_err().code(), "option");
    let short = Vectors::new(&[1.0], 1).unwrap();
    assert_eq!(catalogue.search(short, 5, &[]).unwrap_err().code(), "dimension");
}

#[test]
fn the_kth_largest_equals_that_of_a_sorted_slice() {
    let mut random = SeededNumbers::new(13);
    for n in [1, 2, 3, 10, 101] {
        for round in [1.0, 1000.0] {
            let all: Vec<f32> = (0..n).map(|_| libm::roundf(random.normal() * round)).collect();
            let mut sorted = all.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            for (k, expected) in sorted.iter().enumerate() {
                assert_eq!(kth_largest(&mut all.clone(), k), *expected);
            }
        }
    }
    assert_eq!(kth_largest(&mut [f32::NAN, 1.0, f32::NAN], 1), f32::NEG_INFINITY);
}

/// Clustered vectors around a common mean, as models produce them.
fn topics(n: usize, dim: usize, scatter: f32, mean: f32, random: &mut SeededNumbers) -> Vec<f32> {
    let centres: Vec<f32> = (0..100 * dim).map(|_| random.normal()).collect();
    let member = |i: usize| centres[i / dim % 100 * dim + i % dim] + mean * (i % dim % 3) as f32;
    (0..n * dim).map(|i| member(i) + scatter * random.normal()).collect()
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
            let mut values = topics(n, dim, scatter, mean, &mut random);
            // Some rows have outlier components, some are zero, some are duplicates.
            (0..n).step_by(50).for_each(|row| values[row * dim + row % dim] *= 20.0);
            values[5 * dim..6 * dim].fill(0.0);
            (100..140).for_each(|row| values.copy_within(7 * dim..8 * dim, row * dim));
            let flat = catalogue(&values, dim, settings(metric, precision));
            let mut sketched = flat.clone();
            sketched.prepare();
            assert!(sketched.sketches.is_some());
            let mut two_thirds = RowSet::empty(n);
            (0..n).filter(|row| row % 3 != 1).for_each(|row| two_thirds.insert(row));
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
                        count: 30,
                        offset: 60,
                        allowed: Some(&two_thirds),
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
                    let expected = &flat.search_with(queries, &search).unwrap()[0];
                    let found = &sketched.search_with(queries, &search).unwrap()[0];
                    assert_eq!(found, expected, "{scatter} {mean} {metric:?} {search:?}");
                    hit_count += found.len();
                }
            }
        }
    }
    assert!(hit_count > 1_000_000);
}

#[test]
fn small_catalogues_and_l2_are_not_sketched() {
    let mut random = SeededNumbers::new(62);
    let values = topics(9000, 8, 1.0, 0.0, &mut random);
    let prepared = |n: usize, metric| {
        let mut catalogue = catalogue(&values[..n * 8], 8, settings(metric, Precision::Full));
        catalogue.prepare();
        catalogue.prepare();
        catalogue.sketches.is_some()
    };
    assert_eq!([prepared(8191, Metric::Cosine), prepared(8192, Metric::Cosine)], [false, true]);
    assert!(!prepared(9000, Metric::L2));
}

#[test]
fn norms_in_a_cosine_catalogue_are_ignored() {
    let mut random = SeededNumbers::new(63);
    let values = near_ties(40, 5, &mut random, 1.0);
    let without_norms = catalogue(&values, 5, BuildOptions::default());
    let mut builder = CatalogueBuilder::new(5, BuildOptions::default()).unwrap();
    builder.add_rows(&without_norms, &(0..40).collect::<Vec<u32>>()).unwrap();
    builder.set_section(super::super::Section::Norms, vec![0x7f; 40]);
    let with_norms = Catalogue::from_bytes(builder.finish().unwrap().bytes().to_vec()).unwrap();
    let query = Vectors::new(&values[..5], 5).unwrap();
    assert_eq!(
        with_norms.search(query, 9, &[]).unwrap(),
        without_norms.search(query, 9, &[]).unwrap()
    );
}
