//! The nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983).

use super::clusters::Clusters;
use crate::dendrogram::Step;
use alloc::{vec, vec::Vec};

/// A way to find nearest neighbours without computing every distance.
pub(crate) trait Neighbours {
    fn clusters(&self) -> &Clusters;

    /// The nearest neighbour of a cluster, by [`Clusters::apart`] alone; of equally near ones the previous one on the chain, else the
    /// lowest.
    fn nearest(&mut self, cluster: usize, previous: usize) -> Nearest;

    /// `b` joins `a`, a < b, its nearest neighbour at this distance.
    fn join(&mut self, a: usize, b: usize, distance: f64);
}

/// The nearest neighbour, as far as is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest {
    pub(crate) name: usize,
    pub(crate) distance: f64,
    /// The distance of the next nearest, if it was worth computing.
    next: f64,
    /// Preferred among equals.
    previous: usize,
}

/// Distances closer to each other than this share of them are a tie: `f64` may tell them apart, and mathematics may not.
pub(crate) const TIE: f64 = 1e-9;

impl Nearest {
    pub(crate) fn unknown(previous: usize) -> Self {
        Self { name: usize::MAX, distance: f64::INFINITY, next: f64::INFINITY, previous }
    }

    /// Considers somebody, once or more often.
    pub(crate) fn consider(&mut self, name: usize, distance: f64) {
        if name == self.name {
            return;
        }
        let preferred = || name == self.previous || (self.name != self.previous && name < self.name);
        if distance < self.distance || (distance == self.distance && preferred()) {
            (self.name, self.distance, self.next) = (name, distance, self.distance);
        } else {
            self.next = self.next.min(distance);
        }
    }

    /// Whether somebody else is as near.
    pub(crate) fn is_tied(&self) -> bool {
        self.next <= self.distance * (1.0 + TIE)
    }
}

/// What a chain finds.
pub(crate) struct Chained {
    /// The n - 1 unions, children before parents, none lower than its children.
    pub(crate) steps: Vec<Step>,
    /// Whether anywhere two neighbours were as near: then the tree depends on which of them is preferred.
    pub(crate) tied: bool,
}

/// Follows nearest neighbours until two are each other's, and joins them.
pub(crate) fn chain(neighbours: &mut impl Neighbours) -> Chained {
    let n = neighbours.clusters().left();
    let mut steps = Vec::with_capacity(n);
    let mut tied = false;
    let mut highest = vec![0.0f64; n];
    let mut chain: Vec<usize> = Vec::new();
    let mut lowest = 0;
    while steps.len() + 1 < n {
        // Rounding may leave a cluster on the chain that has been joined since.
        while chain.pop_if(|top| !neighbours.clusters().is_left(*top)).is_some() {}
        let Some(&top) = chain.last() else {
            while !neighbours.clusters().is_left(lowest) {
                lowest += 1;
            }
            chain.push(lowest);
            continue;
        };
        let previous = chain.len().checked_sub(2).map_or(usize::MAX, |at| chain[at]);
        let nearest = neighbours.nearest(top, previous);
        tied |= nearest.is_tied();
        if nearest.name == previous {
            chain.truncate(chain.len() - 2);
            let (a, b) = (top.min(previous), top.max(previous));
            highest[a] = nearest.distance.max(highest[a]).max(highest[b]);
            steps.push(Step { a, b, height: highest[a] });
            neighbours.join(a, b, nearest.distance);
        } else {
            chain.push(nearest.name);
        }
    }
    Chained { steps, tied }
}
