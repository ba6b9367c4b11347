//! Numerical primitives: SIMD lanes, exact distances, binary16, sorting, top-k selection, random
//! numbers, hashing. Depends on nothing else in the crate except its error type.

pub(crate) mod distance;
pub(crate) mod f16;
pub(crate) mod hash;
pub(crate) mod random;
pub(crate) mod simd;
pub(crate) mod sort;
pub(crate) mod top_k;
