//! Little-endian values in byte slices, and checks of whole sections.
//!
//! Functions that are not hot are `inline(never)`: one copy of each keeps the wasm file small.
//! [`f32_at`] is called in inner loops and always inlined.

use super::bitset::RowSet;
use alloc::vec::Vec;

/// Value `i` of a section of little-endian `u32`.
///
/// # Panics
/// When the section has no value `i`.
#[inline(never)]
pub(super) fn u32_at(section: &[u8], i: usize) -> usize {
    u32::from_le_bytes(section.as_chunks().0[i]) as usize
}

/// Value `i` of a section of little-endian `f32`.
///
/// # Panics
/// When the section has no value `i`.
#[inline(always)]
pub(super) fn f32_at(section: &[u8], i: usize) -> f32 {
    f32::from_le_bytes(section.as_chunks().0[i])
}

/// The four bytes from `offset` on.
pub(super) fn four_bytes_at(bytes: &[u8], offset: usize) -> [u8; 4] {
    core::array::from_fn(|i| bytes[offset + i])
}

/// The eight bytes from `offset` on.
pub(super) fn eight_bytes_at(bytes: &[u8], offset: usize) -> [u8; 8] {
    core::array::from_fn(|i| bytes[offset + i])
}

/// The bytes of a section that consists of these values, little-endian.
#[inline(never)]
pub(super) fn u32s_to_bytes(values: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 4);
    for x in values {
        bytes.extend_from_slice(&x.to_le_bytes());
    }
    bytes
}

/// Whether every code is below 128, so that a 16-bit word of two codes is never negative. The
/// kernel relies on it.
pub(super) fn are_7_bit(codes: &[u8]) -> bool {
    codes.chunks(1 << 16).all(chunk_is_7_bit)
}

/// [`are_7_bit`] for one chunk. Not part of that function, because wasm runtimes optimise whole
/// functions, and a function that is called often is optimised early.
#[inline(never)]
fn chunk_is_7_bit(codes: &[u8]) -> bool {
    let (words, last_codes) = codes.as_chunks::<8>();
    let union_of_bits = words.iter().fold(0, |union, word| union | u64::from_ne_bytes(*word));
    (union_of_bits.to_ne_bytes().iter().chain(last_codes)).all(|&code| code < 128)
}

/// The rows from 0 to n - 1 that are not set in `removed`, the content of
/// [`Section::Removed`](super::Section::Removed).
pub(super) fn live_rows(n: usize, removed: &[u8]) -> RowSet {
    let words: Vec<u32> =
        removed.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
    let mut live = RowSet::all(n);
    live.subtract(&RowSet::from_words(n, &words));
    live
}
