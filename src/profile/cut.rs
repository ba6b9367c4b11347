//! From a tree to interests: where it is cut, and what becomes of singletons.

use crate::math::distance::squared_distance;
use crate::options::{Cut, Singletons, within};
use crate::profile::medoid::{mean, means};
use crate::ward::dendrogram::{Dendrogram, Merge, Partition};
use crate::{Error, ProfileOptions, Vectors};
use alloc::{vec, vec::Vec};

/// Where to cut, as the options ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    /// Up to and including this Ward height.
    Height(f64),
    /// Into so many clusters.
    Count(usize),
    /// By the growing threshold of [`Cut::Auto`], with the catalogue's spread where it is known.
    Growing(Option<f64>),
}

/// Checks the options that say where to cut.
pub(crate) fn rule(options: &ProfileOptions) -> Result<Rule, Error> {
    if let Some(spread) = options.spread {
        within("spread", spread, 0.0, f64::MAX)?;
    }
    let height = match options.cut {
        Cut::Auto => return Ok(Rule::Growing(options.spread)),
        Cut::Count(0) => return Err(Error::option("cut.count", "got 0, expected at least 1")),
        Cut::Count(count) => return Ok(Rule::Count(count)),
        Cut::Threshold(height) => within("cut.threshold", height, 0.0, f64::MAX)?,
        Cut::Cosine(cosine) => 2.0 * (1.0 - within("cut.cosine", cosine, -1.0, 1.0)?),
        Cut::Spread(factor) => {
            let factor = within("cut.spread", factor, 0.0, f64::MAX)?;
            let missing = "is a multiple of a catalogue's spread, and there is none: give a catalogue, or { threshold }";
            factor * options.spread.ok_or_else(|| Error::option("cut.spread", missing))?
        }
    };
    Ok(Rule::Height(height))
}

impl Rule {
    /// Does it depend on the diameter?
    pub(crate) fn asks_diameter(self) -> bool {
        self == Self::Growing(None)
    }

    /// The height up to which merges are kept. `weight` is the sum of the rows' weights, `diameter` the largest squared distance
    /// between two rows.
    pub(crate) fn threshold(self, tree: &Dendrogram, weight: f64, diameter: f64) -> f64 {
        match self {
            Self::Height(height) => height,
            Self::Count(count) => {
                let kept = tree.rows().saturating_sub(count);
                kept.checked_sub(1).map_or(0.0, |last| tree.merges()[last].height)
            }
            Self::Growing(Some(spread)) => grow(tree, weight, 0.7 * spread, 0.4),
            Self::Growing(None) => grow(tree, weight, 0.75 * diameter, 0.3),
        }
    }
}

/// t(k) = `least` (W / k)^`power` for the k clusters that are left when merges are kept, lowest first, for as long as their height is
/// at most the t of the clusters they leave. (Linear where clusters weigh less than 1.) O(n).
fn grow(tree: &Dendrogram, weight: f64, least: f64, power: f64) -> f64 {
    let threshold = |clusters: usize| {
        let share = weight / clusters as f64;
        least * if share < 1.0 { share } else { libm::exp(power * libm::log(share)) }
    };
    let rows = tree.rows();
    // It never falls, so what is within one threshold need not be compared with the next.
    let mut known = f64::NEG_INFINITY;
    let fits = |(kept, merge): &(usize, &Merge)| {
        if merge.height > known {
            known = threshold(rows - kept - 1);
        }
        merge.height <= known
    };
    let kept = tree.merges().iter().enumerate().take_while(fits).count();
    if rows == 0 { 0.0 } else { threshold(rows - kept) }
}

/// Cuts the tree and settles the singletons.
pub(crate) fn cut(
    tree: &Dendrogram,
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    rule: Rule,
    threshold: f64,
    options: &ProfileOptions,
) -> Partition {
    let partition = match rule {
        Rule::Count(count) => tree.cut_into(count),
        _ => tree.cut_at(threshold),
    };
    let sizes = partition.sizes();
    let alone = |label: i32| sizes[label as usize] == 1;
    let labels = partition.labels.iter();
    match options.singletons {
        Singletons::Keep => partition,
        Singletons::Drop => {
            Partition::from_labels(labels.map(|&label| if alone(label) { -1 } else { label }))
        }
        Singletons::Attach if sizes.iter().all(|&size| size == 1) => partition,
        Singletons::Attach => attach(vectors, weights, &partition, &sizes),
    }
}

/// Every singleton belongs to the cluster whose mean is nearest. O(count n dim).
#[inline(never)]
fn attach(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    partition: &Partition,
    sizes: &[usize],
) -> Partition {
    let alone = |label: i32| sizes[label as usize] == 1;
    let hosts: Vec<usize> = (0..sizes.len()).filter(|&label| sizes[label] > 1).collect();
    let means = means(vectors, weights, partition);
    let nearest = |row: usize| {
        let apart =
            |host: usize| squared_distance(vectors.row(row), mean(&means, host, vectors.dim()));
        // min_by takes the first of equals: the cluster with the lowest first member.
        hosts.iter().copied().min_by(|&x, &y| apart(x).total_cmp(&apart(y)))
    };
    let host = |(row, &label): (usize, &i32)| match nearest(row) {
        Some(host) if alone(label) => host as i32,
        _ => label,
    };
    Partition::from_labels(partition.labels.iter().enumerate().map(host))
}

/// Mean squared distance of all pairs of n vectors: 2 n / (n - 1) (mean ||x||^2 - ||mean x||^2). 0 for fewer than two. O(n dim).
///
/// ```
/// use pocketsage::{Vectors, spread};
///
/// // The pairs are 1, 9 and 4 apart.
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
    let one = Partition { labels: vec![0; vectors.len()], count: 1 };
    let mean = means(vectors, None, &one);
    // Around the mean, so that nothing cancels.
    let within: f64 = vectors.rows().map(|x| squared_distance(x, &mean)).sum();
    2.0 * within / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ward;

    fn partition(values: &[f32], weights: Option<&[f64]>, options: &ProfileOptions) -> Vec<i32> {
        let found = crate::cluster(Vectors::new(values, 1).unwrap(), weights, options).unwrap();
        // Cutting at the reported threshold gives the same again.
        let again = Cut::Threshold(found.threshold);
        let again = crate::cluster(
            Vectors::new(values, 1).unwrap(),
            weights,
            &ProfileOptions { cut: again, ..*options },
        );
        assert_eq!(again.unwrap().partition, found.partition);
        found.partition.labels
    }

    fn options(cut: Cut, singletons: Singletons, spread: Option<f64>) -> ProfileOptions {
        ProfileOptions { cut, singletons, spread, ..Default::default() }
    }

    #[test]
    fn cosine_joins_two_single_unit_vectors_from_that_cosine_on() {
        let values = [1.0, 0.0, 0.6, 0.8]; // cosine 0.6
        let vectors = Vectors::new(&values, 2).unwrap();
        let count = |cosine| {
            let options = options(Cut::Cosine(cosine), Singletons::Keep, None);
            crate::cluster(vectors, None, &options).unwrap().partition.count
        };
        assert_eq!((count(0.599), count(0.601)), (1, 2));
    }

    #[test]
    fn auto_lets_interests_of_more_actions_be_wider() {
        // D = 1: the threshold starts at 0.7 and grows with the actions a cluster has.
        let auto = options(Cut::Auto, Singletons::Keep, Some(1.0));
        assert_eq!(partition(&[0.0, 0.8], None, &auto), [0, 0], "0.64 <= 0.7 * 2^0.4");
        assert_eq!(partition(&[0.0, 1.0], None, &auto), [0, 1], "1 > 0.7 * 2^0.4 = 0.92");
        // The same two spots, three actions each: 2 3 3 / 6 * 1 = 3 > 0.7 * 6^0.4.
        assert_eq!(partition(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], None, &auto), [0, 0, 0, 1, 1, 1]);
        assert_eq!(partition(&[7.0; 5], None, &auto), [0; 5]);
        assert_eq!(partition(&[7.0], None, &auto), [0]);
        assert!(partition(&[], None, &auto).is_empty());
    }

    #[test]
    fn auto_takes_a_weight_for_so_many_actions() {
        let auto = options(Cut::Auto, Singletons::Keep, Some(1.0));
        for gap in [0.3, 0.7, 0.8, 0.9, 1.0] {
            let doubled = partition(&[0.0, 0.0, gap, gap, 2.0], None, &auto);
            let weighted = partition(&[0.0, gap, 2.0], Some(&[2.0, 2.0, 1.0]), &auto);
            assert_eq!([doubled[0], doubled[2], doubled[4]], weighted[..], "gap {gap}");
        }
    }

    #[test]
    fn auto_without_a_catalogue_measures_by_the_diameter() {
        let auto = options(Cut::Auto, Singletons::Keep, None);
        for scale in [1.0, 1e18, 1e-30] {
            let values: Vec<f32> = [0.0, 0.1, 0.2, 9.0, 9.1].iter().map(|x| x * scale).collect();
            assert_eq!(partition(&values, None, &auto), [0, 0, 0, 1, 1], "scale {scale}");
        }
    }

    #[test]
    fn a_spread_needs_a_catalogue() {
        let factor = Cut::Spread(0.5);
        assert_eq!(rule(&options(factor, Singletons::Keep, Some(3.0))), Ok(Rule::Height(1.5)));
        assert_eq!(rule(&options(factor, Singletons::Keep, None)).unwrap_err().code(), "option");
    }

    #[test]
    fn singletons_are_kept_dropped_or_attached() {
        let values = [5.0, 0.0, 0.1, 9.0, 9.1, 9.2];
        let of = |singletons| partition(&values, None, &options(Cut::Count(3), singletons, None));
        assert_eq!(of(Singletons::Keep), [0, 1, 1, 2, 2, 2]);
        assert_eq!(of(Singletons::Drop), [-1, 0, 0, 1, 1, 1]);
        assert_eq!(of(Singletons::Attach), [0, 1, 1, 0, 0, 0], "4.1 from 9.1, 4.95 from 0.05");
        let alone = options(Cut::Count(2), Singletons::Attach, None);
        assert_eq!(partition(&[1.0, 2.0], None, &alone), [0, 1], "nothing to attach to");
        let gone = options(Cut::Count(2), Singletons::Drop, None);
        assert_eq!(partition(&[1.0, 2.0], None, &gone), [-1, -1]);
    }

    #[test]
    fn bad_cuts_are_named() {
        for cut in [
            Cut::Count(0),
            Cut::Threshold(-1.0),
            Cut::Threshold(f64::NAN),
            Cut::Cosine(1.5),
            Cut::Spread(-0.1),
        ] {
            let error = rule(&options(cut, Singletons::Keep, Some(1.0))).unwrap_err();
            assert!(alloc::string::ToString::to_string(&error).starts_with("cut."), "{error}");
        }
    }

    #[test]
    fn the_largest_squared_distance_is_the_diameter() {
        let vectors = Vectors::new(&[0.0, 3.0, -1.0, 2.0], 1).unwrap();
        assert_eq!(
            ward::tree_and_diameter(vectors, None, crate::DEFAULT_MEMORY_BYTES, true).unwrap().1,
            16.0
        );
    }
}
