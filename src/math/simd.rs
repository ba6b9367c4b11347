//! Eight numbers side by side, in the vector registers of whatever processor there is.
//!
//! Whole numbers add up to the same sum in every order, so every engine, and every shape of loop, agrees to the bit; and no operation on
//! floating-point numbers here combines two lanes.

use wide::{CmpLt, f32x4, f64x2, i16x8, i32x4};

/// SeededNumbers side by side.
pub(crate) const LANES: usize = 8;

/// Below 1 by more than a few roundings of `f32`.
pub(crate) const ROUND_DOWN: f32 = 1.0 - 2e-6;

/// Eight whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct I32x8([i32x4; 2]);

impl I32x8 {
    pub(crate) const ZERO: Self = Self([i32x4::ZERO; 2]);

    #[inline(always)]
    pub(crate) fn new([a, b, c, d, e, f, g, h]: [i32; 8]) -> Self {
        Self([i32x4::new([a, b, c, d]), i32x4::new([e, f, g, h])])
    }

    /// Adds `x[0] y[2 i] + x[1] y[2 i + 1]` to number i, of y in two halves. No sum may overflow.
    #[inline(always)]
    pub(crate) fn add_products(&mut self, [a, b]: [i16; 2], low: &[i16; 8], high: &[i16; 8]) {
        let x: i16x8 = bytemuck::cast(i32x4::splat(i32::from(a as u16) | i32::from(b) << 16));
        self.0[0] += x.dot(i16x8::new(*low));
        self.0[1] += x.dot(i16x8::new(*high));
    }

    /// ||x - y||^2 = ||x||^2 + ||y||^2 - 2 x.y of eight y, from these products and the squared lengths.
    #[inline(always)]
    pub(crate) fn apart(self, norm: i32, norms: Self) -> Self {
        let apart = |i: usize| i32x4::splat(norm) + norms.0[i] - (self.0[i] + self.0[i]);
        Self([apart(0), apart(1)])
    }

    /// Eight rows of four columns, and of four zeros.
    #[inline(always)]
    pub(crate) fn across(columns: [Self; 4]) -> [Self; 8] {
        let [[a, b, c, d], [e, f, g, h]] =
            [0, 1].map(|half| i32x4::transpose(columns.map(|column| column.0[half])));
        [a, b, c, d, e, f, g, h].map(|row| Self([row, i32x4::ZERO]))
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self([self.0[0].max(other.0[0]), self.0[1].max(other.0[1])])
    }

    #[inline(always)]
    pub(crate) fn floats(self) -> F32x8 {
        F32x8(self.0.map(i32x4::round_float))
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i32; 8] {
        let [[a, b, c, d], [e, f, g, h]] = self.0.map(i32x4::to_array);
        [a, b, c, d, e, f, g, h]
    }
}

/// Eight floating-point numbers.
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

    /// These times 2 a b / (a + b), of eight b.
    #[inline(always)]
    pub(crate) fn times_harmonic_mean(self, a: f32, b: Self) -> Self {
        let mean = |i: usize| f32x4::splat(2.0 * a) * b.0[i] / (f32x4::splat(a) + b.0[i]);
        Self([self.0[0] * mean(0), self.0[1] * mean(1)])
    }

    #[inline(always)]
    pub(crate) fn plus(self, term: f32) -> Self {
        Self(self.0.map(|x| x + f32x4::splat(term)))
    }

    #[inline(always)]
    pub(crate) fn add_scaled(self, other: Self, factor: f32) -> Self {
        Self(core::array::from_fn(|i| self.0[i] + other.0[i] * f32x4::splat(factor)))
    }

    /// These and a term, times others.
    #[inline(always)]
    pub(crate) fn shifted(self, term: f32, factors: Self) -> Self {
        Self(core::array::from_fn(|i| (self.0[i] + f32x4::splat(term)) * factors.0[i]))
    }

    #[inline(always)]
    pub(crate) fn times(self, factor: f32) -> Self {
        Self(self.0.map(|x| x * f32x4::splat(factor)))
    }

    /// Squared distances that may be up to `slack` less, before squaring: at least so much.
    #[inline(always)]
    pub(crate) fn blurred(self, slack: f32) -> Self {
        let blurred = |x: f32x4| {
            let root =
                (x.sqrt() * f32x4::splat(ROUND_DOWN) - f32x4::splat(slack)).fast_max(f32x4::ZERO);
            root * root * f32x4::splat(ROUND_DOWN)
        };
        Self(self.0.map(blurred))
    }

    /// Lance-Williams, rounded down: from the distances of two clusters, of weights `w` and `v` and `between` each other, to eight others of
    /// weights `c`, those of their union. Grows with both, so that lower bounds give lower bounds; and is never below both.
    #[inline(always)]
    pub(crate) fn united(self, other: Self, c: Self, [w, v, between]: [f32; 3]) -> Self {
        let united = |i: usize| {
            let (x, y, c) = (self.0[i], other.0[i], c.0[i]);
            let (w, v) = (f32x4::splat(w), f32x4::splat(v));
            let sum = (w + c) * x + (v + c) * y - c * f32x4::splat(between);
            // No result is less than a third of the magnitudes that it comes from.
            (sum / (w + v + c) * f32x4::splat(ROUND_DOWN)).fast_max(x.fast_min(y))
        };
        Self([united(0), united(1)])
    }

    /// Neither may be NaN.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self([self.0[0].fast_max(other.0[0]), self.0[1].fast_max(other.0[1])])
    }

    /// Neither may be NaN.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self([self.0[0].fast_min(other.0[0]), self.0[1].fast_min(other.0[1])])
    }

    /// The lanes in which these are less, as bits.
    #[inline(always)]
    pub(crate) fn lt_mask(self, other: Self) -> u32 {
        let mask = |i: usize| self.0[i].cmp_lt(other.0[i]).move_mask() as u32;
        mask(0) | mask(1) << 4
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; 8] {
        let [[a, b, c, d], [e, f, g, h]] = self.0.map(f32x4::to_array);
        [a, b, c, d, e, f, g, h]
    }
}

/// The bits of 1 as `f32`.
const ONE: i32 = 0x3f80_0000;
/// Bits of `f32` that a code leaves out.
const LEFT_OUT: i32 = 13;

/// Eight numbers from 1 to 2^32 in 16 bits each, rounded down by less than 2^-10 of themselves: the five low bits of the exponent and the ten
/// high ones of the fraction. They are in the order of the numbers. In memory, number i < 4 stands before number i + 4.
#[derive(Clone, Copy)]
pub(crate) struct Codes(i16x8);

impl Codes {
    /// Greater than the code of any other number.
    pub(crate) const FAR: i16 = i16::MAX;

    /// Where number i stands.
    pub(crate) fn position(i: usize) -> usize {
        (i % 4) * 2 + i / 4
    }

    /// Which number stands there.
    pub(crate) fn number(position: usize) -> usize {
        position / 2 + position % 2 * 4
    }

    pub(crate) fn code(number: f32) -> i16 {
        ((number.to_bits() as i32 - ONE) >> LEFT_OUT).clamp(0, Self::FAR.into()) as i16
    }

    #[inline(always)]
    pub(crate) fn new(codes: [i16; 8]) -> Self {
        Self(i16x8::new(codes))
    }

    #[inline(always)]
    pub(crate) fn splat(code: i16) -> Self {
        Self(i16x8::splat(code))
    }

    /// Of numbers from 1 to 2^32.
    #[inline(always)]
    pub(crate) fn of(numbers: F32x8) -> Self {
        let [a, b] = numbers.0.map(|x| bytemuck::cast::<f32x4, i32x4>(x) - i32x4::splat(ONE));
        Self(bytemuck::cast((a >> LEFT_OUT) | ((b << (16 - LEFT_OUT)) & i32x4::splat(!0xffff))))
    }

    #[inline(always)]
    pub(crate) fn floats(self) -> F32x8 {
        let unit = 1 << LEFT_OUT;
        let bits = |even: i16, odd: i16| {
            let codes = self.0.dot(i16x8::new([even, odd, even, odd, even, odd, even, odd]));
            bytemuck::cast::<i32x4, f32x4>(codes + i32x4::splat(ONE))
        };
        F32x8([bits(unit, 0), bits(0, unit)])
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// The least of them, by halves.
    #[inline(always)]
    pub(crate) fn least(self) -> i16 {
        let least = self.0;
        let [a, b, c, d, e, f, g, h] = least.to_array();
        let least = least.min(i16x8::new([e, f, g, h, a, b, c, d]));
        let [a, b, c, d, ..] = least.to_array();
        let least = least.min(i16x8::new([c, d, a, b, c, d, a, b]));
        let [a, b, ..] = least.to_array();
        a.min(b)
    }

    /// Column j of eight rows.
    #[inline(always)]
    pub(crate) fn transposed(rows: [Self; 8]) -> [Self; 8] {
        // By position, row p and column p stand for number(p).
        let rows = core::array::from_fn(|position| rows[Self::number(position)].0);
        let columns = i16x8::transpose(rows);
        core::array::from_fn(|j| Self(columns[Self::position(j)]))
    }

    /// The positions where these are less, as bits.
    #[inline(always)]
    pub(crate) fn lt_mask(self, other: Self) -> u32 {
        self.0.cmp_lt(other.0).move_mask() as u32
    }

    #[inline(always)]
    pub(crate) fn codes(self) -> [i16; 8] {
        self.0.to_array()
    }
}

/// The lanes of a mask, ascending.
pub(crate) fn set_lanes(mut mask: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let lane = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (lane < 32).then_some(lane as usize)
    })
}

/// The square root, exactly rounded, as everywhere.
#[inline(always)]
pub(crate) fn sqrt(x: f64) -> f64 {
    f64x2::splat(x).sqrt().to_array()[0]
}
