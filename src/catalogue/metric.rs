//! The measures of similarity.

/// How the similarity of two vectors is measured. A higher score is more similar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Metric {
    /// Cosine of the angle, in [-1, 1]; 0 where either vector is zero. Vectors are stored at
    /// unit length.
    #[default]
    Cosine = 0,
    /// Inner product, any finite value.
    InnerProduct = 1,
    /// Minus the squared Euclidean distance, at most 0.
    L2 = 2,
}

impl Metric {
    /// The metric of this number in a file header.
    pub(super) fn from_number(number: usize) -> Option<Self> {
        [Self::Cosine, Self::InnerProduct, Self::L2]
            .into_iter()
            .find(|metric| *metric as usize == number)
    }
}
