//! The header of a catalogue, the kinds of its sections, and the limits of both.

use super::metric::Metric;

/// Maximum scale of a stored vector. Components, at most 64.5 times the scale, stay finite.
pub(super) const MAX_SCALE: f32 = f32::MAX / 65.0;

/// A part of the file. The discriminant is its kind in the section table (docs/format.md).
///
/// Sections up to [`Norms`](Self::Norms) are written from the items; the others are given to
/// [`CatalogueBuilder::set_section`](super::CatalogueBuilder::set_section).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Section {
    /// n `f32`: for each row, the factor from codes and residuals to components.
    Scales = 1,
    /// n x dim `u8`, row-major: the codes of the vectors.
    Codes = 2,
    /// n x dim `i8`, row-major: the residuals of the codes. Only with
    /// [`Precision::Full`](super::Precision::Full).
    Residuals = 3,
    /// n `u32`: the end offset of each id in [`Ids`](Self::Ids), in bytes.
    IdOffsets = 4,
    /// The ids, concatenated, UTF-8.
    Ids = 5,
    /// One `u32` for each item: its row. Ordered by the bytes of the ids, ascending.
    IdOrder = 6,
    /// n `u32`: the end offset of each payload in [`Payloads`](Self::Payloads), in bytes.
    PayloadOffsets = 7,
    /// The payloads, concatenated, UTF-8.
    Payloads = 8,
    /// n `f32`: the squared length of each stored vector. Only for [`Metric::L2`].
    Norms = 9,
    /// The attributes of the items, by which a search can be filtered. Written and read by
    /// `ts/catalogue/attributes.ts`.
    Attributes = 10,
    /// One bit for each row, in words of `u32`: 1 if its item was removed.
    Removed = 11,
    /// The inverted lists: their rows and their centres.
    Lists = 12,
    /// 8 bytes that identify the set of items of a merged catalogue. Without this section, the hash
    /// of the file identifies it.
    Revision = 13,
    /// In a delta: the 8 bytes of the revision of the catalogue that the delta applies to.
    Base = 14,
    /// In a delta: one `u32` for each removed item, the end offset of its id in
    /// [`Dropped`](Self::Dropped), in bytes.
    DroppedOffsets = 15,
    /// In a delta: the ids of removed items, concatenated, UTF-8.
    Dropped = 16,
    /// n binary16: ln(1 + prior) of each row. Without this section, every prior is 0.
    Priors = 17,
    /// In a delta, of m items that differ in nothing but their priors: m `u32`, their positions in
    /// the [`IdOrder`](Self::IdOrder) of the older catalogue; m binary16, ln(1 + prior) of each.
    /// Written and read by the JavaScript package.
    PriorChanges = 18,
    /// The text tower: a table from words to vectors. Written and read by `ts/text/tower.ts`.
    Text = 19,
    /// The name of the vector space, UTF-8. Without this section, the space has no name. Written
    /// and read by the JavaScript package.
    Space = 20,
}

impl Section {
    const ALL: [Self; SECTION_SLOTS - 1] = [
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
        Self::Priors,
        Self::PriorChanges,
        Self::Text,
        Self::Space,
    ];

    /// The section of this kind in the section table; `None` for an unknown kind.
    #[must_use]
    pub fn from_number(number: usize) -> Option<Self> {
        Self::ALL.get(number.checked_sub(1)?).copied()
    }
}

/// Length of an array indexed by section kind. Kind 0 is unused.
pub(super) const SECTION_SLOTS: usize = 21;

/// The header fields that describe the items.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Number of rows, removed ones included.
    pub(super) n: usize,
    pub(super) dim: usize,
    pub(super) metric: Metric,
    /// Mean squared distance of all pairs of items.
    pub(super) spread: f64,
    pub(super) error_bound: ErrorBound,
}

/// The two maximal lengths from which a scan computes the error bound of an integer dot product.
/// Euclidean lengths over all rows, before the scale, in code steps. 0 means unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ErrorBound {
    /// Largest Euclidean norm of a row of `code - 64`.
    pub(super) max_code_norm: f32,
    /// Largest Euclidean norm of a row of `residual / 256` (residuals count 256ths of a code step).
    pub(super) max_residual_norm: f32,
}

impl ErrorBound {
    /// Replaces each of the two norms by that of `other` where that is larger.
    pub(super) fn merge(&mut self, other: Self) {
        self.max_code_norm = self.max_code_norm.max(other.max_code_norm);
        self.max_residual_norm = self.max_residual_norm.max(other.max_residual_norm);
    }
}
