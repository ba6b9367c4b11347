//! Neighbours by a matrix of lower bounds of all distances, kept by Lance-Williams: the fastest way while it fits in memory.

use super::chain::{Nearest, Neighbours};
use super::clusters::Clusters;
use super::grid::Grid;
use super::survey::{Blocks, Farthest};
use crate::lanes::{Floats, LANES, SAFELY, lanes};
use alloc::{vec, vec::Vec};

/// The cells of a row are a multiple of this: two panels.
const ALIGNED: usize = 2 * LANES;
/// Unions whose new rows are told to the others together: a cache line.
const TOLD: usize = 16;

/// About the distance of what is worth joining, in steps.
const TOUCH: f32 = 10_000.0;

/// A union changes one row and, by symmetry, one column. Writing the column at once would touch every row, most of which are never read
/// again; instead the new row is left where each of the others finds its own cell, side by side with those of the unions before and
/// after, and catches up when it is next read. And whenever half of the places are empty, the matrix moves together.
pub(crate) struct Matrix {
    clusters: Clusters,
    /// Squared steps in a squared unit.
    steps: f64,
    /// Cells in a row.
    width: usize,
    /// Row and column p belong to the cluster at place p. Infinite on the diagonal and past the end; anything where a cluster is gone.
    cells: Vec<f32>,
    /// Weight of each cluster; anything past the last place.
    weights: Vec<f32>,
    /// The cluster at a place, in ascending order.
    names: Vec<u32>,
    /// How many unions the row at a place knows of.
    known: Vec<u32>,
    /// Where a cluster is.
    places: Vec<u32>,
    /// Infinite where a cluster is gone, else 0.
    gone: Vec<f32>,
    /// The places of the unions since the matrix last moved together.
    unions: Vec<u32>,
    /// The last union at a place, counted from 1; 0 for none.
    changed: Vec<u32>,
    /// Which of every [`TOLD`] unions are the last at their places, and left, as bits.
    current: Vec<u32>,
    /// The cells of their new rows: `news[u / TOLD * width + p][u % TOLD]` is the distance of union u to the place p.
    news: Vec<[f32; TOLD]>,
}

impl Matrix {
    /// Bytes of `n` rows.
    pub(crate) fn bytes(n: usize) -> usize {
        let width = n.next_multiple_of(ALIGNED);
        // The rows, and the news of half as many unions.
        size_of::<f32>().saturating_mul(width).saturating_mul(width + n.div_ceil(2).next_multiple_of(TOLD))
    }

    pub(crate) fn new(clusters: Clusters, grid: &Grid) -> (Self, Farthest) {
        let n = clusters.left();
        let width = n.next_multiple_of(ALIGNED);
        let mut weights: Vec<f32> = clusters.weights.iter().map(|&w| w as f32).collect();
        weights.resize(width, 1.0);
        let mut cells = vec![f32::INFINITY; n.next_multiple_of(LANES) * width];
        let mut farthest = Farthest::new(n);
        // (root x - slack)^2 lies above its tangent where root x = TOUCH.
        let slack = grid.slack();
        let (slope, offset) = (1.0 - slack / TOUCH, slack * TOUCH - slack * slack);
        let equal = weights[..n].iter().all(|&w| w == weights[0]).then_some(weights[0]);
        let mut write = |row: usize, column: usize, numbers: [f32; LANES]| {
            cells[row * width + column * LANES..][..LANES].copy_from_slice(&numbers);
        };
        for (left, right, block) in Blocks::new(grid, n) {
            farthest.look(right, &block, n - left * LANES);
            let (own, others) = (weights.as_chunks::<LANES>().0[left], weights.as_chunks::<LANES>().0[right]);
            let mut bounds = [[f32::INFINITY; LANES]; LANES];
            for (i, row) in block.into_iter().enumerate().take(n - left * LANES) {
                let bound = row.floats().line(slope, offset);
                let weighted = match equal {
                    Some(weight) => bound.times(weight),
                    None => bound.times_harmonic_mean(own[i], Floats::new(others)),
                };
                bounds[i] = weighted.numbers();
            }
            if left == right {
                (0..LANES).for_each(|i| bounds[i][i] = f32::INFINITY);
            }
            if n < (right + 1) * LANES {
                bounds.iter_mut().for_each(|row| row[n % LANES..].fill(f32::INFINITY));
            }
            for (i, row) in bounds.iter().enumerate() {
                write(left * LANES + i, right, *row);
            }
            for j in 0..LANES {
                write(right * LANES + j, left, core::array::from_fn(|i| bounds[i][j]));
            }
        }
        let matrix = Self {
            steps: grid.squared_steps(1.0),
            width,
            cells,
            weights,
            names: (0..n as u32).collect(),
            known: vec![0; n],
            places: (0..n as u32).collect(),
            gone: vec![0.0; width],
            unions: Vec::new(),
            changed: vec![0; n],
            current: Vec::new(),
            news: Vec::new(),
            clusters,
        };
        (matrix, farthest)
    }

    /// Brings the row of a place up to date with the unions it does not know of. (The place itself is in none of them.)
    fn catch_up(&mut self, place: usize) {
        let row = &mut self.cells[place * self.width..][..self.width];
        let known = self.known[place] as usize;
        let mut told = u32::MAX << (known % TOLD);
        for group in known / TOLD..self.current.len() {
            let news = &self.news[group * self.width + place];
            for union in lanes(self.current[group] & told) {
                row[self.unions[group * TOLD + union] as usize] = news[union % TOLD];
            }
            told = u32::MAX;
        }
        self.known[place] = self.unions.len() as u32;
    }

    /// Closes the gaps that joined clusters have left, so that rows are short and near each other again.
    fn move_together(&mut self) {
        let left: Vec<usize> = (0..self.names.len()).filter(|&place| self.is_left(place)).collect();
        left.iter().for_each(|&place| self.catch_up(place));
        // In place: nothing is written beyond what has been read.
        let (from, to) = (self.width, left.len().next_multiple_of(ALIGNED));
        for (row, &place) in left.iter().enumerate() {
            self.weights[row] = self.weights[place];
            self.names[row] = self.names[place];
            self.places[self.names[row] as usize] = row as u32;
            for (column, &other) in left.iter().enumerate() {
                self.cells[row * to + column] = self.cells[place * from + other];
            }
            self.cells[row * to + left.len()..(row + 1) * to].fill(f32::INFINITY);
        }
        self.width = to;
        self.names.truncate(left.len());
        self.known.clear();
        self.known.resize(left.len(), 0);
        self.changed.clear();
        self.changed.resize(left.len(), 0);
        self.gone.clear();
        self.gone.resize(to, 0.0);
        self.unions.clear();
        self.current.clear();
        self.news.clear();
    }

    fn is_left(&self, place: usize) -> bool {
        self.clusters.is_left(self.names[place] as usize)
    }
}

impl Neighbours for Matrix {
    fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    fn nearest(&mut self, cluster: usize, previous: usize) -> Nearest {
        let place = self.places[cluster] as usize;
        self.catch_up(place);
        let (row, _) = self.cells[place * self.width..][..self.width].as_chunks::<LANES>();
        let mut nearest = Nearest::unknown(previous);
        // From the least bound up to the least distance; mostly both are within a hundredth of each other.
        let (gone, _) = self.gone.as_chunks::<LANES>();
        let mut reach = least(row, gone) * (1.0 + 1.0 / 128.0);
        let mut done = -1.0;
        loop {
            for (panel, (bounds, gone)) in row.iter().zip(gone).enumerate() {
                let left = Floats::new(*bounds).max(Floats::new(*gone));
                for lane in lanes(left.at_most(Floats::splat(reach))) {
                    let bound = bounds[lane];
                    if bound > done && f64::from(bound) <= nearest.distance * self.steps {
                        let name = self.names[panel * LANES + lane] as usize;
                        nearest.consider(name, self.clusters.apart(cluster, name));
                    }
                }
            }
            if nearest.distance * self.steps <= f64::from(reach) {
                return nearest;
            }
            done = reach;
            reach = (nearest.distance * self.steps) as f32 * (1.0 + 1e-6);
        }
    }

    fn join(&mut self, a: usize, b: usize, distance: f64) {
        let places = [a, b].map(|cluster| self.places[cluster] as usize);
        places.into_iter().for_each(|place| self.catch_up(place));
        let [at_a, at_b] = places;
        let (w, v) = (self.weights[at_a], self.weights[at_b]);
        let between = (distance * self.steps) as f32 * (2.0 - SAFELY);
        let width = self.width;
        let told = self.unions.len() % TOLD;
        if told == 0 {
            self.news.resize(self.news.len() + width, [f32::INFINITY; TOLD]);
            self.current.push(0);
        }
        let start = self.news.len() - width;
        let (news, _) = self.news[start..].as_chunks_mut::<LANES>();
        let (head, tail) = self.cells.split_at_mut(at_b * width);
        let (to_a, _) = head[at_a * width..][..width].as_chunks_mut::<LANES>();
        let (to_b, _) = tail[..width].as_chunks::<LANES>();
        let (weights, _) = self.weights.as_chunks::<LANES>();
        for (((to_a, to_b), weights), news) in to_a.iter_mut().zip(to_b).zip(weights).zip(news) {
            let united = Floats::new(*to_a).united(Floats::new(*to_b), Floats::new(*weights), [w, v, between]);
            *to_a = united.numbers();
            for lane in 0..LANES {
                news[lane][told] = to_a[lane];
            }
        }
        self.clusters.join(a, b);
        self.weights[at_a] = self.clusters.weights[a] as f32;
        self.gone[at_b] = f32::INFINITY;
        for place in places {
            if let Some(last) = self.changed[place].checked_sub(1).map(|union| union as usize) {
                self.current[last / TOLD] &= !(1 << (last % TOLD));
            }
        }
        self.current[self.unions.len() / TOLD] |= 1 << told;
        self.unions.push(at_a as u32);
        self.changed[at_a] = self.unions.len() as u32;
        self.known[at_a] = self.unions.len() as u32;
        if self.clusters.left() * 2 <= self.names.len() {
            self.move_together();
        }
    }
}

fn least(row: &[[f32; LANES]], gone: &[[f32; LANES]]) -> f32 {
    let mut least = [Floats::splat(f32::INFINITY); 2];
    for (panels, gone) in row.as_chunks::<2>().0.iter().zip(gone.as_chunks::<2>().0) {
        for i in 0..2 {
            least[i] = least[i].min(Floats::new(panels[i]).max(Floats::new(gone[i])));
        }
    }
    least[0].min(least[1]).numbers().into_iter().fold(f32::INFINITY, f32::min)
}
