//! Vectors rounded to a grid of whole numbers: fine enough that distances on the grid are nearly the true ones, and coarse enough that
//! they are exact in 32 bits and cheap.
//!
//! A vector x lies at X = round((x - centre) scale), and no squared distance reaches 2^31. With r_x = ||(x - centre) scale - X||, the
//! triangle inequality gives | scale ||x - y|| - ||X - Y|| | <= r_x + r_y. So a cheap distance bounds the true one, and only what the
//! bound leaves open has to be computed.

use super::clusters::Clusters;
use crate::Vectors;
use crate::exact::squared_distance;
use crate::lanes::{LANES, SAFELY, Wholes, root};
use alloc::{vec, vec::Vec};
use wide::f64x2;

/// Rows of a register tile. 4 x 8 sums are 8 of the 16 registers of simd128.
const TILE_ROWS: usize = 4;
/// The longest vector on the grid: (2 x 23169)^2 < 2^31.
const RADIUS: f64 = 23_169.0;
/// Added to every residual: far above what `f64` loses on the way to the grid.
const ROUNDING: f64 = 1e-3;
/// Adding 1.5 x 2^52 to a number below 2^51 leaves its nearest whole number in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// About so many rows are looked at for a centre. Any centre is right; one amid the vectors makes the grid finest.
const SAMPLE: usize = 32;

/// Dimensions 2 k and 2 k + 1 of the vectors of a panel, vector by vector.
type Pairs = [i16; 2 * LANES];
pub(crate) struct Grid {
    /// Dimensions 2 k and 2 k + 1.
    centre: Vec<[f64; 2]>,
    /// Steps in a unit.
    scale: f64,
    /// `panels[p * pairs + k]`: dimensions 2 k and 2 k + 1 of the vectors at places 8 p to 8 p + 7. An even number of panels.
    panels: Vec<Pairs>,
    /// Squared lengths on the grid.
    norms: Vec<[i32; LANES]>,
    /// The largest r.
    residual: f64,
}

impl Grid {
    /// An empty grid with so many places, for vectors `margin` times as far out as any of `vectors`. O(n dim).
    pub(crate) fn around(vectors: Vectors<'_>, margin: f64, places: usize) -> Self {
        let (n, dim) = (vectors.len(), vectors.dim());
        let every = n.div_ceil(SAMPLE).max(1);
        let share = 1.0 / n.div_ceil(every).max(1) as f64;
        let mut centre = vec![0.0; dim];
        for row in vectors.rows().step_by(every) {
            centre.iter_mut().zip(row).for_each(|(sum, &x)| *sum += share * f64::from(x));
        }
        let longest = vectors.rows().map(|row| squared_distance(row, &centre)).fold(0.0, f64::max);
        let scale = if longest > 0.0 { room(dim) / (root(longest) * margin) } else { 1.0 };
        let (centre, odd) = centre.as_chunks::<2>();
        let centre: Vec<[f64; 2]> = centre.iter().copied().chain(odd.first().map(|&x| [x, 0.0])).collect();
        let panels = places.div_ceil(LANES).next_multiple_of(2);
        Self {
            centre,
            scale,
            panels: vec![[0; 2 * LANES]; panels * dim.div_ceil(2)],
            norms: vec![[0; LANES]; panels],
            residual: 0.0,
        }
    }

    /// With every vector, by itself, at the place of its row. O(n dim).
    pub(crate) fn of(vectors: Vectors<'_>, clusters: &Clusters) -> Self {
        let mut grid = Self::around(vectors, 1.0, vectors.len());
        (0..vectors.len()).for_each(|row| grid.put(row, clusters.mean(row)));
        grid
    }

    /// What a squared distance is in squared steps.
    pub(crate) fn squared_steps(&self, squared: f64) -> f64 {
        squared * self.scale * self.scale
    }

    /// At most so many steps lie between a distance on the grid and the true one.
    pub(crate) fn slack(&self) -> f32 {
        (2.0 * self.residual) as f32 * (2.0 - SAFELY)
    }

    /// No true distance is greater, of those that are squared so much on the grid.
    pub(crate) fn at_most(&self, squared: i32) -> f64 {
        (root(squared.into()) + f64::from(self.slack())) / self.scale
    }

    /// Is the vector within the reach of the grid? O(dim).
    pub(crate) fn reaches(&self, vector: &[f64]) -> bool {
        let room = room(vector.len()) / self.scale;
        squared_distance(vector, &self.centre.as_flattened()[..vector.len()]) <= room * room
    }

    fn pairs(&self) -> usize {
        self.centre.len()
    }

    fn panel(&self, panel: usize) -> &[Pairs] {
        &self.panels[panel * self.pairs()..][..self.pairs()]
    }

    /// Puts a vector at a place. O(dim).
    #[inline(never)]
    pub(crate) fn put(&mut self, place: usize, vector: &[f64]) {
        let (pairs, lane) = (self.pairs(), place % LANES);
        let panel = &mut self.panels[place / LANES * pairs..][..pairs];
        let (scale, magic) = (f64x2::splat(self.scale), f64x2::splat(MAGIC));
        let (mut norm, mut residual) = (f64x2::ZERO, f64x2::ZERO);
        let (both, last) = vector.as_chunks::<2>();
        let padded = last.first().map(|&x| [x, 0.0]);
        for ((cells, x), centre) in panel.iter_mut().zip(both.iter().chain(&padded)).zip(&self.centre) {
            let steps = (f64x2::new(*x) - f64x2::new(*centre)) * scale;
            let rounded = steps + magic;
            let whole = rounded - magic;
            let off = steps - whole;
            residual += off * off;
            norm += whole * whole;
            let codes = rounded.to_array().map(|x| x.to_bits() as i16);
            cells[2 * lane..2 * lane + 2].copy_from_slice(&codes);
        }
        self.norms[place / LANES][lane] = sum(norm) as i32;
        self.residual = self.residual.max(root(sum(residual)) + ROUNDING);
    }

    /// Puts at a place what lies at another. O(dim).
    pub(crate) fn copy(&mut self, from: usize, to: usize) {
        let pairs = self.pairs();
        let (from_lane, to_lane) = (2 * (from % LANES), 2 * (to % LANES));
        for k in 0..pairs {
            let source = self.panels[from / LANES * pairs + k];
            let target = &mut self.panels[to / LANES * pairs + k];
            target[to_lane] = source[from_lane];
            target[to_lane + 1] = source[from_lane + 1];
        }
        self.norms[to / LANES][to % LANES] = self.norms[from / LANES][from % LANES];
    }

    /// Squared distances between the vectors of two panels, row by row of the left one. O(dim).
    #[inline(always)]
    pub(crate) fn block(&self, left: usize, right: usize, block: &mut [Wholes; LANES]) {
        for (half, rows) in block.as_chunks_mut::<TILE_ROWS>().0.iter_mut().enumerate() {
            tile(self.panel(left), half, self.panel(right), rows);
        }
        let norms = Wholes::new(self.norms[right]);
        for (row, norm) in block.iter_mut().zip(self.norms[left]) {
            *row = row.apart(norm, norms);
        }
    }

    /// Squared distances from the vector at a place to those of the panels `2 two` and `2 two + 1`. O(dim).
    #[inline(always)]
    pub(crate) fn row(&self, place: usize, two: usize) -> [Wholes; 2] {
        let products =
            line(self.panel(place / LANES), place % LANES, self.panel(2 * two), self.panel(2 * two + 1));
        let norm = self.norms[place / LANES][place % LANES];
        core::array::from_fn(|i| products[i].apart(norm, Wholes::new(self.norms[2 * two + i])))
    }
}

/// Steps from the centre to the farthest vector: rounding moves it by at most half the diagonal of a cell.
fn room(dim: usize) -> f64 {
    RADIUS - 1.0 - root(dim as f64) / 2.0
}

/// Dot products of the first or the second four vectors of panel `a` with the eight of panel `b`.
#[inline(never)]
fn tile(a: &[Pairs], half: usize, b: &[Pairs], products: &mut [Wholes; TILE_ROWS]) {
    let mut sums = [Wholes::ZERO; TILE_ROWS];
    for (a, b) in a.iter().zip(b) {
        let a: &[[i16; 2]; TILE_ROWS] = &a.as_chunks::<2>().0.as_chunks().0[half];
        for (sums, x) in sums.iter_mut().zip(a) {
            sums.add_products(*x, b);
        }
    }
    *products = sums;
}

/// Dot products of one vector of panel `a` with the sixteen of two panels.
#[inline(never)]
fn line(a: &[Pairs], lane: usize, b: &[Pairs], c: &[Pairs]) -> [Wholes; 2] {
    let mut sums = [Wholes::ZERO; 2];
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        let x = a.as_chunks().0[lane % LANES];
        sums[0].add_products(x, b);
        sums[1].add_products(x, c);
    }
    sums
}

fn sum(both: f64x2) -> f64 {
    let [a, b] = both.to_array();
    a + b
}
