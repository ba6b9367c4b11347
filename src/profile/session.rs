//! A profile that follows every action: the same as [`profile`](crate::profile()) of the same actions, at a fraction of its time.

use super::interests::{self, Actions, Profile};
use crate::options::check_weights;
use crate::ward::dendrogram::Dendrogram;
use crate::ward::{IncrementalTree, WardRun};
use crate::{Error, ProfileOptions, Vectors};
use alloc::{boxed::Box, vec::Vec};

/// The actions of one user, with what is known of their clusters.
///
/// Actions have rows, 0.. in the order they were added; when one is forgotten, those after it move up. Whatever was added, forgotten or
/// weighed anew, and in whatever order: [`Session::profile`] is, to the bit, that of a session that never knew anything else.
///
/// A change makes few clusters new (a median of 7 to 22 among 1,000 actions), and only those are looked for. What ties, or changes too
/// much at once, is clustered anew.
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
/// assert!(!session.forget(2)); // there is no such row any more
/// assert_eq!(session.profile(day, &options)?.partition.labels, [0, 0]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub struct Session {
    dim: usize,
    values: Vec<f32>,
    at: Vec<f64>,
    weights: Vec<f64>,
    known: Known,
}

/// What is known of the tree.
enum Known {
    Nothing,
    /// As it was found; so are the rows.
    WardRun(Box<WardRun>),
    /// And can be repaired, before or after changes.
    IncrementalTree(Box<IncrementalTree>),
}

impl Session {
    /// Nobody has done anything yet; vectors will have `dim` numbers.
    ///
    /// # Errors
    /// [`Error::Option`] when `dim` is 0.
    pub fn new(dim: usize) -> Result<Self, Error> {
        Vectors::new(&[], dim)?;
        Ok(Self {
            dim,
            values: Vec::new(),
            at: Vec::new(),
            weights: Vec::new(),
            known: Known::Nothing,
        })
    }

    /// Number of actions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Adds k actions after the others: k x dim `vectors`, times and weights as [`Actions::new`] takes them. O(k dim).
    ///
    /// # Errors
    /// As [`Vectors::new`] and [`Actions::new`]; then nothing is added.
    pub fn add(&mut self, vectors: &[f32], at: &[f64], weights: &[f64]) -> Result<(), Error> {
        Actions::new(Vectors::new(vectors, self.dim)?, at, weights)?;
        self.about_to_change();
        self.values.extend_from_slice(vectors);
        self.at.extend_from_slice(at);
        self.weights.extend_from_slice(weights);
        Ok(())
    }

    /// Forgets the action of a row; those after it move up. False when there is no such row. O(n dim) to close the gap.
    pub fn forget(&mut self, row: usize) -> bool {
        let known = row < self.len();
        if known {
            self.about_to_change();
            if let Known::IncrementalTree(living) = &mut self.known {
                living.remove_row(row);
            }
            self.values.drain(row * self.dim..(row + 1) * self.dim);
            self.at.remove(row);
            self.weights.remove(row);
        }
        known
    }

    /// Forgets the actions of a time range, both ends included, and says how many. O(n dim).
    pub fn forget_between(&mut self, from: f64, to: f64) -> usize {
        let rows: Vec<usize> =
            (0..self.len()).filter(|&row| self.at[row] >= from && self.at[row] <= to).collect();
        rows.iter().rev().for_each(|&row| _ = self.forget(row));
        rows.len()
    }

    /// Gives the action of a row another weight. False when there is no such row.
    ///
    /// # Errors
    /// [`Error::Option`] for a weight out of range; then nothing changes.
    pub fn set_weight(&mut self, row: usize, weight: f64) -> Result<bool, Error> {
        check_weights(1, Some(&[weight]))?;
        let known = row < self.len();
        if known && self.weights[row] != weight {
            self.about_to_change();
            if let Known::IncrementalTree(living) = &mut self.known {
                living.mark_changed(row);
            }
            self.weights[row] = weight;
        }
        Ok(known)
    }

    /// The interests at `now`: what [`profile`](crate::profile()) says of the same actions, to the bit.
    ///
    /// # Errors
    /// As [`profile`](crate::profile()).
    pub fn profile(&mut self, now: f64, options: &ProfileOptions) -> Result<Profile, Error> {
        interests::check_options(now, options)?;
        let (tree, diameter) = self.tree(options.memory_bytes()?)?;
        let vectors = Vectors::new_unchecked(&self.values, self.dim);
        let actions = Actions::new(vectors, &self.at, &self.weights)?;
        interests::of_tree(tree, diameter, &actions, now, options)
    }

    /// The tree of the actions of now.
    fn tree(&mut self, memory: usize) -> Result<(Dendrogram, f64), Error> {
        let n = self.len();
        let vectors = Vectors::new_unchecked(&self.values, self.dim);
        match core::mem::replace(&mut self.known, Known::Nothing) {
            Known::WardRun(grown) => {
                let found = (grown.tree(n), grown.diameter);
                self.known = Known::WardRun(grown);
                return Ok(found);
            }
            Known::IncrementalTree(mut living) => {
                if living.update(vectors, &self.weights).is_some() {
                    let found = (Dendrogram::from_steps(n, &living.steps()), living.diameter());
                    self.known = Known::IncrementalTree(living);
                    return Ok(found);
                }
            }
            Known::Nothing => {}
        }
        let grown = WardRun::new(memory, vectors, Some(&self.weights), true)?;
        let found = (grown.tree(n), grown.diameter);
        if IncrementalTree::bytes(n, self.dim) <= memory {
            self.known = Known::WardRun(Box::new(grown));
        }
        Ok(found)
    }

    /// Makes ready what is known of the rows as they still are.
    fn about_to_change(&mut self) {
        if let Known::WardRun(grown) = &self.known {
            let living =
                IncrementalTree::new(Vectors::new_unchecked(&self.values, self.dim), grown);
            self.known =
                living.map_or(Known::Nothing, |living| Known::IncrementalTree(Box::new(living)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;
    use alloc::vec;

    /// (That it is right is shown by tests/session.rs.)
    #[test]
    fn one_action_more_or_less_is_repaired_and_not_clustered_anew() {
        let (n, dim) = (400, 24);
        let mut numbers = SeededNumbers::new(9);
        let topics: Vec<f32> = (0..8 * dim).map(|_| 3.0 * numbers.normal()).collect();
        let values: Vec<f32> =
            (0..n * dim).map(|i| topics[i % topics.len()] + numbers.normal()).collect();
        let mut session = Session::new(dim).unwrap();
        session.add(&values, &vec![0.0; n], &vec![1.0; n]).unwrap();
        let options = ProfileOptions::default();
        session.profile(0.0, &options).unwrap();
        let mut repaired = 0;
        for step in 0..50 {
            if step % 2 == 0 {
                session.add(&values[step * dim..][..dim], &[0.0], &[2.0]).unwrap();
            } else {
                session.forget(step * 7 % n);
            }
            session.profile(0.0, &options).unwrap();
            repaired += usize::from(matches!(session.known, Known::IncrementalTree(_)));
        }
        assert!(repaired >= 45, "{repaired} of 50");
    }
}
