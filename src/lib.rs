//! Recommendations that learn on the device: a user's taste as a handful of interests.
//!
//! One vector cannot stand for a person: the mean of pizza, football and cats lies near none of them. So, after PinnerSage (Pal
//! et al., KDD 2020), the actions of one user are clustered bottom up ([`ward`]), the tree is cut into interests
//! ([`ProfileOptions::cut`]), each interest is represented by a real item, its medoid ([`medoids`]), and weighs what its actions
//! weigh today ([`importance`]). The interests then query a [`Catalogue`], and their answers are [`blend`]ed.
//!
//! ```
//! use pocketsage::{Actions, ProfileOptions, Vectors, profile};
//!
//! // Five actions: three near one corner, two near another.
//! let vectors = Vectors::new(
//!     &[
//!         1.0, 0.1, 0.0, //
//!         0.9, 0.0, 0.1, //
//!         1.0, 0.0, 0.0, //
//!         0.0, 0.1, 1.0, //
//!         0.0, 0.0, 0.9,
//!     ],
//!     3,
//! )?;
//! let yesterday = [0.0; 5];
//! let actions = Actions::new(vectors, &yesterday, &[1.0; 5])?;
//! let profile = profile(&actions, 86_400_000.0, &ProfileOptions::default())?;
//!
//! assert_eq!(profile.partition.labels, [0, 0, 0, 1, 1]);
//! assert_eq!(profile.medoids, [2, 3]); // real rows, not means
//! assert!((profile.importance[0] - 0.6).abs() < 1e-12);
//! # Ok::<(), pocketsage::Error>(())
//! ```
//!
//! Numbers in, numbers out: no clock, no randomness, no I/O. `now` and seeds are arguments, and the same bytes in give the same
//! bytes out on every engine. The JavaScript package of the same name wraps this crate, compiled to WebAssembly.
//!
//! # Testing
//! Every algorithm has a slow twin in the tests: Ward against the O(n^3) definition and against SciPy, medoids against all pairs,
//! distances against the definition. What the tests do not prove: that interests found by any cut are those a person would name.

// Without the prelude of std, whose floating-point functions differ between platforms: libm's are the same everywhere.
#![no_std]

extern crate alloc;
// A native library needs a panic handler; wasm gets its own from wasm-bindgen.
#[cfg(not(target_arch = "wasm32"))]
extern crate std as _;

mod catalogue;
mod error;
mod math;
mod options;
mod profile;
mod recommend;
mod text;
mod vectors;
mod ward;
mod wire;

#[cfg(test)]
mod testing;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use catalogue::{
    BuildOptions, Catalogue, CatalogueBuilder, Items, Metric, Precision, RowSet, SearchOptions,
    Section,
};
pub use error::{ERROR_CODES, Error};
pub use math::hash::{checksum, checksum64};
pub use math::top_k::ScoredRow;
pub use options::{Cut, DEFAULT_MEMORY_BYTES, ProfileOptions, Singletons};
pub use profile::{
    Actions, Clustering, Profile, Session, cluster, importance, medoids, profile, spread,
};
pub use recommend::{Blended, Hit, blend, nearest, pick, project};
pub use vectors::Vectors;
pub use ward::{Dendrogram, Merge, Partition, ward, ward_within};
pub use wire::{Medoids, WirePrecision};
