//! Vectors rounded to an integer grid: distances on the grid are exact in 32 bits, cheap, and
//! within a known error of the true distances.
//!
//! A vector x has the grid point X = round((x - centre) scale), and no squared grid distance
//! reaches 2^31. A unit on the grid is a step. The residual r_x = ||(x - centre) scale - X|| is the
//! rounding error; by the triangle inequality, | scale ||x - y|| - ||X - Y|| | <= r_x + r_y.
//!
//! Grid points are stored at slots. Four slots are a quad (a register tile), eight a panel.
//!
//! Loops over dimensions are `#[inline(never)]`: wasm runtimes compile and optimise whole functions
//! (docs/decisions/0013). [`Grid::block`] and [`Grid::row`] are `#[inline(always)]` into the hot
//! loops that call them. More than 400 lines with the tests of its error bounds.

use crate::Vectors;
use crate::math::distance::{add_scaled, squared_distance};
use crate::math::simd::{I32x8, LANES, ROUND_UP, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;
use wide::{f32x4, i16x8, i32x4};

/// Number of vectors in a quad. The products of a quad with a panel, 4 x 8 sums, take 8 of the 16
/// registers of simd128.
const QUAD_VECTORS: usize = 4;
/// Maximum length of a grid point, in steps: (2 x 23169)^2 < 2^31.
const MAX_RADIUS_STEPS: f64 = 23_169.0;
/// Added to every computed residual, in steps: more than the error of four `f32` roundings of
/// values up to [`MAX_RADIUS_STEPS`].
const ROUNDING_ERROR_STEPS: f64 = 1e-2;
/// 1.5 x 2^23. Adding it to an `f32` of magnitude below 2^22 leaves the nearest integer in the low
/// bits.
const ROUND_MAGIC_F32: f32 = 12_582_912.0;
/// Grid scales at which vectors can be rounded in `f32`: it neither overflows nor loses bits to
/// subnormals.
const F32_SAFE_SCALES: Range<f64> = 1e-30..1e30;
/// Approximate number of rows whose mean is the centre of the grid. Any centre is correct; one amid
/// the vectors makes the steps smallest.
const CENTRE_SAMPLE_ROWS: usize = 32;

/// Components of the four vectors of a quad in two dimensions, vector by vector.
type TwoDimensions = [i16; 2 * QUAD_VECTORS];
/// Components of the four vectors of a quad in eight dimensions; entry k has dimensions k and k +
/// 4.
type QuadChunk = [TwoDimensions; LANES / 2];

/// Grid points by slot: 2 bytes for each component of each slot.
pub(crate) struct Grid {
    /// The centre, in chunks of eight dimensions; 0 past the last dimension.
    centre: Vec<[f32; LANES]>,
    /// Number of steps in one unit of the vectors.
    scale: f64,
    /// `quads[q * centre.len() + k]`: dimensions 8 k to 8 k + 7 of the vectors at slots 4 q to 4 q
    /// + 3. The number of quads is a multiple of four.
    quads: Vec<QuadChunk>,
    /// Squared lengths of the grid points, in squared steps, by slot.
    norms: Vec<[i32; LANES]>,
    /// The largest residual of a vector stored so far, in steps.
    max_residual: f64,
    /// Number of quads that contain a requested slot; the quads after these are padding.
    used_quads: usize,
}

impl Grid {
    /// An empty grid of `slots` slots, for vectors up to `margin` times as far from the centre as
    /// the farthest of `vectors`. O(n dim).
    pub(crate) fn with_margin(vectors: Vectors<'_>, margin: f64, slots: usize) -> Self {
        let (n, dim) = (vectors.len(), vectors.dim());
        let stride = n.div_ceil(CENTRE_SAMPLE_ROWS).max(1);
        let fraction = 1.0 / n.div_ceil(stride).max(1) as f64;
        let mut centre = vec![0.0; dim];
        vectors.rows().step_by(stride).for_each(|row| add_scaled(&mut centre, row, fraction));
        let mut centre_chunks = vec![[0.0; LANES]; dim.div_ceil(LANES)];
        for (x, rounded) in centre.iter_mut().zip(centre_chunks.as_flattened_mut()) {
            *rounded = *x as f32;
            *x = f64::from(*rounded);
        }
        let squared_radius = max_squared_radius(vectors, &centre_chunks, &centre);
        let scale = if squared_radius > 0.0 {
            max_radius_in_steps(dim) / (sqrt(squared_radius) * margin)
        } else {
            1.0
        };
        let panels = slots.div_ceil(LANES).next_multiple_of(2);
        Self {
            scale,
            quads: vec![[[0; 2 * QUAD_VECTORS]; LANES / 2]; 2 * panels * centre_chunks.len()],
            centre: centre_chunks,
            norms: vec![[0; LANES]; panels],
            max_residual: 0.0,
            used_quads: slots.div_ceil(QUAD_VECTORS),
        }
    }

    /// A grid with each vector at the slot of its row. O(n dim).
    pub(crate) fn new(vectors: Vectors<'_>) -> Self {
        let mut grid = Self::with_margin(vectors, 1.0, vectors.len());
        let use_f32 = F32_SAFE_SCALES.contains(&grid.scale) && vectors.dim().is_multiple_of(LANES);
        for (slot, row) in vectors.rows().enumerate() {
            if use_f32 {
                grid.store_f32(slot, row);
            } else {
                let vector_f64: Vec<f64> = row.iter().copied().map(f64::from).collect();
                grid.store(slot, &vector_f64);
            }
        }
        grid
    }

    /// Converts a squared distance to squared steps.
    pub(crate) fn squared_steps(&self, squared: f64) -> f64 {
        squared * self.scale * self.scale
    }

    /// Upper bound of the difference between a grid distance and the true distance, in steps.
    pub(crate) fn slack(&self) -> f32 {
        (2.0 * self.max_residual) as f32 * ROUND_UP
    }

    /// Whether the vector can be stored without overflow. O(dim).
    pub(crate) fn contains(&self, vector: &[f64]) -> bool {
        let radius = max_radius_in_steps(vector.len()) / self.scale;
        squared_distance(&self.centre.as_flattened()[..vector.len()], vector) <= radius * radius
    }

    /// Returns the components of the vectors of a quad, in chunks of eight dimensions.
    fn quad(&self, quad: usize) -> &[QuadChunk] {
        &self.quads[quad * self.centre.len()..][..self.centre.len()]
    }

    /// Stores a vector at a slot. O(dim).
    #[inline(never)]
    pub(crate) fn store(&mut self, slot: usize, vector: &[f64]) {
        let (chunk_count, lane) = (self.centre.len(), slot % QUAD_VECTORS);
        let quad = &mut self.quads[slot / QUAD_VECTORS * chunk_count..][..chunk_count];
        let mut padded_vector = Vec::new();
        let (mut chunks, rest) = vector.as_chunks();
        if !rest.is_empty() {
            padded_vector.extend_from_slice(vector);
            padded_vector.resize(chunk_count * LANES, 0.0);
            chunks = padded_vector.as_chunks().0;
        }
        let mut norm = i32x4::ZERO;
        let mut residuals = [f32x4::ZERO; 2];
        for ((pairs, x), centre) in quad.iter_mut().zip(chunks).zip(&self.centre) {
            let x: &[f64; LANES] = x;
            let steps = core::array::from_fn(|half| {
                let step = |i: usize| (x[i] - f64::from(centre[i])) * self.scale;
                f32x4::new(core::array::from_fn(|i| step(4 * half + i) as f32))
            });
            norm += store_codes(pairs, steps, &mut residuals, lane);
        }
        let residual = (residuals[0] + residuals[1]).reduce_add();
        self.store_norm(slot, vector.len(), norm.reduce_add(), residual);
    }

    /// Stores a vector at a slot, rounded in `f32` arithmetic. The dimension must be a multiple of
    /// eight, and the scale within [`F32_SAFE_SCALES`]. O(dim).
    fn store_f32(&mut self, slot: usize, vector: &[f32]) {
        let chunk_count = self.centre.len();
        let quad_chunks = &mut self.quads[slot / QUAD_VECTORS * chunk_count..][..chunk_count];
        let (norm, residual) = round_row(
            vector.as_chunks().0,
            &self.centre,
            self.scale as f32,
            quad_chunks,
            slot % QUAD_VECTORS,
        );
        self.store_norm(slot, vector.len(), norm, residual);
    }

    /// Stores the squared length of the grid point at a slot; `residual` is the squared residual of
    /// the vector of `dim` components.
    fn store_norm(&mut self, slot: usize, dim: usize, norm: i32, residual: f32) {
        self.norms[slot / LANES][slot % LANES] = norm;
        // The factor covers the rounding error of each term of the sum.
        let rounding_factor = 1.0 + dim as f64 * f64::from(f32::EPSILON);
        self.max_residual = self
            .max_residual
            .max(sqrt(f64::from(residual) * rounding_factor) + ROUNDING_ERROR_STEPS);
    }

    /// Copies the grid point at slot `from` to slot `to`. O(dim).
    pub(crate) fn copy(&mut self, from: usize, to: usize) {
        let chunk_count = self.centre.len();
        let (from_lane, to_lane) = (2 * (from % QUAD_VECTORS), 2 * (to % QUAD_VECTORS));
        for k in 0..chunk_count {
            let source = self.quads[from / QUAD_VECTORS * chunk_count + k];
            let target = &mut self.quads[to / QUAD_VECTORS * chunk_count + k];
            for (source, target) in source.iter().zip(target) {
                target[to_lane] = source[from_lane];
                target[to_lane + 1] = source[from_lane + 1];
            }
        }
        self.norms[to / LANES][to % LANES] = self.norms[from / LANES][from % LANES];
    }

    /// Computes the squared distances, in squared steps, between the vectors of two panels:
    /// `block[i]` belongs to vector i of the left panel. O(dim).
    #[inline(always)]
    pub(crate) fn block(&self, left: usize, right: usize, block: &mut [I32x8; LANES]) {
        let [a, b] = [2 * left, 2 * left + 1];
        let [c, d] = [2 * right, 2 * right + 1];
        if d < self.used_quads {
            let block_halves = block.as_chunks_mut().0.iter_mut();
            block_halves.zip([a, b]).for_each(|(rows, quad)| {
                tile_products(self.quad(quad), self.quad(c), self.quad(d), rows);
            });
        } else {
            // The second quad of the right panel is unused. The transposed product computes only
            // the four columns of the first, in half the time.
            let mut columns = [I32x8::ZERO; QUAD_VECTORS];
            tile_products(self.quad(c), self.quad(a), self.quad(b), &mut columns);
            *block = I32x8::transpose_columns(columns);
        }
        let norms = I32x8::new(self.norms[right]);
        for (row, norm) in block.iter_mut().zip(self.norms[left]) {
            *row = row.squared_distances(norm, norms);
        }
    }

    /// Computes the grid point of a vector, in chunks of eight dimensions, and returns its squared
    /// length in squared steps. Overwrites the grid point at slot 0. O(dim).
    pub(crate) fn encode(&mut self, vector: &[f64], point: &mut [[i16; LANES]]) -> i32 {
        self.store(0, vector);
        for (codes, [a, b, c, d]) in point.iter_mut().zip(self.quad(0)) {
            *codes = [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]];
        }
        self.norms[0][0]
    }

    /// Computes the squared distances, in squared steps, from the vector at a slot to those of a
    /// pair of panels, `2 pair` and `2 pair + 1`. O(dim).
    #[inline(always)]
    pub(crate) fn row(&self, slot: usize, pair: usize) -> [I32x8; 2] {
        let other_quads = core::array::from_fn(|i| self.quad(4 * pair + i));
        let products =
            row_products(self.quad(slot / QUAD_VECTORS), slot % QUAD_VECTORS, other_quads);
        let norm = self.norms[slot / LANES][slot % LANES];
        core::array::from_fn(|i| {
            products[i].squared_distances(norm, I32x8::new(self.norms[2 * pair + i]))
        })
    }
}

/// Distance of the farthest vector from the centre, in steps. It is below [`MAX_RADIUS_STEPS`]
/// because rounding moves a vector by up to half the diagonal of a grid cell.
fn max_radius_in_steps(dim: usize) -> f64 {
    MAX_RADIUS_STEPS - 1.0 - sqrt(dim as f64) / 2.0
}

/// An upper bound of the squared distances of the vectors from the centre, at most slightly above
/// the largest. O(n dim).
fn max_squared_radius(vectors: Vectors<'_>, chunks: &[[f32; LANES]], centre: &[f64]) -> f64 {
    let dim = vectors.dim();
    let approximate_max = vectors
        .rows()
        .map(|row| squared_distance_f32(row.as_chunks().0, chunks))
        .fold(0.0, f32::max);
    if dim.is_multiple_of(LANES) && F32_SAFE_SCALES.contains(&approximate_max.into()) {
        // The factor covers the rounding of each term of the sum.
        return f64::from(approximate_max) * (1.0 + dim as f64 * f64::from(f32::EPSILON));
    }
    vectors.rows().map(|row| squared_distance(row, centre)).fold(0.0, f64::max)
}

/// Computes the squared distance of two vectors in `f32` arithmetic.
#[inline(never)]
fn squared_distance_f32(vector: &[[f32; LANES]], centre: &[[f32; LANES]]) -> f32 {
    let mut sums = [f32x4::ZERO; 2];
    for (x, centre) in vector.iter().zip(centre) {
        let (x, centre) = (split_lanes(x), split_lanes(centre));
        sums = core::array::from_fn(|i| sums[i] + (x[i] - centre[i]) * (x[i] - centre[i]));
    }
    (sums[0] + sums[1]).reduce_add()
}

/// Rounds a vector and stores it at `lane` of the quad `quad_chunks`. Returns the squared length of
/// the grid point and the squared residual, in squared steps.
#[inline(never)]
fn round_row(
    vector: &[[f32; LANES]],
    centre: &[[f32; LANES]],
    scale: f32,
    quad_chunks: &mut [QuadChunk],
    lane: usize,
) -> (i32, f32) {
    let scale = f32x4::splat(scale);
    let mut norm = i32x4::ZERO;
    let mut residuals = [f32x4::ZERO; 2];
    for ((pairs, centre), x) in quad_chunks.iter_mut().zip(centre).zip(vector) {
        let (x, centre) = (split_lanes(x), split_lanes(centre));
        let steps = core::array::from_fn(|i| (x[i] - centre[i]) * scale);
        norm += store_codes(pairs, steps, &mut residuals, lane);
    }
    (norm.reduce_add(), (residuals[0] + residuals[1]).reduce_add())
}

/// Rounds the components of a vector in eight dimensions, in steps, and stores them at `lane` of
/// the chunk of a quad. Returns parts of the squared length, and adds the squared errors to
/// `residuals`.
#[inline(always)]
fn store_codes(
    chunk: &mut QuadChunk,
    steps: [f32x4; 2],
    residuals: &mut [f32x4; 2],
    lane: usize,
) -> i32x4 {
    let magic = f32x4::splat(ROUND_MAGIC_F32);
    let [low, high] = core::array::from_fn(|i| {
        let rounded = steps[i] + magic;
        let error = steps[i] - (rounded - magic);
        residuals[i] += error * error;
        bytemuck::cast::<f32x4, i32x4>(rounded)
    });
    let codes: i16x8 = bytemuck::cast((low & i32x4::splat(0xffff)) | (high << 16));
    for (pair, code) in chunk.iter_mut().zip(codes.to_array().as_chunks::<2>().0) {
        pair.as_chunks_mut().0[lane % QUAD_VECTORS] = *code;
    }
    codes.dot(codes)
}

/// Splits eight lanes into the first four and the last four.
fn split_lanes([a, b, c, d, e, f, g, h]: &[f32; LANES]) -> [f32x4; 2] {
    [f32x4::new([*a, *b, *c, *d]), f32x4::new([*e, *f, *g, *h])]
}

/// Computes the dot products of the four vectors of quad a with the eight vectors of quads b and c.
#[inline(never)]
fn tile_products(
    a: &[QuadChunk],
    b: &[QuadChunk],
    c: &[QuadChunk],
    products: &mut [I32x8; QUAD_VECTORS],
) {
    let mut sums = [I32x8::ZERO; QUAD_VECTORS];
    // Two entries of a chunk at a time: with all four, the sums would not fit the registers.
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

/// Computes the dot products of the vector at `lane` of quad a with the sixteen vectors of quads b,
/// c, d and e.
#[inline(never)]
fn row_products(a: &[QuadChunk], lane: usize, [b, c, d, e]: [&[QuadChunk]; 4]) -> [I32x8; 2] {
    let mut sums = [I32x8::ZERO; 2];
    for ((((a, b), c), d), e) in a.iter().zip(b).zip(c).zip(d).zip(e) {
        for k in 0..LANES / 2 {
            let x = a[k].as_chunks().0[lane % QUAD_VECTORS];
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
    fn no_grid_distance_differs_from_the_true_one_by_more_than_the_slack() {
        let mut rng = SeededNumbers::new(30);
        // Shapes that `Grid::new` rounds in f32, and shapes that it rounds in f64: because of the
        // number of dimensions, or because of the scale.
        for (dim, scale) in
            [(16, 1.0), (264, 1e-9), (8, 1e25), (21, 1.0), (3, 1e-20), (16, 1e34), (16, 1e-34)]
        {
            let values: Vec<f32> = (0..37 * dim).map(|_| (rng.normal() + 5.0) * scale).collect();
            let vectors = Vectors::new(&values, dim).unwrap();
            let grid = Grid::new(vectors);
            assert!(grid.slack() < 2.0 * (sqrt(dim as f64) / 2.0 + 0.1) as f32, "{dim} x {scale}");
            for x in 0..37 {
                for pair in 0..3 {
                    let block = grid.row(x, pair).map(I32x8::to_array);
                    for (y, &squared_grid_distance) in (16 * pair..37).zip(block.as_flattened()) {
                        let exact_squared = squared_distance(vectors.row(x), vectors.row(y));
                        let error = sqrt(grid.squared_steps(exact_squared))
                            - sqrt(squared_grid_distance.into());
                        assert!(
                            error.abs() <= grid.slack().into(),
                            "{dim} x {scale}, {x} and {y}: {error}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_block_equals_its_rows_however_full_the_last_panel_is() {
        let mut rng = SeededNumbers::new(31);
        let values: Vec<f32> = (0..24 * 8).map(|_| rng.normal()).collect();
        for n in 1..=24 {
            let grid = Grid::new(Vectors::new(&values[..8 * n], 8).unwrap());
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
