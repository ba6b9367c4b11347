//! Integer dot products of stored codes with a query: the inner loop of every search.
//!
//! Two neighbouring 7-bit codes form one 16-bit word `low + 256 high` that is never negative. With
//! i16 weights a and b, `word a + low b = low (a + b) + high 256 a`. So one mask and two
//! multiply-adds process 16 codes without widening them. Partial sums may wrap around;
//! [`QueryWeights::new`] chooses the scale so that the final sum does not.
//!
//! `inline(always)` functions are the bodies of hot loops. `inline(never)` functions are not merged
//! into their callers, because wasm runtimes optimise whole functions: a small hot function is
//! compiled by the optimising tier early, a large function around it is not.

use crate::math::simd::sqrt;
use alloc::vec::Vec;

/// Number of codes of a row that are processed together.
pub(super) const BLOCK_CODES: usize = 32;
/// Number of partial sums of [`exact_dot`]. Another number would change the order of summation, and
/// so the last bits of the result.
pub(super) const PARTIAL_SUMS: usize = 8;
/// Number of rows that the kernel processes together.
pub(super) const KERNEL_ROWS: usize = 4;
/// Number of [`Steps`] units in one code step.
pub(super) const STEPS_PER_CODE: f32 = 256.0;
/// Maximum code of a component.
const MAX_CODE: f64 = 127.0;
/// Maximum magnitude of the weight of an odd dimension. Weights of even dimensions are 256 times
/// finer, and stay within `i16`.
const MAX_ODD_WEIGHT: f64 = 127.0;
/// Ratio of the quantization steps: one step of an odd dimension's weight is 256 steps of an even
/// dimension's weight.
const EVEN_WEIGHT_STEPS: f64 = 256.0;

/// Query weights that multiply 16 codes: eight for the 16-bit words of two codes each, and eight
/// for the low code of each word.
type PairWeights = [[i16; 8]; 2];
/// Query weights that multiply the [`BLOCK_CODES`] codes of a block, 16 codes at a time.
type BlockWeights = [PairWeights; BLOCK_CODES / 16];

/// A query vector, rounded to integer weights that multiply the codes of a row.
pub(super) struct QueryWeights {
    /// The weights of each complete block of [`BLOCK_CODES`] dimensions.
    blocks: Vec<BlockWeights>,
    /// For a dimension that is no multiple of [`BLOCK_CODES`]: weights of the last `BLOCK_CODES`
    /// codes of a row (or of all codes of a shorter row). Zero for codes that are part of `blocks`.
    tail: Option<BlockWeights>,
    /// Sum of all weights: the difference in the dot product if every code were greater by 1.
    pub(super) sum: i32,
    /// Factor from an integer dot product to the dot product with the query.
    pub(super) step: f64,
    /// Euclidean length of the query's rounding error.
    pub(super) rounding_norm: f64,
}

impl QueryWeights {
    /// Rounds the components of a query to integer weights: 8 bits in odd dimensions, 16 bits in
    /// even dimensions.
    pub(super) fn new(query: &[f32]) -> Self {
        let mut weights =
            Self { blocks: Vec::new(), tail: None, sum: 0, step: 0.0, rounding_norm: 0.0 };
        let (mut max_magnitude, mut sum) = (0.0f32, 0.0f64);
        for x in query {
            max_magnitude = max_magnitude.max(x.abs());
            sum += f64::from(x.abs());
        }
        // Largest sum of magnitudes of the scaled components for which every dot product fits into
        // i32.
        let max_sum = f64::from(i32::MAX) / (MAX_CODE * EVEN_WEIGHT_STEPS) - query.len() as f64;
        let scale = match max_magnitude > 0.0 {
            true => (MAX_ODD_WEIGHT / f64::from(max_magnitude)).min(max_sum / sum),
            false => 1.0,
        };
        weights.step = 1.0 / (EVEN_WEIGHT_STEPS * scale);
        let mut squared_error = 0.0;
        // Weights of the block that starts at dimension `start`; zero before dimension `first`.
        let mut block_weights = |start: usize, first: usize| {
            let mut block: BlockWeights = [[[0; 8]; 2]; BLOCK_CODES / 16];
            for (dimension, &x) in query.iter().enumerate().take(start + BLOCK_CODES).skip(first) {
                let (index, x) = (dimension - start, f64::from(x) * scale);
                let [word_weights, low_weights] = &mut block[index / 16];
                let lane = index % 16 / 2;
                let rounded = if index % 2 == 1 {
                    let weight = round_ties_even(x);
                    word_weights[lane] = weight as i16;
                    low_weights[lane] -= weight as i16;
                    weight * EVEN_WEIGHT_STEPS
                } else {
                    let weight = round_ties_even(x * EVEN_WEIGHT_STEPS);
                    // The weight of the word, set for the next dimension, also multiplies the low
                    // byte; that product is subtracted there.
                    low_weights[lane] += weight as i16;
                    weight
                };
                weights.sum = weights.sum.wrapping_add(rounded as i32);
                let error = x - rounded / EVEN_WEIGHT_STEPS;
                squared_error += error * error;
            }
            block
        };
        for first in (0..query.len()).step_by(BLOCK_CODES) {
            let start = first.min(query.len().saturating_sub(BLOCK_CODES));
            weights.blocks.push(block_weights(start, first));
        }
        if !query.len().is_multiple_of(BLOCK_CODES) {
            weights.tail = weights.blocks.pop();
        }
        weights.rounding_norm = sqrt(squared_error) / scale;
        weights
    }

    /// Sums of code times weight for four rows of codes. O(dim).
    #[inline(always)]
    pub(super) fn dots(&self, codes: [&[u8]; KERNEL_ROWS]) -> [i32; KERNEL_ROWS] {
        let dots = block_dots(&self.blocks, codes);
        match &self.tail {
            Some(weights) => add_tails(dots, codes, weights),
            None => dots,
        }
    }
}

/// The nearest integer, ties to even, for magnitudes below 2^51.
#[inline(always)]
fn round_ties_even(x: f64) -> f64 {
    // 1.5 x 2^52: an `f64` of this magnitude has no fractional bits.
    const ROUND_MAGIC: f64 = 6_755_399_441_055_744.0;
    x + ROUND_MAGIC - ROUND_MAGIC
}

/// Sums of code times weight over whole blocks, for four rows of codes. `inline(never)`: called for
/// `blocks` and for `tail`.
#[inline(never)]
fn block_dots(weights: &[BlockWeights], codes: [&[u8]; KERNEL_ROWS]) -> [i32; KERNEL_ROWS] {
    let mut sums = [simd::ZERO_I32; KERNEL_ROWS];
    let [e, f, g, h] = codes.map(|row| row.as_chunks::<BLOCK_CODES>().0);
    for ((((weights, e), f), g), h) in weights.iter().zip(e).zip(f).zip(g).zip(h) {
        simd::add_weighted(&mut sums, [e, f, g, h], weights);
    }
    simd::row_sums(sums)
}

/// Eight components of a stored vector in units of 1/256 code step, before the scale. All are
/// integers of at most 16 bits, and so exact.
pub(super) type Steps = [f32; PARTIAL_SUMS];

/// Decodes eight codes and residuals.
#[inline(always)]
pub(super) fn steps(codes: &[u8; PARTIAL_SUMS], residuals: &[u8; PARTIAL_SUMS]) -> Steps {
    simd::to_array(simd::to_256ths(codes, residuals))
}

/// Dot product of a query with a decoded vector, before the scale of the vector, in `f32`: eight
/// partial sums ([`PARTIAL_SUMS`]), each of every eighth product, added in order. O(dim).
#[inline(never)]
pub(super) fn exact_dot(query: &[f32], vector: &[Steps]) -> f32 {
    let mut sums = simd::ZERO_F32;
    let (query_blocks, last_components) = query.as_chunks::<PARTIAL_SUMS>();
    for (query, steps) in query_blocks.iter().zip(vector) {
        simd::add_products(&mut sums, query, steps);
    }
    if let Some(steps) = vector.get(query_blocks.len()) {
        let mut query = [0.0; PARTIAL_SUMS];
        query[..last_components.len()].copy_from_slice(last_components);
        simd::add_products(&mut sums, &query, steps);
    }
    // The division is exact.
    simd::to_array(sums).iter().sum::<f32>() / STEPS_PER_CODE
}

/// Adds to four dot products the products of the last codes of the rows with the tail weights.
/// `inline(never)`: most catalogues have a dimension without a tail.
#[inline(never)]
fn add_tails(
    mut dots: [i32; KERNEL_ROWS],
    codes: [&[u8]; KERNEL_ROWS],
    weights: &BlockWeights,
) -> [i32; KERNEL_ROWS] {
    let tails = codes.map(tail);
    let tails = tails.each_ref().map(<[u8; BLOCK_CODES]>::as_slice);
    let tail_dots = block_dots(core::slice::from_ref(weights), tails);
    for (dot, tail_dot) in dots.iter_mut().zip(tail_dots) {
        *dot = dot.wrapping_add(tail_dot);
    }
    dots
}

/// The last [`BLOCK_CODES`] codes of a row. A shorter row is padded with zeros.
fn tail(row: &[u8]) -> [u8; BLOCK_CODES] {
    let mut tail = [0; BLOCK_CODES];
    match row.last_chunk() {
        Some(last) => tail = *last,
        None => tail[..row.len()].copy_from_slice(row),
    }
    tail
}

/// The kernel with wasm simd128 intrinsics. Safe code: vectors are built from arrays, which the
/// compiler turns into single loads.
#[cfg(target_arch = "wasm32")]
mod simd {
    use super::{BLOCK_CODES, BlockWeights, KERNEL_ROWS, PARTIAL_SUMS};
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, i16x8, i16x8_add,
        i16x8_extend_low_i8x16, i16x8_shl, i16x8_splat, i16x8_sub, i32x4, i32x4_add,
        i32x4_dot_i16x8, i32x4_extend_high_i16x8, i32x4_extend_low_i16x8, i32x4_extract_lane,
        i32x4_shuffle, i64x2, u16x8_extend_low_u8x16, v128, v128_and,
    };

    pub(super) type Sums = [v128; KERNEL_ROWS];
    pub(super) const ZERO_I32: v128 = i32x4(0, 0, 0, 0);

    /// Adds the products of the weights with a block of codes of four rows.
    #[inline(always)]
    pub(super) fn add_weighted(
        sums: &mut Sums,
        rows: [&[u8; BLOCK_CODES]; KERNEL_ROWS],
        weights: &BlockWeights,
    ) {
        for (part, [words, lows]) in weights.iter().enumerate() {
            let (words, lows) = (load_i16(words), load_i16(lows));
            for (sum, row) in sums.iter_mut().zip(rows) {
                let codes = load_u8(&row.as_chunks().0[part]);
                let low = v128_and(codes, i16x8_splat(255));
                let products = i32x4_add(i32x4_dot_i16x8(codes, words), i32x4_dot_i16x8(low, lows));
                *sum = i32x4_add(*sum, products);
            }
        }
    }

    pub(super) const ZERO_F32: [v128; 2] = [f32x4(0.0, 0.0, 0.0, 0.0); 2];

    /// Adds the products of eight query components with eight components of a stored vector.
    #[inline(always)]
    pub(super) fn add_products(
        sums: &mut [v128; 2],
        query: &[f32; PARTIAL_SUMS],
        steps: &[f32; PARTIAL_SUMS],
    ) {
        let halves = |x: &[f32; PARTIAL_SUMS]| {
            [f32x4(x[0], x[1], x[2], x[3]), f32x4(x[4], x[5], x[6], x[7])]
        };
        let (query, steps) = (halves(query), halves(steps));
        sums[0] = f32x4_add(sums[0], f32x4_mul(query[0], steps[0]));
        sums[1] = f32x4_add(sums[1], f32x4_mul(query[1], steps[1]));
    }

    /// `256 (code - 64) + residual` of eight codes and residuals: the components in units of 1/256.
    #[inline(always)]
    pub(super) fn to_256ths(
        codes: &[u8; PARTIAL_SUMS],
        residuals: &[u8; PARTIAL_SUMS],
    ) -> [v128; 2] {
        let load_eight = |bytes: &[u8; PARTIAL_SUMS]| i64x2(i64::from_le_bytes(*bytes), 0);
        let codes = i16x8_sub(u16x8_extend_low_u8x16(load_eight(codes)), i16x8_splat(64));
        let steps = i16x8_add(i16x8_shl(codes, 8), i16x8_extend_low_i8x16(load_eight(residuals)));
        [
            f32x4_convert_i32x4(i32x4_extend_low_i16x8(steps)),
            f32x4_convert_i32x4(i32x4_extend_high_i16x8(steps)),
        ]
    }

    #[inline(always)]
    pub(super) fn to_array([low, high]: [v128; 2]) -> [f32; PARTIAL_SUMS] {
        [
            f32x4_extract_lane::<0>(low),
            f32x4_extract_lane::<1>(low),
            f32x4_extract_lane::<2>(low),
            f32x4_extract_lane::<3>(low),
            f32x4_extract_lane::<0>(high),
            f32x4_extract_lane::<1>(high),
            f32x4_extract_lane::<2>(high),
            f32x4_extract_lane::<3>(high),
        ]
    }

    /// For each of four rows, the sum of the four lanes of its partial sums.
    #[inline(always)]
    pub(super) fn row_sums([a, b, c, d]: Sums) -> [i32; KERNEL_ROWS] {
        let pair_sums =
            |x, y| i32x4_add(i32x4_shuffle::<0, 4, 2, 6>(x, y), i32x4_shuffle::<1, 5, 3, 7>(x, y));
        let (x, y) = (pair_sums(a, b), pair_sums(c, d));
        let sums = i32x4_add(i32x4_shuffle::<0, 1, 4, 5>(x, y), i32x4_shuffle::<2, 3, 6, 7>(x, y));
        [
            i32x4_extract_lane::<0>(sums),
            i32x4_extract_lane::<1>(sums),
            i32x4_extract_lane::<2>(sums),
            i32x4_extract_lane::<3>(sums),
        ]
    }

    #[inline(always)]
    fn load_u8(codes: &[u8; 16]) -> v128 {
        let low = i64::from_le_bytes(core::array::from_fn(|i| codes[i]));
        let high = i64::from_le_bytes(core::array::from_fn(|i| codes[8 + i]));
        i64x2(low, high)
    }

    #[inline(always)]
    fn load_i16(x: &[i16; 8]) -> v128 {
        i16x8(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7])
    }
}

/// The kernel in plain Rust: for all targets but wasm, and as the reference in tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable {
    use super::{BLOCK_CODES, BlockWeights, KERNEL_ROWS, PARTIAL_SUMS};

    pub(super) const ZERO_F32: [f32; PARTIAL_SUMS] = [0.0; PARTIAL_SUMS];

    #[inline(always)]
    pub(super) fn add_products(
        sums: &mut [f32; PARTIAL_SUMS],
        query: &[f32; PARTIAL_SUMS],
        steps: &[f32; PARTIAL_SUMS],
    ) {
        (0..PARTIAL_SUMS).for_each(|lane| sums[lane] += query[lane] * steps[lane]);
    }

    #[inline(always)]
    pub(super) fn to_256ths(
        codes: &[u8; PARTIAL_SUMS],
        residuals: &[u8; PARTIAL_SUMS],
    ) -> [f32; PARTIAL_SUMS] {
        let steps = |lane: usize| {
            (i32::from(codes[lane]) - 64) * 256 + i32::from(residuals[lane].cast_signed())
        };
        core::array::from_fn(|lane| steps(lane) as f32)
    }

    pub(super) fn to_array(sums: [f32; PARTIAL_SUMS]) -> [f32; PARTIAL_SUMS] {
        sums
    }

    pub(super) type Sums = [[i32; 8]; KERNEL_ROWS];
    pub(super) const ZERO_I32: [i32; 8] = [0; 8];

    #[inline(always)]
    pub(super) fn add_weighted(
        sums: &mut Sums,
        rows: [&[u8; BLOCK_CODES]; KERNEL_ROWS],
        weights: &BlockWeights,
    ) {
        for (part, [words, lows]) in weights.iter().enumerate() {
            for (sum, row) in sums.iter_mut().zip(rows) {
                let codes = &row.as_chunks::<16>().0[part];
                for lane in 0..8 {
                    let (low, high) = (i32::from(codes[2 * lane]), i32::from(codes[2 * lane + 1]));
                    let word = (low + 256 * high).wrapping_mul(i32::from(words[lane]));
                    sum[lane] =
                        sum[lane].wrapping_add(word).wrapping_add(low * i32::from(lows[lane]));
                }
            }
        }
    }

    pub(super) fn row_sums(sums: Sums) -> [i32; KERNEL_ROWS] {
        sums.map(|lanes| lanes.iter().fold(0i32, |sum, &lane| sum.wrapping_add(lane)))
    }
}
#[cfg(not(target_arch = "wasm32"))]
use portable as simd;

#[cfg(test)]
mod tests;
