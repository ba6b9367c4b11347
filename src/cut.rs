//! From a tree to interests: where it is cut, and what becomes of singletons.

use crate::dendrogram::{Dendrogram, Partition};
use crate::medoid::{mean, means, squared_distance};
use crate::options::{Cut, Singletons, within};
use crate::{Error, ProfileOptions, Vectors};
use alloc::{vec, vec::Vec};

/// Where to cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Threshold {
    /// Up to and including this Ward height.
    Height(f64),
    /// Into so many clusters.
    Count(usize),
}

impl Threshold {
    /// The height of the highest merge that is kept, or the threshold itself.
    pub(crate) fn height(self, tree: &Dendrogram) -> f64 {
        match self {
            Self::Height(height) => height,
            Self::Count(count) => {
                let kept = tree.rows().saturating_sub(count.max(1));
                kept.checked_sub(1).map_or(0.0, |last| tree.merges()[last].height)
            }
        }
    }
}

/// Checks the options and settles where the tree of these rows will be cut.
pub(crate) fn threshold(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    options: &ProfileOptions,
) -> Result<Threshold, Error> {
    if let Some(spread) = options.spread {
        within("spread", spread, 0.0, f64::MAX)?;
    }
    let height = match options.cut {
        Cut::Threshold(height) => within("cut.threshold", height, 0.0, f64::MAX)?,
        Cut::Cosine(cosine) => 2.0 * (1.0 - within("cut.cosine", cosine, -1.0, 1.0)?),
        Cut::Count(0) => return Err(Error::option("cut.count", "got 0, expected at least 1")),
        Cut::Count(count) => return Ok(Threshold::Count(count)),
        Cut::Spread(factor) => {
            within("cut.spread", factor, 0.0, f64::MAX)? * yardstick(vectors, weights, options)
        }
        Cut::Auto => auto_factor(vectors.len()) * yardstick(vectors, weights, options),
    };
    Ok(Threshold::Height(height))
}

/// Cuts the tree and settles the singletons.
pub(crate) fn cut(
    tree: &Dendrogram,
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    threshold: Threshold,
    options: &ProfileOptions,
) -> Partition {
    let partition = match threshold {
        Threshold::Height(height) => tree.cut_at(height),
        Threshold::Count(count) => tree.cut_into(count),
    };
    let sizes = partition.sizes();
    let alone = |label: i32| sizes[label as usize] == 1;
    let labels = partition.labels.iter();
    match options.singletons {
        Singletons::Keep => partition,
        Singletons::Drop => Partition::numbered(labels.map(|&label| if alone(label) { -1 } else { label })),
        Singletons::Attach if sizes.iter().all(|&size| size == 1) => partition,
        Singletons::Attach => {
            let hosts: Vec<usize> = (0..sizes.len()).filter(|&label| sizes[label] > 1).collect();
            let means = means(vectors, weights, &partition);
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
            Partition::numbered(labels.enumerate().map(host))
        }
    }
}

/// What the spread of the catalogue is measured against: its D, or without a catalogue an estimate from the actions.
fn yardstick(vectors: Vectors<'_>, weights: Option<&[f64]>, options: &ProfileOptions) -> f64 {
    let weight = weights.map_or(1.0, |weights| weights.iter().sum::<f64>() / weights.len() as f64);
    weight * options.spread.unwrap_or_else(|| spread(vectors))
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

/// How many spreads apart two clusters of n actions may be and still be one interest.
fn auto_factor(n: usize) -> f64 {
    0.4 * libm::exp(0.44 * libm::log(n as f64))
}
