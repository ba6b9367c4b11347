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

mod blend;
mod catalogue;
mod cut;
mod dendrogram;
mod error;
mod exact;
mod importance;
mod lanes;
mod medoid;
mod nearest;
mod options;
mod order;
mod pick;
mod profile;
mod projection;
mod random;
mod session;
mod shown;
mod vectors;
mod ward;
mod wire;

#[cfg(test)]
mod testing;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use blend::{Blended, Hit, blend};
pub use catalogue::{
    Bits, Builder, Catalogue, Items, Metric, Precision, Search, Section, Settings,
};
pub use cut::spread;
pub use dendrogram::{Dendrogram, Merge, Partition};
pub use error::{CODES, Error};
pub use importance::importance;
pub use medoid::medoids;
pub use nearest::nearest;
pub use options::{Cut, ProfileOptions, Singletons};
pub use order::Match;
pub use pick::pick;
pub use profile::{Actions, Clustering, Profile, cluster, profile};
pub use projection::project;
pub use session::Session;
pub use vectors::Vectors;
pub use ward::{MEMORY, ward, ward_within};
pub use wire::{Medoids, WirePrecision};

use xxhash_rust::xxh64::Xxh64;

/// A hash of bytes: the low 32 bits of XXH64. Detects accidents, not attacks.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    checksum64(bytes) as u32
}

/// XXH64 of bytes, seed 0: the hash of a catalogue is that of its bytes from 16 on.
#[must_use]
pub fn checksum64(bytes: &[u8]) -> u64 {
    let mut hash = Xxh64::new(0);
    bytes.chunks(PIECE).for_each(|piece| include(&mut hash, piece));
    hash.digest()
}

/// Bytes hashed by one call: browsers compile well what is called often, but not in the middle of a call.
const PIECE: usize = 1 << 16;

#[inline(never)]
fn include(hash: &mut Xxh64, piece: &[u8]) {
    hash.update(piece);
}
