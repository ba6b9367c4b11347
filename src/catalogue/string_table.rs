//! Texts one after the other, and where each ends: ids, payloads.

use super::bytes::number;
use crate::Error;
use crate::text::message;
use alloc::{string::String, vec::Vec};
use core::ops::RangeInclusive;

/// Texts one after the other, and where each ends.
#[derive(Clone, Copy)]
pub(super) struct StringTable<'a> {
    pub(super) ends: &'a [u8],
    pub(super) texts: &'a [u8],
}

impl<'a> StringTable<'a> {
    /// Text i, empty where there are no texts at all. The ends were checked.
    #[inline(never)]
    pub(super) fn get(self, i: usize) -> &'a [u8] {
        if self.ends.is_empty() {
            return &[];
        }
        let start = i.checked_sub(1).map_or(0, |before| number(self.ends, before));
        &self.texts[start..number(self.ends, i)]
    }

    /// Are the ends ascending, on character boundaries of UTF-8, the lengths within these, and is everything covered?
    #[inline(never)]
    pub(super) fn check(self, lengths: RangeInclusive<usize>) -> Result<(), String> {
        let Ok(texts) = core::str::from_utf8(self.texts) else {
            return Err("the bytes are not UTF-8".into());
        };
        let mut start = 0;
        for i in 0..self.ends.len() / 4 {
            let end = number(self.ends, i);
            let length = end.checked_sub(start);
            if !length.is_some_and(|length| lengths.contains(&length))
                || !texts.is_char_boundary(end)
            {
                return Err(message!["row ", i, " is ", start, "..", end]);
            }
            start = end;
        }
        match start == texts.len() {
            true => Ok(()),
            false => Err(message!["there are ", texts.len(), " bytes, the rows end at ", start]),
        }
    }
}

/// Texts in the making.
#[derive(Default)]
pub(super) struct StringTableBuilder {
    pub(super) texts: Vec<u8>,
    pub(super) ends: Vec<u32>,
}

impl StringTableBuilder {
    #[inline(never)]
    pub(super) fn push(&mut self, name: &'static str, text: &[u8]) -> Result<(), Error> {
        self.texts.extend_from_slice(text);
        let end = u32::try_from(self.texts.len());
        self.ends.push(
            end.map_err(|_| Error::option(name, "more than 4 GB in all; split the catalogue"))?,
        );
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, i: usize) -> &[u8] {
        &self.texts
            [i.checked_sub(1).map_or(0, |before| self.ends[before] as usize)..self.ends[i] as usize]
    }
}
