//! Seeded random numbers for the unit tests.

use crate::math::random::SplitMix64;

/// A generator of random numbers; the same seed gives the same numbers.
pub(crate) struct SeededNumbers(SplitMix64);

impl SeededNumbers {
    pub(crate) fn new(seed: u32) -> Self {
        Self(SplitMix64::from_seed(f64::from(seed)).unwrap())
    }

    /// The next approximately normal number, of mean 0 and variance 1: the sum of twelve uniform
    /// numbers, minus 6.
    pub(crate) fn normal(&mut self) -> f32 {
        ((0..12).map(|_| self.0.uniform()).sum::<f64>() - 6.0) as f32
    }
}
