//! Vectors as small integers: 7 bits a dimension, and 8 more where they should be exact.
//!
//! A vector is scaled so that its largest number is the largest integer, rounded, and keeps one scale. For cosines that is the one that
//! gives the integers unit length, so that a dot product with a stored vector is a cosine; else the one that comes nearest to the vector.

use super::header::{ErrorBound, LARGEST_SCALE};
use super::kernel::numbers;
use super::metric::Metric;
use crate::Vectors;
use crate::math::simd::sqrt;
use alloc::vec::Vec;
use serde::Deserialize;
use wide::{f32x4, i16x8, i32x4, u8x16};

/// Codes are stored as 1..=127 around this.
pub(super) const ZERO: u8 = 64;
/// The largest code above [`ZERO`].
const LARGEST: f32 = 63.0;
/// Residual steps in one code step.
pub(super) const STEPS: i32 = 256;
/// SeededNumbers encoded at once.
const LANES: usize = 16;
/// Adding 1.5 x 2^23 rounds a small `f32` to a whole number, which is then what its bits are above those of the sum.
const ROUND: f32 = 12_582_912.0;
/// 2^100.
const LIFT: f32 = 1.267_650_6e30;

/// How finely vectors are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Precision {
    /// Two bytes a dimension: cosines within about 1e-4 of those of the vectors given, in practice much closer.
    #[default]
    Full,
    /// One byte a dimension, half the file: cosines within about 1e-2.
    Compact,
}

/// The stored vectors of a catalogue.
#[derive(Clone, Copy)]
pub(super) struct Codes<'a> {
    pub(super) dim: usize,
    /// n little-endian `f32`.
    pub(super) scales: &'a [u8],
    /// n x dim, row-major, 1..=127.
    pub(super) codes: &'a [u8],
    /// n x dim `i8`, or empty: 1/256 of a code step each.
    pub(super) residuals: &'a [u8],
}

impl Codes<'_> {
    pub(super) fn len(&self) -> usize {
        self.scales.len() / 4
    }

    pub(super) fn scale(&self, row: usize) -> f32 {
        super::bytes::float(self.scales, row)
    }

    /// The codes of a row, and its residuals if there are any.
    pub(super) fn row(&self, row: usize) -> (&[u8], Option<&[u8]>) {
        let range = row * self.dim..(row + 1) * self.dim;
        (&self.codes[range.clone()], self.residuals.get(range))
    }

    /// Appends the vector of a row.
    #[inline(never)]
    pub(super) fn decode(&self, row: usize, into: &mut Vec<f32>) {
        let scale = self.scale(row);
        let (codes, residuals) = self.row(row);
        let (end, residuals) = (into.len() + self.dim, residuals.unwrap_or(&[]));
        for start in (0..self.dim).step_by(8) {
            let numbers = numbers(&eight(codes, start), &eight(residuals, start));
            into.extend_from_slice(&numbers.map(|number| number * scale));
        }
        into.truncate(end);
    }
}

/// Eight bytes from one on; zeros after the last.
#[inline(always)]
fn eight(bytes: &[u8], start: usize) -> [u8; 8] {
    let rest = bytes.get(start..).unwrap_or(&[]);
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    })
}

/// What a code and its residual stand for, before the scale. Exact in `f32`.
pub(super) fn number(code: u8, residual: u8) -> f32 {
    f32::from(code) - f32::from(ZERO) + f32::from(residual.cast_signed()) / STEPS as f32
}

/// Codes in the making.
#[derive(Default)]
pub(super) struct Encoded {
    pub(super) scales: Vec<u8>,
    pub(super) codes: Vec<u8>,
    pub(super) residuals: Vec<u8>,
    /// Squared lengths of the stored vectors, for L2.
    pub(super) norms: Vec<u8>,
    pub(super) reach: ErrorBound,
}

impl Encoded {
    /// Encodes some more vectors. O(n dim).
    #[inline(never)]
    pub(super) fn extend(&mut self, vectors: Vectors<'_>, metric: Metric, precision: Precision) {
        let full = precision == Precision::Full;
        self.scales.reserve(vectors.len() * 4);
        // The last numbers of a vector are encoded together with zeros, which are cut off again.
        self.codes.reserve(vectors.values().len() + LANES);
        if full {
            self.residuals.reserve(vectors.values().len() + LANES);
        }
        for vector in vectors.rows() {
            self.push(vector, metric, full);
        }
    }

    /// Encodes a vector. A function of its own, because engines compile well what is called often.
    #[inline(never)]
    fn push(&mut self, vector: &[f32], metric: Metric, full: bool) {
        let steps = if full { STEPS as f32 } else { 1.0 };
        let rounding = Rounding::new(vector, steps);
        let (from, mut sums) = (self.codes.len(), Sums::default());
        for start in (0..vector.len()).step_by(LANES) {
            let rest = &vector[start..];
            let block = rest.first_chunk().copied().unwrap_or_else(|| {
                let mut block = [0.0; LANES];
                block[..rest.len()].copy_from_slice(rest);
                block
            });
            let (codes, residuals) = sums.add(rounding.round(&block), full);
            self.codes.extend_from_slice(&codes);
            if full {
                self.residuals.extend_from_slice(&residuals);
            }
        }
        self.codes.truncate(from + vector.len());
        self.residuals.truncate(from + vector.len());
        let Squares { codes, residuals, all } = sums.squares();
        let up = |squares: f64| (sqrt(squares) * (1.0 + 1e-6)) as f32;
        self.reach.include(ErrorBound { codes: up(codes), residuals: up(residuals) });
        let scale = match metric {
            _ if all == 0.0 => 0.0,
            Metric::Cosine => 1.0 / sqrt(all),
            Metric::InnerProduct | Metric::L2 => {
                against(vector, &self.codes[from..], self.residuals.get(from..).unwrap_or(&[]))
                    / all
            }
        };
        let scale = scale.min(LARGEST_SCALE.into()) as f32;
        self.scales.extend(scale.to_le_bytes());
        if metric == Metric::L2 {
            let length = f64::from(scale);
            self.norms.extend(((all * length * length).min(f32::MAX.into()) as f32).to_le_bytes());
        }
    }
}

/// How the numbers of one vector become whole.
struct Rounding {
    lift: f32x4,
    unit: f32x4,
}

impl Rounding {
    fn new(vector: &[f32], steps: f32) -> Self {
        let largest = largest(vector);
        // Tiny vectors are lifted first, or the factor would be infinite.
        let lift = if largest < 1e-30 { LIFT } else { 1.0 };
        let unit = if largest > 0.0 { LARGEST * steps / (largest * lift) } else { 0.0 };
        Self { lift: f32x4::splat(lift), unit: f32x4::splat(unit) }
    }

    /// As whole numbers of the finest step, which fit 16 bits.
    #[inline(always)]
    fn round(&self, block: &[f32; LANES]) -> [i16x8; 2] {
        let whole = |x: &[f32; 4]| {
            let rounded = f32x4::new(*x) * self.lift * self.unit + f32x4::splat(ROUND);
            bytemuck::cast::<f32x4, i32x4>(rounded) - i32x4::splat(ROUND.to_bits() as i32)
        };
        let [a, b, c, d] =
            [0, 4, 8, 12].map(|at| whole(block[at..].first_chunk().unwrap_or(&[0.0; 4])));
        [bytemuck::cast([a, b]), bytemuck::cast([c, d])].map(i16x8::from_i32x8_saturate)
    }
}

/// Sums of products of codes around zero and of residuals, which are whole numbers: exact in any order.
#[derive(Default)]
struct Sums {
    codes: i32x4,
    residuals: i32x4,
    both: i32x4,
}

/// Squared lengths in code steps: of the codes, of the residuals, of their sum.
struct Squares {
    codes: f64,
    residuals: f64,
    all: f64,
}

impl Sums {
    /// Splits whole numbers into codes and residuals.
    #[inline(always)]
    fn add(&mut self, fine: [i16x8; 2], full: bool) -> ([u8; LANES], [u8; LANES]) {
        let parts = fine.map(|fine| {
            let codes = if full { (fine + i16x8::splat(STEPS as i16 / 2)) >> 8 } else { fine };
            let residuals = if full { fine - (codes << 8) } else { i16x8::ZERO };
            self.codes += codes.dot(codes);
            self.residuals += residuals.dot(residuals);
            self.both += codes.dot(residuals);
            [codes + i16x8::splat(ZERO.into()), residuals & i16x8::splat(255)]
        });
        let [codes, residuals] =
            [0, 1].map(|of| u8x16::narrow_i16x8(parts[0][of], parts[1][of]).to_array());
        (codes, residuals)
    }

    fn squares(&self) -> Squares {
        let total = |sums: i32x4| sums.to_array().map(f64::from).iter().sum::<f64>();
        let (steps, codes) = (f64::from(STEPS), total(self.codes));
        let residuals = total(self.residuals) / (steps * steps);
        Squares { codes, residuals, all: codes + 2.0 * total(self.both) / steps + residuals }
    }
}

/// The dot product of a vector with its codes and residuals.
#[inline(never)]
fn against(vector: &[f32], codes: &[u8], residuals: &[u8]) -> f64 {
    let mut lanes = [0.0f64; 4];
    for (at, (&x, &code)) in vector.iter().zip(codes).enumerate() {
        lanes[at % 4] +=
            f64::from(number(code, residuals.get(at).copied().unwrap_or(0))) * f64::from(x);
    }
    lanes.iter().sum()
}

fn largest(vector: &[f32]) -> f32 {
    let mut lanes = [f32x4::ZERO; 4];
    let (blocks, rest) = vector.as_chunks::<LANES>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block.as_chunks().0) {
            *lane = lane.fast_max(f32x4::new(*x).abs());
        }
    }
    let lanes = lanes.map(f32x4::to_array);
    rest.iter().chain(lanes.as_flattened()).fold(0.0, |m: f32, x| m.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    fn encode(
        values: &[f32],
        dim: usize,
        metric: Metric,
        precision: Precision,
    ) -> (Encoded, Vec<f32>) {
        let mut encoded = Encoded::default();
        encoded.extend(Vectors::new(values, dim).unwrap(), metric, precision);
        let Encoded { scales, codes, residuals, .. } = &encoded;
        let stored = Codes { dim, scales, codes, residuals };
        let mut decoded = Vec::new();
        (0..stored.len()).for_each(|row| stored.decode(row, &mut decoded));
        (encoded, decoded)
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    #[test]
    fn stored_vectors_are_unit_vectors_close_to_those_given() {
        let mut numbers = SeededNumbers::new(5);
        let dim = 250;
        let values: Vec<f32> = (0..50 * dim).map(|_| numbers.normal() * 7.0).collect();
        for (precision, most) in [(Precision::Full, 1e-8), (Precision::Compact, 1e-3)] {
            let (_, decoded) = encode(&values, dim, Metric::Cosine, precision);
            for (stored, given) in decoded.chunks(dim).zip(values.chunks(dim)) {
                assert!((dot(stored, stored) - 1.0).abs() < 1e-6);
                let cosine = dot(stored, given) / (dot(stored, stored) * dot(given, given)).sqrt();
                assert!(1.0 - cosine < most, "{precision:?} {cosine}");
            }
        }
    }

    #[test]
    fn other_metrics_keep_the_length() {
        let mut numbers = SeededNumbers::new(6);
        for size in [1e-35, 1.0, 1e15] {
            let values: Vec<f32> = (0..20 * 64).map(|_| numbers.normal() * size).collect();
            for metric in [Metric::InnerProduct, Metric::L2] {
                let (encoded, decoded) = encode(&values, 64, metric, Precision::Full);
                for (row, (stored, given)) in decoded.chunks(64).zip(values.chunks(64)).enumerate()
                {
                    assert!((dot(stored, stored) / dot(given, given) - 1.0).abs() < 1e-4);
                    if metric == Metric::L2 {
                        let norm = f64::from(super::super::bytes::float(&encoded.norms, row));
                        assert!(
                            (norm - dot(stored, stored)).abs() <= 1e-6 * norm + 1e-44,
                            "{norm:e}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn reach_is_no_less_than_any_length() {
        let mut numbers = SeededNumbers::new(7);
        let values: Vec<f32> = (0..30 * 48).map(|_| numbers.normal()).collect();
        let (encoded, _) = encode(&values, 48, Metric::Cosine, Precision::Full);
        for (codes, residuals) in encoded.codes.chunks(48).zip(encoded.residuals.chunks(48)) {
            let length = |squares: f64| libm::sqrt(squares);
            let codes = length(codes.iter().map(|&c| (f64::from(c) - 64.0).powi(2)).sum());
            let residuals = length(
                residuals.iter().map(|&r| (f64::from(r.cast_signed()) / 256.0).powi(2)).sum(),
            );
            assert!(
                codes <= encoded.reach.codes.into() && residuals <= encoded.reach.residuals.into()
            );
        }
    }

    #[test]
    fn every_code_and_residual_stays_in_range() {
        let values = [1.0, -1.0, 0.5, 0.007_812_5, -0.5, 0.999_99, -0.999_99, 1e-30];
        for precision in [Precision::Full, Precision::Compact] {
            let (encoded, _) = encode(&values, 8, Metric::Cosine, precision);
            assert!(encoded.codes.iter().all(|code| (1..=127).contains(code)));
            assert_eq!(encoded.codes[..2], [127, 1]);
        }
    }

    #[test]
    fn zero_and_extreme_vectors_are_stored() {
        let values = [0.0, 0.0, f32::MAX, f32::MAX, f32::from_bits(1), 0.0];
        let (_, decoded) = encode(&values, 2, Metric::Cosine, Precision::Full);
        assert_eq!(decoded[..2], [0.0, 0.0]);
        assert!((decoded[2] - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!(decoded[4..], [1.0, 0.0]);
    }
}
