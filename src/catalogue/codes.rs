//! Vectors as small integers: 7 bits a dimension, and 8 more where they should be exact.
//!
//! A vector is scaled so that its largest number is the largest integer, rounded, and keeps one scale: the one that gives the integers
//! unit length. So the stored vector is again a unit vector, and a dot product with it is a cosine.

use crate::Vectors;
use alloc::vec::Vec;
use serde::Deserialize;

/// Codes are stored as 1..=127 around this.
pub(super) const ZERO: u8 = 64;
/// The largest code above [`ZERO`].
const LARGEST: f64 = 63.0;
/// Residual steps in one code step.
const STEPS: i32 = 256;

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
        super::format::float(self.scales, row)
    }

    /// The codes of a row, and its residuals if there are any.
    pub(super) fn row(&self, row: usize) -> (&[u8], Option<&[u8]>) {
        let range = row * self.dim..(row + 1) * self.dim;
        (&self.codes[range.clone()], self.residuals.get(range))
    }

    /// Appends the vector of a row.
    pub(super) fn decode(&self, row: usize, into: &mut Vec<f32>) {
        let scale = self.scale(row);
        match self.row(row) {
            (codes, None) => into.extend(codes.iter().map(|&c| number(c, 0) * scale)),
            (codes, Some(residuals)) => {
                into.extend(codes.iter().zip(residuals).map(|(&c, &r)| number(c, r) * scale));
            }
        }
    }

    fn decode_all(&self) -> Vec<f32> {
        let mut all = Vec::with_capacity(self.codes.len());
        (0..self.len()).for_each(|row| self.decode(row, &mut all));
        all
    }
}

/// What a code and its residual stand for, before the scale. Exact in `f32`.
pub(super) fn number(code: u8, residual: u8) -> f32 {
    f32::from(code) - f32::from(ZERO) + f32::from(residual.cast_signed()) / STEPS as f32
}

/// Codes in the making.
pub(super) struct Encoded {
    dim: usize,
    pub(super) scales: Vec<u8>,
    pub(super) codes: Vec<u8>,
    pub(super) residuals: Vec<u8>,
}

impl Encoded {
    pub(super) fn decode_all(&self) -> Vec<f32> {
        let Self { dim, scales, codes, residuals } = self;
        Codes { dim: *dim, scales, codes, residuals }.decode_all()
    }
}

/// Encodes every vector. O(n dim).
pub(super) fn encode(vectors: Vectors<'_>, precision: Precision) -> Encoded {
    let mut encoded = Encoded {
        dim: vectors.dim(),
        scales: Vec::with_capacity(vectors.len() * 4),
        codes: Vec::with_capacity(vectors.values().len()),
        residuals: Vec::new(),
    };
    let steps = if precision == Precision::Full { STEPS } else { 1 };
    for vector in vectors.rows() {
        let largest = vector.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        let unit = if largest > 0.0 { LARGEST * f64::from(steps) / f64::from(largest) } else { 0.0 };
        let mut squares = 0.0;
        for &x in vector {
            let fine = libm::round(f64::from(x) * unit) as i32;
            // The nearest code, so that the residual fits a signed byte.
            let code = (fine + steps / 2).div_euclid(steps);
            encoded.codes.push((code + i32::from(ZERO)) as u8);
            if precision == Precision::Full {
                encoded.residuals.push(((fine - code * steps) as i8).cast_unsigned());
            }
            let stored = f64::from(fine) / f64::from(steps);
            squares += stored * stored;
        }
        let scale = if squares > 0.0 { (1.0 / libm::sqrt(squares)) as f32 } else { 0.0 };
        encoded.scales.extend(scale.to_le_bytes());
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Numbers;

    #[test]
    fn stored_vectors_are_unit_vectors_close_to_those_given() {
        let mut numbers = Numbers::new(5);
        let dim = 256;
        let values: Vec<f32> = (0..50 * dim).map(|_| numbers.normal() * 7.0).collect();
        let vectors = Vectors::new(&values, dim).unwrap();
        for (precision, most) in [(Precision::Full, 1e-8), (Precision::Compact, 1e-3)] {
            let decoded = encode(vectors, precision).decode_all();
            for (stored, given) in decoded.chunks(dim).zip(vectors.rows()) {
                let dot = |a: &[f32], b: &[f32]| -> f64 {
                    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
                };
                assert!((dot(stored, stored) - 1.0).abs() < 1e-6);
                let cosine = dot(stored, given) / (dot(stored, stored) * dot(given, given)).sqrt();
                assert!(1.0 - cosine < most, "{precision:?} {cosine}");
            }
        }
    }

    #[test]
    fn every_code_and_residual_stays_in_range() {
        let values = [1.0, -1.0, 0.5, 0.007_812_5, -0.5, 0.999_99, -0.999_99, 1e-30];
        for precision in [Precision::Full, Precision::Compact] {
            let encoded = encode(Vectors::new(&values, 8).unwrap(), precision);
            assert!(encoded.codes.iter().all(|code| (1..=127).contains(code)));
            assert_eq!(encoded.codes[..2], [127, 1]);
        }
    }

    #[test]
    fn zero_and_extreme_vectors_are_stored() {
        let values = [0.0, 0.0, f32::MAX, f32::MAX, f32::from_bits(1), 0.0];
        let decoded = encode(Vectors::new(&values, 2).unwrap(), Precision::Full).decode_all();
        assert_eq!(decoded[..2], [0.0, 0.0]);
        assert!((decoded[2] - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!(decoded[4..], [1.0, 0.0]);
    }
}
