//! Squared Euclidean distances of all pairs, as a blocked matrix product.
//!
//! ||a - b||^2 = ||a||^2 + ||b||^2 - 2 a.b, with the dot products of 4 x 8 pairs at a time held in registers. Every dot
//! product, whatever tile it falls into, is summed in one order (k = 0, 1, ..., dim - 1, one accumulator a pair) and so are
//! the norms. Therefore exact duplicates are at distance exactly 0, the matrix is exactly symmetric, and the same bytes give
//! the same distances on every engine.
//!
//! Where two vectors are so close that the subtraction would cancel, the pair is summed again as (a - b)^2, in the same order.

use crate::Vectors;
use alloc::{vec, vec::Vec};

/// Vectors side by side in one panel: the width of a register tile.
const LANES: usize = 8;
/// Rows of a tile. 4 x 8 accumulators are 8 of the 16 registers of simd128.
const TILE_ROWS: usize = 4;
/// Panels of rows kept in cache while the columns stream past (12 x 8 = 96 rows).
const BLOCK: usize = 12;
/// Below this share of the norms the difference of the norms has lost too many bits, and the pair is summed directly.
const CLOSE: f32 = 1.0 / 64.0;

/// Fills `out` (n x n, row-major) with squared distances between the rows, and infinity on the diagonal: no row is its own
/// neighbour.
///
/// The vectors are first scaled by a power of two when their largest number is beyond 2^30 or below 2^-30, so that squares
/// neither overflow nor vanish; distances then come scaled by the square of that power, which keeps their order.
///
/// Returns the largest of them, unscaled: the squared diameter of the rows, 0 for fewer than two.
///
/// O(n^2 dim / 2) multiplications, n x dim numbers of scratch.
pub(crate) fn fill_squared_distances(vectors: Vectors<'_>, out: &mut [f32]) -> f64 {
    let n = vectors.len();
    debug_assert_eq!(out.len(), n * n);
    let panels = pack(vectors);
    let dim = vectors.dim();
    let panel = |p: usize| panels[p * dim..(p + 1) * dim].iter();
    let norms: Vec<f32> =
        (0..n).map(|i| panel(i / LANES).fold(0.0, |sum, x| sum + x[i % LANES] * x[i % LANES])).collect();

    let count = n.div_ceil(LANES);
    for block in (0..count).step_by(BLOCK) {
        for right in block..count {
            for left in block..count.min(block + BLOCK).min(right + 1) {
                let (a, b) = (&panels[left * dim..][..dim], &panels[right * dim..][..dim]);
                store(&tile::<0>(a, b), left * LANES, right * LANES, a, b, &norms, out);
                let half = &tile::<TILE_ROWS>(a, b);
                store(half, left * LANES + TILE_ROWS, right * LANES, a, b, &norms, out);
            }
        }
    }
    let largest = maximum(out);
    for i in 0..n {
        out[i * n + i] = f32::INFINITY;
    }
    let (first, second) = scale(vectors);
    let unscale = 1.0 / (f64::from(first) * f64::from(second));
    f64::from(largest) * unscale * unscale
}

/// The greatest number; lane by lane, so that the compiler can use vector registers.
fn maximum(numbers: &[f32]) -> f32 {
    let (chunks, rest) = numbers.as_chunks::<16>();
    let mut lanes = [0.0; 16];
    let greater = |x: f32, y: f32| if y > x { y } else { x };
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &x)| *lane = greater(*lane, x));
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(0.0, greater)
}

/// Panels of [`LANES`] vectors, dimension by dimension: `panels[p * dim + k][lane]` is number k of vector 8 p + lane, 0 past
/// the end.
fn pack(vectors: Vectors<'_>) -> Vec<[f32; LANES]> {
    let dim = vectors.dim();
    let (first, second) = scale(vectors);
    let mut panels = vec![[0.0; LANES]; vectors.len().div_ceil(LANES) * dim];
    for (row, vector) in vectors.rows().enumerate() {
        let panel = &mut panels[row / LANES * dim..][..dim];
        for (numbers, &x) in panel.iter_mut().zip(vector) {
            numbers[row % LANES] = x * first * second;
        }
    }
    panels
}

/// Two powers of two whose product brings the largest number into [1/2, 1), or twice 1 where that is not needed.
/// (One factor cannot reach from the smallest subnormal to 1.)
fn scale(vectors: Vectors<'_>) -> (f32, f32) {
    let largest = vectors.values().iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let safe = libm::ldexpf(1.0, -30)..libm::ldexpf(1.0, 30);
    if largest == 0.0 || safe.contains(&largest) {
        return (1.0, 1.0);
    }
    let (_, exponent) = libm::frexpf(largest);
    let half = -exponent / 2;
    (libm::ldexpf(1.0, half), libm::ldexpf(1.0, -exponent - half))
}

/// Dot products of four vectors of panel `a` (from lane `FIRST`) with the eight of panel `b`.
#[inline(never)]
fn tile<const FIRST: usize>(a: &[[f32; LANES]], b: &[[f32; LANES]]) -> [[f32; LANES]; TILE_ROWS] {
    let mut sums = [[0.0; LANES]; TILE_ROWS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..TILE_ROWS {
            for j in 0..LANES {
                sums[i][j] += a[FIRST + i] * b[j];
            }
        }
    }
    sums
}

/// Turns the dot products of a tile into distances and writes them on both sides of the diagonal.
#[inline(never)]
fn store(
    dots: &[[f32; LANES]; TILE_ROWS],
    first_row: usize,
    first_column: usize,
    a: &[[f32; LANES]],
    b: &[[f32; LANES]],
    norms: &[f32],
    out: &mut [f32],
) {
    let n = norms.len();
    for (row, dots) in (first_row..n).zip(dots) {
        for (column, dot) in (first_column..n).zip(dots) {
            let sum = norms[row] + norms[column];
            let mut distance = sum - 2.0 * dot;
            if distance < CLOSE * sum {
                distance = directly(a, row % LANES, b, column % LANES);
            }
            out[row * n + column] = distance;
            out[column * n + row] = distance;
        }
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

    fn matrix(values: &[f32], dim: usize) -> Vec<f32> {
        let vectors = Vectors::new(values, dim).unwrap();
        let mut out = vec![0.0; vectors.len() * vectors.len()];
        fill_squared_distances(vectors, &mut out);
        out
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
