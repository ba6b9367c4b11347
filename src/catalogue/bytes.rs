//! Little-endian numbers in bytes.

use super::bitset::RowSet;
use alloc::vec::Vec;

/// Number i of a section of `u32`.
#[inline(never)]
pub(super) fn number(section: &[u8], i: usize) -> usize {
    u32::from_le_bytes(section.as_chunks().0[i]) as usize
}

/// Number i of a section of `f32`.
#[inline(always)]
pub(super) fn float(section: &[u8], i: usize) -> f32 {
    f32::from_le_bytes(section.as_chunks().0[i])
}

pub(super) fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    core::array::from_fn(|i| bytes[at + i])
}

pub(super) fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    core::array::from_fn(|i| bytes[at + i])
}

/// SeededNumbers as a section has them.
#[inline(never)]
pub(super) fn little_endian(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 4);
    for x in numbers {
        bytes.extend_from_slice(&x.to_le_bytes());
    }
    bytes
}

/// Whether every code is below 128, which keeps the words of the kernel from being negative.
pub(super) fn small(codes: &[u8]) -> bool {
    codes.chunks(1 << 16).all(small_piece)
}

#[inline(never)]
fn small_piece(codes: &[u8]) -> bool {
    let (words, rest) = codes.as_chunks::<8>();
    let seen = words.iter().fold(0, |seen, word| seen | u64::from_ne_bytes(*word));
    (seen.to_ne_bytes().iter().chain(rest)).all(|&code| code < 128)
}

/// All rows of n but those whose bit is set.
pub(super) fn without(n: usize, removed: &[u8]) -> RowSet {
    let words: Vec<u32> =
        removed.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
    let mut live = RowSet::all(n);
    live.subtract(&RowSet::from_words(n, &words));
    live
}
