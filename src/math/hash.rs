//! XXH64 checksums of byte strings.

/// The low 32 bits of the XXH64 of `bytes`, seed 0. Detects accidental changes, not attacks. O(n).
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    checksum64(bytes) as u32
}

/// The XXH64 of `bytes`, seed 0. The hash of a catalogue file is that of its bytes from offset 16
/// to the end. Detects accidental changes, not attacks. O(n).
#[must_use]
pub fn checksum64(bytes: &[u8]) -> u64 {
    let (stripes, tail) = bytes.split_at(bytes.len() - bytes.len() % STRIPE_BYTES);
    let mut hash = P5;
    if !stripes.is_empty() {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, P1.wrapping_neg()];
        stripes.chunks(CHUNK_BYTES).for_each(|chunk| hash_stripes(&mut lanes, chunk));
        let rotated = lanes.iter().zip([1, 7, 12, 18]).map(|(lane, bits)| lane.rotate_left(bits));
        hash = rotated.fold(0, u64::wrapping_add);
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(P1).wrapping_add(P4);
        }
    }
    hash = hash.wrapping_add(bytes.len() as u64);
    let mut words = tail.chunks_exact(8);
    for word in &mut words {
        let mixed = (hash ^ round(0, little_endian(word))).rotate_left(27);
        hash = mixed.wrapping_mul(P1).wrapping_add(P4);
    }
    let mut halves = words.remainder().chunks_exact(4);
    for half in &mut halves {
        let mixed = (hash ^ little_endian(half).wrapping_mul(P1)).rotate_left(23);
        hash = mixed.wrapping_mul(P2).wrapping_add(P3);
    }
    for &byte in halves.remainder() {
        hash = (hash ^ u64::from(byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    hash ^ (hash >> 32)
}

/// Bytes that the four lanes take in one round.
const STRIPE_BYTES: usize = 32;
/// Maximum number of bytes that one call of [`hash_stripes`] hashes.
const CHUNK_BYTES: usize = 1 << 16;

/// The constants of XXH64.
const P1: u64 = 0x9E37_79B1_85EB_CA87;
const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P3: u64 = 0x1656_67B1_9E37_79F9;
const P4: u64 = 0x85EB_CA77_C2B2_AE63;
const P5: u64 = 0x27D4_EB2F_1656_67C5;

// Never inlined: wasm runtimes optimise a function between its calls, so a long input is hashed by
// many calls rather than by one long loop.
#[inline(never)]
fn hash_stripes(lanes: &mut [u64; 4], stripes: &[u8]) {
    let mut sums = *lanes;
    for stripe in stripes.chunks_exact(STRIPE_BYTES) {
        for (sum, word) in sums.iter_mut().zip(stripe.chunks_exact(8)) {
            *sum = round(*sum, little_endian(word));
        }
    }
    *lanes = sums;
}

fn round(sum: u64, word: u64) -> u64 {
    sum.wrapping_add(word.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

/// The number of at most eight bytes.
fn little_endian(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::{CHUNK_BYTES, checksum64};
    use alloc::vec::Vec;
    use xxhash_rust::xxh64::xxh64;

    #[test]
    fn equal_to_the_reference_at_every_length() {
        let bytes: Vec<u8> = (0..2 * CHUNK_BYTES + 77).map(|i| ((i * i) >> 3) as u8).collect();
        let lengths = (0..200).chain(CHUNK_BYTES - 40..CHUNK_BYTES + 40).chain([bytes.len()]);
        for length in lengths {
            assert_eq!(checksum64(&bytes[..length]), xxh64(&bytes[..length], 0), "{length}");
        }
    }
}
