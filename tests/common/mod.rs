//! Slow reference implementations and seeded random numbers, shared by the test crates.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use pocketsage::{Catalogue, Items, Precision, Vectors, ward};

/// SplitMix64; a seed repeats a failure.
pub struct SeededNumbers(pub u64);

impl SeededNumbers {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1), in steps of 2^-23: exact in `f32`.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n as u64) as usize
    }

    pub fn vectors(&mut self, n: usize, dim: usize) -> Vec<f32> {
        (0..n * dim).map(|_| self.uniform()).collect()
    }
}

/// Ward from its definition, in O(n^3): merges the two clusters A and B of least 2 |A||B| / (|A| +
/// |B|) ||c_A - c_B||^2, computed in `f64` from their members. Returns the members of both sides
/// and the height of each merge.
pub fn naive_ward(
    values: &[f32],
    dim: usize,
    weights: &[f64],
) -> Vec<(Vec<usize>, Vec<usize>, f64)> {
    let mut clusters: Vec<Vec<usize>> = (0..weights.len()).map(|row| vec![row]).collect();
    let mut merges = Vec::new();
    while clusters.len() > 1 {
        let (mut least, mut pair) = (f64::INFINITY, (0, 0));
        for a in 0..clusters.len() {
            for b in a + 1..clusters.len() {
                let height = height(values, dim, weights, &clusters[a], &clusters[b]);
                if height < least {
                    (least, pair) = (height, (a, b));
                }
            }
        }
        let merged = clusters.remove(pair.1);
        merges.push((clusters[pair.0].clone(), merged.clone(), least));
        clusters[pair.0].extend(merged);
        clusters[pair.0].sort_unstable();
    }
    merges
}

pub fn height(values: &[f32], dim: usize, weights: &[f64], a: &[usize], b: &[usize]) -> f64 {
    let (size_a, mean_a) = mean(values, dim, weights, a);
    let (size_b, mean_b) = mean(values, dim, weights, b);
    let squared_distance: f64 = mean_a.iter().zip(&mean_b).map(|(x, y)| (x - y).powi(2)).sum();
    2.0 * size_a * size_b / (size_a + size_b) * squared_distance
}

fn mean(values: &[f32], dim: usize, weights: &[f64], members: &[usize]) -> (f64, Vec<f64>) {
    let size: f64 = members.iter().map(|&row| weights[row]).sum();
    let coordinate =
        |k| members.iter().map(|&row| weights[row] * f64::from(values[row * dim + k])).sum::<f64>();
    (size, (0..dim).map(|k| coordinate(k) / size).collect())
}

/// Panics unless the heights of seeded vectors are those of the definition.
pub fn assert_ward_equals_definition(n: usize, dim: usize, seed: u64) {
    let values = SeededNumbers(seed).vectors(n, dim);
    let tree = ward(Vectors::new(&values, dim).unwrap(), None).unwrap();
    let merges = naive_ward(&values, dim, &vec![1.0; n]);
    assert_eq!(tree.merges().len(), merges.len());
    for (merge, (_, _, expected)) in tree.merges().iter().zip(merges) {
        assert!((merge.height - expected).abs() < 1e-9 * expected, "{} {expected}", merge.height);
    }
}

/// Panics unless a catalogue of these vectors is read back from its bytes.
pub fn assert_catalogue_round_trip(values: &[f32], dim: usize) {
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

/// Labels numbered by first member: equal partitions have equal labels.
pub fn canonical(labels: &[usize]) -> Vec<usize> {
    let mut seen = Vec::new();
    let number = |label: &usize| {
        seen.iter().position(|other| other == label).unwrap_or_else(|| {
            seen.push(*label);
            seen.len() - 1
        })
    };
    labels.iter().map(number).collect()
}
