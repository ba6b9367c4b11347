//! Fast implementations against slow reference implementations.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{SeededNumbers, canonical, naive_ward};
use pocketsage::{Catalogue, Items, Partition, Precision, Vectors, medoids, ward};

/// The partition after the first `kept` merges of the reference.
fn naive_cut(merges: &[(Vec<usize>, Vec<usize>, f64)], n: usize, kept: usize) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..n).collect();
    for (a, b, _) in &merges[..kept] {
        let (to, from) = (labels[a[0]], labels[b[0]]);
        labels.iter_mut().filter(|label| **label == from).for_each(|label| *label = to);
    }
    canonical(&labels)
}

fn labels(partition: &Partition) -> Vec<usize> {
    partition.labels.iter().map(|&label| label as usize).collect()
}

#[test]
fn ward_equals_the_definition_at_every_cut() {
    for seed in 0..60u64 {
        let mut rng = SeededNumbers(seed);
        let (n, dim) = (2 + rng.below(60), 1 + rng.below(40));
        let values = rng.vectors(n, dim);
        let weighted = seed % 3 == 0;
        let weights: Vec<f64> = (0..n)
            .map(|_| if weighted { 0.25 + rng.below(12) as f64 / 2.0 } else { 1.0 })
            .collect();

        let merges = naive_ward(&values, dim, &weights);
        let vectors = Vectors::new(&values, dim).unwrap();
        let tree = ward(vectors, weighted.then_some(&weights[..])).unwrap();

        assert_eq!(tree.merges().len(), n - 1);
        for (merge, (_, _, expected)) in tree.merges().iter().zip(&merges) {
            let error = (merge.height - expected).abs() / expected;
            assert!(error < 1e-9, "seed {seed}: {} and {expected}", merge.height);
        }
        for count in 1..=n {
            assert_eq!(
                labels(&tree.cut_into(count)),
                naive_cut(&merges, n, n - count),
                "seed {seed} count {count}"
            );
        }
        for (kept, pair) in merges.windows(2).enumerate() {
            let threshold = f64::midpoint(pair[0].2, pair[1].2);
            assert_eq!(
                labels(&tree.cut_at(threshold)),
                naive_cut(&merges, n, kept + 1),
                "seed {seed}"
            );
        }
    }
}

/// Algorithm 1 of PinnerSage, line by line, with the set J of all nearest neighbours (`ties`), and
/// the lowest row where the paper leaves a choice. Distances within a relative 1e-9 are equal.
fn algorithm_1(values: &[f32], dim: usize) -> Vec<(usize, usize)> {
    let n = values.len() / dim;
    let row = |i: usize| &values[i * dim..(i + 1) * dim];
    let distance = |i: usize, j: usize| {
        row(i).iter().zip(row(j)).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>()
    };
    let mut d: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| distance(i, j)).collect()).collect();
    let mut size = vec![1.0f64; n];
    let mut active: Vec<usize> = (0..n).collect();
    let (mut stack, mut merges) = (Vec::new(), Vec::new());
    while active.len() > 1 {
        if stack.is_empty() {
            stack.push(active[0]);
        }
        let i = stack[stack.len() - 1];
        let others = || active.iter().copied().filter(|&j| j != i);
        let least = others().map(|j| d[i][j]).fold(f64::INFINITY, f64::min);
        let ties: Vec<usize> = others().filter(|&j| d[i][j] <= least * (1.0 + 1e-9)).collect();
        let previous = stack.len().checked_sub(2).map(|at| stack[at]);
        match previous.filter(|previous| ties.contains(previous)) {
            None => stack.push(ties[0]),
            Some(previous) => {
                stack.truncate(stack.len() - 2);
                let (a, b) = (i.min(previous), i.max(previous));
                for k in active.iter().copied().filter(|&k| k != a && k != b) {
                    let sum = (size[a] + size[k]) * d[a][k] + (size[b] + size[k]) * d[b][k]
                        - size[k] * d[a][b];
                    d[a][k] = sum / (size[a] + size[b] + size[k]);
                    d[k][a] = d[a][k];
                }
                size[a] += size[b];
                active.retain(|&k| k != b);
                merges.push((a, b));
            }
        }
    }
    merges
}

#[test]
fn exact_ties_are_broken_as_in_algorithm_1_with_the_lowest_row() {
    for seed in 0..300u64 {
        let mut rng = SeededNumbers(seed);
        let (n, dim) = (2 + rng.below(40), 1 + rng.below(3));
        // Small integers: many duplicates and many exact ties.
        let largest = 1 + rng.below(4);
        let values: Vec<f32> = (0..n * dim).map(|_| rng.below(largest + 1) as f32).collect();
        let merges = algorithm_1(&values, dim);
        let tree = ward(Vectors::new(&values, dim).unwrap(), None).unwrap();
        // The members of each node of the tree.
        let mut members: Vec<Vec<usize>> = (0..n).map(|row| vec![row]).collect();
        let mut tree_nodes: Vec<Vec<usize>> = Vec::new();
        for merge in tree.merges() {
            let mut joined = [&members[merge.a][..], &members[merge.b][..]].concat();
            joined.sort_unstable();
            tree_nodes.push(joined.clone());
            members.push(joined);
        }
        let mut clusters: Vec<Vec<usize>> = (0..n).map(|row| vec![row]).collect();
        let mut reference_nodes: Vec<Vec<usize>> = Vec::new();
        for &(a, b) in &merges {
            let joined = std::mem::take(&mut clusters[b]);
            clusters[a].extend(joined);
            clusters[a].sort_unstable();
            reference_nodes.push(clusters[a].clone());
        }
        tree_nodes.sort();
        reference_nodes.sort();
        assert_eq!(tree_nodes, reference_nodes, "seed {seed}");
    }
}

#[test]
fn medoids_equal_the_definition_over_all_pairs() {
    for seed in 0..100u64 {
        let mut rng = SeededNumbers(seed);
        let (n, dim, count) = (1 + rng.below(60), 1 + rng.below(20), 1 + rng.below(5));
        let values = rng.vectors(n, dim);
        let weights: Vec<f64> = (0..n).map(|_| 0.5 + rng.below(5) as f64).collect();
        // Labels numbered by first member, so that every cluster has a member.
        let random: Vec<usize> = (0..n).map(|_| rng.below(count)).collect();
        let labels_by_first = canonical(&random);
        let partition = Partition {
            labels: labels_by_first.iter().map(|&label| label as i32).collect(),
            count: labels_by_first.iter().max().unwrap() + 1,
        };
        let found = medoids(Vectors::new(&values, dim).unwrap(), Some(&weights), &partition);
        for (label, medoid) in found.into_iter().enumerate() {
            let members = || (0..n).filter(|&row| labels_by_first[row] == label);
            let cost = |m: usize| -> f64 {
                let squared_distance = |j: usize| -> f64 {
                    (0..dim)
                        .map(|k| f64::from(values[m * dim + k]) - f64::from(values[j * dim + k]))
                        .map(|x| x * x)
                        .sum()
                };
                members().map(|j| weights[j] * squared_distance(j)).sum()
            };
            let least = members().map(cost).fold(f64::INFINITY, f64::min);
            assert!(members().any(|row| row == medoid));
            assert!(cost(medoid) <= least * (1.0 + 1e-12), "seed {seed} cluster {label}");
        }
    }
}

#[test]
fn full_precision_finds_the_ten_nearest_vectors() {
    let mut rng = SeededNumbers(1);
    let (n, dim) = (3000, 64);
    let values = rng.vectors(n, dim);
    let ids: Vec<String> = (0..n).map(|row| row.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let items = Items::new(Vectors::new(&values, dim).unwrap(), &ids);
    let catalogue = Catalogue::build(&items, Precision::Full).unwrap();
    let dot = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>()
    };
    let mut found = 0;
    for _ in 0..50 {
        let query = rng.vectors(1, dim);
        let cosine = |row: &[f32]| dot(row, &query) / (dot(row, row) * dot(&query, &query)).sqrt();
        let mut exact: Vec<(f64, usize)> = values.chunks(dim).map(cosine).zip(0..).collect();
        exact.sort_by(|x, y| y.0.total_cmp(&x.0));
        let hits = &catalogue.search(Vectors::new(&query, dim).unwrap(), 10, &[]).unwrap()[0];
        for (hit, (expected, _)) in hits.iter().zip(&exact) {
            assert!((f64::from(hit.score) - expected).abs() < 1e-4);
        }
        found +=
            hits.iter().filter(|hit| exact[..10].iter().any(|(_, row)| *row == hit.row)).count();
    }
    assert!(found >= 498, "{found} of 500");
}
