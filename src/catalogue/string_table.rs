//! Concatenated strings with end offsets: ids and payloads.
//!
//! `get`, `check` and `push` are `inline(never)`: each has several callers, none of them hot, and
//! one copy of each keeps the wasm file small.

use super::bytes::u32_at;
use crate::Error;
use crate::text::message;
use alloc::{string::String, vec::Vec};
use core::ops::RangeInclusive;

/// Concatenated strings, read in place.
#[derive(Clone, Copy)]
pub(super) struct StringTable<'a> {
    /// Little-endian `u32`: the end offset of each string in `bytes`.
    pub(super) offsets: &'a [u8],
    /// The strings, concatenated, UTF-8.
    pub(super) bytes: &'a [u8],
}

impl<'a> StringTable<'a> {
    /// String `i`, empty for a table without offsets. Offsets must have passed
    /// [`check`](Self::check).
    #[inline(never)]
    pub(super) fn get(self, i: usize) -> &'a [u8] {
        if self.offsets.is_empty() {
            return &[];
        }
        let start = i.checked_sub(1).map_or(0, |previous| u32_at(self.offsets, previous));
        &self.bytes[start..u32_at(self.offsets, i)]
    }

    /// Checks that the strings are valid UTF-8, that their end offsets ascend, that the length of
    /// each string in bytes is within `lengths`, and that the strings cover all bytes.
    #[inline(never)]
    pub(super) fn check(self, lengths: RangeInclusive<usize>) -> Result<(), String> {
        let Ok(text) = core::str::from_utf8(self.bytes) else {
            return Err("the bytes are not UTF-8".into());
        };
        let mut start = 0;
        for i in 0..self.offsets.len() / 4 {
            let end = u32_at(self.offsets, i);
            let length = end.checked_sub(start);
            if !length.is_some_and(|length| lengths.contains(&length))
                || !text.is_char_boundary(end)
            {
                return Err(message!["string ", i, " is at ", start, "..", end]);
            }
            start = end;
        }
        match start == text.len() {
            true => Ok(()),
            false => Err(message!["strings end at ", start, ", expected ", text.len()]),
        }
    }
}

/// A string table that is being written.
#[derive(Debug, Default)]
pub(super) struct StringTableBuilder {
    /// The strings, concatenated.
    pub(super) bytes: Vec<u8>,
    /// The end offset of each string in `bytes`.
    pub(super) offsets: Vec<u32>,
}

impl StringTableBuilder {
    /// Appends a string. [`Error::Option`] with the name `table`, if the table exceeds 2^32 - 1
    /// bytes.
    #[inline(never)]
    pub(super) fn push(&mut self, table: &'static str, string: &[u8]) -> Result<(), Error> {
        self.bytes.extend_from_slice(string);
        let end = u32::try_from(self.bytes.len());
        self.offsets.push(
            end.map_err(|_| Error::option(table, "more than 4 GB in all; split the catalogue"))?,
        );
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// String `i`.
    pub(super) fn get(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).map_or(0, |previous| self.offsets[previous] as usize);
        &self.bytes[start..self.offsets[i] as usize]
    }
}
