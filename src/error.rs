//! [`Error`]: every error of the core, each with a stable code.

use crate::text::{IntoText, message};
use alloc::string::String;
use core::fmt;

/// An error: the value seen, the value expected, and a remedy.
///
/// Programs should match on [`code`](Error::code), which is stable; the message is for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A wrong length: values that are not n x dim, columns of different lengths.
    Dimension {
        /// Name of the length, for example "number of ids".
        what: &'static str,
        /// The length seen.
        got: usize,
        /// The length expected.
        expected: usize,
    },
    /// A NaN or an infinity where a finite number is required.
    NotFinite {
        /// Name of the value, for example "the vector".
        what: &'static str,
        /// Row of the value: the index of the action, item or query that it belongs to.
        row: usize,
        /// The value seen.
        got: f64,
    },
    /// An option or argument outside its range.
    Option {
        /// Name of the option or argument.
        name: &'static str,
        /// The value given and the values accepted.
        problem: String,
    },
    /// Stored bytes that are truncated, altered, or of another format.
    Corrupt {
        /// The property that does not hold, continuing "these bytes cannot be read:", and a remedy
        /// that fits the source of the bytes.
        problem: String,
    },
    /// Stored bytes of a format version that this build does not read.
    Version {
        /// The format version of the bytes.
        got: u32,
        /// The newest format version that this build reads.
        supported: u32,
    },
    /// A memory budget or an allocation does not suffice. The call had no effect and may be
    /// repeated with less.
    Memory {
        /// Bytes needed.
        needed: usize,
        /// What needs the memory, and a remedy.
        problem: String,
    },
}

/// The codes of [`Error`], in the order of its variants. ts/errors.ts has the same list; a test
/// compares them.
pub const ERROR_CODES: [&str; 6] =
    ["dimension", "not-finite", "option", "corrupt", "version", "memory"];

impl Error {
    /// The stable code of this error, one of [`ERROR_CODES`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dimension { .. } => ERROR_CODES[0],
            Self::NotFinite { .. } => ERROR_CODES[1],
            Self::Option { .. } => ERROR_CODES[2],
            Self::Corrupt { .. } => ERROR_CODES[3],
            Self::Version { .. } => ERROR_CODES[4],
            Self::Memory { .. } => ERROR_CODES[5],
        }
    }

    /// The message that [`fmt::Display`] prints, built without `core::fmt` (see `crate::text`).
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Dimension { what, got, expected } => {
                message![*what, ": got ", *got, ", expected ", *expected]
            }
            Self::NotFinite { what, row, got } => {
                message![*what, " of row ", *row, " is ", *got, ": every number must be finite"]
            }
            Self::Option { name, problem } => message![*name, ": ", *problem],
            Self::Corrupt { problem } => message!["these bytes cannot be read: ", *problem],
            Self::Version { got, supported } => message![
                "these bytes have format version ",
                *got,
                ", this build reads up to ",
                *supported,
                ": update pocketsage, or write them with this version of it",
            ],
            Self::Memory { needed, problem } => {
                message![needed.div_ceil(1 << 20), " MB needed: ", *problem]
            }
        }
    }

    /// An [`Error::Option`].
    // Never inlined: many callers, none of them hot.
    #[cold]
    #[inline(never)]
    pub(crate) fn option(name: &'static str, problem: impl IntoText) -> Self {
        Self::Option { name, problem: problem.into_text() }
    }

    /// An [`Error::Corrupt`] for the bytes of a file.
    // Never inlined, as above.
    #[cold]
    #[inline(never)]
    pub(crate) fn corrupt(problem: impl IntoText) -> Self {
        Self::Corrupt { problem: message![problem.into_text(), ". Fetch or build the file again"] }
    }

    /// An [`Error::Corrupt`] for the bytes of a message.
    #[cold]
    pub(crate) fn corrupt_message(problem: &str) -> Self {
        Self::Corrupt { problem: message![*problem, ". Encode and send the message again"] }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn messages_contain_the_value_seen_the_value_expected_and_a_remedy() {
        let error = Error::Dimension { what: "length of the vector of row 3", got: 2, expected: 4 };
        assert_eq!(error.to_string(), "length of the vector of row 3: got 2, expected 4");
        let error = Error::Version { got: 9, supported: 1 };
        assert!(
            error.to_string().contains("version 9")
                && error.to_string().contains("update pocketsage")
        );
    }

    #[test]
    fn the_remedy_for_unreadable_bytes_fits_their_source() {
        let file = crate::Catalogue::from_bytes(b"no catalogue".to_vec()).unwrap_err().to_string();
        assert!(file.ends_with(". Fetch or build the file again"), "{file}");
        let message = crate::Medoids::decode(b"no message").unwrap_err().to_string();
        assert!(message.ends_with(". Encode and send the message again"), "{message}");
    }

    #[test]
    fn codes_are_distinct() {
        for (i, code) in ERROR_CODES.iter().enumerate() {
            assert!(!ERROR_CODES[..i].contains(code), "duplicate {code}");
        }
    }
}
