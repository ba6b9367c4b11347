//! Seeded random numbers, the same on every engine.

use crate::Error;
use crate::text::message;

/// SplitMix64 (Steele, Lea, Flood 2014): one multiplication-and-shift mix of a counter. Not for secrets.
pub(crate) struct Random(u64);

impl Random {
    /// Starts from a seed as JavaScript has it.
    pub(crate) fn seeded(seed: f64) -> Result<Self, Error> {
        const LARGEST: f64 = 9_007_199_254_740_992.0;
        if !(0.0..=LARGEST).contains(&seed) || libm::trunc(seed) != seed {
            let problem = message!["got ", seed, ", expected a whole number from 0 to 2^53"];
            return Err(Error::option("seed", problem));
        }
        Ok(Self(seed as u64))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1), 53 bits.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}
