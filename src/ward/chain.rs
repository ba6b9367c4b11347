//! The nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983).

use super::clusters::Clusters;
use super::dendrogram::Step;
use alloc::{vec, vec::Vec};

/// A way to find nearest neighbours without computing every distance.
pub(crate) trait Neighbours {
    fn clusters(&self) -> &Clusters<'_>;

    /// The nearest neighbour of a cluster, by [`Clusters::apart`] alone; of equally near ones the previous one on the chain, else the
    /// lowest. The previous one is so far away.
    fn nearest(&mut self, cluster: usize, previous: usize, apart: f64) -> Nearest;

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
    /// The least distance of anybody else.
    others: f64,
    /// Preferred among equals.
    previous: usize,
    /// The distance of the previous one.
    known: f64,
}

impl Nearest {
    pub(crate) fn unknown(previous: usize, known: f64) -> Self {
        let far = f64::INFINITY;
        Self { name: usize::MAX, distance: far, least: far, others: far, previous, known }
    }

    /// Considers somebody whose distance is what `apart` says; returns it.
    #[inline(always)]
    pub(crate) fn consider(&mut self, name: usize, apart: impl FnOnce() -> f64) -> f64 {
        let distance = if name == self.previous { self.known } else { apart() };
        self.compare(name, distance);
        distance
    }

    #[inline(never)]
    fn compare(&mut self, name: usize, distance: f64) {
        if name == self.name {
            return;
        }
        let nearer = distance < self.least * (1.0 - TIE);
        let tied = distance <= self.least * (1.0 + TIE);
        let preferred = name == self.previous || (self.name != self.previous && name < self.name);
        self.least = self.least.min(distance);
        if nearer || (tied && preferred) {
            self.others = self.others.min(self.distance);
            (self.name, self.distance) = (name, distance);
        } else {
            self.others = self.others.min(distance);
        }
    }

    /// Is nobody else as near?
    pub(crate) fn is_alone(&self) -> bool {
        beyond(self.others, self.distance)
    }
}

/// Is the first distance greater than the second, and no tie?
pub(crate) fn beyond(distance: f64, other: f64) -> bool {
    distance > other * (1.0 + TIE)
}

/// What a chain has joined.
pub(crate) struct Unions {
    /// All n - 1 of them, children before parents, none lower than its children.
    pub(crate) steps: Vec<Step>,
    /// Whether every cluster joined the only one that was nearest to it.
    pub(crate) certain: bool,
}

/// Follows nearest neighbours until two are each other's, and joins them, and so on.
#[inline(never)]
pub(crate) fn chain(neighbours: &mut impl Neighbours) -> Unions {
    let n = neighbours.clusters().left();
    let mut unions = Unions { steps: Vec::with_capacity(n), certain: true };
    let mut highest = vec![0.0f64; n];
    // Each with how far it is from the one before it, and whether it alone is nearest to that.
    let mut chain: Vec<(usize, f64, bool)> = Vec::new();
    let mut lowest = 0;
    while unions.steps.len() + 1 < n {
        // Rounding may leave a cluster on the chain that has been joined since.
        while chain.pop_if(|(top, ..)| !neighbours.clusters().is_left(*top)).is_some() {}
        let Some(&(top, apart, alone)) = chain.last() else {
            while !neighbours.clusters().is_left(lowest) {
                lowest += 1;
            }
            chain.push((lowest, f64::INFINITY, true));
            continue;
        };
        let previous = chain.len().checked_sub(2).map_or(usize::MAX, |at| chain[at].0);
        let nearest = neighbours.nearest(top, previous, apart);
        if nearest.name == previous {
            chain.truncate(chain.len() - 2);
            let (a, b) = (top.min(previous), top.max(previous));
            highest[a] = nearest.distance.max(highest[a]).max(highest[b]);
            unions.steps.push(Step { a, b, height: highest[a] });
            unions.certain &= alone && nearest.is_alone();
            neighbours.join(a, b, nearest.distance);
        } else {
            chain.push((nearest.name, nearest.distance, nearest.is_alone()));
        }
    }
    unions
}
