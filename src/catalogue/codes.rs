//! Scalar quantization of vectors: a 7-bit code for each dimension and, with full precision, an
//! 8-bit residual.
//!
//! A vector is divided by its largest magnitude, multiplied by 63 and rounded; one `f32` scale a
//! row maps codes back to components. For cosines the scale gives the stored vector unit length,
//! so that a dot product with it is a cosine; for the other metrics it minimises the squared
//! distance to the vector given.
//!
//! `inline(never)` functions run at most once for each vector; `inline(always)` functions run once
//! for each block of components.
//!
//! More than 400 lines: encoding and decoding must agree bit by bit, and are read together.

use super::header::{ErrorBound, MAX_SCALE};
use super::kernel::{PARTIAL_SUMS, STEPS_PER_CODE, Steps, steps};
use super::metric::Metric;
use crate::Vectors;
use crate::math::simd::sqrt;
use alloc::vec::Vec;
use serde::Deserialize;
use wide::{f32x4, i16x8, i32x4, u8x16};

/// The code of component 0. Written codes are 1..=127.
pub(super) const ZERO_CODE: u8 = 64;
/// Maximum difference between a written code and [`ZERO_CODE`].
const MAX_CODE_OFFSET: f32 = 63.0;
/// Number of residual steps in one code step.
const RESIDUAL_STEPS: i32 = 256;
/// Number of components of a vector that are encoded together.
const BLOCK_COMPONENTS: usize = 16;
/// 1.5 x 2^23. Adding it rounds an `f32` of magnitude below 2^22 to an integer: the difference
/// between the bits of the sum and the bits of this constant.
const ROUND_MAGIC: f32 = 12_582_912.0;
/// 2^100. Vectors of tiny components are multiplied by it, so that 63 / (largest magnitude) stays
/// finite.
const TINY_LIFT: f32 = 1.267_650_6e30;

/// Precision of stored vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Precision {
    /// Two bytes per dimension. Cosines differ from those of the vectors given by at most about
    /// 1e-4, typically by much less.
    #[default]
    Full,
    /// One byte per dimension: the file is about half as large as with `Full`. Cosines differ from
    /// those of the vectors given by at most about 1e-2.
    Compact,
}

/// The stored vectors of a catalogue, read in place.
#[derive(Clone, Copy)]
pub(super) struct StoredVectors<'a> {
    pub(super) dim: usize,
    /// Scale of each row: n little-endian `f32`.
    pub(super) scales: &'a [u8],
    /// The codes of all rows: n x dim, row-major, each from 1 to 127.
    pub(super) codes: &'a [u8],
    /// n x dim residuals, row-major, `i8` in units of 1/256 code step; empty if compact.
    pub(super) residuals: &'a [u8],
}

impl StoredVectors<'_> {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.scales.len() / 4
    }

    /// The factor by which the codes and residuals of a row are multiplied to give components.
    pub(super) fn scale(&self, row: usize) -> f32 {
        super::bytes::f32_at(self.scales, row)
    }

    /// The codes of a row, and its residuals where these are stored.
    pub(super) fn row(&self, row: usize) -> (&[u8], Option<&[u8]>) {
        let range = row * self.dim..(row + 1) * self.dim;
        (&self.codes[range.clone()], self.residuals.get(range))
    }

    /// The decoded vector of a row, before the scale. The components past the last dimension have
    /// no meaning. O(dim).
    #[inline(always)]
    pub(super) fn steps_of(&self, row: usize) -> impl Iterator<Item = Steps> {
        let (codes, residuals) = self.row(row);
        let residuals = residuals.unwrap_or(&[]);
        (0..self.dim).step_by(PARTIAL_SUMS).map(move |start| {
            steps(&chunk_or_zeros(codes, start), &chunk_or_zeros(residuals, start))
        })
    }

    /// Replaces `out` by the decoded vector of a row, before the scale. O(dim).
    #[inline(never)]
    pub(super) fn read_steps(&self, row: usize, out: &mut Vec<Steps>) {
        out.clear();
        out.extend(self.steps_of(row));
    }

    /// Appends the decoded vector of a row to `out`. O(dim).
    #[inline(never)]
    pub(super) fn decode(&self, row: usize, out: &mut Vec<f32>) {
        let (scale, end) = (self.scale(row), out.len() + self.dim);
        for steps in self.steps_of(row) {
            out.extend_from_slice(&steps.map(|step| step / STEPS_PER_CODE * scale));
        }
        out.truncate(end);
    }
}

/// The eight bytes from `start` on, padded with zeros past the last byte.
#[inline(always)]
fn chunk_or_zeros(bytes: &[u8], start: usize) -> [u8; PARTIAL_SUMS] {
    let remaining = bytes.get(start..).unwrap_or(&[]);
    remaining.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; PARTIAL_SUMS];
        bytes[..remaining.len()].copy_from_slice(remaining);
        bytes
    })
}

/// The component that a code and its residual encode, not yet multiplied by the scale. Exact in
/// `f32`.
fn component(code: u8, residual: u8) -> f32 {
    f32::from(code) - f32::from(ZERO_CODE)
        + f32::from(residual.cast_signed()) / RESIDUAL_STEPS as f32
}

/// Encodes vectors. Its fields are the contents of the vector sections of a catalogue.
#[derive(Debug, Default)]
pub(super) struct VectorEncoder {
    pub(super) scales: Vec<u8>,
    pub(super) codes: Vec<u8>,
    pub(super) residuals: Vec<u8>,
    /// Squared lengths of the stored vectors, as little-endian `f32`; empty except for L2.
    pub(super) norms: Vec<u8>,
    /// Largest norms of the codes and of the residuals of the vectors encoded so far.
    pub(super) error_bound: ErrorBound,
}

impl VectorEncoder {
    /// Appends vectors. O(n dim).
    #[inline(never)]
    pub(super) fn extend(&mut self, vectors: Vectors<'_>, metric: Metric, precision: Precision) {
        let full = precision == Precision::Full;
        self.scales.reserve(vectors.len() * 4);
        // The last block of a vector is padded with zeros; the codes of the padding are truncated.
        self.codes.reserve(vectors.values().len() + BLOCK_COMPONENTS);
        if full {
            self.residuals.reserve(vectors.values().len() + BLOCK_COMPONENTS);
        }
        for vector in vectors.rows() {
            self.encode(vector, metric, full);
        }
    }

    /// Appends a vector. Not part of [`extend`](Self::extend), because wasm runtimes optimise whole
    /// functions, and a function that is called often is optimised early.
    #[inline(never)]
    fn encode(&mut self, vector: &[f32], metric: Metric, full: bool) {
        let steps_per_code = if full { RESIDUAL_STEPS as f32 } else { 1.0 };
        let quantizer = Quantizer::new(vector, steps_per_code);
        let (first_code, mut sums) = (self.codes.len(), DotSums::default());
        for start in (0..vector.len()).step_by(BLOCK_COMPONENTS) {
            let remaining_components = &vector[start..];
            let block = remaining_components.first_chunk().copied().unwrap_or_else(|| {
                let mut block = [0.0; BLOCK_COMPONENTS];
                block[..remaining_components.len()].copy_from_slice(remaining_components);
                block
            });
            let (codes, residuals) = sums.split(quantizer.quantize(&block), full);
            self.codes.extend_from_slice(&codes);
            if full {
                self.residuals.extend_from_slice(&residuals);
            }
        }
        self.codes.truncate(first_code + vector.len());
        self.residuals.truncate(first_code + vector.len());
        let SquaredNorms { codes, residuals, total } = sums.squared_norms();
        let norm_upper_bound = |squared_norm: f64| (sqrt(squared_norm) * (1.0 + 1e-6)) as f32;
        self.error_bound.merge(ErrorBound {
            max_code_norm: norm_upper_bound(codes),
            max_residual_norm: norm_upper_bound(residuals),
        });
        let scale = match metric {
            _ if total == 0.0 => 0.0,
            Metric::Cosine => 1.0 / sqrt(total),
            Metric::InnerProduct | Metric::L2 => {
                dot_with_stored(
                    vector,
                    &self.codes[first_code..],
                    self.residuals.get(first_code..).unwrap_or(&[]),
                ) / total
            }
        };
        let scale = scale.min(MAX_SCALE.into()) as f32;
        self.scales.extend(scale.to_le_bytes());
        if metric == Metric::L2 {
            let scale = f64::from(scale);
            let squared_length = (total * scale * scale).min(f32::MAX.into()) as f32;
            self.norms.extend(squared_length.to_le_bytes());
        }
    }
}

/// Maps the components of one vector to integers: x to `round(x * lift * steps_per_unit)`.
struct Quantizer {
    /// Factor that keeps `steps_per_unit` finite: [`TINY_LIFT`] for a vector of tiny components,
    /// else 1.
    lift: f32x4,
    /// Number of the finest steps in one unit of the lifted components.
    steps_per_unit: f32x4,
}

impl Quantizer {
    /// The quantizer of a vector; `steps_per_code` is the number of the finest steps in a code
    /// step.
    fn new(vector: &[f32], steps_per_code: f32) -> Self {
        let max_abs = max_abs(vector);
        // Without the lift, the factor of a tiny vector would be infinite.
        let lift = if max_abs < 1e-30 { TINY_LIFT } else { 1.0 };
        let steps_per_unit =
            if max_abs > 0.0 { MAX_CODE_OFFSET * steps_per_code / (max_abs * lift) } else { 0.0 };
        Self { lift: f32x4::splat(lift), steps_per_unit: f32x4::splat(steps_per_unit) }
    }

    /// Rounds a block of components to integers, in units of the finest step: 1/256 of a code step
    /// with residuals, else a code step. The integers fit into 16 bits.
    #[inline(always)]
    fn quantize(&self, block: &[f32; BLOCK_COMPONENTS]) -> [i16x8; 2] {
        let to_integers = |x: &[f32; 4]| {
            let rounded =
                f32x4::new(*x) * self.lift * self.steps_per_unit + f32x4::splat(ROUND_MAGIC);
            bytemuck::cast::<f32x4, i32x4>(rounded) - i32x4::splat(ROUND_MAGIC.to_bits() as i32)
        };
        let [a, b, c, d] = [0, 4, 8, 12]
            .map(|start| to_integers(block[start..].first_chunk().unwrap_or(&[0.0; 4])));
        [bytemuck::cast([a, b]), bytemuck::cast([c, d])].map(i16x8::from_i32x8_saturate)
    }
}

/// Dot products of the codes (minus [`ZERO_CODE`]) and residuals of a vector with themselves and
/// with each other. The sums are integers, so the order of summation does not matter.
#[derive(Default)]
struct DotSums {
    /// Dot product of the codes with themselves, in four partial sums.
    codes: i32x4,
    /// Dot product of the residuals with themselves, in four partial sums.
    residuals: i32x4,
    /// Dot product of the codes with the residuals, in four partial sums.
    both: i32x4,
}

/// Squared lengths, in squared code steps: of the codes (minus [`ZERO_CODE`]), of the residuals,
/// and of the vector that both encode (`total`).
struct SquaredNorms {
    codes: f64,
    residuals: f64,
    total: f64,
}

impl DotSums {
    /// Splits quantized components into codes and residuals, and adds the products of these to the
    /// sums. Without residuals (`full` is false) the components are codes.
    #[inline(always)]
    fn split(
        &mut self,
        fine_steps: [i16x8; 2],
        full: bool,
    ) -> ([u8; BLOCK_COMPONENTS], [u8; BLOCK_COMPONENTS]) {
        let halves = fine_steps.map(|fine| {
            let codes =
                if full { (fine + i16x8::splat(RESIDUAL_STEPS as i16 / 2)) >> 8 } else { fine };
            let residuals = if full { fine - (codes << 8) } else { i16x8::ZERO };
            self.codes += codes.dot(codes);
            self.residuals += residuals.dot(residuals);
            self.both += codes.dot(residuals);
            [codes + i16x8::splat(ZERO_CODE.into()), residuals & i16x8::splat(255)]
        });
        let [codes, residuals] =
            [0, 1].map(|part| u8x16::narrow_i16x8(halves[0][part], halves[1][part]).to_array());
        (codes, residuals)
    }

    fn squared_norms(&self) -> SquaredNorms {
        let lane_sum = |sums: i32x4| sums.to_array().map(f64::from).iter().sum::<f64>();
        let (steps, codes) = (f64::from(RESIDUAL_STEPS), lane_sum(self.codes));
        let residuals = lane_sum(self.residuals) / (steps * steps);
        SquaredNorms {
            codes,
            residuals,
            total: codes + 2.0 * lane_sum(self.both) / steps + residuals,
        }
    }
}

/// Dot product of a vector with the vector that its codes and residuals encode, before the scale.
#[inline(never)]
fn dot_with_stored(vector: &[f32], codes: &[u8], residuals: &[u8]) -> f64 {
    let mut lanes = [0.0f64; 4];
    for (k, (&x, &code)) in vector.iter().zip(codes).enumerate() {
        let residual = residuals.get(k).copied().unwrap_or(0);
        lanes[k % 4] += f64::from(component(code, residual)) * f64::from(x);
    }
    lanes.iter().sum()
}

/// The largest magnitude of the components of a vector.
fn max_abs(vector: &[f32]) -> f32 {
    let mut lane_maxima = [f32x4::ZERO; 4];
    let (blocks, remaining) = vector.as_chunks::<BLOCK_COMPONENTS>();
    for block in blocks {
        for (lane_max, x) in lane_maxima.iter_mut().zip(block.as_chunks().0) {
            *lane_max = lane_max.fast_max(f32x4::new(*x).abs());
        }
    }
    let lane_maxima = lane_maxima.map(f32x4::to_array);
    remaining.iter().chain(lane_maxima.as_flattened()).fold(0.0, |m: f32, x| m.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    fn encode_and_decode(
        values: &[f32],
        dim: usize,
        metric: Metric,
        precision: Precision,
    ) -> (VectorEncoder, Vec<f32>) {
        let mut encoder = VectorEncoder::default();
        encoder.extend(Vectors::new(values, dim).unwrap(), metric, precision);
        let VectorEncoder { scales, codes, residuals, .. } = &encoder;
        let stored_vectors = StoredVectors { dim, scales, codes, residuals };
        let mut outputs = Vec::new();
        (0..stored_vectors.len()).for_each(|row| stored_vectors.decode(row, &mut outputs));
        (encoder, outputs)
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    #[test]
    fn cosine_vectors_are_stored_at_unit_length_close_to_the_given_ones() {
        let mut random = SeededNumbers::new(5);
        let dim = 250;
        let values: Vec<f32> = (0..50 * dim).map(|_| random.normal() * 7.0).collect();
        for (precision, max_error) in [(Precision::Full, 1e-8), (Precision::Compact, 1e-3)] {
            let (_, outputs) = encode_and_decode(&values, dim, Metric::Cosine, precision);
            for (output, input) in outputs.chunks(dim).zip(values.chunks(dim)) {
                assert!((dot(output, output) - 1.0).abs() < 1e-6);
                let cosine = dot(output, input) / (dot(output, output) * dot(input, input)).sqrt();
                assert!(1.0 - cosine < max_error, "{precision:?} {cosine}");
            }
        }
    }

    #[test]
    fn inner_product_and_l2_preserve_the_length() {
        let mut random = SeededNumbers::new(6);
        for magnitude in [1e-35, 1.0, 1e15] {
            let values: Vec<f32> = (0..20 * 64).map(|_| random.normal() * magnitude).collect();
            for metric in [Metric::InnerProduct, Metric::L2] {
                let (encoder, outputs) = encode_and_decode(&values, 64, metric, Precision::Full);
                for (row, (output, input)) in outputs.chunks(64).zip(values.chunks(64)).enumerate()
                {
                    assert!((dot(output, output) / dot(input, input) - 1.0).abs() < 1e-4);
                    if metric == Metric::L2 {
                        let norm = f64::from(super::super::bytes::f32_at(&encoder.norms, row));
                        assert!(
                            (norm - dot(output, output)).abs() <= 1e-6 * norm + 1e-44,
                            "{norm:e}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn error_bound_is_at_least_every_norm() {
        let mut random = SeededNumbers::new(7);
        let values: Vec<f32> = (0..30 * 48).map(|_| random.normal()).collect();
        let (encoder, _) = encode_and_decode(&values, 48, Metric::Cosine, Precision::Full);
        for (codes, residuals) in encoder.codes.chunks(48).zip(encoder.residuals.chunks(48)) {
            let code_norm = libm::sqrt(codes.iter().map(|&c| (f64::from(c) - 64.0).powi(2)).sum());
            let residual_norm = libm::sqrt(
                residuals.iter().map(|&r| (f64::from(r.cast_signed()) / 256.0).powi(2)).sum(),
            );
            assert!(
                code_norm <= encoder.error_bound.max_code_norm.into()
                    && residual_norm <= encoder.error_bound.max_residual_norm.into()
            );
        }
    }

    #[test]
    fn codes_stay_within_1_to_127() {
        let values = [1.0, -1.0, 0.5, 0.007_812_5, -0.5, 0.999_99, -0.999_99, 1e-30];
        for precision in [Precision::Full, Precision::Compact] {
            let (encoder, _) = encode_and_decode(&values, 8, Metric::Cosine, precision);
            assert!(encoder.codes.iter().all(|code| (1..=127).contains(code)));
            assert_eq!(encoder.codes[..2], [127, 1]);
        }
    }

    #[test]
    fn zero_and_extreme_vectors_decode_to_finite_values() {
        let values = [0.0, 0.0, f32::MAX, f32::MAX, f32::from_bits(1), 0.0];
        let (_, outputs) = encode_and_decode(&values, 2, Metric::Cosine, Precision::Full);
        assert_eq!(outputs[..2], [0.0, 0.0]);
        assert!((outputs[2] - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!(outputs[4..], [1.0, 0.0]);
    }
}
