//! [`Metric`]: how the similarity of two vectors is measured.

use crate::limits::MAX_COMPONENT;
use crate::text::message;
use crate::{Error, Vectors};

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
    /// The metric that a file header stores as this number; `None` for an unknown number.
    pub(super) fn from_number(number: usize) -> Option<Self> {
        [Self::Cosine, Self::InnerProduct, Self::L2]
            .into_iter()
            .find(|metric| *metric as usize == number)
    }

    /// [`Error::Option`] for a component whose scores could overflow. Cosines never do. O(n dim).
    #[inline(never)]
    pub(super) fn check_components(self, vectors: Vectors<'_>) -> Result<(), Error> {
        let too_large = |component: &&f32| component.abs() > MAX_COMPONENT;
        match vectors.values().iter().find(too_large) {
            Some(&got) if self != Self::Cosine => Err(Error::option(
                "vector",
                message![
                    "got the component ",
                    f64::from(got),
                    ", expected at most 1e15: scale down"
                ],
            )),
            _ => Ok(()),
        }
    }
}
