//! The core as WebAssembly in Node: `wasm-pack test --node`.
#![cfg(target_arch = "wasm32")]

mod common;
#[path = "golden/profile.rs"]
mod profile;
#[allow(dead_code)]
#[path = "golden/sets.rs"]
mod sets;
#[path = "common/wasm_tests.rs"]
mod wasm_tests;
