//! The part of CBOR (RFC 8949) that compact medoids use: heads of definite length, and byte and
//! text strings. ts/remote/cbor.ts is the same in TypeScript.

use crate::Error;
use alloc::vec::Vec;

/// Major types: the upper three bits of the first byte of a data item.
pub(crate) const UINT: u8 = 0;
pub(crate) const BYTES: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;
pub(crate) const MAP: u8 = 5;
pub(crate) const TAG: u8 = 6;

/// Appends the head of a data item in its shortest form. `argument` is the value of an integer or a
/// tag, the number of bytes of a string, or the number of entries of an array or a map.
pub(crate) fn write_head(out: &mut Vec<u8>, major: u8, argument: usize) {
    let argument = argument as u32;
    let bytes = argument.to_be_bytes();
    let (info, width) = match argument {
        0..24 => (argument as u8, 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        _ => (26, 4),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&bytes[4 - width..]);
}

/// Appends a byte string (`major` is [`BYTES`]) or a text ([`TEXT`], with UTF-8).
pub(crate) fn write_string(out: &mut Vec<u8>, major: u8, string: &[u8]) {
    write_head(out, major, string.len());
    out.extend_from_slice(string);
}

/// A cursor over encoded data items.
pub(crate) struct Reader<'a> {
    /// The bytes after the cursor.
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads the head of a data item of this major type, and returns its argument.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for another type, an indefinite length, and the end of the bytes.
    pub(crate) fn head(&mut self, major: u8) -> Result<u64, Error> {
        let first = self.take(1)?[0];
        if first >> 5 != major {
            return Err(malformed());
        }
        let info = first & 31;
        match info {
            0..24 => Ok(u64::from(info)),
            24..28 => {
                let bytes = self.take(1 << (info - 24))?;
                Ok(bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
            }
            _ => Err(malformed()),
        }
    }

    /// Reads a byte string or a text, whose UTF-8 is not checked. Errors as [`Reader::head`].
    pub(crate) fn string(&mut self, major: u8) -> Result<&'a [u8], Error> {
        let length = self.head(major)?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Reads a text. Errors as [`Reader::head`], also for text that is not UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str, Error> {
        core::str::from_utf8(self.string(TEXT)?).map_err(|_| malformed())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The error for bytes that do not start a data item of the expected type.
fn malformed() -> Error {
    Error::corrupt_message("they are not a message of compact medoids")
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use minicbor::{Decoder, Encoder};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn heads_are_those_of_minicbor(argument in 0..=u32::MAX, width in 0..=32u32) {
            let argument = argument.checked_shr(width).unwrap_or(0);
            for (major, expected) in [
                (UINT, Encoder::new(Vec::new()).u32(argument).unwrap().writer().clone()),
                (ARRAY, Encoder::new(Vec::new()).array(argument.into()).unwrap().writer().clone()),
                (MAP, Encoder::new(Vec::new()).map(argument.into()).unwrap().writer().clone()),
            ] {
                let mut out = Vec::new();
                write_head(&mut out, major, argument as usize);
                prop_assert_eq!(&out, &expected);
                let mut reader = Reader { rest: &out };
                prop_assert_eq!(reader.head(major).unwrap(), u64::from(argument));
                prop_assert!(reader.rest.is_empty());
            }
        }

        #[test]
        fn any_bytes_are_read_as_by_minicbor(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let read = |major| Reader { rest: &bytes }.head(major).ok();
            let decoder = || Decoder::new(&bytes);
            prop_assert_eq!(read(UINT), decoder().u64().ok());
            prop_assert_eq!(read(ARRAY), decoder().array().ok().flatten());
            prop_assert_eq!(read(MAP), decoder().map().ok().flatten());
            prop_assert_eq!(read(TAG), decoder().tag().ok().map(minicbor::data::Tag::as_u64));
            let mut reader = Reader { rest: &bytes };
            prop_assert_eq!(reader.text().ok(), decoder().str().ok());
            let mut reader = Reader { rest: &bytes };
            prop_assert_eq!(reader.string(BYTES).ok(), decoder().bytes().ok());
        }
    }
}
