//! The limits of values, each defined once, here. `limits` in src/wasm.rs exports them, in this
//! order.

/// Smallest weight of an action or row.
pub const MIN_WEIGHT: f64 = 1e-6;
/// Largest weight of an action or row. (With larger ratios of weights, rounding would lose the
/// smaller ones.)
pub const MAX_WEIGHT: f64 = 1e6;
/// Maximum number of components of a vector: integer dot products of codes and query weights stay
/// within `i32`.
pub const MAX_DIM: usize = 32_768;
/// Maximum length of an item id, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 65_535;
/// Largest magnitude of a component where scores are inner products or squared distances
/// ([`Metric::InnerProduct`](crate::Metric::InnerProduct), [`Metric::L2`](crate::Metric::L2)):
/// `MAX_DIM` (2 `MAX_COMPONENT`)^2 is below the largest `f32`, so no score overflows.
pub const MAX_COMPONENT: f32 = 1e15;
/// Largest prior of an item. A catalogue stores ln(1 + prior) as binary16, which is then at most
/// 34.53125.
pub const MAX_PRIOR: f64 = 1e15;
/// Default of [`ProfileOptions::memory`](crate::ProfileOptions::memory): all the memory of a
/// Cloudflare Worker, in bytes.
pub const DEFAULT_MEMORY_BYTES: usize = 128 << 20;
/// Maximum number of medoids of a message ([`Medoids`](crate::Medoids)).
pub const MAX_MEDOIDS: usize = 64;
/// Maximum number of hits that a message requests for each medoid.
pub const MAX_HITS: u32 = 10_000;
/// Maximum length of an item id in a message, in bytes of UTF-8.
pub const MAX_MESSAGE_ID_BYTES: usize = 512;
