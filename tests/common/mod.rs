//! What several test crates share: slow twins and seeded numbers.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use pocketsage::{Catalogue, Items, Precision, Vectors, ward};

/// SplitMix64, so that a failure is repeated by its seed.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [-1, 1), in steps of 2^-23: exact in `f32`.
    pub fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn vectors(&mut self, n: usize, dim: usize) -> Vec<f32> {
        (0..n * dim).map(|_| self.signed()).collect()
    }
}

/// Ward from its definition, O(n^3): join the two clusters with the least 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2, in `f64` from the
/// members. Returns the members of both sides and the height of every union.
pub fn naive_ward(
    values: &[f32],
    dim: usize,
    weights: &[f64],
) -> Vec<(Vec<usize>, Vec<usize>, f64)> {
    let mut clusters: Vec<Vec<usize>> = (0..weights.len()).map(|row| vec![row]).collect();
    let mut unions = Vec::new();
    while clusters.len() > 1 {
        let (mut best, mut pair) = (f64::INFINITY, (0, 0));
        for a in 0..clusters.len() {
            for b in a + 1..clusters.len() {
                let height = height(values, dim, weights, &clusters[a], &clusters[b]);
                if height < best {
                    (best, pair) = (height, (a, b));
                }
            }
        }
        let joined = clusters.remove(pair.1);
        unions.push((clusters[pair.0].clone(), joined.clone(), best));
        clusters[pair.0].extend(joined);
        clusters[pair.0].sort_unstable();
    }
    unions
}

pub fn height(values: &[f32], dim: usize, weights: &[f64], a: &[usize], b: &[usize]) -> f64 {
    let (size_a, mean_a) = mean(values, dim, weights, a);
    let (size_b, mean_b) = mean(values, dim, weights, b);
    let apart: f64 = mean_a.iter().zip(&mean_b).map(|(x, y)| (x - y).powi(2)).sum();
    2.0 * size_a * size_b / (size_a + size_b) * apart
}

fn mean(values: &[f32], dim: usize, weights: &[f64], members: &[usize]) -> (f64, Vec<f64>) {
    let size: f64 = members.iter().map(|&row| weights[row]).sum();
    let coordinate =
        |k| members.iter().map(|&row| weights[row] * f64::from(values[row * dim + k])).sum::<f64>();
    (size, (0..dim).map(|k| coordinate(k) / size).collect())
}

/// Panics unless the heights of a seeded set are those of the definition.
pub fn equal_the_definition(n: usize, dim: usize, seed: u64) {
    let values = Numbers(seed).vectors(n, dim);
    let tree = ward(Vectors::new(&values, dim).unwrap(), None).unwrap();
    let unions = naive_ward(&values, dim, &vec![1.0; n]);
    assert_eq!(tree.merges().len(), unions.len());
    for (merge, (_, _, want)) in tree.merges().iter().zip(unions) {
        assert!((merge.height - want).abs() < 1e-9 * want, "{} {want}", merge.height);
    }
}

/// Panics unless a catalogue of these vectors is found again in its bytes.
pub fn survive(values: &[f32], dim: usize) {
    let ids = ["a", "é", "c"];
    let vectors = Vectors::new(values, dim).unwrap();
    let built = Catalogue::build(&Items::new(vectors, &ids), Precision::Full).unwrap();
    let read = Catalogue::from_bytes(built.bytes().to_vec()).unwrap();
    for (row, id) in ids.iter().enumerate() {
        assert_eq!(read.row(id), Some(row));
        let query = Vectors::new(vectors.row(row), dim).unwrap();
        assert_eq!(read.search(query, 1, &[]).unwrap()[0][0].row, row);
    }
}

/// Labels numbered by first member, so that equal partitions are equal vectors.
pub fn canonical(labels: &[usize]) -> Vec<usize> {
    let mut names = Vec::new();
    let name = |label: &usize| {
        names.iter().position(|known| known == label).unwrap_or_else(|| {
            names.push(*label);
            names.len() - 1
        })
    };
    labels.iter().map(name).collect()
}
