//! Every fast path against its slow twin.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{Numbers, canonical, naive_ward};
use pocketsage::{Catalogue, Items, Partition, Precision, Vectors, medoids, ward};

/// The partition that the first `kept` unions of the slow twin make.
fn naive_cut(unions: &[(Vec<usize>, Vec<usize>, f64)], n: usize, kept: usize) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..n).collect();
    for (a, b, _) in &unions[..kept] {
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
        let mut numbers = Numbers(seed);
        let (n, dim) = (2 + numbers.below(60), 1 + numbers.below(40));
        let values = numbers.vectors(n, dim);
        let weighted = seed % 3 == 0;
        let weights: Vec<f64> = (0..n)
            .map(|_| if weighted { 0.25 + numbers.below(12) as f64 / 2.0 } else { 1.0 })
            .collect();

        let unions = naive_ward(&values, dim, &weights);
        let vectors = Vectors::new(&values, dim).unwrap();
        let tree = ward(vectors, weighted.then_some(&weights[..])).unwrap();

        assert_eq!(tree.merges().len(), n - 1);
        for (merge, (_, _, want)) in tree.merges().iter().zip(&unions) {
            let error = (merge.height - want).abs() / want;
            assert!(error < 1e-9, "seed {seed}: {} and {want}", merge.height);
        }
        for count in 1..=n {
            assert_eq!(
                labels(&tree.cut_into(count)),
                naive_cut(&unions, n, n - count),
                "seed {seed} count {count}"
            );
        }
        for (kept, pair) in unions.windows(2).enumerate() {
            let threshold = f64::midpoint(pair[0].2, pair[1].2);
            assert_eq!(
                labels(&tree.cut_at(threshold)),
                naive_cut(&unions, n, kept + 1),
                "seed {seed}"
            );
        }
    }
}

/// Algorithm 1 of the paper, line by line, with the set J of all nearest neighbours, and the lowest row wherever it leaves a choice. Equal is
/// what rounding could not tell apart.
fn literal_chain(values: &[f32], dim: usize) -> Vec<(usize, usize)> {
    let n = values.len() / dim;
    let row = |i: usize| &values[i * dim..(i + 1) * dim];
    let distance = |i: usize, j: usize| {
        row(i).iter().zip(row(j)).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>()
    };
    let mut d: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| distance(i, j)).collect()).collect();
    let mut size = vec![1.0f64; n];
    let mut active: Vec<usize> = (0..n).collect();
    let (mut stack, mut unions) = (Vec::new(), Vec::new());
    while active.len() > 1 {
        if stack.is_empty() {
            stack.push(active[0]);
        }
        let i = stack[stack.len() - 1];
        let others = || active.iter().copied().filter(|&j| j != i);
        let least = others().map(|j| d[i][j]).fold(f64::INFINITY, f64::min);
        let set_j: Vec<usize> = others().filter(|&j| d[i][j] <= least * (1.0 + 1e-9)).collect();
        let second = stack.len().checked_sub(2).map(|at| stack[at]);
        match second.filter(|second| set_j.contains(second)) {
            None => stack.push(set_j[0]),
            Some(second) => {
                stack.truncate(stack.len() - 2);
                let (a, b) = (i.min(second), i.max(second));
                for k in active.iter().copied().filter(|&k| k != a && k != b) {
                    let sum = (size[a] + size[k]) * d[a][k] + (size[b] + size[k]) * d[b][k]
                        - size[k] * d[a][b];
                    d[a][k] = sum / (size[a] + size[b] + size[k]);
                    d[k][a] = d[a][k];
                }
                size[a] += size[b];
                active.retain(|&k| k != b);
                unions.push((a, b));
            }
        }
    }
    unions
}

#[test]
fn exact_ties_go_as_algorithm_1_says_with_the_lowest_row() {
    for seed in 0..300u64 {
        let mut numbers = Numbers(seed);
        let (n, dim) = (2 + numbers.below(40), 1 + numbers.below(3));
        // Few distinct small whole numbers: many duplicates and many exact ties.
        let most = 1 + numbers.below(4);
        let values: Vec<f32> = (0..n * dim).map(|_| numbers.below(most + 1) as f32).collect();
        let unions = literal_chain(&values, dim);
        let tree = ward(Vectors::new(&values, dim).unwrap(), None).unwrap();
        // The members of every node of the tree.
        let mut members: Vec<Vec<usize>> = (0..n).map(|row| vec![row]).collect();
        let mut ours: Vec<Vec<usize>> = Vec::new();
        for merge in tree.merges() {
            let mut joined = [&members[merge.a][..], &members[merge.b][..]].concat();
            joined.sort_unstable();
            ours.push(joined.clone());
            members.push(joined);
        }
        let mut clusters: Vec<Vec<usize>> = (0..n).map(|row| vec![row]).collect();
        let mut theirs: Vec<Vec<usize>> = Vec::new();
        for &(a, b) in &unions {
            let joined = std::mem::take(&mut clusters[b]);
            clusters[a].extend(joined);
            clusters[a].sort_unstable();
            theirs.push(clusters[a].clone());
        }
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "seed {seed}");
    }
}

#[test]
fn medoids_equal_the_definition_over_all_pairs() {
    for seed in 0..100u64 {
        let mut numbers = Numbers(seed);
        let (n, dim, count) = (1 + numbers.below(60), 1 + numbers.below(20), 1 + numbers.below(5));
        let values = numbers.vectors(n, dim);
        let weights: Vec<f64> = (0..n).map(|_| 0.5 + numbers.below(5) as f64).collect();
        // Every cluster has a member: numbered by first member from random labels.
        let random: Vec<usize> = (0..n).map(|_| numbers.below(count)).collect();
        let named = canonical(&random);
        let partition = Partition {
            labels: named.iter().map(|&label| label as i32).collect(),
            count: named.iter().max().unwrap() + 1,
        };
        let found = medoids(Vectors::new(&values, dim).unwrap(), Some(&weights), &partition);
        for (label, medoid) in found.into_iter().enumerate() {
            let members = || (0..n).filter(|&row| named[row] == label);
            let cost = |m: usize| -> f64 {
                let apart = |j: usize| -> f64 {
                    (0..dim)
                        .map(|k| f64::from(values[m * dim + k]) - f64::from(values[j * dim + k]))
                        .map(|x| x * x)
                        .sum()
                };
                members().map(|j| weights[j] * apart(j)).sum()
            };
            let least = members().map(cost).fold(f64::INFINITY, f64::min);
            assert!(members().any(|row| row == medoid));
            assert!(cost(medoid) <= least * (1.0 + 1e-12), "seed {seed} cluster {label}");
        }
    }
}

#[test]
fn full_precision_finds_the_ten_nearest_of_the_vectors_that_were_given() {
    let mut numbers = Numbers(1);
    let (n, dim) = (3000, 64);
    let values = numbers.vectors(n, dim);
    let ids: Vec<String> = (0..n).map(|row| row.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let items = Items::new(Vectors::new(&values, dim).unwrap(), &ids);
    let catalogue = Catalogue::build(&items, Precision::Full).unwrap();
    let dot = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>()
    };
    let mut found = 0;
    for _ in 0..50 {
        let query = numbers.vectors(1, dim);
        let cosine = |row: &[f32]| dot(row, &query) / (dot(row, row) * dot(&query, &query)).sqrt();
        let mut exact: Vec<(f64, usize)> = values.chunks(dim).map(cosine).zip(0..).collect();
        exact.sort_by(|x, y| y.0.total_cmp(&x.0));
        let hits = &catalogue.search(Vectors::new(&query, dim).unwrap(), 10, &[]).unwrap()[0];
        for (hit, (want, _)) in hits.iter().zip(&exact) {
            assert!((f64::from(hit.score) - want).abs() < 1e-4);
        }
        found +=
            hits.iter().filter(|hit| exact[..10].iter().any(|(_, row)| *row == hit.row)).count();
    }
    assert!(found >= 498, "{found} of 500");
}
