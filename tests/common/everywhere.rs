//! What the core must do as WebAssembly, wherever it runs.

use crate::{common, profile};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_profile_has_its_recorded_hash() {
    profile::has_its_recorded_hash();
}

#[wasm_bindgen_test]
fn ward_equals_its_definition() {
    common::equal_the_definition(40, 9, 7);
    common::equal_the_definition(97, 33, 8);
}

#[wasm_bindgen_test]
fn a_catalogue_survives_its_bytes() {
    common::survive(&[3.0, 0.0, 0.0, -2.0, 1.0, 1.0], 2);
}
