//! From actions to queries: narrower interests than those of a profile, with time-weighted centres,
//! and the average of the history.
//!
//! Ties: interests of equal importance are ordered by their first action; of members equally near
//! to a centre the first one represents it.

use super::cut;
use super::importance::{importance, recency_weights};
use super::interests::{Actions, check_options, order_by_importance};
use super::medoid::{means, nearest_members};
use crate::options::check_range;
use crate::ward::dendrogram::{Dendrogram, Partition};
use crate::ward::ward_within;
use crate::{Cut, Error, ProfileOptions};
use alloc::{vec, vec::Vec};

/// The queries to a catalogue for one user at one time: the interests of the retrieval cut, most
/// important first, and the average of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrieval {
    /// The interest of each action.
    pub partition: Partition,
    /// Row of each interest's representative: the member nearest to its centre.
    pub members: Vec<usize>,
    /// Share of each interest, in [0, 1]; the shares sum to 1.
    pub importance: Vec<f64>,
    /// The centre of each interest, count x dim, row-major: the mean of its members, weighted by
    /// weight x exp(-recency x age in days).
    pub centres: Vec<f32>,
    /// The mean of all actions, weighted likewise with the decay of the average; empty without
    /// actions.
    pub average: Vec<f32>,
}

/// Options of [`retrieval`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrievalOptions {
    /// The cut, the decay of importance, the catalogue's spread and the memory budget. Without a
    /// spread, [`Cut::Spread`] takes that of the actions. Default: a cut at 0.7 times the spread,
    /// and a decay of 0.03 per day (a half-life of 23 days).
    pub profile: ProfileOptions,
    /// Decay per day of the members of a centre; at least 0. Default: 0.1, a half-life of 7 days.
    pub recency: f64,
    /// Decay per day of the average, at least 0. Default: 0.05, a half-life of 14 days.
    pub average_recency: f64,
}

impl Default for RetrievalOptions {
    fn default() -> Self {
        let (cut, lambda) = (Cut::Spread(0.7), Some(0.03));
        Self {
            profile: ProfileOptions { cut, lambda, ..Default::default() },
            recency: 0.1,
            average_recency: 0.05,
        }
    }
}

/// The queries of a user at `now`, in milliseconds since the epoch. No actions return no interests
/// and no average. O(n^2 dim) time; for memory see [`ward_within`](crate::ward_within).
///
/// # Errors
/// As [`profile`](crate::profile()); [`Error::Option`] if a decay is negative or not finite.
///
/// ```
/// use pocketsage::{Actions, RetrievalOptions, Vectors, retrieval};
///
/// let day = 86_400_000.0;
/// let vectors = Vectors::new(&[1.0, 0.0, 0.8, 0.6, 0.0, 1.0], 2)?;
/// let at = [0.0, 30.0 * day, 30.0 * day];
/// let actions = Actions::new(vectors, &at, &[1.0; 3])?;
/// let mut options = RetrievalOptions::default();
/// options.profile.spread = Some(1.0); // of the catalogue: merges of squared distance <= 0.7
/// let retrieval = retrieval(&actions, 30.0 * day, &options)?;
/// assert_eq!(retrieval.partition.labels, [0, 0, 1]);
/// assert_eq!(retrieval.members, [1, 2]); // of interest 0, the newer action
/// assert!((retrieval.centres[1] - 0.57).abs() < 0.01);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub fn retrieval(
    actions: &Actions<'_>,
    now: f64,
    options: &RetrievalOptions,
) -> Result<Retrieval, Error> {
    let options = checked(actions, now, options)?;
    let memory = options.profile.memory_bytes()?;
    let tree = ward_within(actions.vectors(), Some(actions.weights()), memory)?;
    retrieval_from_tree(&tree, actions, now, &options, &mut Vec::new())
}

/// The options with the spread that the cut needs, checked before the actions are clustered.
pub(crate) fn checked(
    actions: &Actions<'_>,
    now: f64,
    options: &RetrievalOptions,
) -> Result<RetrievalOptions, Error> {
    let mut options = *options;
    if matches!(options.profile.cut, Cut::Spread(_)) && options.profile.spread.is_none() {
        options.profile.spread = Some(cut::spread(actions.vectors()));
    }
    check_options(now, &options.profile)?;
    check_range("recency", options.recency, 0.0, f64::MAX)?;
    check_range("averageRecency", options.average_recency, 0.0, f64::MAX)?;
    Ok(options)
}

/// The queries of actions whose tree is given; see `profile_from_tree`.
pub(crate) fn retrieval_from_tree(
    tree: &Dendrogram,
    actions: &Actions<'_>,
    now: f64,
    options: &RetrievalOptions,
    squared_lengths: &mut Vec<f64>,
) -> Result<Retrieval, Error> {
    let (vectors, weights) = (actions.vectors(), actions.weights());
    let rule = cut::rule_of(&options.profile)?;
    let threshold = rule.threshold(tree, vectors, Some(weights), squared_lengths);
    let clusters = cut::cut_tree(tree, vectors, Some(weights), rule, threshold, &options.profile);
    let lambda = options.profile.lambda_per_day()?;
    let shares = importance(actions.at(), weights, &clusters, now, lambda);
    let (partition, order) = order_by_importance(&clusters, &shares);
    let recent_means = |partition: &Partition, decay: f64| {
        let weights = recency_weights(actions.at(), weights, partition, now, decay);
        means(vectors, Some(&weights), partition)
    };
    let all = Partition { labels: vec![0; vectors.len()], count: vectors.len().min(1) };
    let centres = recent_means(&partition, options.recency);
    let to_f32 = |means: &[f64]| means.iter().map(|&x| x as f32).collect();
    Ok(Retrieval {
        members: nearest_members(vectors, &partition, &centres),
        importance: order.iter().map(|&cluster| shares[cluster]).collect(),
        centres: to_f32(&centres),
        average: to_f32(&recent_means(&all, options.average_recency)),
        partition,
    })
}
