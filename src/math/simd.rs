//! Eight SIMD lanes of integers, floats and 16-bit codes, in the vector registers of the target.
//!
//! Results are equal on every wasm runtime and every native build: integer sums are exact in any
//! order, and no floating-point operation here combines two lanes.
//!
//! Methods are `#[inline(always)]`: each is one or two instructions of a hot loop, and a call would
//! spill the lanes to memory.

use wide::{CmpLt, f32x4, f64x2, i16x8, i32x4};

/// Number of SIMD lanes of each type in this file.
pub(crate) const LANES: usize = 8;

/// A factor that turns an `f32` result of a few roundings into a lower bound of the exact result.
pub(crate) const ROUND_DOWN: f32 = 1.0 - 2e-6;
/// A factor that turns an `f32` result of a few roundings into an upper bound of the exact result.
pub(crate) const ROUND_UP: f32 = 2.0 - ROUND_DOWN;

/// Eight `i32` values, one in each SIMD lane.
#[derive(Clone, Copy)]
pub(crate) struct I32x8([i32x4; 2]);

impl I32x8 {
    pub(crate) const ZERO: Self = Self([i32x4::ZERO; 2]);

    #[inline(always)]
    pub(crate) fn new([a, b, c, d, e, f, g, h]: [i32; 8]) -> Self {
        Self([i32x4::new([a, b, c, d]), i32x4::new([e, f, g, h])])
    }

    /// Adds `x[0] y[2 i] + x[1] y[2 i + 1]` to lane i; `low` and `high` are the halves of y. No sum
    /// may overflow.
    #[inline(always)]
    pub(crate) fn add_products(&mut self, [a, b]: [i16; 2], low: &[i16; 8], high: &[i16; 8]) {
        let x: i16x8 = bytemuck::cast(i32x4::splat(i32::from(a as u16) | i32::from(b) << 16));
        self.0[0] += x.dot(i16x8::new(*low));
        self.0[1] += x.dot(i16x8::new(*high));
    }

    /// ||x - y||^2 = ||x||^2 + ||y||^2 - 2 x.y of one x and eight y, where `self` has the dot
    /// products x.y, `norm` is ||x||^2 and `norms` has ||y||^2.
    #[inline(always)]
    pub(crate) fn squared_distances(self, norm: i32, norms: Self) -> Self {
        let half = |i: usize| i32x4::splat(norm) + norms.0[i] - (self.0[i] + self.0[i]);
        Self([half(0), half(1)])
    }

    /// Transposes four columns of eight lanes into eight rows of four; lanes 4 to 7 of each row are
    /// zero.
    #[inline(always)]
    pub(crate) fn transpose_columns(columns: [Self; 4]) -> [Self; 8] {
        let [[a, b, c, d], [e, f, g, h]] =
            [0, 1].map(|half| i32x4::transpose(columns.map(|column| column.0[half])));
        [a, b, c, d, e, f, g, h].map(|row| Self([row, i32x4::ZERO]))
    }

    /// Converts the lanes to `f32`, rounded to nearest.
    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x8 {
        F32x8(self.0.map(i32x4::round_float))
    }

    #[cfg(test)]
    pub(crate) fn to_array(self) -> [i32; 8] {
        let [[a, b, c, d], [e, f, g, h]] = self.0.map(i32x4::to_array);
        [a, b, c, d, e, f, g, h]
    }
}

/// Eight `f32` values, one in each SIMD lane.
#[derive(Clone, Copy)]
pub(crate) struct F32x8([f32x4; 2]);

impl F32x8 {
    #[inline(always)]
    pub(crate) fn new([a, b, c, d, e, f, g, h]: [f32; 8]) -> Self {
        Self([f32x4::new([a, b, c, d]), f32x4::new([e, f, g, h])])
    }

    #[inline(always)]
    pub(crate) fn splat(x: f32) -> Self {
        Self([f32x4::splat(x); 2])
    }

    /// Multiplies each lane by 2 a b / (a + b): squared distances become Ward distances of clusters
    /// of weight `a` and weights `b`.
    #[inline(always)]
    pub(crate) fn mul_harmonic_mean(self, a: f32, b: Self) -> Self {
        let harmonic_mean = |i: usize| f32x4::splat(2.0 * a) * b.0[i] / (f32x4::splat(a) + b.0[i]);
        Self([self.0[0] * harmonic_mean(0), self.0[1] * harmonic_mean(1)])
    }

    #[inline(always)]
    pub(crate) fn add_scalar(self, term: f32) -> Self {
        Self(self.0.map(|x| x + f32x4::splat(term)))
    }

    /// Returns `self + factor other`, lane by lane.
    #[inline(always)]
    pub(crate) fn add_scaled(self, other: Self, factor: f32) -> Self {
        Self(core::array::from_fn(|i| self.0[i] + other.0[i] * f32x4::splat(factor)))
    }

    /// Returns `(self + term) factors`, lane by lane.
    #[inline(always)]
    pub(crate) fn offset_then_scale(self, term: f32, factors: Self) -> Self {
        Self(core::array::from_fn(|i| (self.0[i] + f32x4::splat(term)) * factors.0[i]))
    }

    #[inline(always)]
    pub(crate) fn mul_scalar(self, factor: f32) -> Self {
        Self(self.0.map(|x| x * f32x4::splat(factor)))
    }

    /// Computes ||x - y||^2 of two vectors of eight components; the order of the sum depends on the
    /// target.
    #[inline(always)]
    pub(crate) fn squared_distance(self, other: Self) -> f32 {
        let [a, b] = [0, 1].map(|i| self.0[i] - other.0[i]);
        (a * a + b * b).reduce_add()
    }

    /// Lower bounds of squares whose roots may be up to `slack` less than those of `self`:
    /// max(0, sqrt(x) - slack)^2, rounded down.
    #[inline(always)]
    pub(crate) fn subtract_slack(self, slack: f32) -> Self {
        let lower_square = |x: f32x4| {
            let root =
                (x.sqrt() * f32x4::splat(ROUND_DOWN) - f32x4::splat(slack)).fast_max(f32x4::ZERO);
            root * root * f32x4::splat(ROUND_DOWN)
        };
        Self(self.0.map(lower_square))
    }

    /// Ward's Lance-Williams update, rounded down: `self` and `other` are the distances of clusters
    /// A and B, of weights `w` and `v`, to eight clusters of weights `c`; `ab` is the distance of A
    /// to B. Returns the distances of their union. Monotone in both, so lower bounds give lower
    /// bounds; never below the smaller of both (reducibility).
    #[inline(always)]
    pub(crate) fn lance_williams(self, other: Self, c: Self, [w, v, ab]: [f32; 3]) -> Self {
        let half = |i: usize| {
            let (x, y, c) = (self.0[i], other.0[i], c.0[i]);
            let (w, v) = (f32x4::splat(w), f32x4::splat(v));
            let weighted_sum = (w + c) * x + (v + c) * y - c * f32x4::splat(ab);
            // The result is at least a third of the magnitudes it is computed from, so the factor
            // covers the cancellation.
            (weighted_sum / (w + v + c) * f32x4::splat(ROUND_DOWN)).fast_max(x.fast_min(y))
        };
        Self([half(0), half(1)])
    }

    /// Returns the maximum of two values, lane by lane. No lane may be NaN.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self([self.0[0].fast_max(other.0[0]), self.0[1].fast_max(other.0[1])])
    }

    /// Returns the minimum of two values, lane by lane. No lane may be NaN.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self([self.0[0].fast_min(other.0[0]), self.0[1].fast_min(other.0[1])])
    }

    /// A bit mask: bit i is set if lane i of `self` is less than lane i of `other`.
    #[inline(always)]
    pub(crate) fn lt_mask(self, other: Self) -> u32 {
        let half_mask = |i: usize| self.0[i].cmp_lt(other.0[i]).move_mask() as u32;
        half_mask(0) | half_mask(1) << 4
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; 8] {
        let [[a, b, c, d], [e, f, g, h]] = self.to_halves();
        [a, b, c, d, e, f, g, h]
    }

    #[inline(always)]
    pub(crate) fn to_halves(self) -> [[f32; 4]; 2] {
        self.0.map(f32x4::to_array)
    }
}

/// The bit pattern of 1 as `f32`.
const ONE_BITS: i32 = 0x3f80_0000;
/// Number of low bits of an `f32` that are not stored in a code.
const DROPPED_BITS: i32 = 13;

/// Eight lower bounds from 1 to 2^32 as 16-bit codes: the five low bits of the `f32` exponent and
/// the ten high bits of the fraction. A code is at most the bound it encodes, and less by a
/// relative 2^-10 at most; codes are in the order of the bounds. In memory the lanes lie as
/// 0 4 1 5 2 6 3 7.
#[derive(Clone, Copy)]
pub(crate) struct BoundCodes(i16x8);

impl BoundCodes {
    /// A code greater than that of any bound.
    pub(crate) const MAX: i16 = i16::MAX;

    /// The position of a lane in memory.
    pub(crate) fn position_of(lane: usize) -> usize {
        (lane % 4) * 2 + lane / 4
    }

    /// SIMD lane of the bound stored at a position in memory; the inverse of `position_of`.
    pub(crate) fn lane_at(position: usize) -> usize {
        position / 2 + position % 2 * 4
    }

    /// Encodes one bound; bounds below 1 get the code of 1.
    pub(crate) fn encode_scalar(bound: f32) -> i16 {
        ((bound.to_bits() as i32 - ONE_BITS) >> DROPPED_BITS).clamp(0, Self::MAX.into()) as i16
    }

    /// Wraps eight codes, given in memory order (lanes 0 4 1 5 2 6 3 7).
    #[inline(always)]
    pub(crate) fn new(codes: [i16; 8]) -> Self {
        Self(i16x8::new(codes))
    }

    #[inline(always)]
    pub(crate) fn splat(code: i16) -> Self {
        Self(i16x8::splat(code))
    }

    /// Encodes eight bounds, each from 1 to 2^32.
    #[inline(always)]
    pub(crate) fn encode(bounds: F32x8) -> Self {
        let [a, b] = bounds.0.map(|x| bytemuck::cast::<f32x4, i32x4>(x) - i32x4::splat(ONE_BITS));
        let high_codes = (b << (16 - DROPPED_BITS)) & i32x4::splat(!0xffff);
        Self(bytemuck::cast((a >> DROPPED_BITS) | high_codes))
    }

    /// Decodes each code to the least bound that has it.
    #[inline(always)]
    pub(crate) fn decode(self) -> F32x8 {
        let code_unit = 1 << DROPPED_BITS;
        let decode_half = |even: i16, odd: i16| {
            let codes = self.0.dot(i16x8::new([even, odd, even, odd, even, odd, even, odd]));
            bytemuck::cast::<i32x4, f32x4>(codes + i32x4::splat(ONE_BITS))
        };
        F32x8([decode_half(code_unit, 0), decode_half(0, code_unit)])
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// Horizontal minimum of the eight lanes: folds the vector in half three times.
    #[inline(always)]
    pub(crate) fn reduce_min(self) -> i16 {
        let least = self.0;
        let [a, b, c, d, e, f, g, h] = least.to_array();
        let least = least.min(i16x8::new([e, f, g, h, a, b, c, d]));
        let [a, b, c, d, ..] = least.to_array();
        let least = least.min(i16x8::new([c, d, a, b, c, d, a, b]));
        let [a, b, ..] = least.to_array();
        a.min(b)
    }

    /// Transposes a block of 8 x 8 codes, given by rows.
    #[inline(always)]
    pub(crate) fn transpose(rows: [Self; 8]) -> [Self; 8] {
        // The transposition by `wide` takes and returns rows in the order of lanes in memory.
        let rows = core::array::from_fn(|position| rows[Self::lane_at(position)].0);
        let columns = i16x8::transpose(rows);
        core::array::from_fn(|j| Self(columns[Self::position_of(j)]))
    }

    /// A bit mask: bit p is set if the code at position p in memory is less than that of `other`.
    #[inline(always)]
    pub(crate) fn lt_mask(self, other: Self) -> u32 {
        self.0.cmp_lt(other.0).move_mask() as u32
    }

    /// Returns the codes in memory order (lanes 0 4 1 5 2 6 3 7).
    #[inline(always)]
    pub(crate) fn to_array(self) -> [i16; 8] {
        self.0.to_array()
    }
}

/// Indices of the set bits of a mask, ascending.
pub(crate) fn set_lanes(mut mask: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let lane = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (lane < 32).then_some(lane as usize)
    })
}

/// The correctly rounded square root (IEEE 754), by the instruction of the target.
#[inline(always)]
pub(crate) fn sqrt(x: f64) -> f64 {
    f64x2::splat(x).sqrt().to_array()[0]
}

/// The lesser of two values that are not NaN. (`f64::min` is a call in wasm.)
#[inline(always)]
pub(crate) fn min(x: f64, y: f64) -> f64 {
    if y < x { y } else { x }
}

/// The greater of two values that are not NaN. (`f64::max` is a call in wasm.)
#[inline(always)]
pub(crate) fn max(x: f64, y: f64) -> f64 {
    if y > x { y } else { x }
}
