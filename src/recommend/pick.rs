//! Which interests to query: the first, or a seeded sample.

use crate::Error;
use crate::math::random::SplitMix64;
use crate::options::check_range;
use alloc::vec::Vec;

/// Picks up to `count` interests by `importance`: finite shares of at least 0, most important
/// first.
///
/// Without a seed: the first `count`, which retrieves better on real histories. With a seed:
/// sampled without replacement in proportion to importance, in the order drawn, as PinnerSage
/// serves 3 of them; the picks then vary between visits. Interests of importance 0 are never
/// sampled, so fewer than `count` may be returned. The same seed picks the same interests on every
/// runtime. O(count n).
///
/// # Errors
/// [`Error::Option`] if a share is negative, NaN or infinite, or if the seed is not a whole number
/// from 0 to 2^53.
pub fn pick(importance: &[f64], count: usize, seed: Option<f64>) -> Result<Vec<usize>, Error> {
    for &share in importance {
        check_range("importance", share, 0.0, f64::MAX)?;
    }
    match seed {
        None => Ok((0..importance.len().min(count)).collect()),
        Some(seed) => Ok(sample_interests(importance, count, &mut SplitMix64::from_seed(seed)?)),
    }
}

/// Samples without replacement, by inversion of the cumulative shares.
fn sample_interests(importance: &[f64], count: usize, random: &mut SplitMix64) -> Vec<usize> {
    let mut remaining_shares = importance.to_vec();
    let mut picked = Vec::new();
    while picked.len() < count {
        let mut point = random.uniform() * remaining_shares.iter().sum::<f64>();
        let mut drawn_interest = None;
        for (interest, &share) in
            remaining_shares.iter().enumerate().filter(|(_, share)| **share > 0.0)
        {
            // If rounding puts the point past the last share, the last interest is drawn.
            drawn_interest = Some(interest);
            point -= share;
            if point < 0.0 {
                break;
            }
        }
        let Some(interest) = drawn_interest else { break };
        remaining_shares[interest] = 0.0;
        picked.push(interest);
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_seed_the_first_interests_are_picked() {
        assert_eq!(pick(&[0.5, 0.3, 0.2], 2, None).unwrap(), [0, 1]);
        assert_eq!(pick(&[0.5], 9, None).unwrap(), [0]);
        assert!(pick(&[], 3, Some(1.0)).unwrap().is_empty());
    }

    #[test]
    fn sampling_follows_importance_and_its_seed() {
        let importance = [0.6, 0.3, 0.1, 0.0];
        // How often each interest is picked first.
        let mut first_picks = [0; 4];
        for seed in 0..10_000 {
            let picked = pick(&importance, 3, Some(f64::from(seed))).unwrap();
            assert_eq!(picked, pick(&importance, 3, Some(f64::from(seed))).unwrap());
            assert_eq!(picked.len(), 3);
            first_picks[picked[0]] += 1;
        }
        assert_eq!(first_picks[3], 0);
        for (count, share) in first_picks.iter().zip(importance) {
            // Five standard deviations of a binomial of 10,000 draws are below 250.
            assert!((f64::from(*count) - 10_000.0 * share).abs() < 250.0, "{first_picks:?}");
        }
    }

    #[test]
    fn bad_shares_and_seeds_are_option_errors() {
        assert_eq!(pick(&[f64::NAN], 1, None).unwrap_err().code(), "option");
        assert_eq!(pick(&[1.0], 1, Some(0.5)).unwrap_err().code(), "option");
        assert_eq!(pick(&[1.0], 1, Some(-1.0)).unwrap_err().code(), "option");
    }
}
