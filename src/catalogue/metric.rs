//! How near two vectors are.

/// How near two vectors are. Scores are higher for what is nearer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Metric {
    /// The cosine of their angle, in [-1, 1]. Vectors are kept at unit length.
    #[default]
    Cosine = 0,
    /// Their inner product.
    InnerProduct = 1,
    /// Minus their squared distance.
    L2 = 2,
}

impl Metric {
    pub(super) fn from_number(number: usize) -> Option<Self> {
        [Self::Cosine, Self::InnerProduct, Self::L2]
            .into_iter()
            .find(|metric| *metric as usize == number)
    }
}
