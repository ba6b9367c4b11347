//! Compact medoids: the short message in which a device sends the medoids of a user to the user's
//! own search engine.
//!
//! The message is one CBOR map (RFC 8949) of definite lengths; its matrix is a multi-dimensional
//! typed array (RFC 8746):
//!
//! ```text
//! medoids = {
//!   0: 1,                                      version
//!   1: uint,                                   hits for each medoid
//!   ? 2: [+ tstr],                             item ids
//!   ? 3: #6.40([[n, dim], typed])              unit vectors, row-major, little-endian:
//!                                              #6.84(f16) | #6.72(i8) | #6.85(f32)
//!   ? 4: tstr,                                 name of the vector space
//! }
//! ```
//!
//! Only the direction of a vector matters to a search, so decoded vectors have unit length, and i8
//! codes need no scale.
//!
//! More than 400 lines, of which the tests are a third.

use crate::cbor::{ARRAY, BYTES, MAP, Reader, TAG, TEXT, UINT, write_head, write_string};
use crate::limits::{MAX_DIM, MAX_HITS, MAX_MEDOIDS, MAX_MESSAGE_ID_BYTES};
use crate::math::f16::{f16_to_f32, f32_to_f16};
use crate::math::simd::sqrt;
use crate::text::message;
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// The version of messages that are written and read.
const VERSION: u32 = 1;

/// CBOR tag of a row-major matrix (RFC 8746).
const TAG_MATRIX: u64 = 40;
/// CBOR tag of an array of `i8` (RFC 8746).
const TAG_I8: u64 = 72;
/// CBOR tag of an array of little-endian binary16 (RFC 8746).
const TAG_F16: u64 = 84;
/// CBOR tag of an array of little-endian binary32 (RFC 8746).
const TAG_F32: u64 = 85;

/// Encoding of vector components in a message. Errors of a cosine at 256 dimensions: F16 2e-8,
/// I8 3e-5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WirePrecision {
    /// IEEE 754 binary16: 2 bytes per component.
    F16,
    /// Signed integers, the largest magnitude of a vector as 127: 1 byte per component.
    I8,
    /// IEEE 754 binary32: 4 bytes per component.
    F32,
}

/// A request for the neighbours of 1 to [`MAX_MEDOIDS`] medoids, by id, by vector, or by both.
#[derive(Debug, Clone, PartialEq)]
pub struct Medoids<'a> {
    /// Number of hits for each medoid, 1 to [`MAX_HITS`].
    pub count: u32,
    /// Item ids, 1 to [`MAX_MESSAGE_ID_BYTES`] each; empty when medoids are given by vector only.
    pub ids: Vec<&'a str>,
    /// n x dim, row-major, finite; empty when medoids are given by id only. Decoded vectors have
    /// unit length, or are zero.
    pub vectors: Vec<f32>,
    /// Number of dimensions, 1 to [`MAX_DIM`].
    pub dim: usize,
    /// Name of the vector space, 1 to [`MAX_MESSAGE_ID_BYTES`]; `None` for an unnamed space.
    pub space: Option<&'a str>,
}

impl<'a> Medoids<'a> {
    /// Encodes the message. O(n dim).
    ///
    /// # Errors
    /// [`Error::Option`] for a field outside its range, or no medoids;
    /// [`Error::Dimension`] when the numbers of ids and vectors differ; [`Error::NotFinite`] for
    /// NaN or infinity.
    pub fn encode(&self, precision: WirePrecision) -> Result<Vec<u8>, Error> {
        self.validate()?;
        Ok(self.write(precision))
    }

    /// Decodes a message. O(bytes).
    ///
    /// # Errors
    /// [`Error::Version`] for another version; [`Error::Corrupt`] for bytes that are not exactly
    /// one message; the errors of [`encode`](Self::encode) for fields outside their ranges.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut medoids =
            Self { count: 0, ids: Vec::new(), vectors: Vec::new(), dim: 1, space: None };
        let mut input = Reader { rest: bytes };
        let field_count = input.head(MAP)?;
        let mut previous_key = None;
        for _ in 0..field_count {
            let key = read_u32(&mut input)?;
            let is_in_order = previous_key.map_or(key == 0, |previous| key > previous);
            if !is_in_order {
                return Err(Error::corrupt_message("the fields are not in order"));
            }
            previous_key = Some(key);
            match key {
                0 => {
                    let version = read_u32(&mut input)?;
                    if version != VERSION {
                        return Err(Error::Version { got: version, supported: VERSION });
                    }
                }
                1 => medoids.count = read_u32(&mut input)?,
                2 => {
                    for _ in 0..check_at_most(input.head(ARRAY)?, MAX_MEDOIDS)? {
                        medoids.ids.push(input.text()?);
                    }
                }
                3 => medoids.read_matrix(&mut input)?,
                4 => medoids.space = Some(input.text()?),
                _ => return Err(Error::corrupt_message("there is an unknown field")),
            }
        }
        if !input.rest.is_empty() {
            return Err(Error::corrupt_message("there are bytes after the message"));
        }
        medoids.validate()?;
        for row in medoids.vectors.chunks_exact_mut(medoids.dim) {
            // Division by at least the smallest positive number keeps a zero vector zero.
            let length = norm(row).max(f64::MIN_POSITIVE);
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
        }
        Ok(medoids)
    }

    /// Checks that every field is within its range.
    fn validate(&self) -> Result<(), Error> {
        let vectors = Vectors::new(&self.vectors, self.dim)?;
        let medoid_count = self.ids.len().max(vectors.len());
        if medoid_count == 0 || medoid_count > MAX_MEDOIDS {
            Err(expected_range("number of medoids", medoid_count, MAX_MEDOIDS))
        } else if !self.ids.is_empty() && !vectors.is_empty() && self.ids.len() != vectors.len() {
            Err(Error::Dimension {
                what: "number of ids",
                got: self.ids.len(),
                expected: vectors.len(),
            })
        } else if self.count == 0 || self.count > MAX_HITS {
            Err(expected_range("count", self.count as usize, MAX_HITS as usize))
        } else {
            let mut texts = self.ids.iter().chain(&self.space);
            match texts.find(|text| text.is_empty() || text.len() > MAX_MESSAGE_ID_BYTES) {
                Some(text) => {
                    Err(expected_range("bytes of id or space", text.len(), MAX_MESSAGE_ID_BYTES))
                }
                None => Ok(()),
            }
        }
    }

    /// The message as CBOR. All fields must have passed [`validate`](Self::validate).
    fn write(&self, precision: WirePrecision) -> Vec<u8> {
        let (has_ids, has_vectors) = (!self.ids.is_empty(), !self.vectors.is_empty());
        let mut message = Vec::new();
        let out = &mut message;
        let optional_fields = [has_ids, has_vectors, self.space.is_some()];
        write_head(out, MAP, 2 + optional_fields.iter().filter(|&&is_given| is_given).count());
        for uint in [0, VERSION, 1, self.count] {
            write_head(out, UINT, uint as usize);
        }
        if has_ids {
            write_head(out, UINT, 2);
            write_head(out, ARRAY, self.ids.len());
            for id in &self.ids {
                write_string(out, TEXT, id.as_bytes());
            }
        }
        if has_vectors {
            let n = self.vectors.len() / self.dim;
            let (tag, component_bytes) = match precision {
                WirePrecision::F16 => (TAG_F16, 2),
                WirePrecision::I8 => (TAG_I8, 1),
                WirePrecision::F32 => (TAG_F32, 4),
            };
            let mut codes = Vec::with_capacity(self.vectors.len() * component_bytes);
            for row in self.vectors.chunks_exact(self.dim) {
                let scale = match precision {
                    WirePrecision::I8 => {
                        127.0 / f64::from(row.iter().fold(0.0, |max: f32, x| max.max(x.abs())))
                    }
                    _ => 1.0 / norm(row),
                };
                // A zero vector has no direction, and stays zero.
                let scale = if scale.is_finite() { scale } else { 0.0 };
                for &x in row {
                    let scaled = (f64::from(x) * scale) as f32;
                    match precision {
                        WirePrecision::F16 => {
                            codes.extend_from_slice(&f32_to_f16(scaled).to_le_bytes());
                        }
                        WirePrecision::I8 => codes.push(libm::rintf(scaled) as i8 as u8),
                        WirePrecision::F32 => codes.extend_from_slice(&scaled.to_le_bytes()),
                    }
                }
            }
            for (major, argument) in [
                (UINT, 3),
                (TAG, TAG_MATRIX as usize),
                (ARRAY, 2),
                (ARRAY, 2),
                (UINT, n),
                (UINT, self.dim),
                (TAG, tag as usize),
            ] {
                write_head(out, major, argument);
            }
            write_string(out, BYTES, &codes);
        }
        if let Some(space) = self.space {
            write_head(out, UINT, 4);
            write_string(out, TEXT, space.as_bytes());
        }
        message
    }

    /// Reads the matrix of vectors.
    fn read_matrix(&mut self, input: &mut Reader<'_>) -> Result<(), Error> {
        if input.head(TAG)? != TAG_MATRIX {
            return Err(Error::corrupt_message("the vectors are not a matrix"));
        }
        check_equal(input.head(ARRAY)?, 2)?;
        check_equal(input.head(ARRAY)?, 2)?;
        let rows = check_at_most(input.head(UINT)?, MAX_MEDOIDS)?;
        self.dim = check_at_most(input.head(UINT)?, MAX_DIM)?;
        let array_tag = input.head(TAG)?;
        let bytes = input.string(BYTES)?;
        let component_bytes = match array_tag {
            TAG_I8 => 1,
            TAG_F16 => 2,
            TAG_F32 => 4,
            _ => return Err(Error::corrupt_message("the components are not f16, i8 or f32")),
        };
        check_equal(bytes.len() as u64, rows * self.dim * component_bytes)?;
        self.vectors.extend(bytes.chunks_exact(component_bytes).map(|code| match *code {
            [byte] => f32::from(byte as i8),
            [low, high] => f16_to_f32(u16::from_le_bytes([low, high])),
            [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
            _ => f32::NAN,
        }));
        Ok(())
    }
}

/// The error for a number that is not from 1 to `max`.
fn expected_range(name: &'static str, got: usize, max: usize) -> Error {
    Error::option(name, message!["got ", got, ", expected 1 to ", max])
}

/// Euclidean length of a vector.
fn norm(row: &[f32]) -> f64 {
    sqrt(row.iter().map(|&x| f64::from(x) * f64::from(x)).sum())
}

/// Reads a `u32`.
fn read_u32(input: &mut Reader<'_>) -> Result<u32, Error> {
    u32::try_from(input.head(UINT)?).map_err(|_| Error::corrupt_message("a number is too large"))
}

/// `got` if it is at most `max`, else [`Error::Corrupt`].
fn check_at_most(got: u64, max: usize) -> Result<usize, Error> {
    if got <= max as u64 {
        Ok(got as usize)
    } else {
        Err(Error::corrupt_message("a number is too large"))
    }
}

/// [`Error::Corrupt`] unless the length `got` is `expected`.
fn check_equal(got: u64, expected: usize) -> Result<(), Error> {
    if got == expected as u64 {
        Ok(())
    } else {
        Err(Error::corrupt_message("the lengths do not match"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::math::random::SplitMix64;
    use alloc::vec;

    const IDS: [&str; 5] = ["1F355", "1F436", "1F3C0", "26BD", "1F354"];

    /// A message of n random vectors and, if `ids` is true, of n ids.
    fn medoids(n: usize, dim: usize, ids: bool) -> Medoids<'static> {
        let mut random = SplitMix64::from_seed(7.0).unwrap();
        Medoids {
            count: 50,
            ids: if ids { IDS[..n].to_vec() } else { Vec::new() },
            vectors: (0..n * dim).map(|_| (random.uniform() - 0.5) as f32).collect(),
            dim,
            space: None,
        }
    }

    fn cosine_error(a: &[f32], b: &[f32]) -> f64 {
        let dot = |a: &[f32], b: &[f32]| {
            a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>()
        };
        1.0 - dot(a, b) / libm::sqrt(dot(a, a) * dot(b, b))
    }

    #[test]
    fn sizes_and_cosine_errors_are_within_their_bounds() {
        let vector_medoids = medoids(5, 256, false);
        let id_medoids = Medoids { vectors: Vec::new(), dim: 1, ..medoids(5, 256, true) };
        assert!(id_medoids.encode(WirePrecision::F16).unwrap().len() <= 40);
        for (precision, max_bytes, max_error) in [
            (WirePrecision::F16, 2_650, 1e-7),
            (WirePrecision::I8, 1_400, 1e-4),
            (WirePrecision::F32, 5_200, 1e-13),
        ] {
            let bytes = vector_medoids.encode(precision).unwrap();
            assert!(bytes.len() <= max_bytes, "{precision:?}: {} bytes", bytes.len());
            let decoded = Medoids::decode(&bytes).unwrap();
            for (a, b) in vector_medoids.vectors.chunks(256).zip(decoded.vectors.chunks(256)) {
                assert!(cosine_error(a, b) < max_error, "{precision:?}: {}", cosine_error(a, b));
            }
        }
    }

    #[test]
    fn ids_and_vectors_survive_a_round_trip() {
        let id_and_vector_medoids = medoids(3, 8, true);
        let bytes = id_and_vector_medoids.encode(WirePrecision::F32).unwrap();
        let decoded_medoids = Medoids::decode(&bytes).unwrap();
        assert_eq!(
            (decoded_medoids.count, &decoded_medoids.ids, decoded_medoids.dim),
            (50, &id_and_vector_medoids.ids, 8)
        );
        let bytes = decoded_medoids.encode(WirePrecision::F32).unwrap();
        let decoded_twice = Medoids::decode(&bytes).unwrap();
        assert!(
            decoded_medoids
                .vectors
                .chunks(8)
                .zip(decoded_twice.vectors.chunks(8))
                .all(|(a, b)| cosine_error(a, b).abs() < 1e-13)
        );
    }

    #[test]
    fn bytes_match_the_documented_layout() {
        let message_of_two_fields =
            Medoids { count: 9, ids: vec!["a"], vectors: vec![0.0, -2.0], dim: 2, space: None };
        let expected_start =
            [0xa4, 0, 1, 1, 9, 2, 0x81, 0x61, b'a', 3, 0xd8, 40, 0x82, 0x82, 1, 2, 0xd8];
        assert_eq!(
            message_of_two_fields.encode(WirePrecision::F16).unwrap(),
            [&expected_start[..], &[84, 0x44, 0, 0, 0, 0xbc]].concat()
        );
        assert_eq!(
            message_of_two_fields.encode(WirePrecision::I8).unwrap(),
            [&expected_start[..], &[72, 0x42, 0, 0x81]].concat()
        );
    }

    #[test]
    fn the_name_of_the_space_is_the_last_field() {
        let named = Medoids { space: Some("m/8"), ..medoids(1, 8, true) };
        let bytes = named.encode(WirePrecision::I8).unwrap();
        assert_eq!(bytes[0], 0xa5);
        assert_eq!(bytes[bytes.len() - 5..], [4, 0x63, b'm', b'/', b'8']);
        assert_eq!(Medoids::decode(&bytes).unwrap().space, Some("m/8"));
        let unnamed = Medoids { space: Some(""), ..named };
        assert_eq!(unnamed.encode(WirePrecision::I8).unwrap_err().code(), "option");
    }

    #[test]
    fn damaged_messages_do_not_panic() {
        let bytes = Medoids { space: Some("m/8"), ..medoids(3, 8, true) }
            .encode(WirePrecision::I8)
            .unwrap();
        for end in 0..bytes.len() {
            assert!(Medoids::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(Medoids::decode(&[&bytes[..], &[0]].concat()).is_err());
        let mut random = SplitMix64::from_seed(11.0).unwrap();
        for _ in 0..20_000 {
            let mut damaged_bytes = bytes.clone();
            for _ in 0..3 {
                let byte_index = (random.uniform() * bytes.len() as f64) as usize;
                damaged_bytes[byte_index] = (random.uniform() * 256.0) as u8;
            }
            if let Ok(decoded) = Medoids::decode(&damaged_bytes) {
                assert!(decoded.vectors.iter().all(|x| x.is_finite()));
            }
        }
        let newer_message = [0xa2, 0, 2, 1, 9];
        assert_eq!(Medoids::decode(&newer_message), Err(Error::Version { got: 2, supported: 1 }));
    }

    #[test]
    fn zero_vectors_stay_zero() {
        let mut medoids = medoids(2, 4, false);
        medoids.vectors[4..].fill(0.0);
        for precision in [WirePrecision::F16, WirePrecision::I8, WirePrecision::F32] {
            let bytes = medoids.encode(precision).unwrap();
            let decoded = Medoids::decode(&bytes).unwrap();
            assert_eq!(decoded.vectors[4..], [0.0; 4]);
            assert!(cosine_error(&decoded.vectors[..4], &medoids.vectors[..4]) < 1e-3);
        }
    }

    #[test]
    fn fields_outside_their_ranges_are_errors() {
        let valid_medoids = medoids(2, 4, true);
        let encode_error_code =
            |medoids: Medoids<'_>| medoids.encode(WirePrecision::F16).unwrap_err().code();
        assert_eq!(encode_error_code(Medoids { count: 0, ..valid_medoids.clone() }), "option");
        assert_eq!(encode_error_code(Medoids { count: 10_001, ..valid_medoids.clone() }), "option");
        assert_eq!(
            encode_error_code(Medoids { ids: vec!["a"], ..valid_medoids.clone() }),
            "dimension"
        );
        assert_eq!(
            encode_error_code(Medoids { ids: vec![], vectors: vec![], ..valid_medoids.clone() }),
            "option"
        );
        assert_eq!(
            encode_error_code(Medoids { vectors: vec![f32::NAN; 8], ..valid_medoids.clone() }),
            "not-finite"
        );
        assert_eq!(encode_error_code(medoids(65, 4, false)), "option");
    }
}
