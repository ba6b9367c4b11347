//! Cuts a tree into interests by a cut rule, and keeps, drops or attaches singletons.
//!
//! Ties: of equally near interests a singleton joins the one whose first action comes first.

use crate::math::distance::squared_distance;
use crate::options::{Cut, Singletons, check_range};
use crate::profile::medoid::{mean, means};
use crate::profile::unlike;
use crate::ward::dendrogram::{Dendrogram, Partition};
use crate::{Error, ProfileOptions, Vectors};
use alloc::{vec, vec::Vec};

/// The cut rule that the options select.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CutRule {
    /// Keep merges up to and including this Ward height.
    Height(f64),
    /// Keep the lowest merges that leave this number of clusters.
    Count(usize),
    /// As many clusters as [`Cut::Auto`] counts, with the catalogue's spread if there is one.
    Unlike(Option<f64>),
}

/// The cut rule that the options select. [`Error::Option`] for an option out of range.
pub(crate) fn rule_of(options: &ProfileOptions) -> Result<CutRule, Error> {
    if let Some(spread) = options.spread {
        check_range("spread", spread, 0.0, f64::MAX)?;
    }
    let height = match options.cut {
        Cut::Auto => return Ok(CutRule::Unlike(options.spread)),
        Cut::Count(0) => return Err(Error::option("cut.count", "got 0, expected at least 1")),
        Cut::Count(count) => return Ok(CutRule::Count(count)),
        Cut::Threshold(height) => check_range("cut.threshold", height, 0.0, f64::MAX)?,
        Cut::Cosine(cosine) => 2.0 * (1.0 - check_range("cut.cosine", cosine, -1.0, 1.0)?),
        Cut::Spread(factor) => {
            let factor = check_range("cut.spread", factor, 0.0, f64::MAX)?;
            let problem = "needs the spread of a catalogue: give a catalogue, or { threshold }";
            factor * options.spread.ok_or_else(|| Error::option("cut.spread", problem))?
        }
    };
    Ok(CutRule::Height(height))
}

impl CutRule {
    /// The height up to which merges are kept; for [`Self::Unlike`] the squared distance below
    /// which two single rows are one cluster. `squared_lengths` are those of the first rows; the
    /// rule may append the others.
    pub(crate) fn threshold(
        self,
        tree: &Dendrogram,
        vectors: Vectors<'_>,
        weights: Option<&[f64]>,
        squared_lengths: &mut Vec<f64>,
    ) -> f64 {
        match self {
            Self::Height(height) => height,
            Self::Count(count) => {
                let kept_count = tree.rows().saturating_sub(count);
                kept_count.checked_sub(1).map_or(0.0, |last| tree.merges()[last].height)
            }
            Self::Unlike(spread) => unlike::threshold(spread, vectors, weights, squared_lengths),
        }
    }
}

/// Cuts the tree by `rule` and applies the option for singletons. `threshold` is that of the rule;
/// it is used only by [`CutRule::Unlike`].
pub(crate) fn cut_tree(
    tree: &Dendrogram,
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    rule: CutRule,
    threshold: f64,
    options: &ProfileOptions,
) -> Partition {
    let partition = match rule {
        CutRule::Count(count) => tree.cut_into(count),
        CutRule::Height(height) => tree.cut_at(height),
        CutRule::Unlike(_) => unlike::split(tree, weights, threshold),
    };
    let sizes = partition.sizes();
    let is_singleton = |label: i32| sizes[label as usize] == 1;
    let labels = partition.labels.iter();
    match options.singletons {
        Singletons::Keep => partition,
        Singletons::Drop => Partition::from_labels(
            labels.map(|&label| if is_singleton(label) { -1 } else { label }),
        ),
        Singletons::Attach if sizes.iter().all(|&size| size == 1) => partition,
        Singletons::Attach => attach_singletons(vectors, weights, &partition, &sizes),
    }
}

/// Moves each singleton to the cluster of at least two rows whose mean is nearest. O(count n dim).
// Never inlined: rarely called, and kept out of the small function that calls it.
#[inline(never)]
fn attach_singletons(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    partition: &Partition,
    sizes: &[usize],
) -> Partition {
    let is_singleton = |label: i32| sizes[label as usize] == 1;
    let target_clusters: Vec<usize> = (0..sizes.len()).filter(|&label| sizes[label] > 1).collect();
    let means = means(vectors, weights, partition);
    let nearest_target = |row: usize| {
        let distance =
            |target: usize| squared_distance(vectors.row(row), mean(&means, target, vectors.dim()));
        // `min_by` returns the first of equal elements: the cluster with the lowest first member.
        target_clusters.iter().copied().min_by(|&x, &y| distance(x).total_cmp(&distance(y)))
    };
    let new_label = |(row, &label): (usize, &i32)| match nearest_target(row) {
        Some(target) if is_singleton(label) => target as i32,
        _ => label,
    };
    Partition::from_labels(partition.labels.iter().enumerate().map(new_label))
}

/// Mean squared distance of all pairs of n vectors, 2 n / (n - 1) (mean ||x||^2 - ||mean x||^2).
/// 0 for fewer than two vectors. O(n dim).
///
/// ```
/// use pocketsage::{Vectors, spread};
///
/// // The squared distances of the pairs are 1, 9 and 4.
/// let mean = spread(Vectors::new(&[0.0, 1.0, 3.0], 1)?);
/// assert!((mean - (1.0 + 9.0 + 4.0) / 3.0).abs() < 1e-12);
/// # Ok::<(), pocketsage::Error>(())
/// ```
#[must_use]
pub fn spread(vectors: Vectors<'_>) -> f64 {
    let n = vectors.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let one_cluster = Partition { labels: vec![0; vectors.len()], count: 1 };
    let mean = means(vectors, None, &one_cluster);
    // Distances from the mean avoid the cancellation of the formula above.
    let sum: f64 = vectors.rows().map(|x| squared_distance(x, &mean)).sum();
    2.0 * sum / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    /// The labels of the one-dimensional vectors `values`.
    fn labels_of(values: &[f32], weights: Option<&[f64]>, options: &ProfileOptions) -> Vec<i32> {
        let clustering =
            crate::cluster(Vectors::new(values, 1).unwrap(), weights, options).unwrap();
        if options.cut != Cut::Auto {
            // A cut at the reported threshold returns the same partition.
            let cut = Cut::Threshold(clustering.threshold);
            let repeated_clustering = crate::cluster(
                Vectors::new(values, 1).unwrap(),
                weights,
                &ProfileOptions { cut, ..*options },
            );
            assert_eq!(repeated_clustering.unwrap().partition, clustering.partition);
        }
        clustering.partition.labels
    }

    fn options_with(cut: Cut, singletons: Singletons, spread: Option<f64>) -> ProfileOptions {
        ProfileOptions { cut, singletons, spread, ..Default::default() }
    }

    #[test]
    fn cut_cosine_merges_two_unit_vectors_from_that_cosine_on() {
        let values = [1.0, 0.0, 0.6, 0.8]; // cosine 0.6
        let vectors = Vectors::new(&values, 2).unwrap();
        let cluster_count = |cosine| {
            let options = options_with(Cut::Cosine(cosine), Singletons::Keep, None);
            crate::cluster(vectors, None, &options).unwrap().partition.count
        };
        assert_eq!((cluster_count(0.599), cluster_count(0.601)), (1, 2));
    }

    /// `count` random unit vectors of `dim` components.
    fn random_units(count: usize, dim: usize, seed: u32) -> Vec<f32> {
        let mut random = SeededNumbers::new(seed);
        let mut values: Vec<f32> = (0..count * dim).map(|_| random.normal()).collect();
        for vector in values.chunks_mut(dim) {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.iter_mut().for_each(|x| *x /= length);
        }
        values
    }

    fn auto(values: &[f32], dim: usize, weights: Option<&[f64]>) -> crate::Clustering {
        let vectors = Vectors::new(values, dim).unwrap();
        crate::cluster(vectors, weights, &ProfileOptions::default()).unwrap()
    }

    #[test]
    fn auto_splits_two_actions_below_cosine_0_4() {
        for spread in [None, Some(1.75), Some(2.0), Some(9.0)] {
            let options = options_with(Cut::Auto, Singletons::Keep, spread);
            let count_at = |cosine: f32| {
                let values = [1.0, 0.0, cosine, (1.0 - cosine * cosine).sqrt()];
                let vectors = Vectors::new(&values, 2).unwrap();
                let clustering = crate::cluster(vectors, None, &options).unwrap();
                assert!((clustering.threshold - 1.185).abs() < 1e-3);
                clustering.partition.count
            };
            assert_eq!([-1.0, 0.0, 0.3, 0.4, 0.42, 0.9].map(count_at), [2, 2, 2, 2, 1, 1]);
        }
    }

    #[test]
    fn auto_never_merges_all_of_several_unlike_actions() {
        for (count, seed) in (2..=12).zip(1..) {
            // Orthogonal vectors, and random ones of 64 components, all of cosines below 0.5.
            let mut orthogonal = vec![0.0; count * count];
            (0..count).for_each(|i| orthogonal[i * count + i] = 1.0);
            assert_eq!(auto(&orthogonal, count, None).partition.count, count);
            let random = random_units(count, 64, seed);
            assert!(auto(&random, 64, None).partition.count > count / 2);
        }
    }

    #[test]
    fn auto_scales_with_the_spread_of_the_catalogue() {
        // One-dimensional, of length 10: the spread, not the lengths, decides.
        let options = options_with(Cut::Auto, Singletons::Keep, Some(1.0));
        assert_eq!(labels_of(&[10.0, 10.8], None, &options), [0, 0], "0.64 < 0.701");
        assert_eq!(labels_of(&[10.0, 10.9], None, &options), [0, 1], "0.81 > 0.701");
        assert_eq!(labels_of(&[7.0; 5], None, &options), [0; 5]);
        assert_eq!(labels_of(&[7.0], None, &options), [0]);
        assert!(labels_of(&[], None, &options).is_empty());
        assert_eq!(labels_of(&[0.0; 3], None, &options), [0; 3], "no length");
    }

    #[test]
    fn auto_depends_on_ratios_of_weights_only() {
        for seed in 1..20 {
            let values = random_units(30, 6, seed);
            let labels = |weight: f64| auto(&values, 6, Some(&[weight; 30])).partition.labels;
            assert_eq!(labels(1.0), auto(&values, 6, None).partition.labels);
            assert_eq!(labels(1024.0), labels(1.0));
            assert_eq!(labels(1.0 / 1024.0), labels(1.0));
        }
    }

    #[test]
    fn auto_treats_a_weight_as_repeated_actions() {
        let auto_options = options_with(Cut::Auto, Singletons::Keep, Some(1.0));
        for gap in [0.3, 0.7, 0.8, 0.9, 1.0] {
            let doubled_labels = labels_of(&[0.0, 0.0, gap, gap, 2.0], None, &auto_options);
            let weighted_labels =
                labels_of(&[0.0, gap, 2.0], Some(&[2.0, 2.0, 1.0]), &auto_options);
            assert_eq!(
                [doubled_labels[0], doubled_labels[2], doubled_labels[4]],
                weighted_labels[..],
                "gap {gap}"
            );
        }
    }

    #[test]
    fn auto_without_a_catalogue_uses_the_lengths() {
        let auto_options = options_with(Cut::Auto, Singletons::Keep, None);
        for scale in [1.0, 1e18, 1e-30] {
            let values: Vec<f32> = [0.0, 0.1, 0.2, 9.0, 9.1].iter().map(|x| x * scale).collect();
            assert_eq!(labels_of(&values, None, &auto_options), [0, 0, 0, 1, 1], "scale {scale}");
        }
    }

    #[test]
    fn one_more_action_changes_auto_by_at_most_two() {
        // Tastes of 2 to 5 topics of noisy unit vectors, and of none: fixed seeds, 1,740 steps.
        for (topics, seed) in [0, 2, 3, 4, 5].into_iter().cycle().zip(1..=60) {
            let (dim, count) = (16, 30);
            let mut values = random_units(count, dim, seed);
            let centres = random_units(topics.max(1), dim, seed + 1_000);
            for (row, vector) in values.chunks_mut(dim).enumerate().filter(|_| topics > 0) {
                let centre = &centres[row % topics * dim..][..dim];
                vector.iter_mut().zip(centre).for_each(|(x, c)| *x = 0.6 * *x + 0.8 * c);
            }
            let counts: Vec<usize> =
                (1..=count).map(|n| auto(&values[..n * dim], dim, None).partition.count).collect();
            let largest_step = counts.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
            assert!(largest_step <= Some(2), "{topics} topics, seed {seed}: {counts:?}");
        }
    }

    #[test]
    fn cut_spread_needs_a_catalogue() {
        let spread_cut = Cut::Spread(0.5);
        assert_eq!(
            rule_of(&options_with(spread_cut, Singletons::Keep, Some(3.0))),
            Ok(CutRule::Height(1.5))
        );
        assert_eq!(
            rule_of(&options_with(spread_cut, Singletons::Keep, None)).unwrap_err().code(),
            "option"
        );
    }

    #[test]
    fn singletons_are_kept_dropped_or_attached() {
        let values = [5.0, 0.0, 0.1, 9.0, 9.1, 9.2];
        let labels_with =
            |singletons| labels_of(&values, None, &options_with(Cut::Count(3), singletons, None));
        assert_eq!(labels_with(Singletons::Keep), [0, 1, 1, 2, 2, 2]);
        assert_eq!(labels_with(Singletons::Drop), [-1, 0, 0, 1, 1, 1]);
        let attached_labels = labels_with(Singletons::Attach);
        assert_eq!(attached_labels, [0, 1, 1, 0, 0, 0], "4.1 from 9.1, 4.95 from 0.05");
        let attach_options = options_with(Cut::Count(2), Singletons::Attach, None);
        assert_eq!(labels_of(&[1.0, 2.0], None, &attach_options), [0, 1], "nothing to attach to");
        let drop_options = options_with(Cut::Count(2), Singletons::Drop, None);
        assert_eq!(labels_of(&[1.0, 2.0], None, &drop_options), [-1, -1]);
    }

    #[test]
    fn an_error_names_the_bad_cut() {
        for cut in [
            Cut::Count(0),
            Cut::Threshold(-1.0),
            Cut::Threshold(f64::NAN),
            Cut::Cosine(1.5),
            Cut::Spread(-0.1),
        ] {
            let error = rule_of(&options_with(cut, Singletons::Keep, Some(1.0))).unwrap_err();
            assert!(alloc::string::ToString::to_string(&error).starts_with("cut."), "{error}");
        }
    }
}
