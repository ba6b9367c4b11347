//! Tests of the core that run as WebAssembly, in Node and in a browser.

use crate::{common, profile};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_profile_has_its_recorded_hash() {
    profile::assert_recorded_hash();
}

#[wasm_bindgen_test]
fn ward_equals_its_definition() {
    common::assert_ward_equals_definition(40, 9, 7);
    common::assert_ward_equals_definition(97, 33, 8);
}

#[wasm_bindgen_test]
fn a_catalogue_is_read_back_from_its_bytes() {
    common::assert_catalogue_round_trip(&[3.0, 0.0, 0.0, -2.0, 1.0, 1.0], 2);
}
