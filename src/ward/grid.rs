//! Vectors rounded to a grid of whole numbers: fine enough that distances on the grid are nearly the true ones, and coarse enough that
//! they are exact in 32 bits and cheap.
//!
//! A vector x lies at X = round((x - centre) scale), and no squared distance reaches 2^31. With r_x = ||(x - centre) scale - X||, the
//! triangle inequality gives | scale ||x - y|| - ||X - Y|| | <= r_x + r_y. So a cheap distance bounds the true one, and only what the
//! bound leaves open has to be computed.

use crate::Vectors;
use crate::math::distance::{add_scaled, squared_distance};
use crate::math::simd::{I32x8, LANES, ROUND_DOWN, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;
use wide::{f32x4, f64x2, i16x8, i32x4};

/// Rows of a register tile. 4 x 8 sums are 8 of the 16 registers of simd128.
const ROWS: usize = 4;
/// The longest vector on the grid: (2 x 23169)^2 < 2^31.
const RADIUS: f64 = 23_169.0;
/// Added to every residual: above what is lost on the way to the grid, three roundings of `f32` of at most [`RADIUS`] steps.
const ROUNDING: f64 = 1e-2;
/// Adding 1.5 x 2^52 to a number below 2^51 leaves its nearest whole number in the low bits; and 1.5 x 2^23 does in `f32`, below 2^22.
const MAGIC: f64 = 6_755_399_441_055_744.0;
const SMALL_MAGIC: f32 = 12_582_912.0;
/// Scales at which `f32` neither overflows nor loses bits on the way to the grid.
const USUAL: Range<f64> = 1e-30..1e30;
/// About so many rows are looked at for a centre. Any centre is right; one amid the vectors makes the grid finest.
const SAMPLE: usize = 32;

/// Two dimensions of four vectors, vector by vector.
type Pair = [i16; 2 * ROWS];
/// Eight dimensions of four vectors: pair k has the dimensions k and k + 4.
type Pairs = [Pair; LANES / 2];

pub(crate) struct Grid {
    /// Eight dimensions each; 0 past the last.
    centre: Vec<[f32; LANES]>,
    /// Steps in a unit.
    scale: f64,
    /// `fours[f * centre.len() + k]`: the dimensions from 8 k on of the vectors at places 4 f to 4 f + 3. A multiple of four fours.
    fours: Vec<Pairs>,
    /// Squared lengths on the grid.
    norms: Vec<[i32; LANES]>,
    /// The largest r.
    residual: f64,
    /// Fours that have places.
    filled: usize,
}

impl Grid {
    /// An empty grid with so many places, for vectors `margin` times as far out as any of `vectors`. O(n dim).
    pub(crate) fn around(vectors: Vectors<'_>, margin: f64, places: usize) -> Self {
        let (n, dim) = (vectors.len(), vectors.dim());
        let every = n.div_ceil(SAMPLE).max(1);
        let share = 1.0 / n.div_ceil(every).max(1) as f64;
        let mut centre = vec![0.0; dim];
        vectors.rows().step_by(every).for_each(|row| add_scaled(&mut centre, row, share));
        let mut eights = vec![[0.0; LANES]; dim.div_ceil(LANES)];
        for (x, rounded) in centre.iter_mut().zip(eights.as_flattened_mut()) {
            *rounded = *x as f32;
            *x = f64::from(*rounded);
        }
        let longest = longest(vectors, &eights, &centre);
        let scale = if longest > 0.0 { room(dim) / (sqrt(longest) * margin) } else { 1.0 };
        let panels = places.div_ceil(LANES).next_multiple_of(2);
        Self {
            scale,
            fours: vec![[[0; 2 * ROWS]; LANES / 2]; 2 * panels * eights.len()],
            centre: eights,
            norms: vec![[0; LANES]; panels],
            residual: 0.0,
            filled: places.div_ceil(ROWS),
        }
    }

    /// With every vector, by itself, at the place of its row. O(n dim).
    pub(crate) fn of(vectors: Vectors<'_>) -> Self {
        let mut grid = Self::around(vectors, 1.0, vectors.len());
        let usual = USUAL.contains(&grid.scale) && vectors.dim().is_multiple_of(LANES);
        for (place, row) in vectors.rows().enumerate() {
            if usual {
                grid.put_row(place, row);
            } else {
                let wide: Vec<f64> = row.iter().copied().map(f64::from).collect();
                grid.put(place, &wide);
            }
        }
        grid
    }

    /// What a squared distance is in squared steps.
    pub(crate) fn squared_steps(&self, squared: f64) -> f64 {
        squared * self.scale * self.scale
    }

    /// At most so many steps lie between a distance on the grid and the true one.
    pub(crate) fn slack(&self) -> f32 {
        (2.0 * self.residual) as f32 * (2.0 - ROUND_DOWN)
    }

    /// No true distance is greater, of those that are squared so much on the grid.
    pub(crate) fn at_most(&self, squared: i32) -> f64 {
        (sqrt(squared.into()) + f64::from(self.slack())) / self.scale
    }

    /// Is the vector within the reach of the grid? O(dim).
    pub(crate) fn reaches(&self, vector: &[f64]) -> bool {
        let room = room(vector.len()) / self.scale;
        squared_distance(&self.centre.as_flattened()[..vector.len()], vector) <= room * room
    }

    fn four(&self, four: usize) -> &[Pairs] {
        &self.fours[four * self.centre.len()..][..self.centre.len()]
    }

    /// Puts a vector at a place. O(dim).
    #[inline(never)]
    pub(crate) fn put(&mut self, place: usize, vector: &[f64]) {
        let (eights, lane) = (self.centre.len(), place % ROWS);
        let four = &mut self.fours[place / ROWS * eights..][..eights];
        let (scale, magic) = (f64x2::splat(self.scale), f64x2::splat(MAGIC));
        let (mut norm, mut residual) = (f64x2::ZERO, f64x2::ZERO);
        for ((pairs, x), centre) in four.iter_mut().zip(vector.chunks(LANES)).zip(&self.centre) {
            for (k, pair) in pairs.iter_mut().enumerate().take(x.len()) {
                let past = f64::from(centre[k + LANES / 2]);
                let x = [x[k], x.get(k + LANES / 2).copied().unwrap_or(past)];
                let steps = (f64x2::new(x) - f64x2::new([f64::from(centre[k]), past])) * scale;
                let rounded = steps + magic;
                let whole = rounded - magic;
                let off = steps - whole;
                residual += off * off;
                norm += whole * whole;
                let codes = rounded.to_array().map(|x| x.to_bits() as i16);
                pair[2 * lane..2 * lane + 2].copy_from_slice(&codes);
            }
        }
        let [norm, residual] = [norm, residual].map(|x| x.to_array().iter().sum::<f64>());
        self.norms[place / LANES][place % LANES] = norm as i32;
        self.residual = self.residual.max(sqrt(residual) + ROUNDING);
    }

    /// Puts a vector of whole eights of dimensions at a place, where the scale is [`USUAL`]. O(dim).
    fn put_row(&mut self, place: usize, vector: &[f32]) {
        let each = self.centre.len();
        let cells = &mut self.fours[place / ROWS * each..][..each];
        let (norm, residual) =
            round(vector.as_chunks().0, &self.centre, self.scale as f32, cells, place % ROWS);
        self.norms[place / LANES][place % LANES] = norm;
        // A sum of so many terms, each of them rounded.
        let lost = 1.0 + vector.len() as f64 * f64::from(f32::EPSILON);
        self.residual = self.residual.max(sqrt(f64::from(residual) * lost) + ROUNDING);
    }

    /// Puts at a place what lies at another. O(dim).
    pub(crate) fn copy(&mut self, from: usize, to: usize) {
        let eights = self.centre.len();
        let (from_lane, to_lane) = (2 * (from % ROWS), 2 * (to % ROWS));
        for k in 0..eights {
            let source = self.fours[from / ROWS * eights + k];
            let target = &mut self.fours[to / ROWS * eights + k];
            for (source, target) in source.iter().zip(target) {
                target[to_lane] = source[from_lane];
                target[to_lane + 1] = source[from_lane + 1];
            }
        }
        self.norms[to / LANES][to % LANES] = self.norms[from / LANES][from % LANES];
    }

    /// Squared distances between the vectors of two panels, row by row of the left one. O(dim).
    #[inline(always)]
    pub(crate) fn block(&self, left: usize, right: usize, block: &mut [I32x8; LANES]) {
        let [a, b] = [2 * left, 2 * left + 1];
        let [c, d] = [2 * right, 2 * right + 1];
        if d < self.filled {
            let halves = block.as_chunks_mut().0.iter_mut();
            halves
                .zip([a, b])
                .for_each(|(rows, four)| tile(self.four(four), self.four(c), self.four(d), rows));
        } else {
            // Only half of the columns are there: computed as rows, they take half the time.
            let mut columns = [I32x8::ZERO; ROWS];
            tile(self.four(c), self.four(a), self.four(b), &mut columns);
            *block = I32x8::across(columns);
        }
        let norms = I32x8::new(self.norms[right]);
        for (row, norm) in block.iter_mut().zip(self.norms[left]) {
            *row = row.apart(norm, norms);
        }
    }

    /// [`row`](Self::row), shared by those who do not ask for many.
    #[inline(never)]
    pub(crate) fn shared_row(&self, place: usize, two: usize) -> [I32x8; 2] {
        self.row(place, two)
    }

    /// Squared distances from the vector at a place to those of the panels `2 two` and `2 two + 1`. O(dim).
    #[inline(always)]
    pub(crate) fn row(&self, place: usize, two: usize) -> [I32x8; 2] {
        let others = core::array::from_fn(|i| self.four(4 * two + i));
        let products = line(self.four(place / ROWS), place % ROWS, others);
        let norm = self.norms[place / LANES][place % LANES];
        core::array::from_fn(|i| products[i].apart(norm, I32x8::new(self.norms[2 * two + i])))
    }
}

/// Steps from the centre to the farthest vector: rounding moves it by at most half the diagonal of a cell.
fn room(dim: usize) -> f64 {
    RADIUS - 1.0 - sqrt(dim as f64) / 2.0
}

/// The largest squared distance to a centre, or a little more. O(n dim).
fn longest(vectors: Vectors<'_>, eights: &[[f32; LANES]], centre: &[f64]) -> f64 {
    let dim = vectors.dim();
    let longest = vectors.rows().map(|row| far(row.as_chunks().0, eights)).fold(0.0, f32::max);
    if dim.is_multiple_of(LANES) && USUAL.contains(&longest.into()) {
        // A sum of so many terms, each of them rounded.
        return f64::from(longest) * (1.0 + dim as f64 * f64::from(f32::EPSILON));
    }
    vectors.rows().map(|row| squared_distance(row, centre)).fold(0.0, f64::max)
}

/// The squared distance of two vectors, nearly.
#[inline(never)]
fn far(vector: &[[f32; LANES]], centre: &[[f32; LANES]]) -> f32 {
    let mut sums = [f32x4::ZERO; 2];
    for (x, centre) in vector.iter().zip(centre) {
        let (x, centre) = (halves(x), halves(centre));
        sums = core::array::from_fn(|i| sums[i] + (x[i] - centre[i]) * (x[i] - centre[i]));
    }
    (sums[0] + sums[1]).reduce_add()
}

/// Rounds one of four vectors: its squared length, and squared residual.
#[inline(never)]
fn round(
    vector: &[[f32; LANES]],
    centre: &[[f32; LANES]],
    scale: f32,
    cells: &mut [Pairs],
    lane: usize,
) -> (i32, f32) {
    let (scale, magic) = (f32x4::splat(scale), f32x4::splat(SMALL_MAGIC));
    let mut norm = i32x4::ZERO;
    let mut residuals = [f32x4::ZERO; 2];
    for ((pairs, centre), x) in cells.iter_mut().zip(centre).zip(vector) {
        let (x, centre) = (halves(x), halves(centre));
        let [low, high] = core::array::from_fn(|i| {
            let steps = (x[i] - centre[i]) * scale;
            let rounded = steps + magic;
            let off = steps - (rounded - magic);
            residuals[i] += off * off;
            bytemuck::cast::<f32x4, i32x4>(rounded)
        });
        let codes: i16x8 = bytemuck::cast((low & i32x4::splat(0xffff)) | (high << 16));
        norm += codes.dot(codes);
        for (pair, code) in pairs.iter_mut().zip(codes.to_array().as_chunks::<2>().0) {
            pair.as_chunks_mut().0[lane % ROWS] = *code;
        }
    }
    (norm.reduce_add(), (residuals[0] + residuals[1]).reduce_add())
}

fn halves([a, b, c, d, e, f, g, h]: &[f32; LANES]) -> [f32x4; 2] {
    [f32x4::new([*a, *b, *c, *d]), f32x4::new([*e, *f, *g, *h])]
}

/// Dot products of four vectors with eight.
#[inline(never)]
fn tile(a: &[Pairs], b: &[Pairs], c: &[Pairs], products: &mut [I32x8; ROWS]) {
    let mut sums = [I32x8::ZERO; ROWS];
    // Two pairs at a time: with all four, not everything is in a register.
    let [a, b, c] = [a, b, c].map(|pairs| pairs.as_flattened().as_chunks::<2>().0);
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for k in 0..2 {
            for (sums, x) in sums.iter_mut().zip(a[k].as_chunks().0) {
                sums.add_products(*x, &b[k], &c[k]);
            }
        }
    }
    *products = sums;
}

/// Dot products of one of four vectors with sixteen.
#[inline(never)]
fn line(a: &[Pairs], lane: usize, [b, c, d, e]: [&[Pairs]; 4]) -> [I32x8; 2] {
    let mut sums = [I32x8::ZERO; 2];
    for ((((a, b), c), d), e) in a.iter().zip(b).zip(c).zip(d).zip(e) {
        for k in 0..LANES / 2 {
            let x = a[k].as_chunks().0[lane % ROWS];
            sums[0].add_products(x, &b[k], &c[k]);
            sums[1].add_products(x, &d[k], &e[k]);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    #[test]
    fn no_distance_is_farther_from_the_true_one_than_the_slack() {
        let mut numbers = SeededNumbers::new(30);
        // On the usual way and on the other: because of the dimensions, or of the scale.
        for (dim, scale) in
            [(16, 1.0), (264, 1e-9), (8, 1e25), (21, 1.0), (3, 1e-20), (16, 1e34), (16, 1e-34)]
        {
            let values: Vec<f32> =
                (0..37 * dim).map(|_| (numbers.normal() + 5.0) * scale).collect();
            let vectors = Vectors::new(&values, dim).unwrap();
            let grid = Grid::of(vectors);
            assert!(grid.slack() < 2.0 * (sqrt(dim as f64) / 2.0 + 0.1) as f32, "{dim} x {scale}");
            for x in 0..37 {
                for two in 0..3 {
                    let found = grid.row(x, two).map(I32x8::to_array);
                    for (y, &found) in (16 * two..37).zip(found.as_flattened()) {
                        let apart = squared_distance(vectors.row(x), vectors.row(y));
                        let off = sqrt(grid.squared_steps(apart)) - sqrt(found.into());
                        assert!(
                            off.abs() <= grid.slack().into(),
                            "{dim} x {scale}, {x} and {y}: {off}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_block_has_the_distances_of_its_rows_however_full_the_last_panel_is() {
        let mut numbers = SeededNumbers::new(31);
        let values: Vec<f32> = (0..24 * 8).map(|_| numbers.normal()).collect();
        for n in 1..=24 {
            let grid = Grid::of(Vectors::new(&values[..8 * n], 8).unwrap());
            let mut block = [I32x8::ZERO; LANES];
            for (left, right) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)] {
                if right * LANES < n {
                    grid.block(left, right, &mut block);
                    for (i, row) in block.iter().enumerate().take(n - left * LANES) {
                        let columns = LANES.min(n - right * LANES);
                        let expected = grid.row(left * LANES + i, right / 2)[right % 2].to_array();
                        assert_eq!(
                            row.to_array()[..columns],
                            expected[..columns],
                            "{n}: {left} {right} {i}"
                        );
                    }
                }
            }
        }
    }
}
