//! The distances of all pairs on the grid: a blocked matrix product.

use super::clusters::Clusters;
use super::grid::Grid;
use crate::exact::squared_distance;
use crate::lanes::{LANES, Wholes, root};
use alloc::{vec, vec::Vec};

/// Panels kept in the nearest cache while others stream past (96 vectors).
const BLOCK: usize = 12;

/// The blocks of 8 x 8 squared distances, in steps, on and above the diagonal: the panel of the rows, that of the columns, and the
/// rows. O(n^2 dim / 2).
pub(crate) struct Blocks<'a> {
    grid: &'a Grid,
    count: usize,
    first: usize,
    left: usize,
    right: usize,
}

impl<'a> Blocks<'a> {
    pub(crate) fn new(grid: &'a Grid, n: usize) -> Self {
        Self { grid, count: n.div_ceil(LANES), first: 0, left: 0, right: 0 }
    }
}

impl Iterator for Blocks<'_> {
    type Item = (usize, usize, [Wholes; LANES]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == self.count.min(self.first + BLOCK).min(self.right + 1) {
            self.right += 1;
            if self.right >= self.count {
                self.first += BLOCK;
                self.right = self.first;
            }
            self.left = self.first;
        }
        if self.first >= self.count {
            return None;
        }
        let (left, right) = (self.left, self.right);
        self.left += 1;
        Some((left, right, self.grid.block(left, right)))
    }
}

/// For every place, the largest squared distance, in steps, to a place before it, and within its panel.
pub(crate) struct Farthest(Vec<Wholes>);

impl Farthest {
    pub(crate) fn new(n: usize) -> Self {
        Self(vec![Wholes::ZERO; n.div_ceil(LANES)])
    }

    /// The first `rows` rows of a block count.
    #[inline(always)]
    pub(crate) fn look(&mut self, right: usize, block: &[Wholes; LANES], rows: usize) {
        self.0[right] = block.iter().take(rows).fold(self.0[right], |most, &row| most.max(row));
    }

    /// The largest squared distance between two vectors; every cluster still is one. O(n dim) for every vector that may be at an end of
    /// it.
    pub(crate) fn diameter(&self, grid: &Grid, clusters: &Clusters) -> f64 {
        let n = clusters.left();
        let slack = 2.0 * f64::from(grid.slack());
        let farthest: Vec<i32> = self.0.iter().flat_map(|row| row.numbers()).take(n).collect();
        let most = farthest.iter().fold(0, |most, &squared| most.max(squared));
        let open = |squared: i32| root(squared.into()) + slack >= root(most.into());
        let mut diameter: f64 = 0.0;
        for place in (0..n).filter(|&place| open(farthest[place])) {
            for two in 0..=place / (2 * LANES) {
                let row = grid.row(place, two).map(Wholes::numbers);
                for (other, &squared) in (2 * two * LANES..=place).zip(row.as_flattened()) {
                    if open(squared) {
                        diameter = diameter.max(squared_distance(clusters.mean(place), clusters.mean(other)));
                    }
                }
            }
        }
        diameter
    }
}
