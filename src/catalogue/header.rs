//! The header of a catalogue, the kinds of its sections, and the limits of both.

use super::metric::Metric;

/// More would make sums of codes times weights overflow.
pub(super) const MOST_DIMENSIONS: usize = 32_768;
/// With a larger scale a vector would not be finite.
pub(super) const LARGEST_SCALE: f32 = f32::MAX / 65.0;
/// Bytes of the longest id.
pub(super) const LONGEST_ID: usize = 65_535;

/// A part of the file, with its number there. Those up to [`Norms`](Self::Norms) are written from items; the others are added by who
/// builds ([`CatalogueBuilder::section`](super::CatalogueBuilder::section)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Section {
    /// n `f32`: what makes codes the vector.
    Scales = 1,
    /// n x dim bytes, row-major.
    Codes = 2,
    /// n x dim `i8`, row-major.
    Residuals = 3,
    /// n `u32`: where each id ends.
    IdOffsets = 4,
    /// The ids, UTF-8.
    Ids = 5,
    /// `u32`: the rows of items by ascending id.
    IdOrder = 6,
    /// n `u32`: where each payload ends.
    PayloadOffsets = 7,
    /// The payloads, UTF-8.
    Payloads = 8,
    /// n `f32`: squared lengths, for L2.
    Norms = 9,
    /// What filters look at. Nothing here reads it: `ts/catalogue/attributes.ts` does.
    Attributes = 10,
    /// A bit for each row that is no item any more, in `u32`.
    Removed = 11,
    /// Lists of rows (IVF).
    Lists = 12,
    /// 8 bytes that name the items, where that is not the hash.
    Revision = 13,
    /// In a delta: 8 bytes, the revision it applies to.
    Base = 14,
    /// In a delta: `u32`, where each dropped id ends.
    DroppedOffsets = 15,
    /// In a delta: the ids that are no more.
    Dropped = 16,
}

impl Section {
    const ALL: [Self; KINDS - 1] = [
        Self::Scales,
        Self::Codes,
        Self::Residuals,
        Self::IdOffsets,
        Self::Ids,
        Self::IdOrder,
        Self::PayloadOffsets,
        Self::Payloads,
        Self::Norms,
        Self::Attributes,
        Self::Removed,
        Self::Lists,
        Self::Revision,
        Self::Base,
        Self::DroppedOffsets,
        Self::Dropped,
    ];

    /// The section of this number.
    #[must_use]
    pub fn from_number(number: usize) -> Option<Self> {
        Self::ALL.get(number.checked_sub(1)?).copied()
    }
}

/// Kinds known to this version, and one for the unused kind 0.
pub(super) const KINDS: usize = 17;

/// What the header says besides where things are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Rows, those removed included.
    pub(super) n: usize,
    pub(super) dim: usize,
    pub(super) metric: Metric,
    pub(super) spread: f64,
    pub(super) reach: ErrorBound,
}

/// How long the parts of stored vectors are at most, before the scale: what the bounds of a search rest on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ErrorBound {
    /// Length of the codes around zero.
    pub(super) codes: f32,
    /// Length of the residuals, in code steps.
    pub(super) residuals: f32,
}

impl ErrorBound {
    pub(super) fn include(&mut self, other: Self) {
        self.codes = self.codes.max(other.codes);
        self.residuals = self.residuals.max(other.residuals);
    }
}
