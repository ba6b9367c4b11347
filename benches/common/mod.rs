//! Seeded vectors for the benchmarks.
#![allow(missing_docs, unreachable_pub)]

use std::fmt;

/// Number of Gaussian components of [`mixture`].
pub const GROUPS: usize = 8;

/// Number of rows, and number of dimensions, of an input; printed as `n x dim`.
#[derive(Clone, Copy)]
pub struct Shape(pub usize, pub usize);

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} x {}", self.0, self.1)
    }
}

/// `n` unit vectors of `dim` components, row-major: row r scatters around centre r modulo
/// [`GROUPS`]. The same seed gives the same values.
pub fn mixture(Shape(n, dim): Shape, seed: u64) -> Vec<f32> {
    let mut random = SplitMix64(seed);
    let centres: Vec<Vec<f32>> = (0..GROUPS).map(|_| random.unit_vector(dim)).collect();
    let row = |row: usize| {
        let noise = random.unit_vector(dim);
        let centre = &centres[row % GROUPS];
        unit(centre.iter().zip(noise).map(|(value, noise)| value + 0.6 * noise).collect())
    };
    (0..n).flat_map(row).collect()
}

/// The random number generator SplitMix64, with its state.
struct SplitMix64(u64);

impl SplitMix64 {
    /// The next random number, uniform in [0, 1), a multiple of 2^-24.
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / 16_777_216.0
    }

    /// A random vector of length 1. Components are sums of uniform numbers, which are close enough
    /// to normal.
    fn unit_vector(&mut self, dim: usize) -> Vec<f32> {
        unit((0..dim).map(|_| (0..4).map(|_| self.uniform()).sum::<f32>() - 2.0).collect())
    }
}

/// The vector divided by its length.
fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / length).collect()
}
