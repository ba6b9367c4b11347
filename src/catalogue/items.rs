//! What a catalogue is built from.

use crate::Vectors;

/// What a catalogue is built from: a vector and an id each, in the same order, and perhaps a payload each.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    pub(super) vectors: Vectors<'a>,
    pub(super) ids: &'a [&'a str],
    pub(super) payloads: &'a [&'a str],
}

impl<'a> Items<'a> {
    /// Items without payloads.
    #[must_use]
    pub fn new(vectors: Vectors<'a>, ids: &'a [&'a str]) -> Self {
        Self { vectors, ids, payloads: &[] }
    }

    /// The same items with a payload each; an empty text is none.
    #[must_use]
    pub fn with_payloads(self, payloads: &'a [&'a str]) -> Self {
        Self { payloads, ..self }
    }
}
