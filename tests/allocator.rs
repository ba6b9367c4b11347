//! The cost of the optional feature `wee_alloc`: its memory grows where that of the default
//! allocator does not. `wasm-pack test --node` runs this with the default allocator, `wasm-pack
//! test --node -- --features wee_alloc` with `wee_alloc`.
#![cfg(target_arch = "wasm32")]

use std::hint::black_box;
use wasm_bindgen_test::wasm_bindgen_test;

// Linked for its allocator.
use pocketsage as _;

const PAGE: usize = 65_536;
const MEGABYTE: usize = 1 << 20;

/// Allocates and frees buffers of mixed sizes, at most about 2 MB at once, as vectors, matrices and
/// catalogues do. Returns by how many bytes the memory grew.
fn churn(rounds: usize) -> usize {
    let before = core::arch::wasm32::memory_size(0);
    let mut alive: Vec<Vec<u8>> = Vec::new();
    let mut state = 1u32;
    for _ in 0..rounds {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = 16 + (state >> 8) as usize % 65_536;
        alive.push(black_box(vec![1; size]));
        if alive.len() > 64 {
            alive.swap_remove((state >> 16) as usize % 64);
        }
    }
    (core::arch::wasm32::memory_size(0) - before) * PAGE
}

#[cfg(not(feature = "wee_alloc"))]
#[wasm_bindgen_test]
fn the_default_allocator_reuses_what_is_freed() {
    let grown = churn(3_000);
    assert!(grown <= 16 * MEGABYTE, "grew by {} MB", grown / MEGABYTE);
}

#[cfg(feature = "wee_alloc")]
#[wasm_bindgen_test]
fn wee_alloc_does_not_reuse_what_is_freed() {
    let grown = churn(3_000);
    assert!(
        grown >= 32 * MEGABYTE,
        "grew by {} MB only: is the warning in Cargo.toml still true?",
        grown / MEGABYTE
    );
}
