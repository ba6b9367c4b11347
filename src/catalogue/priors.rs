//! Priors: one non-negative number per item, such as its popularity. Stored is ln(1 + prior) as
//! binary16, so that counts up to [`MAX_PRIOR`] fit.
//!
//! [`MAX_PRIOR`]: crate::MAX_PRIOR

use crate::Error;
use crate::math::f16::{f16_to_f32, f32_to_f16};
use crate::text::message;
use alloc::vec::Vec;

/// The bits of ln(1 + `MAX_PRIOR`) as binary16, 34.53125. Bits that are larger as an unsigned
/// integer encode a larger number, a negative one, an infinity or NaN.
const MAX_BITS: u16 = 0x5051;
/// Upper bound (exclusive) of ln(1 + prior): values below it are rounded to at most [`MAX_BITS`].
const LOG_PRIOR_BOUND: f32 = 34.54;

/// Checks the values of [`Section::Priors`].
pub(super) fn check(priors: &[u8]) -> Result<(), Error> {
    let is_valid = |&bytes: &[u8; 2]| u16::from_le_bytes(bytes) <= MAX_BITS;
    match priors.as_chunks().0.iter().all(is_valid) {
        true => Ok(()),
        false => Err(Error::corrupt("a prior is out of range")),
    }
}

/// The content of [`Section::Priors`](super::Section::Priors) for values of ln(1 + prior).
/// [`Error::Option`] for a value that is negative, NaN, or above ln(1 +
/// [`MAX_PRIOR`](crate::MAX_PRIOR)).
pub(super) fn encode(log_priors: &[f32]) -> Result<Vec<u8>, Error> {
    let mut content = Vec::with_capacity(log_priors.len() * 2);
    for &x in log_priors {
        if !(0.0..LOG_PRIOR_BOUND).contains(&x) {
            let problem = message!["got ", f64::from(x), ", expected 0 to ln(1 + 10^15)"];
            return Err(Error::option("prior", problem));
        }
        // `abs`: minus zero becomes zero.
        content.extend(f32_to_f16(x.abs()).to_le_bytes());
    }
    Ok(content)
}

/// ln(1 + prior) of a row; 0 past the end of `priors`.
pub(super) fn log_prior(priors: &[u8], row: usize) -> f32 {
    let codes = priors.as_chunks().0;
    codes.get(row).map_or(0.0, |&bytes| f16_to_f32(u16::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildOptions, Catalogue, CatalogueBuilder, Items, MAX_PRIOR, Section, Vectors};
    use alloc::vec;

    /// A builder with three items.
    fn three_items() -> CatalogueBuilder {
        let mut builder = CatalogueBuilder::new(1, BuildOptions::default()).unwrap();
        let vectors = Vectors::new(&[1.0, 2.0, 3.0], 1).unwrap();
        builder.add(&Items::new(vectors, &["a", "b", "c"])).unwrap();
        builder
    }

    /// A catalogue of three items with this content of the section.
    fn with_section(content: Vec<u8>) -> Result<Catalogue, Error> {
        let mut builder = three_items();
        builder.set_section(Section::Priors, content);
        builder.finish()
    }

    #[test]
    fn priors_survive_the_file_within_the_rounding_of_binary16() {
        let log = |prior: f64| libm::log1p(prior) as f32;
        for prior in [0.0, 1e-9, 1.0, 2.0, 1000.0, 1e6, 1e9, MAX_PRIOR] {
            let mut builder = three_items();
            builder.set_log_priors(&[0.0, log(prior), 0.5]).unwrap();
            let catalogue = builder.finish().unwrap();
            let catalogue = Catalogue::from_bytes(catalogue.bytes().to_vec()).unwrap();
            let error = (catalogue.log_prior(1) - log(prior)).abs();
            assert!(error <= log(prior) * 0.000_489 + 3e-8, "{prior}: {error}");
            assert_eq!((catalogue.log_prior(0), catalogue.log_prior(2)), (0.0, 0.5));
            assert_eq!(catalogue.log_prior(3), 0.0);
        }
    }

    #[test]
    fn without_the_section_every_prior_is_0() {
        let catalogue = three_items().finish().unwrap();
        assert!(!catalogue.has_priors());
        assert_eq!(catalogue.log_prior(1), 0.0);
    }

    #[test]
    fn values_out_of_range_are_errors() {
        for x in [-0.001, f32::NAN, f32::INFINITY, 34.56] {
            let error = three_items().set_log_priors(&[0.0, x, 0.0]).unwrap_err();
            assert_eq!(error.code(), "option", "{x}");
        }
        assert_eq!(f32_to_f16(libm::log1p(MAX_PRIOR) as f32), MAX_BITS);
        assert!(f32_to_f16(LOG_PRIOR_BOUND) <= MAX_BITS);
        assert!(three_items().set_log_priors(&[0.0, 0.0, -0.0]).is_ok());
    }

    #[test]
    fn only_finite_values_in_range_are_readable() {
        for bits in 0..=u16::MAX {
            let mut content = vec![0; 6];
            content[2..4].copy_from_slice(&bits.to_le_bytes());
            let value = f16_to_f32(bits);
            let is_valid = value.is_sign_positive() && value <= 34.531_25;
            match with_section(content) {
                Ok(catalogue) => assert!(is_valid && catalogue.log_prior(1) == value, "{bits}"),
                Err(error) => assert!(!is_valid && error.code() == "corrupt", "{bits}"),
            }
        }
    }

    #[test]
    fn a_section_of_another_length_is_corrupt() {
        for length in [0, 2, 5, 7, 8] {
            assert_eq!(with_section(vec![0; length]).unwrap_err().code(), "corrupt", "{length}");
        }
    }
}
