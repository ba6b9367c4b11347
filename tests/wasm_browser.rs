//! The core as WebAssembly in a browser: `wasm-pack test --headless --chrome`.
#![cfg(target_arch = "wasm32")]

mod common;
#[path = "golden/profile.rs"]
mod profile;
#[allow(dead_code)]
#[path = "golden/sets.rs"]
mod sets;
#[path = "common/wasm_tests.rs"]
mod wasm_tests;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
