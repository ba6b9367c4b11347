//! Seeded random numbers, equal on every wasm runtime and natively.

use crate::Error;
use crate::text::message;

/// SplitMix64 (Steele, Lea, Flood 2014): a counter, mixed by multiplications and shifts. Not
/// cryptographic.
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator with a JavaScript number as its seed. [`Error::Option`] unless the seed is a
    /// whole number from 0 to 2^53.
    pub(crate) fn from_seed(seed: f64) -> Result<Self, Error> {
        const MAX_SEED: f64 = 9_007_199_254_740_992.0;
        if !(0.0..=MAX_SEED).contains(&seed) || libm::trunc(seed) != seed {
            let problem = message!["got ", seed, ", expected a whole number from 0 to 2^53"];
            return Err(Error::option("seed", problem));
        }
        Ok(Self(seed as u64))
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next draw, uniform in [0, 1) with 53 random bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}
