//! From actions to interests (PinnerSage): Algorithm 1, medoids (Eq. 2) and importance (Eq. 3).
//!
//! Ties: interests of equal importance are ordered by their first action.

use super::cut;
use super::importance::importance;
use super::medoid::KnownRows;
use crate::math::simd::max;
use crate::math::sort::{argsort, descending_key, no_tie_break};
use crate::options::check_weights;
use crate::ward::dendrogram::{Dendrogram, Partition};
use crate::ward::ward_within;
use crate::{Error, ProfileOptions, Vectors};
use alloc::{vec, vec::Vec};
use serde::Serialize;

/// The actions of one user: a vector, a time and a weight each, validated together.
#[derive(Debug, Clone, Copy)]
pub struct Actions<'a> {
    vectors: Vectors<'a>,
    at: &'a [f64],
    weights: &'a [f64],
}

impl<'a> Actions<'a> {
    /// `at` has the time of each action in milliseconds since the epoch, any finite number;
    /// `weights` are from 1e-6 to 1e6. An action of weight w counts as w equal actions. O(n).
    ///
    /// # Errors
    /// [`Error::Dimension`] unless there is one time and one weight per vector;
    /// [`Error::NotFinite`] for a time, which names the row; [`Error::Option`] for a weight.
    pub fn new(vectors: Vectors<'a>, at: &'a [f64], weights: &'a [f64]) -> Result<Self, Error> {
        if at.len() != vectors.len() {
            let (got, expected) = (at.len(), vectors.len());
            return Err(Error::Dimension { what: "number of times", got, expected });
        }
        if let Some(row) = at.iter().position(|at| !at.is_finite()) {
            return Err(Error::NotFinite { what: "the time", row, got: at[row] });
        }
        check_weights(vectors.len(), Some(weights))?;
        Ok(Self { vectors, at, weights })
    }

    /// Actions that have been validated already.
    pub(crate) fn new_unchecked(vectors: Vectors<'a>, at: &'a [f64], weights: &'a [f64]) -> Self {
        Self { vectors, at, weights }
    }

    /// The vectors of all actions, one row for each action.
    #[must_use]
    pub fn vectors(&self) -> Vectors<'a> {
        self.vectors
    }

    /// The time of each action.
    pub(crate) fn at(&self) -> &'a [f64] {
        self.at
    }

    /// The weight of each action.
    pub(crate) fn weights(&self) -> &'a [f64] {
        self.weights
    }
}

/// A clustering without times, as [`cluster`] returns it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clustering {
    /// The whole tree.
    pub tree: Dendrogram,
    /// A squared distance. With [`Cut::Auto`](crate::Cut::Auto) the one below which two single
    /// actions are one interest; else the Ward height up to which merges were kept.
    pub threshold: f64,
    /// The cluster of each row.
    pub partition: Partition,
    /// Row of each cluster's medoid.
    pub medoids: Vec<usize>,
}

/// The interests of one user at one time, most important first; of equal importance, the one whose
/// first action comes first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The interest of each action.
    pub partition: Partition,
    /// Row of each interest's medoid.
    pub medoids: Vec<usize>,
    /// Share of each interest, in [0, 1]; the shares sum to 1.
    pub importance: Vec<f64>,
    /// Time of the latest action of each interest, in milliseconds since the epoch.
    pub last_active: Vec<f64>,
    /// A squared distance. With [`Cut::Auto`](crate::Cut::Auto) the one below which two single
    /// actions are one interest; else the Ward height up to which merges were kept.
    pub threshold: f64,
}

/// Clusters n vectors by Ward, cuts the tree, and computes the medoids. `weights` are one per row,
/// or `None` for 1 each. No rows return no clusters.
///
/// O(n^2 dim) time; for memory see [`ward_within`](crate::ward_within).
///
/// # Errors
/// [`Error::Option`] for an option or a weight out of range; [`Error::Dimension`] unless there is
/// one weight per row; [`Error::Memory`] if the clustering does not fit into
/// [`ProfileOptions::memory`].
pub fn cluster(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    options: &ProfileOptions,
) -> Result<Clustering, Error> {
    cut::rule_of(options)?;
    let tree = ward_within(vectors, weights, options.memory_bytes()?)?;
    let (threshold, partition, medoids) =
        clusters_of_tree(&tree, vectors, weights, options, &mut KnownRows::default())?;
    Ok(Clustering { tree, threshold, partition, medoids })
}

/// Cuts a tree of rows and computes the medoids. Squared lengths and medoids in `known` are reused.
fn clusters_of_tree(
    tree: &Dendrogram,
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    options: &ProfileOptions,
    known: &mut KnownRows,
) -> Result<(f64, Partition, Vec<usize>), Error> {
    // If all weights are 1, they are omitted: `means` is then faster and returns the same bits.
    let weights = weights.filter(|weights| weights.iter().any(|&w| w != 1.0));
    let rule = cut::rule_of(options)?;
    let threshold = rule.threshold(tree, vectors, weights, &mut known.squared_lengths);
    let partition = cut::cut_tree(tree, vectors, weights, rule, threshold, options);
    let medoids = known.update(vectors, weights, &partition);
    Ok((threshold, partition, medoids))
}

/// The interests of a user at `now`, in milliseconds since the epoch.
///
/// The actions are clustered by [`cluster`], with their weights as sizes; each cluster is an
/// interest with its medoid and its [`importance`]. No actions return no interests; one action
/// returns one of importance 1. The same input returns the same bytes on every runtime. O(n^2 dim)
/// time; for memory see [`ward_within`](crate::ward_within).
///
/// # Errors
/// As [`cluster`]; [`Error::NotFinite`] if `now` is not finite.
///
/// ```
/// use pocketsage::{Actions, ProfileOptions, Vectors, profile};
///
/// let day = 86_400_000.0;
/// // Two actions on one item long ago, one on another item today.
/// let vectors = Vectors::new(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], 2)?;
/// let at = [0.0, day, 100.0 * day];
/// let actions = Actions::new(vectors, &at, &[1.0, 1.0, 1.0])?;
/// let options = ProfileOptions { half_life_days: Some(10.0), ..Default::default() };
/// let profile = profile(&actions, 100.0 * day, &options)?;
/// assert_eq!(profile.medoids, [2, 0]);
/// assert!(profile.importance[0] > 0.99);
/// assert!(serde_json::to_string(&profile)?.contains(r#""lastActive":[8640000000.0,86400000.0]"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn profile(
    actions: &Actions<'_>,
    now: f64,
    options: &ProfileOptions,
) -> Result<Profile, Error> {
    check_options(now, options)?;
    let tree = ward_within(actions.vectors, Some(actions.weights), options.memory_bytes()?)?;
    profile_from_tree(&tree, actions, now, options, &mut KnownRows::default())
}

/// Validates `now` and the options before the actions are clustered.
pub(crate) fn check_options(now: f64, options: &ProfileOptions) -> Result<(), Error> {
    if !now.is_finite() {
        return Err(Error::NotFinite { what: "now, the time", row: 0, got: now });
    }
    options.lambda_per_day()?;
    cut::rule_of(options)?;
    Ok(())
}

/// The profile of actions, from their tree. Squared lengths and medoids in `known` are reused.
pub(crate) fn profile_from_tree(
    tree: &Dendrogram,
    actions: &Actions<'_>,
    now: f64,
    options: &ProfileOptions,
    known: &mut KnownRows,
) -> Result<Profile, Error> {
    let lambda = options.lambda_per_day()?;
    let (threshold, clusters, medoids) =
        clusters_of_tree(tree, actions.vectors, Some(actions.weights), options, known)?;
    let shares = importance(actions.at, actions.weights, &clusters, now, lambda);

    let (partition, cluster_order) = order_by_importance(&clusters, &shares);
    let mut last_active = vec![f64::NEG_INFINITY; cluster_order.len()];
    for (row, interest) in partition.members() {
        last_active[interest] = max(last_active[interest], actions.at[row]);
    }
    Ok(Profile {
        medoids: cluster_order.iter().map(|&cluster| medoids[cluster]).collect(),
        importance: cluster_order.iter().map(|&cluster| shares[cluster]).collect(),
        last_active,
        threshold,
        partition,
    })
}

/// The partition with its clusters numbered by descending share, and the former number of each.
pub(crate) fn order_by_importance(
    partition: &Partition,
    shares: &[f64],
) -> (Partition, Vec<usize>) {
    let keys: Vec<u64> = shares.iter().map(|&share| descending_key(share)).collect();
    let cluster_order = argsort(&keys, &no_tie_break);
    let mut new_labels = vec![-1; cluster_order.len()];
    for (interest, &cluster) in (0..).zip(&cluster_order) {
        new_labels[cluster] = interest;
    }
    (partition.with_new_labels(&new_labels, cluster_order.len()), cluster_order)
}
