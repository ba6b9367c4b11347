//! XXH64 checksums of byte strings.

use xxhash_rust::xxh64::Xxh64;

/// The low 32 bits of the XXH64 of `bytes`, seed 0. Detects accidental changes, not attacks. O(n).
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    checksum64(bytes) as u32
}

/// The XXH64 of `bytes`, seed 0. The hash of a catalogue file is that of its bytes from offset 16
/// to the end. Detects accidental changes, not attacks. O(n).
#[must_use]
pub fn checksum64(bytes: &[u8]) -> u64 {
    let mut hash = Xxh64::new(0);
    bytes.chunks(CHUNK_BYTES).for_each(|chunk| hash_chunk(&mut hash, chunk));
    hash.digest()
}

/// Maximal number of bytes that one call of [`hash_chunk`] hashes.
const CHUNK_BYTES: usize = 1 << 16;

// Never inlined: wasm runtimes optimise a function between its calls, so a long input is hashed by
// many calls rather than by one long loop.
#[inline(never)]
fn hash_chunk(hash: &mut Xxh64, chunk: &[u8]) {
    hash.update(chunk);
}
