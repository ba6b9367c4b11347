//! kodama compiled to wasm, a contestant of `npm run bench:ward` (bench/ward/programs.mjs builds it). No part of the package.
#![cfg(target_arch = "wasm32")]
// Exported to JavaScript, not to Rust.
#![allow(unreachable_pub)]

mod tree;

use wasm_bindgen::prelude::wasm_bindgen;

/// The n - 1 Ward heights of row-major n x dim vectors, ascending. Distances, not their squares.
#[wasm_bindgen]
pub fn heights(vectors: Vec<f32>, dim: usize) -> Vec<f32> {
    tree::heights(&vectors, dim)
}
