//! What a caller may choose about a profile.

use crate::Error;
use crate::text::message;
use serde::Deserialize;

/// What a clustering may take of memory when nothing else is said, in bytes: what a Cloudflare Worker has in all.
pub const DEFAULT_MEMORY_BYTES: usize = 128 << 20;

/// How actions become interests. Every field has a default; an unknown field is an error.
///
/// ```
/// use pocketsage::{Cut, ProfileOptions};
///
/// let options: ProfileOptions = serde_json::from_str(r#"{ "cut": { "cosine": 0.6 }, "halfLifeDays": 30 }"#)?;
/// assert_eq!(options.cut, Cut::Cosine(0.6));
/// assert!(serde_json::from_str::<ProfileOptions>(r#"{ "cutt": "auto" }"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProfileOptions {
    /// Where to cut the tree. Default: [`Cut::Auto`].
    pub cut: Cut,
    /// What becomes of clusters of one action. Default: [`Singletons::Keep`].
    pub singletons: Singletons,
    /// Days after which an action counts half: lambda = ln 2 / `half_life_days`. Not together with `lambda`.
    pub half_life_days: Option<f64>,
    /// Decay a day (PinnerSage's lambda). Default: 0.01, a half-life of 69 days.
    pub lambda: Option<f64>,
    /// Mean squared distance of random pairs of the catalogue (D), where there is one: what [`Cut::Auto`] and
    /// [`Cut::Spread`] measure by.
    pub spread: Option<f64>,
    /// Bytes that clustering may take, vectors included. Default: 128 MiB ([`DEFAULT_MEMORY_BYTES`](DEFAULT_MEMORY_BYTES)). More can be faster; the result is the
    /// same.
    pub memory: Option<f64>,
}

/// Where the tree is cut into interests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cut {
    /// For interests that people look at. Merges are kept, lowest first, while their height is at most
    /// 0.7 D (W / k)^0.4, where W is the total weight of the actions and k the number of clusters that the merge leaves: interests of
    /// many actions may be wider than interests of few. Without a catalogue D is unknown and the largest squared distance between
    /// two actions stands in, as 0.75 diameter (W / k)^0.3; unrelated single actions and one wide interest then look alike, and the rule
    /// rather splits one interest than joins two. The factors are measured: data/emoji/measure_auto.py finds planted interests by
    /// it with a mean adjusted Rand index of .68 (.58 without D), against .55 for the best constant threshold.
    #[default]
    Auto,
    /// A Ward height (a squared distance, Lance-Williams units): merges up to and including it are kept.
    Threshold(f64),
    /// The cosine at which two single actions of unit length still join: threshold = 2 (1 - cosine).
    Cosine(f64),
    /// So many interests, or as many as there are actions.
    Count(usize),
    /// A multiple of the catalogue's spread: threshold = factor D. On real histories 0.7 retrieves better than [`Cut::Auto`] does, with
    /// more and narrower interests.
    Spread(f64),
}

/// What becomes of clusters of one action. (PinnerSage read literally drops them.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Singletons {
    /// Interests of one.
    #[default]
    Keep,
    /// Belong to no interest.
    Drop,
    /// Join the interest whose mean is nearest; where there are only singletons they are kept.
    Attach,
}

/// PinnerSage's best decay, per day.
const LAMBDA: f64 = 0.01;

impl ProfileOptions {
    /// Bytes that clustering may take.
    pub(crate) fn memory_bytes(&self) -> Result<usize, Error> {
        self.memory.map_or(Ok(DEFAULT_MEMORY_BYTES), |bytes| {
            Ok(within("memory", bytes, 0.0, f64::MAX)? as usize)
        })
    }

    /// The decay per day.
    pub(crate) fn decay(&self) -> Result<f64, Error> {
        match (self.half_life_days, self.lambda) {
            (None, None) => Ok(LAMBDA),
            (None, Some(lambda)) => within("lambda", lambda, 0.0, f64::MAX),
            (Some(days), None) if days == f64::INFINITY => Ok(0.0),
            (Some(days), None) => {
                within("halfLifeDays", days, f64::MIN_POSITIVE, f64::MAX)?;
                Ok((core::f64::consts::LN_2 / days).min(f64::MAX))
            }
            (Some(_), Some(_)) => Err(Error::option(
                "halfLifeDays",
                "lambda is given as well, expected one of the two (lambda = ln 2 / halfLifeDays)",
            )),
        }
    }
}

/// Weights must be one a row, from 1e-6 to 1e6: sizes further apart would lose the smaller ones in rounding.
pub(crate) fn check_weights(rows: usize, weights: Option<&[f64]>) -> Result<(), Error> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != rows {
        return Err(Error::Dimension {
            what: "number of weights",
            got: weights.len(),
            expected: rows,
        });
    }
    weights.iter().try_for_each(|&weight| within("weight", weight, 1e-6, 1e6).map(drop))
}

/// `got`, if it is finite and from `least` to `most`.
pub(crate) fn within(name: &'static str, got: f64, least: f64, most: f64) -> Result<f64, Error> {
    if got.is_finite() && (least..=most).contains(&got) {
        return Ok(got);
    }
    let range = match (least, most) {
        (f64::MIN_POSITIVE, f64::MAX) => "a finite number above 0".into(),
        (0.0, f64::MAX) => "a finite number of at least 0".into(),
        _ => message!["a number from ", least, " to ", most],
    };
    Err(Error::option(name, message!["got ", got, ", expected ", range]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_is_a_half_life_or_a_lambda() {
        let of = |json: &str| serde_json::from_str::<ProfileOptions>(json).unwrap().decay();
        assert_eq!(of("{}"), Ok(0.01));
        assert_eq!(of(r#"{"lambda":0}"#), Ok(0.0));
        assert!((of(r#"{"halfLifeDays":2}"#).unwrap() - 0.346_573_59).abs() < 1e-8);
        for bad in [
            r#"{"halfLifeDays":0}"#,
            r#"{"halfLifeDays":-3}"#,
            r#"{"lambda":-1}"#,
            r#"{"lambda":1,"halfLifeDays":1}"#,
        ] {
            assert_eq!(of(bad).unwrap_err().code(), "option", "{bad}");
        }
    }

    #[test]
    fn an_unknown_option_names_the_known_ones() {
        let error = serde_json::from_str::<ProfileOptions>(r#"{"singeltons":"drop"}"#).unwrap_err();
        let text = alloc::string::ToString::to_string(&error);
        assert!(text.contains("singeltons") && text.contains("halfLifeDays"), "{text}");
    }
}
