//! Seeded numbers for the unit tests.

use crate::math::random::Random;

pub(crate) struct Numbers(Random);

impl Numbers {
    pub(crate) fn new(seed: u32) -> Self {
        Self(Random::seeded(f64::from(seed)).unwrap())
    }

    /// About normal: twelve uniforms, summed and centred.
    pub(crate) fn normal(&mut self) -> f32 {
        ((0..12).map(|_| self.0.unit()).sum::<f64>() - 6.0) as f32
    }
}
