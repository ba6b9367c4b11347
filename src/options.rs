//! Options of a profile, and the range checks of numeric arguments.

use crate::Error;
use crate::limits::{DEFAULT_MEMORY_BYTES, MAX_WEIGHT, MIN_WEIGHT};
use crate::text::message;
use serde::Deserialize;

/// How actions become interests. Every field has a default; an unknown field is an error.
///
/// ```
/// use pocketsage::{Cut, ProfileOptions};
///
/// let json = r#"{ "cut": { "cosine": 0.6 }, "halfLifeDays": 30 }"#;
/// let options: ProfileOptions = serde_json::from_str(json)?;
/// assert_eq!(options.cut, Cut::Cosine(0.6));
/// assert!(serde_json::from_str::<ProfileOptions>(r#"{ "cutt": "auto" }"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProfileOptions {
    /// Where the tree is cut. Default: [`Cut::Auto`].
    pub cut: Cut,
    /// What is done with clusters of one action. Default: [`Singletons::Keep`].
    pub singletons: Singletons,
    /// Days after which an action counts half: lambda = ln 2 / `half_life_days`. Above 0; infinity
    /// means no decay. An error together with `lambda`.
    pub half_life_days: Option<f64>,
    /// Decay per day, lambda of PinnerSage, at least 0. Default: 0.01, a half-life of 69 days.
    pub lambda: Option<f64>,
    /// D, the mean squared distance of random pairs of the catalogue, if there is a catalogue.
    /// Required by [`Cut::Spread`], used by [`Cut::Auto`].
    pub spread: Option<f64>,
    /// Memory budget for clustering in bytes, vectors included. Default: [`DEFAULT_MEMORY_BYTES`].
    /// More memory can be faster; the result is the same.
    pub memory: Option<f64>,
}

/// Where the tree is cut into interests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Cut {
    /// The shown cut, for interests that people look at: one interest more than the tree has merges
    /// of unlike halves. The least alike merges are undone.
    ///
    /// Halves are unlike if the mean squared distance between their actions is about 0.825 D for
    /// two different rows, up to 0.9 D for many. D is the spread of the catalogue, at most (and
    /// without a catalogue) 1.69 times the mean squared length of the actions: two unit vectors of
    /// a cosine below 0.4 are two interests. Near the bound a merge counts by a share, so that one
    /// more action changes the number of interests by at most 2 in 99.9 % of steps.
    ///
    /// Measured by bench/stability on planted interests: mean adjusted Rand index 0.71.
    #[default]
    Auto,
    /// A Ward height (a squared distance), at least 0: merges up to and including it are kept.
    Threshold(f64),
    /// The cosine, in [-1, 1], from which two single actions of unit length merge: threshold = 2 (1
    /// - cosine).
    Cosine(f64),
    /// The number of interests, at least 1; fewer if there are fewer actions.
    Count(usize),
    /// A multiple, at least 0, of the catalogue's spread D: threshold = factor D. For retrieval 0.7
    /// is better than [`Cut::Auto`]: it gives more and narrower interests.
    Spread(f64),
}

/// What is done with clusters of one action. (PinnerSage, read literally, drops them.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Singletons {
    /// Each is an interest.
    #[default]
    Keep,
    /// They belong to no interest.
    Drop,
    /// Each joins the interest of at least two actions whose mean is nearest, of ties the one whose
    /// first action comes first. If there is none, all are kept.
    Attach,
}

/// The decay per day that PinnerSage found best; the default of [`ProfileOptions::lambda`].
const DEFAULT_LAMBDA: f64 = 0.01;

impl ProfileOptions {
    /// The memory budget in bytes.
    pub(crate) fn memory_bytes(&self) -> Result<usize, Error> {
        self.memory.map_or(Ok(DEFAULT_MEMORY_BYTES), |bytes| {
            Ok(check_range("memory", bytes, 0.0, f64::MAX)? as usize)
        })
    }

    /// The decay per day.
    pub(crate) fn lambda_per_day(&self) -> Result<f64, Error> {
        match (self.half_life_days, self.lambda) {
            (None, None) => Ok(DEFAULT_LAMBDA),
            (None, Some(lambda)) => check_range("lambda", lambda, 0.0, f64::MAX),
            (Some(days), None) if days == f64::INFINITY => Ok(0.0),
            (Some(days), None) => {
                check_range("halfLifeDays", days, f64::MIN_POSITIVE, f64::MAX)?;
                Ok((core::f64::consts::LN_2 / days).min(f64::MAX))
            }
            (Some(_), Some(_)) => Err(Error::option(
                "halfLifeDays",
                "lambda is given as well, expected one of the two (lambda = ln 2 / halfLifeDays)",
            )),
        }
    }
}

/// Checks that there is one weight per row, each from [`MIN_WEIGHT`] to [`MAX_WEIGHT`].
pub(crate) fn check_weights(rows: usize, weights: Option<&[f64]>) -> Result<(), Error> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != rows {
        return Err(Error::Dimension {
            what: "number of weights",
            got: weights.len(),
            expected: rows,
        });
    }
    weights
        .iter()
        .try_for_each(|&weight| check_range("weight", weight, MIN_WEIGHT, MAX_WEIGHT).map(drop))
}

/// `got` if it is finite and in `min..=max`, else [`Error::Option`].
pub(crate) fn check_range(name: &'static str, got: f64, min: f64, max: f64) -> Result<f64, Error> {
    if got.is_finite() && (min..=max).contains(&got) {
        return Ok(got);
    }
    let range = match (min, max) {
        (f64::MIN_POSITIVE, f64::MAX) => "a finite number above 0".into(),
        (0.0, f64::MAX) => "a finite number of at least 0".into(),
        _ => message!["a number from ", min, " to ", max],
    };
    Err(Error::option(name, message!["got ", got, ", expected ", range]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_is_a_half_life_or_a_lambda() {
        let decode_lambda =
            |json: &str| serde_json::from_str::<ProfileOptions>(json).unwrap().lambda_per_day();
        assert_eq!(decode_lambda("{}"), Ok(0.01));
        assert_eq!(decode_lambda(r#"{"lambda":0}"#), Ok(0.0));
        assert!((decode_lambda(r#"{"halfLifeDays":2}"#).unwrap() - 0.346_573_59).abs() < 1e-8);
        for invalid_options in [
            r#"{"halfLifeDays":0}"#,
            r#"{"halfLifeDays":-3}"#,
            r#"{"lambda":-1}"#,
            r#"{"lambda":1,"halfLifeDays":1}"#,
        ] {
            assert_eq!(
                decode_lambda(invalid_options).unwrap_err().code(),
                "option",
                "{invalid_options}"
            );
        }
    }

    #[test]
    fn an_unknown_option_is_an_error_that_lists_the_known_ones() {
        let error = serde_json::from_str::<ProfileOptions>(r#"{"singeltons":"drop"}"#).unwrap_err();
        let message = alloc::string::ToString::to_string(&error);
        assert!(message.contains("singeltons") && message.contains("halfLifeDays"), "{message}");
    }
}
