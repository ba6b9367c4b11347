//! Integer dot products of stored codes with a query: the inner loop of every search.
//!
//! Two neighbouring codes, 7 bits each, are one 16-bit word `low + 256 high` that is never negative. With i16 weights a and b,
//! `word a + low b` is `low (a + b) + high 256 a`, so one mask and two multiply-adds take 16 codes, without widening any of them. Sums
//! wrap around; [`Weights::new`] chooses the query's scale so that the result never does.

use crate::math::simd::sqrt;
use alloc::vec::Vec;

/// Codes taken at once.
pub(super) const BLOCK: usize = 32;
/// Independent sums of an exact dot product: part of the order of its summation.
pub(super) const LANES: usize = 8;
/// Rows taken at once.
pub(super) const ROWS: usize = 4;
/// The largest code.
const LARGEST_CODE: f64 = 127.0;
/// How far an even weight must stay within i16, and the fineness of even weights against odd ones.
const LARGEST_WEIGHT: f64 = 127.0;
const FINE: f64 = 256.0;

/// For each 16 codes the weights of whole words and of their low bytes.
type Pair = [[i16; 8]; 2];
type BlockWeights = [Pair; BLOCK / 16];

/// A query as integers.
pub(super) struct Weights {
    whole: Vec<BlockWeights>,
    /// Of the last `BLOCK` codes of a row (or all of a shorter one), zero where `whole` was there before.
    tail: Option<BlockWeights>,
    /// Sum of all weights: what a code more in every dimension adds.
    pub(super) sum: i32,
    /// What a unit of the integer dot product stands for.
    pub(super) unit: f64,
    /// Length of what rounding took from the query.
    pub(super) lost: f64,
}

impl Weights {
    /// Rounds a query: odd places to 8 bits, even places to 16.
    pub(super) fn new(query: &[f32]) -> Self {
        let mut weights = Self { whole: Vec::new(), tail: None, sum: 0, unit: 0.0, lost: 0.0 };
        let (mut largest, mut sum) = (0.0f32, 0.0f64);
        for x in query {
            largest = largest.max(x.abs());
            sum += f64::from(x.abs());
        }
        // The second bound keeps the largest possible dot product within i32.
        let overflow = f64::from(i32::MAX) / (LARGEST_CODE * FINE) - query.len() as f64;
        let scale = match largest > 0.0 {
            true => (LARGEST_WEIGHT / f64::from(largest)).min(overflow / sum),
            false => 1.0,
        };
        weights.unit = 1.0 / (FINE * scale);
        let mut lost = 0.0;
        let mut block = |start: usize, from: usize| {
            let mut block: BlockWeights = [[[0; 8]; 2]; BLOCK / 16];
            for (place, &x) in query.iter().enumerate().take(start + BLOCK).skip(from) {
                let (at, x) = (place - start, f64::from(x) * scale);
                let [words, lows] = &mut block[at / 16];
                let lane = at % 16 / 2;
                let kept = if at % 2 == 1 {
                    let weight = whole(x);
                    words[lane] = weight as i16;
                    lows[lane] -= weight as i16;
                    weight * FINE
                } else {
                    let weight = whole(x * FINE);
                    // Words weigh their low byte as well; the odd place, which comes later, takes that back.
                    lows[lane] += weight as i16;
                    weight
                };
                weights.sum = weights.sum.wrapping_add(kept as i32);
                lost += (x - kept / FINE) * (x - kept / FINE);
            }
            block
        };
        for from in (0..query.len()).step_by(BLOCK) {
            let next = block(from.min(query.len().saturating_sub(BLOCK)), from);
            weights.whole.push(next);
        }
        if !query.len().is_multiple_of(BLOCK) {
            weights.tail = weights.whole.pop();
        }
        weights.lost = sqrt(lost) / scale;
        weights
    }

    /// Sums of code times weight for four rows of codes. O(dim).
    #[inline(always)]
    pub(super) fn dots(&self, codes: [&[u8]; ROWS]) -> [i32; ROWS] {
        let dots = dots(&self.whole, codes);
        match &self.tail {
            Some(weights) => add_tails(dots, codes, weights),
            None => dots,
        }
    }
}

/// The nearest whole number, of ties the even one; exact below 2^51.
#[inline(always)]
fn whole(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    x + ROUND - ROUND
}

/// Not where searches are inlined: tails take the same loop.
#[inline(never)]
fn dots(weights: &[BlockWeights], codes: [&[u8]; ROWS]) -> [i32; ROWS] {
    let mut sums = [lanes::ZERO; ROWS];
    let [e, f, g, h] = codes.map(|row| row.as_chunks::<BLOCK>().0);
    for ((((weights, e), f), g), h) in weights.iter().zip(e).zip(f).zip(g).zip(h) {
        lanes::add(&mut sums, [e, f, g, h], weights);
    }
    lanes::total(sums)
}

/// Dot product of a query with a stored vector before its scale, in `f32`: eight sums, each of every eighth product. Without residuals they
/// are zero.
pub(super) fn exact(query: &[f32], codes: &[u8], residuals: Option<&[u8]>) -> f32 {
    let mut sums = lanes::NONE;
    let (queries, rest) = query.as_chunks::<LANES>();
    let (blocks, last) = codes.as_chunks::<LANES>();
    let (fine, finest) = residuals.unwrap_or(&[]).as_chunks::<LANES>();
    for (at, (query, codes)) in queries.iter().zip(blocks).enumerate() {
        lanes::multiply(&mut sums, query, codes, fine.get(at).unwrap_or(&[0; LANES]));
    }
    if !rest.is_empty() {
        let (mut query, mut code, mut residual) = ([0.0; LANES], [0; LANES], [0; LANES]);
        query[..rest.len()].copy_from_slice(rest);
        code[..rest.len()].copy_from_slice(last);
        residual[..finest.len()].copy_from_slice(finest);
        lanes::multiply(&mut sums, &query, &code, &residual);
    }
    // Products are those of whole numbers, 256 times too large: a power of two, so nothing is rounded here.
    lanes::spread(sums).iter().sum::<f32>() / 256.0
}

/// What eight codes and their residuals stand for, before the scale: exact.
#[inline(always)]
pub(super) fn numbers(codes: &[u8; LANES], residuals: &[u8; LANES]) -> [f32; LANES] {
    lanes::spread(lanes::fine(codes, residuals)).map(|fine| fine / 256.0)
}

/// What the tails of four rows add. Most lengths have none.
#[inline(never)]
fn add_tails(mut dots: [i32; ROWS], codes: [&[u8]; ROWS], weights: &BlockWeights) -> [i32; ROWS] {
    let tails = codes.map(tail);
    let tails = tails.each_ref().map(<[u8; BLOCK]>::as_slice);
    for (dot, more) in dots.iter_mut().zip(self::dots(core::slice::from_ref(weights), tails)) {
        *dot = dot.wrapping_add(more);
    }
    dots
}

/// The last codes of a row; a row that is shorter is followed by zeros.
fn tail(row: &[u8]) -> [u8; BLOCK] {
    let mut tail = [0; BLOCK];
    match row.last_chunk() {
        Some(last) => tail = *last,
        None => tail[..row.len()].copy_from_slice(row),
    }
    tail
}

/// As simd128 has it. Safe: the vectors are built from arrays, and the compiler sees that each is one load.
#[cfg(target_arch = "wasm32")]
mod lanes {
    use super::{BLOCK, BlockWeights, LANES, ROWS};
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, i16x8, i16x8_add,
        i16x8_extend_low_i8x16, i16x8_shl, i16x8_splat, i16x8_sub, i32x4, i32x4_add,
        i32x4_dot_i16x8, i32x4_extend_high_i16x8, i32x4_extend_low_i16x8, i32x4_extract_lane,
        i32x4_shuffle, i64x2, u16x8_extend_low_u8x16, v128, v128_and,
    };

    pub(super) type Sums = [v128; ROWS];
    pub(super) const ZERO: v128 = i32x4(0, 0, 0, 0);

    #[inline(always)]
    pub(super) fn add(sums: &mut Sums, rows: [&[u8; BLOCK]; ROWS], weights: &BlockWeights) {
        for (part, [words, lows]) in weights.iter().enumerate() {
            let (words, lows) = (numbers(words), numbers(lows));
            for (sum, row) in sums.iter_mut().zip(rows) {
                let codes = codes(&row.as_chunks().0[part]);
                let low = v128_and(codes, i16x8_splat(255));
                let both = i32x4_add(i32x4_dot_i16x8(codes, words), i32x4_dot_i16x8(low, lows));
                *sum = i32x4_add(*sum, both);
            }
        }
    }

    pub(super) const NONE: [v128; 2] = [f32x4(0.0, 0.0, 0.0, 0.0); 2];

    /// Adds eight products of the query with 256 (code - 64) + residual.
    #[inline(always)]
    pub(super) fn multiply(
        sums: &mut [v128; 2],
        query: &[f32; LANES],
        codes: &[u8; LANES],
        residuals: &[u8; LANES],
    ) {
        let (q, [low, high]) = (query, fine(codes, residuals));
        sums[0] = f32x4_add(sums[0], f32x4_mul(f32x4(q[0], q[1], q[2], q[3]), low));
        sums[1] = f32x4_add(sums[1], f32x4_mul(f32x4(q[4], q[5], q[6], q[7]), high));
    }

    /// 256 (code - 64) + residual, which fits 16 bits.
    #[inline(always)]
    pub(super) fn fine(codes: &[u8; LANES], residuals: &[u8; LANES]) -> [v128; 2] {
        let eight = |bytes: &[u8; LANES]| i64x2(i64::from_le_bytes(*bytes), 0);
        let codes = i16x8_sub(u16x8_extend_low_u8x16(eight(codes)), i16x8_splat(64));
        let fine = i16x8_add(i16x8_shl(codes, 8), i16x8_extend_low_i8x16(eight(residuals)));
        [
            f32x4_convert_i32x4(i32x4_extend_low_i16x8(fine)),
            f32x4_convert_i32x4(i32x4_extend_high_i16x8(fine)),
        ]
    }

    #[inline(always)]
    pub(super) fn spread([a, b]: [v128; 2]) -> [f32; LANES] {
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

    /// The sum of each row's lanes.
    #[inline(always)]
    pub(super) fn total([a, b, c, d]: Sums) -> [i32; ROWS] {
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
    fn codes(codes: &[u8; 16]) -> v128 {
        let low = i64::from_le_bytes(core::array::from_fn(|i| codes[i]));
        let high = i64::from_le_bytes(core::array::from_fn(|i| codes[8 + i]));
        i64x2(low, high)
    }

    #[inline(always)]
    fn numbers(x: &[i16; 8]) -> v128 {
        i16x8(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7])
    }
}

/// The same for every other target, and for the tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable {
    use super::{BLOCK, BlockWeights, LANES, ROWS};

    pub(super) const NONE: [f32; LANES] = [0.0; LANES];

    #[inline(always)]
    pub(super) fn multiply(
        sums: &mut [f32; LANES],
        query: &[f32; LANES],
        codes: &[u8; LANES],
        residuals: &[u8; LANES],
    ) {
        let fine = fine(codes, residuals);
        (0..LANES).for_each(|lane| sums[lane] += query[lane] * fine[lane]);
    }

    #[inline(always)]
    pub(super) fn fine(codes: &[u8; LANES], residuals: &[u8; LANES]) -> [f32; LANES] {
        let fine = |lane: usize| {
            (i32::from(codes[lane]) - 64) * 256 + i32::from(residuals[lane].cast_signed())
        };
        core::array::from_fn(|lane| fine(lane) as f32)
    }

    pub(super) fn spread(sums: [f32; LANES]) -> [f32; LANES] {
        sums
    }

    pub(super) type Sums = [[i32; 8]; ROWS];
    pub(super) const ZERO: [i32; 8] = [0; 8];

    #[inline(always)]
    pub(super) fn add(sums: &mut Sums, rows: [&[u8; BLOCK]; ROWS], weights: &BlockWeights) {
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

    pub(super) fn total(sums: Sums) -> [i32; ROWS] {
        sums.map(|lanes| lanes.iter().fold(0i32, |sum, &lane| sum.wrapping_add(lane)))
    }
}
#[cfg(not(target_arch = "wasm32"))]
use portable as lanes;

#[cfg(test)]
mod tests;
