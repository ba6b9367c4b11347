//! kodama compiled to wasm, a contestant of `npm run bench:ward`; bench/ward/programs.mjs builds
//! it. Not part of the package.
#![cfg(target_arch = "wasm32")]
// The function is exported to JavaScript only; no Rust crate can reach it. By value, wasm-bindgen
// passes the vectors without a second copy.
#![allow(unreachable_pub, clippy::must_use_candidate, clippy::needless_pass_by_value)]

#[path = "heights.rs"]
mod heights_module;

use wasm_bindgen::prelude::wasm_bindgen;

/// The n - 1 Ward heights (distances, not squared) of row-major n x dim vectors, ascending.
#[wasm_bindgen]
pub fn heights(vectors: Vec<f32>, dim: usize) -> Vec<f32> {
    heights_module::heights(&vectors, dim)
}
