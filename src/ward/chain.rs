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

/// Distances closer to each other than this share of them are a tie: `f64` may tell them apart where mathematics would not.
const TIE: f64 = 1e-9;

/// The nearest neighbour, as far as is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest {
    pub(crate) name: usize,
    pub(crate) distance: f64,
    /// The least distance seen, which ties with `distance`.
    least: f64,
    /// Preferred among equals.
    previous: usize,
}

impl Nearest {
    pub(crate) fn unknown(previous: usize) -> Self {
        Self { name: usize::MAX, distance: f64::INFINITY, least: f64::INFINITY, previous }
    }

    pub(crate) fn consider(&mut self, name: usize, distance: f64) {
        let nearer = distance < self.least * (1.0 - TIE);
        let tied = distance <= self.least * (1.0 + TIE);
        let preferred = name == self.previous || (self.name != self.previous && name < self.name);
        self.least = self.least.min(distance);
        if nearer || (tied && preferred) {
            (self.name, self.distance) = (name, distance);
        }
    }
}

/// Follows nearest neighbours until two are each other's, and joins them, and so on: the n - 1 unions, children before parents, none
/// lower than its children.
pub(crate) fn chain(neighbours: &mut impl Neighbours) -> Vec<Step> {
    let n = neighbours.clusters().left();
    let mut steps = Vec::with_capacity(n);
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
    steps
}
