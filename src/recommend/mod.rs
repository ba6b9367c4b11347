//! From interests to recommendations: which interests to query, how to mix or blend their answers,
//! which actions explain an item, and a map of the actions.

mod blend;
mod cosines;
#[cfg(any(test, target_arch = "wasm32"))]
mod lean;
mod mixture;
mod nearest;
mod pick;
mod projection;

pub use blend::{Blended, Hit, blend};
pub use cosines::cosines;
#[cfg(target_arch = "wasm32")]
pub(crate) use lean::{NearestInterest, lean_to_first};
#[cfg(target_arch = "wasm32")]
pub(crate) use mixture::mix_dense;
pub use mixture::{MixOptions, Mixed, mix};
pub use nearest::nearest;
pub use pick::pick;
pub use projection::project;
