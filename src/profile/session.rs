//! Profiles of actions that change one by one: equal to [`profile`](crate::profile()) of the same
//! actions, in a fraction of the time.

use super::interests::{self, Actions, Profile};
use super::medoid::KnownRows;
use super::retrieval::{self, Retrieval, RetrievalOptions};
use crate::options::check_weights;
use crate::ward::dendrogram::Dendrogram;
use crate::ward::{IncrementalTree, WardRun};
use crate::{Error, ProfileOptions, Vectors};
use alloc::{boxed::Box, vec::Vec};

/// The actions of one user, and the tree of their clusters.
///
/// Actions are rows, 0.. in the order they were added; when one is removed, the rows after it move
/// up. [`Session::profile`] depends only on the present actions: it returns the same bits, whatever
/// was added, removed or given another weight before.
///
/// A change affects few clusters (a median of 7 to 22 among 1,000 actions), and only those are
/// searched again. After a tie, or too large a change, all actions are clustered again.
///
/// ```
/// use pocketsage::{Cut, ProfileOptions, Session};
///
/// let day = 86_400_000.0;
/// let options = ProfileOptions { cut: Cut::Cosine(0.8), ..Default::default() };
/// let mut session = Session::new(2)?;
/// session.add(&[1.0, 0.0, 1.0, 0.1, 0.0, 1.0], &[0.0, day, day], &[1.0, 1.0, 1.0])?;
/// assert_eq!(session.profile(day, &options)?.partition.labels, [0, 0, 1]);
///
/// assert!(session.forget(2));
/// assert!(!session.forget(2)); // no such row
/// assert_eq!(session.profile(day, &options)?.partition.labels, [0, 0]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub struct Session {
    dim: usize,
    values: Vec<f32>,
    at: Vec<f64>,
    weights: Vec<f64>,
    /// The tree of the actions, if they have not changed since.
    dendrogram: Option<Dendrogram>,
    /// The part of the last clustering that can be reused.
    tree: TreeState,
    known: KnownRows,
}

/// The part of the last clustering that the next profile can reuse.
enum TreeState {
    /// Nothing can be reused: the next profile clusters all actions.
    None,
    /// The run over the present actions, which have not changed since.
    Clustered(Box<WardRun>),
    /// A tree that can be updated to the present actions.
    Incremental(Box<IncrementalTree>),
}

impl Session {
    /// A session without actions, for vectors of `dim` components.
    ///
    /// # Errors
    /// [`Error::Option`] if `dim` is 0.
    pub fn new(dim: usize) -> Result<Self, Error> {
        Vectors::new(&[], dim)?;
        Ok(Self {
            dim,
            values: Vec::new(),
            at: Vec::new(),
            weights: Vec::new(),
            dendrogram: None,
            tree: TreeState::None,
            known: KnownRows::default(),
        })
    }

    /// Number of actions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are no actions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Appends k actions: k x dim `vectors`, row-major, times and weights as [`Actions::new`] takes
    /// them. O(k dim).
    ///
    /// # Errors
    /// As [`Vectors::new`] and [`Actions::new`]; nothing is added then.
    pub fn add(&mut self, vectors: &[f32], at: &[f64], weights: &[f64]) -> Result<(), Error> {
        Actions::new(Vectors::new(vectors, self.dim)?, at, weights)?;
        self.prepare_change();
        self.values.extend_from_slice(vectors);
        self.at.extend_from_slice(at);
        self.weights.extend_from_slice(weights);
        Ok(())
    }

    /// Removes the action of a row; the rows after it move up. Returns false if there is no such
    /// row. O(n dim).
    pub fn forget(&mut self, row: usize) -> bool {
        let row_exists = row < self.len();
        if row_exists {
            self.prepare_change();
            if let TreeState::Incremental(tree) = &mut self.tree {
                tree.remove_row(row);
            }
            self.known.remove_row(row);
            self.values.drain(row * self.dim..(row + 1) * self.dim);
            self.at.remove(row);
            self.weights.remove(row);
        }
        row_exists
    }

    /// Removes the actions whose times lie in `from..=to`, in milliseconds since the epoch. Returns
    /// their number. O(n dim) for each.
    pub fn forget_between(&mut self, from: f64, to: f64) -> usize {
        let rows: Vec<usize> =
            (0..self.len()).filter(|&row| self.at[row] >= from && self.at[row] <= to).collect();
        rows.iter().rev().for_each(|&row| _ = self.forget(row));
        rows.len()
    }

    /// Replaces the weight of the action of a row. Returns false if there is no such row. O(1).
    ///
    /// # Errors
    /// [`Error::Option`] unless `weight` is from 1e-6 to 1e6; nothing changes then.
    pub fn set_weight(&mut self, row: usize, weight: f64) -> Result<bool, Error> {
        check_weights(1, Some(&[weight]))?;
        let row_exists = row < self.len();
        if row_exists && self.weights[row] != weight {
            self.prepare_change();
            if let TreeState::Incremental(tree) = &mut self.tree {
                tree.mark_changed(row);
            }
            self.known.mark_changed(row);
            self.weights[row] = weight;
        }
        Ok(row_exists)
    }

    /// The interests at time `now`, in milliseconds since the epoch. The result equals, bit for
    /// bit, that of [`profile`](crate::profile()) for the same actions. O(n dim) for each cluster
    /// that changed; O(n^2 dim) if the tree has ties or too many clusters changed.
    ///
    /// # Errors
    /// As [`profile`](crate::profile()).
    pub fn profile(&mut self, now: f64, options: &ProfileOptions) -> Result<Profile, Error> {
        interests::check_options(now, options)?;
        let tree = self.take_tree(options.memory_bytes()?)?;
        let vectors = Vectors::new_unchecked(&self.values, self.dim);
        let actions = Actions::new_unchecked(vectors, &self.at, &self.weights);
        let profile = interests::profile_from_tree(&tree, &actions, now, options, &mut self.known);
        self.dendrogram = Some(tree);
        profile
    }

    /// The queries at time `now`, in milliseconds since the epoch. The result equals, bit for bit,
    /// that of [`retrieval`](crate::retrieval()) for the same actions. After
    /// [`Session::profile`], the tree is not computed again: O(n dim).
    ///
    /// # Errors
    /// As [`retrieval`](crate::retrieval()).
    pub fn retrieval(&mut self, now: f64, options: &RetrievalOptions) -> Result<Retrieval, Error> {
        let vectors = Vectors::new_unchecked(&self.values, self.dim);
        let actions = Actions::new_unchecked(vectors, &self.at, &self.weights);
        let options = retrieval::checked(&actions, now, options)?;
        let tree = self.take_tree(options.profile.memory_bytes()?)?;
        let vectors = Vectors::new_unchecked(&self.values, self.dim);
        let actions = Actions::new_unchecked(vectors, &self.at, &self.weights);
        let squared_lengths = &mut self.known.squared_lengths;
        let retrieval =
            retrieval::retrieval_from_tree(&tree, &actions, now, &options, squared_lengths);
        self.dendrogram = Some(tree);
        retrieval
    }

    /// The tree of the present actions; the caller puts it back.
    fn take_tree(&mut self, memory: usize) -> Result<Dendrogram, Error> {
        if let Some(tree) = self.dendrogram.take() {
            return Ok(tree);
        }
        let n = self.len();
        let vectors = Vectors::new_unchecked(&self.values, self.dim);
        if let TreeState::Incremental(mut tree) =
            core::mem::replace(&mut self.tree, TreeState::None)
            && tree.update(vectors, &self.weights).is_some()
        {
            let dendrogram = Dendrogram::from_steps(n, &tree.steps());
            self.tree = TreeState::Incremental(tree);
            return Ok(dendrogram);
        }
        let run = WardRun::new(memory, vectors, Some(&self.weights))?;
        let dendrogram = run.tree(n);
        if IncrementalTree::bytes(n, self.dim) <= memory {
            self.tree = TreeState::Clustered(Box::new(run));
        }
        Ok(dendrogram)
    }

    /// Builds the incremental tree of the last run. Must be called before the actions change,
    /// because the tree is built from their vectors.
    fn prepare_change(&mut self) {
        self.dendrogram = None;
        if let TreeState::Clustered(run) = &self.tree {
            let tree = IncrementalTree::new(Vectors::new_unchecked(&self.values, self.dim), run);
            self.tree = tree.map_or(TreeState::None, |tree| TreeState::Incremental(Box::new(tree)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;
    use alloc::vec;

    /// Only checks that trees are repaired; tests/session.rs checks that repaired trees are
    /// correct.
    #[test]
    fn adding_or_removing_one_action_repairs_the_tree() {
        // Vectors in topics, and vectors without any structure.
        for topic_scale in [3.0, 0.0] {
            let count = repaired_of_50(topic_scale);
            assert!(count >= 45, "{count} of 50, topics x {topic_scale}");
        }
    }

    /// Of 50 changes to 400 actions, how many repair the tree instead of computing a new one.
    fn repaired_of_50(topic_scale: f32) -> usize {
        let (n, dim) = (400, 24);
        let mut random = SeededNumbers::new(9);
        let topics: Vec<f32> = (0..8 * dim).map(|_| topic_scale * random.normal()).collect();
        let values: Vec<f32> =
            (0..n * dim).map(|i| topics[i % topics.len()] + random.normal()).collect();
        let mut session = Session::new(dim).unwrap();
        session.add(&values, &vec![0.0; n], &vec![1.0; n]).unwrap();
        let options = ProfileOptions::default();
        session.profile(0.0, &options).unwrap();
        let mut repaired_count = 0;
        for step in 0..50 {
            if step % 2 == 0 {
                let vector: Vec<f32> = topics[..dim].iter().map(|&x| x + random.normal()).collect();
                session.add(&vector, &[0.0], &[2.0]).unwrap();
            } else {
                session.forget(step * 7 % n);
            }
            session.profile(0.0, &options).unwrap();
            repaired_count += usize::from(matches!(session.tree, TreeState::Incremental(_)));
        }
        repaired_count
    }
}
