//! Squared Euclidean distances of all pairs, as a blocked matrix product.
//!
//! ||a - b||^2 = ||a||^2 + ||b||^2 - 2 a.b, with the dot products of 4 x 8 pairs at a time held in registers. Every dot
//! product, whatever tile it falls into, is summed in one order (k = 0, 1, ..., dim - 1, one accumulator a pair) and so are
//! the norms. Therefore exact duplicates are at distance exactly 0, the matrix is exactly symmetric, and the same bytes give
//! the same distances on every engine.
//!
//! Where two vectors are so close that the subtraction would cancel, the pair is summed again as (a - b)^2, in the same order.

use crate::{Error, Vectors};
use alloc::{format, vec, vec::Vec};

/// The cells of a row are a multiple of this: four vector registers.
pub(crate) const ALIGNED: usize = 16;
/// Vectors side by side in one panel, and the side of the blocks that are written at once.
const LANES: usize = 8;
/// Rows of a register tile. 4 x 8 accumulators are 8 of the 16 registers of simd128.
const TILE_ROWS: usize = 4;
/// Panels of rows kept in cache while the columns stream past (12 x 8 = 96 rows).
const BLOCK: usize = 12;
/// Below this share of the norms the difference of the norms has lost too many bits, and the pair is summed directly.
const CLOSE: f32 = 1.0 / 64.0;

/// The squared distances of n rows to each other.
pub(crate) struct Distances {
    /// Cells in a row: n rounded up, so that every row is a whole number of vector registers.
    pub(crate) width: usize,
    /// At least n x width, row-major; infinite on the diagonal (no row is its own neighbour) and past column n.
    pub(crate) cells: Vec<f32>,
    /// The largest of them, 0 for fewer than two rows.
    pub(crate) diameter: f64,
}

/// All squared distances between the rows. O(n^2 dim / 2) multiplications; 4 n^2 + 4 n dim bytes.
///
/// The vectors are first scaled by a power of two when their largest number is beyond 2^20 or below 2^-20, so that neither
/// squares nor their products with weights overflow or vanish; the cells then come scaled by the square of that power, which keeps their order. The diameter is
/// not scaled.
///
/// # Errors
/// [`Error::Memory`] when the matrix cannot be had.
pub(crate) fn squared_distances(vectors: Vectors<'_>) -> Result<Distances, Error> {
    let (n, dim) = (vectors.len(), vectors.dim());
    let width = n.next_multiple_of(ALIGNED);
    let mut cells = reserve(n, width)?;
    let scale = scale(vectors);
    let panels = pack(vectors, scale);
    let count = n.div_ceil(LANES);
    let norms: Vec<[f32; LANES]> =
        panels.chunks_exact(dim).enumerate().map(|(p, panel)| norms(panel, n - p * LANES)).collect();

    let mut largest = [0.0f32; LANES];
    for first in (0..count).step_by(BLOCK) {
        for right in first..count {
            for left in first..count.min(first + BLOCK).min(right + 1) {
                let (a, b) = (&panels[left * dim..][..dim], &panels[right * dim..][..dim]);
                let block = block(a, b, &norms[left], &norms[right], &mut largest);
                write(&mut cells, width, left, right, &block);
            }
        }
    }
    for i in 0..n {
        cells[i * width + i] = f32::INFINITY;
    }
    let largest = largest.into_iter().fold(0.0, f32::max);
    let unscale = 1.0 / (f64::from(scale.0) * f64::from(scale.1));
    Ok(Distances { width, cells, diameter: f64::from(largest) * unscale * unscale })
}

/// An infinite matrix of n rows, rounded up to whole blocks, or a clear refusal.
fn reserve(n: usize, width: usize) -> Result<Vec<f32>, Error> {
    let cells = n.next_multiple_of(LANES).saturating_mul(width);
    let mut matrix = Vec::new();
    matrix.try_reserve_exact(cells).map_err(|_| Error::Memory {
        needed: cells.saturating_mul(size_of::<f32>()),
        problem: format!("the distances of {n} actions do not fit; keep fewer actions (maxActions)"),
    })?;
    matrix.resize(cells, f32::INFINITY);
    Ok(matrix)
}

/// Panels of [`LANES`] vectors, dimension by dimension: `panels[p * dim + k][lane]` is number k of vector 8 p + lane, 0 past
/// the end.
fn pack(vectors: Vectors<'_>, scale: (f32, f32)) -> Vec<[f32; LANES]> {
    let dim = vectors.dim();
    let mut panels = vec![[0.0; LANES]; vectors.len().div_ceil(LANES) * dim];
    for (row, vector) in vectors.rows().enumerate() {
        let panel = &mut panels[row / LANES * dim..][..dim];
        for (numbers, &x) in panel.iter_mut().zip(vector) {
            numbers[row % LANES] = x * scale.0 * scale.1;
        }
    }
    panels
}

/// Squared lengths of the first `count` vectors of a panel; infinite past them, which makes every distance to them infinite.
fn norms(panel: &[[f32; LANES]], count: usize) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for numbers in panel {
        for (sum, x) in sums.iter_mut().zip(numbers) {
            *sum += x * x;
        }
    }
    sums.iter_mut().skip(count).for_each(|sum| *sum = f32::INFINITY);
    sums
}

/// Two powers of two whose product brings the largest number into [1/2, 1), or twice 1 where that is not needed.
/// (One factor cannot reach from the smallest subnormal to 1.)
fn scale(vectors: Vectors<'_>) -> (f32, f32) {
    let largest = vectors.values().iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let safe = libm::ldexpf(1.0, -20)..libm::ldexpf(1.0, 20);
    if largest == 0.0 || safe.contains(&largest) {
        return (1.0, 1.0);
    }
    let (_, exponent) = libm::frexpf(largest);
    let half = -exponent / 2;
    (libm::ldexpf(1.0, half), libm::ldexpf(1.0, -exponent - half))
}

/// Distances between the eight vectors of panel `a` and the eight of panel `b`.
#[inline(never)]
fn block(
    a: &[[f32; LANES]],
    b: &[[f32; LANES]],
    norms_a: &[f32; LANES],
    norms_b: &[f32; LANES],
    largest: &mut [f32; LANES],
) -> [[f32; LANES]; LANES] {
    let mut block = [[0.0; LANES]; LANES];
    let (upper, lower) = block.split_at_mut(TILE_ROWS);
    upper.copy_from_slice(&tile(a, 0, b));
    lower.copy_from_slice(&tile(a, 1, b));
    let mut close = [false; LANES];
    for (row, norm_a) in block.iter_mut().zip(norms_a) {
        for j in 0..LANES {
            let sum = norm_a + norms_b[j];
            row[j] = sum - 2.0 * row[j];
            close[j] |= row[j] < CLOSE * sum;
        }
    }
    if close.contains(&true) {
        again(&mut block, a, b, norms_a, norms_b);
    }
    for row in &block {
        for j in 0..LANES {
            largest[j] = if row[j] > largest[j] && row[j] < f32::INFINITY { row[j] } else { largest[j] };
        }
    }
    block
}

/// Dot products of the first or the second four vectors of panel `a` with the eight of panel `b`.
#[inline(never)]
fn tile(a: &[[f32; LANES]], half: usize, b: &[[f32; LANES]]) -> [[f32; LANES]; TILE_ROWS] {
    let mut sums = [[0.0; LANES]; TILE_ROWS];
    for (a, b) in a.iter().zip(b) {
        let a: &[f32; TILE_ROWS] = &a.as_chunks().0[half];
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    sums
}

/// Sums the pairs that are too close for the difference of the norms again, directly.
#[cold]
fn again(
    block: &mut [[f32; LANES]; LANES],
    a: &[[f32; LANES]],
    b: &[[f32; LANES]],
    norms_a: &[f32; LANES],
    norms_b: &[f32; LANES],
) {
    for (i, j) in (0..LANES * LANES).map(|pair| (pair / LANES, pair % LANES)) {
        if block[i][j] < CLOSE * (norms_a[i] + norms_b[j]) {
            block[i][j] = directly(a, i, b, j);
        }
    }
}

/// Writes a block on both sides of the diagonal.
#[inline]
fn write(cells: &mut [f32], width: usize, left: usize, right: usize, block: &[[f32; LANES]; LANES]) {
    for (i, row) in block.iter().enumerate() {
        let at = (left * LANES + i) * width + right * LANES;
        cells[at..at + LANES].copy_from_slice(row);
    }
    let columns: [[f32; LANES]; LANES] = core::array::from_fn(|j| core::array::from_fn(|i| block[i][j]));
    for (j, column) in columns.iter().enumerate() {
        let at = (right * LANES + j) * width + left * LANES;
        cells[at..at + LANES].copy_from_slice(column);
    }
}

/// The squared distance of one pair, summed from its differences.
#[cold]
fn directly(a: &[[f32; LANES]], i: usize, b: &[[f32; LANES]], j: usize) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| {
        let difference = a[i] - b[j];
        sum + difference * difference
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Numbers;

    /// n x n, without the padding, which must be infinite.
    fn matrix(values: &[f32], dim: usize) -> Vec<f32> {
        let n = values.len() / dim;
        let distances = squared_distances(Vectors::new(values, dim).unwrap()).unwrap();
        let rows = distances.cells.chunks(distances.width).take(n);
        rows.clone().for_each(|row| assert!(row[n..].iter().all(|&d| d == f32::INFINITY)));
        let largest = rows.clone().flatten().filter(|d| d.is_finite()).fold(0.0, |m: f32, &d| m.max(d));
        let ordinary = values.iter().all(|x| *x == 0.0 || (1e-5..1e5).contains(&x.abs()));
        assert!(!ordinary || distances.diameter == f64::from(largest), "{} {largest}", distances.diameter);
        rows.flat_map(|row| row[..n].to_vec()).collect()
    }

    /// The definition, in f64.
    fn oracle(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    }

    #[test]
    fn equal_the_definition_at_every_shape() {
        let mut numbers = Numbers::new(7);
        for n in [1, 2, 3, 4, 7, 8, 9, 17, 95, 96, 97, 110] {
            for dim in [1, 2, 5, 16, 33] {
                let values: Vec<f32> = (0..n * dim).map(|_| numbers.normal()).collect();
                let out = matrix(&values, dim);
                for (i, a) in values.chunks(dim).enumerate() {
                    for (j, b) in values.chunks(dim).enumerate() {
                        let (got, want) = (out[i * n + j], oracle(a, b));
                        if i == j {
                            assert_eq!(got, f32::INFINITY);
                        } else {
                            let error = (f64::from(got) - want).abs() / want.max(1e-30);
                            assert!(error < 1e-4, "n {n} dim {dim} ({i}, {j}): {got} {want}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn exactly_symmetric_and_zero_between_duplicates() {
        let mut numbers = Numbers::new(8);
        let (n, dim) = (41, 37);
        let mut values: Vec<f32> = (0..n * dim).map(|_| numbers.normal()).collect();
        let copy = values[3 * dim..4 * dim].to_vec();
        values[29 * dim..30 * dim].copy_from_slice(&copy);
        let out = matrix(&values, dim);
        assert_eq!(out[3 * n + 29], 0.0);
        for i in 0..n {
            for j in 0..n {
                assert_eq!(out[i * n + j].to_bits(), out[j * n + i].to_bits());
            }
        }
    }

    #[test]
    fn a_pair_has_the_same_distance_wherever_it_stands() {
        let mut numbers = Numbers::new(9);
        let (n, dim) = (50, 19);
        let values: Vec<f32> = (0..n * dim).map(|_| numbers.normal()).collect();
        let all = matrix(&values, dim);
        let tail = matrix(&values[13 * dim..], dim);
        for i in 13..n {
            for j in 13..n {
                let alone = tail[(i - 13) * (n - 13) + j - 13];
                assert_eq!(all[i * n + j].to_bits(), alone.to_bits());
            }
        }
    }

    #[test]
    fn a_matrix_that_cannot_be_had_is_refused_before_it_is_allocated() {
        let error = reserve(usize::MAX >> 20, usize::MAX >> 20).unwrap_err();
        assert_eq!(error.code(), "memory");
    }

    #[test]
    fn close_pairs_keep_their_digits() {
        // 1000 apart from the origin, 0.001 apart from each other: the norms alone would leave nothing.
        let out = matrix(&[1000.0, 1000.0, 1000.0, 1000.001], 2);
        let want = oracle(&[1000.0, 1000.0], &[1000.0, 1000.001]) as f32;
        assert_eq!(out[1], want);
    }

    #[test]
    fn huge_and_tiny_numbers_neither_overflow_nor_vanish() {
        for size in [1e18f32, 3e38, 1e-30, 1e-44] {
            let out = matrix(&[0.0, 0.0, size, 0.0, size, size], 2);
            assert!(out[1] > 0.0 && out[1].is_finite(), "{size}: {out:?}");
            assert!((out[1] / out[5] - 1.0).abs() < 1e-6, "{size}: equal sides, {out:?}");
            assert!(out[2] > out[1], "{size}: the diagonal is longer");
        }
    }
}
