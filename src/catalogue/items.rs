//! The items of a catalogue, before encoding.

use crate::Vectors;

/// Items to be added to a catalogue: n vectors and n ids in the same order, and n payloads or
/// none. Lengths are checked by [`CatalogueBuilder::add`](super::CatalogueBuilder::add).
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

    /// The same items with one payload each; an empty string means no payload.
    #[must_use]
    pub fn with_payloads(self, payloads: &'a [&'a str]) -> Self {
        Self { payloads, ..self }
    }
}
