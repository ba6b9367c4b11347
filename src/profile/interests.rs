//! From actions to interests: PinnerSage's Algorithm 1, medoids (Eq. 2) and importance (Eq. 3).

use super::cut;
use super::importance::importance;
use super::medoid::medoids;
use crate::math::sort::{argsort, descending_key, no_tie_break};
use crate::options::check_weights;
use crate::ward::dendrogram::{Dendrogram, Partition};
use crate::ward::tree_and_diameter;
use crate::{Error, ProfileOptions, Vectors};
use alloc::{vec, vec::Vec};
use serde::Serialize;

/// What a user did: n actions, a vector, a time and a weight each, checked together.
#[derive(Debug, Clone, Copy)]
pub struct Actions<'a> {
    vectors: Vectors<'a>,
    at: &'a [f64],
    weights: &'a [f64],
}

impl<'a> Actions<'a> {
    /// `at` in milliseconds since the epoch, any finite number; `weights` from 1e-6 to 1e6: an action of weight w counts as the
    /// action done w times. O(n).
    ///
    /// # Errors
    /// [`Error::Dimension`] when the columns are not of one length, [`Error::NotFinite`] for a time, [`Error::Option`] for a weight,
    /// each naming the action.
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

    /// Their vectors.
    #[must_use]
    pub fn vectors(&self) -> Vectors<'a> {
        self.vectors
    }
}

/// Interests without times: what [`cluster`] finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clustering {
    /// The whole tree.
    pub tree: Dendrogram,
    /// Where it was cut: a Ward height.
    pub threshold: f64,
    /// Which cluster each row belongs to.
    pub partition: Partition,
    /// Row of each cluster's medoid.
    pub medoids: Vec<usize>,
}

/// The interests of one user at one time. Interest i is the i-th most important; of equal importance, the one with the lowest
/// first member comes first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Which interest each action belongs to.
    pub partition: Partition,
    /// Row of each interest's medoid.
    pub medoids: Vec<usize>,
    /// Share of each interest; they sum to 1.
    pub importance: Vec<f64>,
    /// Time of the latest action of each interest.
    pub last_active: Vec<f64>,
    /// Where the tree was cut: a Ward height.
    pub threshold: f64,
}

/// Ward clustering, cut, and medoids of n vectors; `weights` one a row, or `None` for 1 each. No rows give no clusters.
///
/// O(n^2 dim) time, 4 n^2 bytes; see [`crate::ward()`].
///
/// # Errors
/// [`Error::Option`] for an option or a weight out of range, [`Error::Memory`] when the distances do not fit.
pub fn cluster(
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    options: &ProfileOptions,
) -> Result<Clustering, Error> {
    check_weights(vectors.len(), weights)?;
    let measured = cut::rule(options)?.asks_diameter();
    let (tree, diameter) = tree_and_diameter(vectors, weights, options.memory_bytes()?, measured)?;
    cut_tree(tree, diameter, vectors, weights, options)
}

/// The clusters of a tree.
fn cut_tree(
    tree: Dendrogram,
    diameter: f64,
    vectors: Vectors<'_>,
    weights: Option<&[f64]>,
    options: &ProfileOptions,
) -> Result<Clustering, Error> {
    // Rows of weight 1 need no factors.
    let weights = weights.filter(|weights| weights.iter().any(|&w| w != 1.0));
    let rule = cut::rule(options)?;
    let weight = weights.map_or(vectors.len() as f64, |weights| weights.iter().sum());
    let threshold = rule.threshold(&tree, weight, diameter);
    let partition = cut::cut(&tree, vectors, weights, rule, threshold, options);
    let medoids = medoids(vectors, weights, &partition);
    Ok(Clustering { tree, threshold, partition, medoids })
}

/// The interests of a user at `now` (milliseconds since the epoch).
///
/// Actions, with their weights as sizes, are clustered by [`cluster`]; each cluster is an interest with its medoid and its
/// [`importance`]. No actions give no interests; one action gives one of importance 1. The same input gives the same bytes on
/// every engine.
///
/// # Errors
/// As [`cluster`]; [`Error::NotFinite`] when `now` is not finite.
///
/// ```
/// use pocketsage::{Actions, ProfileOptions, Vectors, profile};
///
/// let day = 86_400_000.0;
/// // Two looks at one thing long ago, one at another today.
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
    let measured = cut::rule(options)?.asks_diameter();
    let (tree, diameter) = tree_and_diameter(
        actions.vectors,
        Some(actions.weights),
        options.memory_bytes()?,
        measured,
    )?;
    of_tree(tree, diameter, actions, now, options)
}

/// What can be known to be wrong before anything is clustered.
pub(crate) fn check_options(now: f64, options: &ProfileOptions) -> Result<(), Error> {
    if !now.is_finite() {
        return Err(Error::NotFinite { what: "now, the time", row: 0, got: now });
    }
    options.decay()?;
    cut::rule(options)?;
    Ok(())
}

/// The interests of actions whose tree is known.
pub(crate) fn of_tree(
    tree: Dendrogram,
    diameter: f64,
    actions: &Actions<'_>,
    now: f64,
    options: &ProfileOptions,
) -> Result<Profile, Error> {
    let lambda = options.decay()?;
    let found = cut_tree(tree, diameter, actions.vectors, Some(actions.weights), options)?;
    let shares = importance(actions.at, actions.weights, &found.partition, now, lambda);

    let keys: Vec<u64> = shares.iter().map(|&share| descending_key(share)).collect();
    let order = argsort(&keys, &no_tie_break);
    let mut names = vec![-1; order.len()];
    for (name, &cluster) in (0..).zip(&order) {
        names[cluster] = name;
    }
    let partition = found.partition.relabelled(&names, order.len());
    let mut last_active = vec![f64::NEG_INFINITY; order.len()];
    for (row, interest) in partition.members() {
        last_active[interest] = last_active[interest].max(actions.at[row]);
    }
    Ok(Profile {
        medoids: order.iter().map(|&cluster| found.medoids[cluster]).collect(),
        importance: order.iter().map(|&cluster| shares[cluster]).collect(),
        last_active,
        threshold: found.threshold,
        partition,
    })
}
