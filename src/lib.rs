//! Recommendations that learn on the device: a user's taste as a handful of interests.
//!
//! One vector cannot represent a user: the mean of pizza, football and cats lies near none of them.
//! So, after PinnerSage (Pal et al., KDD 2020), the actions of one user are clustered bottom up
//! ([`ward()`]), the tree is cut into interests ([`ProfileOptions::cut`]), and each interest is
//! represented by a real item, its medoid ([`medoids`]), and has an [`importance`]: its share of
//! the time-decayed weight of all actions. For retrieval the tree is cut lower ([`Retrieval`]): the
//! centres of these narrower interests and the average of the history query a [`Catalogue`], and
//! the ranked lists are mixed into one by [`mix`].
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
//! Functions are deterministic: no clock, no hidden randomness, no I/O. `now` and seeds are
//! arguments, and the same bytes in give the same bytes out, natively and on every wasm runtime.
//! Vectors are row-major `f32`; distances that decide are computed in `f64`. The JavaScript package
//! of the same name wraps this crate, compiled to WebAssembly.
//!
//! # Testing
//! Every algorithm is tested against a slow reference: Ward against its O(n^3) definition and
//! against SciPy, medoids against all pairs, distances against their definition. The tests do not
//! show that the interests of a cut are those a person would name.

// `no_std`, because the floating-point functions of std differ between platforms in the last bits;
// those of libm do not.
#![no_std]

extern crate alloc;
// Native targets need the panic handler of std; on wasm, wasm-bindgen links one.
#[cfg(not(target_arch = "wasm32"))]
extern crate std as _;

mod catalogue;
mod cbor;
mod error;
mod limits;
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
pub use limits::{
    DEFAULT_MEMORY_BYTES, MAX_COMPONENT, MAX_DIM, MAX_HITS, MAX_ID_BYTES, MAX_MEDOIDS,
    MAX_MESSAGE_ID_BYTES, MAX_PRIOR, MAX_WEIGHT, MIN_WEIGHT,
};
pub use math::hash::{checksum, checksum64};
pub use math::top_k::ScoredRow;
pub use options::{Cut, ProfileOptions, Singletons};
pub use profile::{
    Actions, Clustering, Profile, Retrieval, RetrievalOptions, Session, cluster, importance,
    medoids, profile, retrieval, spread,
};
pub use recommend::{Blended, Hit, MixOptions, Mixed, blend, cosines, mix, nearest, pick, project};
pub use vectors::Vectors;
pub use ward::{Dendrogram, Merge, Partition, bytes_per_action, ward, ward_within};
pub use wire::{Medoids, WirePrecision};
