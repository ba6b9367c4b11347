//! The mixture of ranked lists: the score of an item is a weighted sum of softmaxes over the lists.
//!
//! Ties: of equal shares the item of the lowest number comes first; of equal contributions to one
//! item the first list counts as its source.

use super::Hit;
use super::blend::{number_items, validate_arguments};
use crate::Error;
use crate::math::simd::sqrt;
use crate::math::sort::{argsort, descending_key, no_tie_break};
use crate::math::top_k::kth_largest;
use crate::options::check_range;
use alloc::{vec, vec::Vec};

/// Factor of cosines in the exponents when priors have no influence; with full influence, half of
/// it. The constants of this file were chosen on training actions
/// (docs/decisions/0034-mixture.md).
const SHARPNESS: f64 = 20.0;
/// Rank, from 0, of the hit whose exponent scales a list when priors have influence.
const SCALE_RANK: usize = 99;
/// Typical standard deviation of the cosines in a list of hits. Scores that are not cosines are
/// scaled to this deviation.
const COSINE_DEVIATION: f64 = 0.1;

/// How [`mix`] scores the hits of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixOptions {
    /// Influence p of the priors, in [0, 1]: the exponent of 1 + prior. 0 ignores them.
    pub popularity: f64,
    /// Set this if scores are not cosines. Each list is then standardised: a score counts as a
    /// cosine of 0.1 for each standard deviation that it lies above the mean of its list.
    pub standardise: bool,
}

/// An item of the mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixed {
    /// The item, with its score in `list`.
    pub hit: Hit,
    /// Share of the item in the mixture. Without priors, the shares of all items sum to the
    /// weights.
    pub share: f64,
    /// Index of the list that contributes most to the share.
    pub list: usize,
}

/// Mixes lists into one, best first. The share of an item is the sum, over the lists that have it,
/// of weight x exp(x - z):
///
/// - x is the exponent of the hit, (20 - 10 p) cosine + p ln(1 + prior);
/// - z is the scale of the list, (1 - p) ln(sum of exp(x) over its hits) + p x_100, where x_100 is
///   the 100th largest exponent, or the least of fewer;
/// - p is [`MixOptions::popularity`], or 0 if `priors` is empty.
///
/// For p = 0 this is a sum of softmaxes. Priors are heavy-tailed, so for p = 1 a list is scaled by
/// a hit far from its top. Of an item twice in a list, the first hit counts.
///
/// `priors` is empty, or has a prior of at least 0 for each hit of all lists, in their order. At
/// most `count` items are returned. O(h log h) for h hits; no lists or empty lists return no items.
/// Exponentials and logarithms are those of `libm`, so every runtime returns the same bits.
///
/// # Errors
/// [`Error::Dimension`] unless there is one weight per list and one prior per hit;
/// [`Error::Option`] for a weight or a prior that is negative or not finite, or a popularity
/// outside [0, 1]; [`Error::NotFinite`] for a score.
///
/// ```
/// use pocketsage::{Hit, MixOptions, mix};
///
/// let hit = |item, score| Hit { item, score };
/// let lists = [vec![hit(1, 0.9), hit(2, 0.8)], vec![hit(2, 0.9), hit(3, 0.9)]];
/// let options = MixOptions { popularity: 0.0, standardise: false };
/// let mixed = mix(&lists, &[0.5, 0.5], &[], options, 2)?;
/// let items: Vec<u32> = mixed.iter().map(|m| m.hit.item).collect();
/// assert_eq!(items, [1, 2]); // 0.44, and 0.06 + 0.25
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub fn mix(
    lists: &[Vec<Hit>],
    weights: &[f64],
    priors: &[f32],
    options: MixOptions,
    count: usize,
) -> Result<Vec<Mixed>, Error> {
    let (numbers, item_count) = number_items(lists);
    let lists: Vec<&[Hit]> = lists.iter().map(Vec::as_slice).collect();
    mix_numbered(&lists, &numbers, item_count, weights, priors, options, count)
}

/// [`mix`] for items that are numbered without large gaps: O(h + largest number). The JavaScript
/// binding calls it, because sorting the items of all hits takes longer than the mixture.
///
/// # Errors
/// As [`mix`].
#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) fn mix_dense(
    lists: &[&[Hit]],
    weights: &[f64],
    priors: &[f32],
    options: MixOptions,
    count: usize,
) -> Result<Vec<Mixed>, Error> {
    let hits = lists.iter().copied().flatten();
    let numbers: Vec<usize> = hits.map(|hit| hit.item as usize).collect();
    let item_count = numbers.iter().max().map_or(0, |number| number + 1);
    mix_numbered(lists, &numbers, item_count, weights, priors, options, count)
}

/// The mixture of lists whose hits have these numbers, each below `item_count`.
fn mix_numbered(
    lists: &[&[Hit]],
    numbers: &[usize],
    item_count: usize,
    weights: &[f64],
    priors: &[f32],
    options: MixOptions,
    count: usize,
) -> Result<Vec<Mixed>, Error> {
    validate_arguments(lists, weights)?;
    check_range("popularity", options.popularity, 0.0, 1.0)?;
    if !priors.is_empty() && priors.len() != numbers.len() {
        let (got, expected) = (priors.len(), numbers.len());
        return Err(Error::Dimension { what: "number of priors (one a hit)", got, expected });
    }
    for &prior in priors {
        check_range("prior", prior.into(), 0.0, f64::MAX)?;
    }
    let popularity = if priors.is_empty() { 0.0 } else { options.popularity };
    let options = MixOptions { popularity, ..options };
    let mut mixed: Vec<Option<(Mixed, f64)>> = vec![None; item_count];
    let mut start = 0;
    for (list, (hits, &weight)) in lists.iter().zip(weights).enumerate() {
        let numbers = &numbers[start..start + hits.len()];
        let mut terms = exponents(hits, priors.get(start..start + hits.len()), options);
        // Of an item that is in the list twice, only the first hit counts.
        let mut is_in_list = vec![false; item_count];
        let mut distinct_count = 0;
        for (x, &number) in terms.iter_mut().zip(numbers) {
            if core::mem::replace(&mut is_in_list[number], true) {
                *x = f64::NEG_INFINITY;
            } else {
                distinct_count += 1;
            }
        }
        let max = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let hundredth = if popularity > 0.0 { hundredth(&terms, distinct_count) } else { 0.0 };
        terms.iter_mut().for_each(|x| *x = libm::exp(*x - max));
        let log_sum = max + libm::log(terms.iter().sum());
        let scale = (1.0 - popularity) * log_sum + popularity * hundredth;
        let factor = weight * libm::exp(max - scale);
        for ((&hit, &number), power) in hits.iter().zip(numbers).zip(terms) {
            let contribution = factor * power;
            let (entry, largest) =
                mixed[number].get_or_insert((Mixed { hit, share: 0.0, list }, contribution));
            entry.share += contribution;
            if contribution > *largest {
                (entry.hit, entry.list, *largest) = (hit, list, contribution);
            }
        }
        start += hits.len();
    }
    let mixed: Vec<Mixed> = mixed.into_iter().flatten().map(|(entry, _)| entry).collect();
    let keys: Vec<u64> = mixed.iter().map(|entry| descending_key(entry.share)).collect();
    let order = argsort(&keys, &no_tie_break);
    Ok(order.into_iter().take(count).map(|index| mixed[index]).collect())
}

/// The exponents of the hits of one list.
fn exponents(hits: &[Hit], priors: Option<&[f32]>, options: MixOptions) -> Vec<f64> {
    let scores = || hits.iter().map(|hit| f64::from(hit.score));
    let sharpness = SHARPNESS * (1.0 - 0.5 * options.popularity);
    let (mut centre, mut scale) = (0.0, sharpness);
    if options.standardise {
        let n = hits.len() as f64;
        centre = scores().sum::<f64>() / n;
        let deviation = sqrt(scores().map(|x| (x - centre) * (x - centre)).sum::<f64>() / n);
        scale = if deviation > 0.0 { sharpness * COSINE_DEVIATION / deviation } else { 0.0 };
    }
    let log_prior = |index: usize| {
        priors.map_or(0.0, |priors| options.popularity * libm::log(1.0 + f64::from(priors[index])))
    };
    scores().enumerate().map(|(index, x)| scale * (x - centre) + log_prior(index)).collect()
}

/// The 100th largest of exponents, or the least of the `count` that are finite; rounded to f32,
/// which scales all items of a list alike. O(h).
fn hundredth(exponents: &[f64], count: usize) -> f64 {
    let rounded: Vec<f32> = exponents.iter().map(|&x| x as f32).collect();
    kth_largest(&rounded, SCALE_RANK.min(count.saturating_sub(1))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSINES: MixOptions = MixOptions { popularity: 1.0, standardise: false };

    fn ranked_list(hits: &[(u32, f32)]) -> Vec<Hit> {
        hits.iter().map(|&(item, score)| Hit { item, score }).collect()
    }

    fn items(mixed: &[Mixed]) -> Vec<u32> {
        mixed.iter().map(|entry| entry.hit.item).collect()
    }

    #[test]
    fn shares_are_weighted_softmaxes() {
        let lists = [ranked_list(&[(0, 0.9), (1, 0.7)]), ranked_list(&[(1, 0.8)])];
        let mixed = mix(&lists, &[0.6, 0.4], &[], COSINES, 9).unwrap();
        let first = 1.0 / (1.0 + libm::exp(f64::from(0.7_f32 - 0.9) * SHARPNESS));
        assert_eq!(items(&mixed), [0, 1]);
        assert!((mixed[0].share - 0.6 * first).abs() < 1e-6, "{mixed:?}");
        assert!((mixed[1].share - (0.6 * (1.0 - first) + 0.4)).abs() < 1e-6, "{mixed:?}");
        assert_eq!((mixed[1].list, mixed[1].hit.score), (1, 0.8), "the larger contribution");
    }

    #[test]
    fn a_prior_multiplies_by_its_power() {
        let lists = [ranked_list(&[(0, 0.5), (1, 0.5), (2, 0.5)])];
        let share_of = |popularity| {
            let options = MixOptions { popularity, ..COSINES };
            let mut mixed = mix(&lists, &[1.0], &[0.0, 3.0, 15.0], options, 9).unwrap();
            mixed.sort_by_key(|entry| entry.hit.item);
            [mixed[1].share / mixed[0].share, mixed[2].share / mixed[0].share]
        };
        for (popularity, expected) in [(0.0, [1.0, 1.0]), (0.5, [2.0, 4.0]), (1.0, [4.0, 16.0])] {
            let ratios = share_of(popularity);
            assert!((ratios[0] - expected[0]).abs() < 1e-9, "{ratios:?}");
            assert!((ratios[1] - expected[1]).abs() < 1e-9, "{ratios:?}");
        }
    }

    #[test]
    fn with_priors_a_list_is_scaled_by_its_100th_hit() {
        let list: Vec<Hit> = (0..150).map(|item| Hit { item, score: 0.0 }).collect();
        let priors: Vec<f32> = (0..150).map(|rank| (150 - rank) as f32).collect();
        let mixed = mix(&[list], &[1.0], &priors, COSINES, 150).unwrap();
        assert!((mixed[99].share - 1.0).abs() < 1e-6, "{:?}", mixed[99]);
        assert!((mixed[0].share - 151.0 / 52.0).abs() < 1e-6, "{:?}", mixed[0]);
    }

    #[test]
    fn a_dense_mixture_equals_a_mixture() {
        let lists =
            [ranked_list(&[(7, 0.5), (2, 0.4), (7, 0.9)]), ranked_list(&[(0, 0.9), (2, 0.9)])];
        let priors = [1.0, 2.0, 3.0, 0.0, 0.5];
        let slices: Vec<&[Hit]> = lists.iter().map(Vec::as_slice).collect();
        let dense = mix_dense(&slices, &[0.4, 0.6], &priors, COSINES, 2).unwrap();
        assert_eq!(dense, mix(&lists, &[0.4, 0.6], &priors, COSINES, 2).unwrap());
        assert!(mix_dense(&[], &[], &[], COSINES, 2).unwrap().is_empty());
    }

    #[test]
    fn standardised_lists_do_not_depend_on_unit_or_zero() {
        let options = MixOptions { standardise: true, ..COSINES };
        let list = |scale: f32, shift: f32| {
            ranked_list(&[(0, shift + scale), (1, shift), (2, shift - 2.0 * scale)])
        };
        let shares = |list: Vec<Hit>| -> Vec<f64> {
            let mixed = mix(&[list], &[1.0], &[], options, 9).unwrap();
            mixed.iter().map(|entry| entry.share).collect()
        };
        let expected = shares(list(1.0, 0.0));
        for (scale, shift) in [(4.0, 0.0), (0.5, 8.0), (1024.0, -4096.0)] {
            let shares = shares(list(scale, shift));
            assert!(shares.iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-12), "{shares:?}");
        }
        let equal_shares = shares(ranked_list(&[(0, 7.0), (1, 7.0)]));
        assert!((equal_shares[1] - 0.5).abs() < 1e-12, "no deviation: {equal_shares:?}");
    }

    #[test]
    fn ties_repeats_and_empty_lists() {
        let lists = [ranked_list(&[(5, 0.1), (3, 0.1), (5, 0.9)]), vec![]];
        let mixed = mix(&lists, &[1.0, 1.0], &[], COSINES, 9).unwrap();
        assert_eq!(items(&mixed), [3, 5], "of ties the lowest number");
        assert!((mixed[1].share - 0.5).abs() < 1e-12, "the second hit of item 5 does not count");
        assert!(mix(&[], &[], &[], COSINES, 3).unwrap().is_empty());
        assert!(mix(&lists, &[1.0, 1.0], &[], COSINES, 0).unwrap().is_empty());
    }

    #[test]
    fn bad_arguments_are_errors() {
        let lists = [ranked_list(&[(1, 0.5)])];
        let code = |weights: &[f64], priors: &[f32], popularity| {
            let options = MixOptions { popularity, standardise: false };
            mix(&lists, weights, priors, options, 1).unwrap_err().code()
        };
        assert_eq!(code(&[], &[], 1.0), "dimension");
        assert_eq!(code(&[-1.0], &[], 1.0), "option");
        assert_eq!(code(&[1.0], &[1.0, 2.0], 1.0), "dimension");
        assert_eq!(code(&[1.0], &[-1.0], 1.0), "option");
        assert_eq!(code(&[1.0], &[f32::NAN], 1.0), "option");
        assert_eq!(code(&[1.0], &[], 1.1), "option");
        let not_finite = [ranked_list(&[(1, f32::NAN)])];
        assert_eq!(mix(&not_finite, &[1.0], &[], COSINES, 1).unwrap_err().code(), "not-finite");
    }
}
