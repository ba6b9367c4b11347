//! XXH64 checksums of byte strings.

use xxhash_rust::xxh64::Xxh64;

/// A hash of bytes: the low 32 bits of XXH64. Detects accidents, not attacks.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    checksum64(bytes) as u32
}

/// XXH64 of bytes, seed 0: the hash of a catalogue is that of its bytes from 16 on.
#[must_use]
pub fn checksum64(bytes: &[u8]) -> u64 {
    let mut hash = Xxh64::new(0);
    bytes.chunks(PIECE).for_each(|piece| include(&mut hash, piece));
    hash.digest()
}

/// Bytes hashed by one call: browsers compile well what is called often, but not in the middle of a call.
const PIECE: usize = 1 << 16;

#[inline(never)]
fn include(hash: &mut Xxh64, piece: &[u8]) {
    hash.update(piece);
}
