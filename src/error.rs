//! Everything that can be wrong with what a caller hands over, each with a stable code.

use crate::text::message;
use alloc::string::String;
use core::fmt;

/// What went wrong: the value seen, the value expected, and the way out.
///
/// `code()` is stable and is what programs should match on; the text is for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A length does not fit: vectors that are not n x dim, columns of different lengths.
    Dimension {
        /// What was measured.
        what: &'static str,
        /// The length seen.
        got: usize,
        /// The length expected.
        expected: usize,
    },
    /// A number is NaN or infinite.
    NotFinite {
        /// What the number is.
        what: &'static str,
        /// The row (action, item, query) it belongs to.
        row: usize,
        /// The number seen.
        got: f64,
    },
    /// An option or argument is outside what it may be.
    Option {
        /// The option's name.
        name: &'static str,
        /// What was given, and what may be given.
        problem: String,
    },
    /// Stored bytes are not what they claim to be: truncated, altered, or something else altogether.
    Corrupt {
        /// What does not hold.
        problem: String,
    },
    /// Stored bytes come from a newer version of this software.
    Version {
        /// The version found in the bytes.
        got: u32,
        /// The newest version this build reads.
        supported: u32,
    },
    /// The work does not fit into memory. Nothing was allocated; the call may be repeated with less.
    Memory {
        /// Bytes needed.
        needed: usize,
        /// What needed them, and what to do.
        problem: String,
    },
}

/// The codes of [`Error`], in the order of its variants. The TypeScript side holds the same list.
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

    /// What [`fmt::Display`] shows.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Dimension { what, got, expected } => {
                message![*what, ": got ", *got, ", expected ", *expected]
            }
            Self::NotFinite { what, row, got } => {
                message![*what, " of row ", *row, " is ", *got, ": every number must be finite"]
            }
            Self::Option { name, problem } => message![*name, ": ", *problem],
            Self::Corrupt { problem } => {
                message![
                    "these bytes cannot be read: ",
                    *problem,
                    ". Fetch or build the file again"
                ]
            }
            Self::Version { got, supported } => message![
                "these bytes have format version ",
                *got,
                ", this build reads up to ",
                *supported,
                ": update pocketsage, or build the file with this version",
            ],
            Self::Memory { needed, problem } => {
                message![needed.div_ceil(1 << 20), " MB needed: ", *problem]
            }
        }
    }

    pub(crate) fn option(name: &'static str, problem: impl Into<String>) -> Self {
        Self::Option { name, problem: problem.into() }
    }

    pub(crate) fn corrupt(problem: impl Into<String>) -> Self {
        Self::Corrupt { problem: problem.into() }
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
    fn messages_name_the_value_seen_the_value_expected_and_the_way_out() {
        let error = Error::Dimension { what: "length of the vector of row 3", got: 2, expected: 4 };
        assert_eq!(error.to_string(), "length of the vector of row 3: got 2, expected 4");
        let error = Error::Version { got: 9, supported: 1 };
        assert!(
            error.to_string().contains("version 9")
                && error.to_string().contains("update pocketsage")
        );
    }

    #[test]
    fn codes_are_distinct() {
        for (i, code) in ERROR_CODES.iter().enumerate() {
            assert!(!ERROR_CODES[..i].contains(code), "{code} twice");
        }
    }
}
