//! Integer dot products of stored codes with a query: the inner loop of every search.
//!
//! Two neighbouring 7-bit codes form one 16-bit word `low + 256 high` that is never negative. With
//! i16 weights a and b, `word a + low b = low (a + b) + high 256 a`. One mask and two multiply-adds
//! thus process 16 codes without widening. Partial sums may wrap around;
//! [`QueryWeights::new`] chooses the scale so that the final sum does not.
//!
//! `inline(always)` functions are the bodies of hot loops. `inline(never)` ones are kept separate
//! because wasm runtimes optimise whole functions: a small hot function is compiled by the
//! optimising tier early, a large one around it is not.

use crate::math::simd::sqrt;
use alloc::vec::Vec;

/// Codes of a row processed at once.
pub(super) const BLOCK: usize = 32;
/// Partial sums of [`exact_dot`]. Part of its result: they determine the order of summation.
pub(super) const LANES: usize = 8;
/// Rows processed at once.
pub(super) const KERNEL_ROWS: usize = 4;
/// Maximal code.
const MAX_CODE: f64 = 127.0;
/// Maximal magnitude of the weight of an odd dimension. Even ones are 256 times finer, so this
/// keeps them within `i16`.
const MAX_ODD_WEIGHT: f64 = 127.0;
/// Steps of an even weight in one step of an odd weight.
const EVEN_WEIGHT_STEPS: f64 = 256.0;

/// Weights of 16 codes: of eight words, and of their eight low bytes.
type PairWeights = [[i16; 8]; 2];
type BlockWeights = [PairWeights; BLOCK / 16];

/// A query as integer weights.
pub(super) struct QueryWeights {
    blocks: Vec<BlockWeights>,
    /// Weights of the last [`BLOCK`] codes of a row (or all of a shorter one), for a dimension that
    /// is no multiple of `BLOCK`. Zero for codes that `blocks` covers.
    tail: Option<BlockWeights>,
    /// Sum of all weights: the increase of a dot product when every code grows by 1.
    pub(super) sum: i32,
    /// The dot product with the query that one unit of the integer dot product represents.
    pub(super) step: f64,
    /// Euclidean length of the query's rounding error.
    pub(super) rounding_norm: f64,
}

impl QueryWeights {
    /// Rounds a query: odd dimensions to 8 bits, even dimensions to 16.
    pub(super) fn new(query: &[f32]) -> Self {
        let mut weights =
            Self { blocks: Vec::new(), tail: None, sum: 0, step: 0.0, rounding_norm: 0.0 };
        let (mut largest, mut sum) = (0.0f32, 0.0f64);
        for x in query {
            largest = largest.max(x.abs());
            sum += f64::from(x.abs());
        }
        // The second bound keeps the largest possible dot product within i32.
        let overflow = f64::from(i32::MAX) / (MAX_CODE * EVEN_WEIGHT_STEPS) - query.len() as f64;
        let scale = match largest > 0.0 {
            true => (MAX_ODD_WEIGHT / f64::from(largest)).min(overflow / sum),
            false => 1.0,
        };
        weights.step = 1.0 / (EVEN_WEIGHT_STEPS * scale);
        let mut lost = 0.0;
        let mut block = |start: usize, from: usize| {
            let mut block: BlockWeights = [[[0; 8]; 2]; BLOCK / 16];
            for (place, &x) in query.iter().enumerate().take(start + BLOCK).skip(from) {
                let (at, x) = (place - start, f64::from(x) * scale);
                let [words, lows] = &mut block[at / 16];
                let lane = at % 16 / 2;
                let kept = if at % 2 == 1 {
                    let weight = round_ties_even(x);
                    words[lane] = weight as i16;
                    lows[lane] -= weight as i16;
                    weight * EVEN_WEIGHT_STEPS
                } else {
                    let weight = round_ties_even(x * EVEN_WEIGHT_STEPS);
                    // The weight of the word multiplies the low byte, too; the odd dimension, which
                    // follows, subtracts that.
                    lows[lane] += weight as i16;
                    weight
                };
                weights.sum = weights.sum.wrapping_add(kept as i32);
                lost += (x - kept / EVEN_WEIGHT_STEPS) * (x - kept / EVEN_WEIGHT_STEPS);
            }
            block
        };
        for from in (0..query.len()).step_by(BLOCK) {
            let next = block(from.min(query.len().saturating_sub(BLOCK)), from);
            weights.blocks.push(next);
        }
        if !query.len().is_multiple_of(BLOCK) {
            weights.tail = weights.blocks.pop();
        }
        weights.rounding_norm = sqrt(lost) / scale;
        weights
    }

    /// Sums of code times weight for four rows of codes. O(dim).
    #[inline(always)]
    pub(super) fn dots(&self, codes: [&[u8]; KERNEL_ROWS]) -> [i32; KERNEL_ROWS] {
        let dots = dots(&self.blocks, codes);
        match &self.tail {
            Some(weights) => add_tails(dots, codes, weights),
            None => dots,
        }
    }
}

/// The nearest integer, ties to even, for magnitudes below 2^51.
#[inline(always)]
fn round_ties_even(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    x + ROUND - ROUND
}

/// The loop over blocks. `inline(never)`: shared by whole blocks and tails.
#[inline(never)]
fn dots(weights: &[BlockWeights], codes: [&[u8]; KERNEL_ROWS]) -> [i32; KERNEL_ROWS] {
    let mut sums = [simd::ZERO_I32; KERNEL_ROWS];
    let [e, f, g, h] = codes.map(|row| row.as_chunks::<BLOCK>().0);
    for ((((weights, e), f), g), h) in weights.iter().zip(e).zip(f).zip(g).zip(h) {
        simd::add_weighted(&mut sums, [e, f, g, h], weights);
    }
    simd::row_sums(sums)
}

/// Dot product of a query with a stored vector before its scale, in `f32`: [`LANES`] partial sums,
/// of every eighth product each, added in order. Missing residuals are 0. O(dim).
pub(super) fn exact_dot(query: &[f32], codes: &[u8], residuals: Option<&[u8]>) -> f32 {
    let mut sums = simd::ZERO_F32;
    let (queries, rest) = query.as_chunks::<LANES>();
    let (blocks, last) = codes.as_chunks::<LANES>();
    let (fine, finest) = residuals.unwrap_or(&[]).as_chunks::<LANES>();
    for (at, (query, codes)) in queries.iter().zip(blocks).enumerate() {
        simd::add_products(&mut sums, query, codes, fine.get(at).unwrap_or(&[0; LANES]));
    }
    if !rest.is_empty() {
        let (mut query, mut code, mut residual) = ([0.0; LANES], [0; LANES], [0; LANES]);
        query[..rest.len()].copy_from_slice(rest);
        code[..rest.len()].copy_from_slice(last);
        residual[..finest.len()].copy_from_slice(finest);
        simd::add_products(&mut sums, &query, &code, &residual);
    }
    // Stored components are in units of 1/256 here; dividing by a power of two is exact.
    simd::to_array(sums).iter().sum::<f32>() / 256.0
}

/// The components that eight codes and residuals encode, before the scale. Exact.
#[inline(always)]
pub(super) fn components(codes: &[u8; LANES], residuals: &[u8; LANES]) -> [f32; LANES] {
    simd::to_array(simd::to_steps(codes, residuals)).map(|fine| fine / 256.0)
}

/// Adds the products of the tails. `inline(never)`: most dimensions have none.
#[inline(never)]
fn add_tails(
    mut dots: [i32; KERNEL_ROWS],
    codes: [&[u8]; KERNEL_ROWS],
    weights: &BlockWeights,
) -> [i32; KERNEL_ROWS] {
    let tails = codes.map(tail);
    let tails = tails.each_ref().map(<[u8; BLOCK]>::as_slice);
    for (dot, more) in dots.iter_mut().zip(self::dots(core::slice::from_ref(weights), tails)) {
        *dot = dot.wrapping_add(more);
    }
    dots
}

/// The last [`BLOCK`] codes of a row; a shorter row is padded with zeros.
fn tail(row: &[u8]) -> [u8; BLOCK] {
    let mut tail = [0; BLOCK];
    match row.last_chunk() {
        Some(last) => tail = *last,
        None => tail[..row.len()].copy_from_slice(row),
    }
    tail
}

/// By wasm simd128 intrinsics. Safe code: vectors are built from arrays, which the compiler turns
/// into single loads.
#[cfg(target_arch = "wasm32")]
mod simd {
    use super::{BLOCK, BlockWeights, KERNEL_ROWS, LANES};
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, i16x8, i16x8_add,
        i16x8_extend_low_i8x16, i16x8_shl, i16x8_splat, i16x8_sub, i32x4, i32x4_add,
        i32x4_dot_i16x8, i32x4_extend_high_i16x8, i32x4_extend_low_i16x8, i32x4_extract_lane,
        i32x4_shuffle, i64x2, u16x8_extend_low_u8x16, v128, v128_and,
    };

    pub(super) type Sums = [v128; KERNEL_ROWS];
    pub(super) const ZERO_I32: v128 = i32x4(0, 0, 0, 0);

    #[inline(always)]
    pub(super) fn add_weighted(
        sums: &mut Sums,
        rows: [&[u8; BLOCK]; KERNEL_ROWS],
        weights: &BlockWeights,
    ) {
        for (part, [words, lows]) in weights.iter().enumerate() {
            let (words, lows) = (load_i16(words), load_i16(lows));
            for (sum, row) in sums.iter_mut().zip(rows) {
                let codes = load_u8(&row.as_chunks().0[part]);
                let low = v128_and(codes, i16x8_splat(255));
                let both = i32x4_add(i32x4_dot_i16x8(codes, words), i32x4_dot_i16x8(low, lows));
                *sum = i32x4_add(*sum, both);
            }
        }
    }

    pub(super) const ZERO_F32: [v128; 2] = [f32x4(0.0, 0.0, 0.0, 0.0); 2];

    /// Adds the products of eight query components with `256 (code - 64) + residual`.
    #[inline(always)]
    pub(super) fn add_products(
        sums: &mut [v128; 2],
        query: &[f32; LANES],
        codes: &[u8; LANES],
        residuals: &[u8; LANES],
    ) {
        let (q, [low, high]) = (query, to_steps(codes, residuals));
        sums[0] = f32x4_add(sums[0], f32x4_mul(f32x4(q[0], q[1], q[2], q[3]), low));
        sums[1] = f32x4_add(sums[1], f32x4_mul(f32x4(q[4], q[5], q[6], q[7]), high));
    }

    /// `256 (code - 64) + residual`, which fits 16 bits.
    #[inline(always)]
    pub(super) fn to_steps(codes: &[u8; LANES], residuals: &[u8; LANES]) -> [v128; 2] {
        let eight = |bytes: &[u8; LANES]| i64x2(i64::from_le_bytes(*bytes), 0);
        let codes = i16x8_sub(u16x8_extend_low_u8x16(eight(codes)), i16x8_splat(64));
        let fine = i16x8_add(i16x8_shl(codes, 8), i16x8_extend_low_i8x16(eight(residuals)));
        [
            f32x4_convert_i32x4(i32x4_extend_low_i16x8(fine)),
            f32x4_convert_i32x4(i32x4_extend_high_i16x8(fine)),
        ]
    }

    #[inline(always)]
    pub(super) fn to_array([a, b]: [v128; 2]) -> [f32; LANES] {
        [
            f32x4_extract_lane::<0>(a),
            f32x4_extract_lane::<1>(a),
            f32x4_extract_lane::<2>(a),
            f32x4_extract_lane::<3>(a),
            f32x4_extract_lane::<0>(b),
            f32x4_extract_lane::<1>(b),
            f32x4_extract_lane::<2>(b),
            f32x4_extract_lane::<3>(b),
        ]
    }

    /// Sums the lanes of each row.
    #[inline(always)]
    pub(super) fn row_sums([a, b, c, d]: Sums) -> [i32; KERNEL_ROWS] {
        let halves =
            |x, y| i32x4_add(i32x4_shuffle::<0, 4, 2, 6>(x, y), i32x4_shuffle::<1, 5, 3, 7>(x, y));
        let (x, y) = (halves(a, b), halves(c, d));
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

/// In plain Rust, for every other target, and as the reference in tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable {
    use super::{BLOCK, BlockWeights, KERNEL_ROWS, LANES};

    pub(super) const ZERO_F32: [f32; LANES] = [0.0; LANES];

    #[inline(always)]
    pub(super) fn add_products(
        sums: &mut [f32; LANES],
        query: &[f32; LANES],
        codes: &[u8; LANES],
        residuals: &[u8; LANES],
    ) {
        let fine = to_steps(codes, residuals);
        (0..LANES).for_each(|lane| sums[lane] += query[lane] * fine[lane]);
    }

    #[inline(always)]
    pub(super) fn to_steps(codes: &[u8; LANES], residuals: &[u8; LANES]) -> [f32; LANES] {
        let fine = |lane: usize| {
            (i32::from(codes[lane]) - 64) * 256 + i32::from(residuals[lane].cast_signed())
        };
        core::array::from_fn(|lane| fine(lane) as f32)
    }

    pub(super) fn to_array(sums: [f32; LANES]) -> [f32; LANES] {
        sums
    }

    pub(super) type Sums = [[i32; 8]; KERNEL_ROWS];
    pub(super) const ZERO_I32: [i32; 8] = [0; 8];

    #[inline(always)]
    pub(super) fn add_weighted(
        sums: &mut Sums,
        rows: [&[u8; BLOCK]; KERNEL_ROWS],
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
