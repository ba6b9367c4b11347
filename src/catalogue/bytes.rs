//! Little-endian values in byte slices, and checks of whole sections.
//!
//! Functions are `inline(never)` where inlining every call would cost code size and the call is
//! not hot; [`f32_at`] is read in inner loops and always inlined.

use super::bitset::RowSet;
use alloc::vec::Vec;

/// Value `i` of a section of `u32`.
///
/// # Panics
/// When the section has no value `i`.
#[inline(never)]
pub(super) fn u32_at(section: &[u8], i: usize) -> usize {
    u32::from_le_bytes(section.as_chunks().0[i]) as usize
}

/// Value `i` of a section of `f32`.
///
/// # Panics
/// When the section has no value `i`.
#[inline(always)]
pub(super) fn f32_at(section: &[u8], i: usize) -> f32 {
    f32::from_le_bytes(section.as_chunks().0[i])
}

/// The four bytes from `at` on.
pub(super) fn four_bytes_at(bytes: &[u8], at: usize) -> [u8; 4] {
    core::array::from_fn(|i| bytes[at + i])
}

/// The eight bytes from `at` on.
pub(super) fn eight_bytes_at(bytes: &[u8], at: usize) -> [u8; 8] {
    core::array::from_fn(|i| bytes[at + i])
}

/// The bytes of a section of `u32`.
#[inline(never)]
pub(super) fn u32s_to_bytes(values: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 4);
    for x in values {
        bytes.extend_from_slice(&x.to_le_bytes());
    }
    bytes
}

/// Whether every code is below 128. The kernel relies on it: a 16-bit word of two codes is then
/// never negative.
pub(super) fn are_7_bit(codes: &[u8]) -> bool {
    codes.chunks(1 << 16).all(chunk_is_7_bit)
}

/// Separate from its caller because wasm runtimes optimise whole functions, and one that is called
/// often is optimised early.
#[inline(never)]
fn chunk_is_7_bit(codes: &[u8]) -> bool {
    let (words, rest) = codes.as_chunks::<8>();
    let seen = words.iter().fold(0, |seen, word| seen | u64::from_ne_bytes(*word));
    (seen.to_ne_bytes().iter().chain(rest)).all(|&code| code < 128)
}

/// The rows of n whose bit in `removed`, a section of `u32`, is not set.
pub(super) fn live_rows(n: usize, removed: &[u8]) -> RowSet {
    let words: Vec<u32> =
        removed.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
    let mut live = RowSet::all(n);
    live.subtract(&RowSet::from_words(n, &words));
    live
}
