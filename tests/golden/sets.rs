//! The golden sets: their vectors, generated as make.py specifies, and SciPy's results from
//! `ward.bin`.
// Test code, which clippy recognises only in functions marked as tests.
#![allow(clippy::panic, clippy::unwrap_used)]

use pocketsage::Catalogue;

/// A stream of draws, as make.py specifies it.
pub(crate) struct Stream(pub(crate) u32);

impl Stream {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9);
        let mut x = self.0;
        x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^ (x >> 16)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }
}

/// The two streams of a set: numbers and choices.
pub(crate) fn streams(seed: u32) -> (Stream, Stream) {
    (Stream(seed), Stream(seed ^ 0x5bd1_e995))
}

/// The values of a mixture of `centres` clusters, n x dim, row-major. Draws remain on `choices`.
pub(crate) fn mixture(
    n: usize,
    dim: usize,
    centres: usize,
    numbers: &mut Stream,
    choices: &mut Stream,
) -> Vec<f32> {
    let centre = |_| ((choices.next() >> 19) as f32 - 4096.0) / 1024.0;
    let centres_at: Vec<f32> = (0..centres * dim).map(centre).collect();
    let centre_of: Vec<usize> = (0..n).map(|_| choices.below(centres)).collect();
    let value = |i: usize| {
        let sum: u32 = (0..4).map(|_| numbers.next() >> 16).sum();
        centres_at[centre_of[i / dim] * dim + i % dim] + (sum as f32 - 131_072.0) / 131_072.0
    };
    (0..n * dim).map(value).collect()
}

/// A set, and SciPy's results for it.
pub(crate) struct Golden {
    pub(crate) kind: u32,
    pub(crate) n: usize,
    pub(crate) dim: usize,
    pub(crate) seed: u32,
    pub(crate) p: usize,
    /// Squares of SciPy's heights, ascending.
    pub(crate) heights: Vec<f64>,
    /// Squared heights of cuts, each with SciPy's labels, or `None` if these depend on the order of
    /// ties.
    pub(crate) cuts: Vec<(f64, Option<Vec<i32>>)>,
}

impl Golden {
    pub(crate) fn vectors(&self, catalogue: &Catalogue) -> Vec<f32> {
        let Self { n, dim, p, .. } = *self;
        let (mut numbers, mut choices) = streams(self.seed);
        match self.kind {
            0 => (0..n * dim)
                .map(|_| ((numbers.next() >> 8) as f32 - 8_388_608.0) / 8_388_608.0)
                .collect(),
            1 => mixture(n, dim, p, &mut numbers, &mut choices),
            2 => {
                let mut values = mixture(n, dim, p, &mut numbers, &mut choices);
                for row in 1..n {
                    if choices.below(3) == 0 {
                        let from = choices.below(row) * dim;
                        values.copy_within(from..from + dim, row * dim);
                    }
                }
                values
            }
            3 => (0..n * dim).map(|_| ((numbers.next() >> 8) as usize % p) as f32).collect(),
            4 => {
                let first = choices.below(catalogue.len());
                let mut rows = Vec::new();
                while rows.len() < n {
                    let row = (first + numbers.below(p)) % catalogue.len();
                    if !rows.contains(&row) {
                        rows.push(row);
                    }
                }
                let mut values = Vec::new();
                rows.iter().for_each(|&row| catalogue.read_vector(row, &mut values).unwrap());
                values
            }
            kind => panic!("ward.bin has a set of kind {kind}, expected 0 to 4"),
        }
    }
}

/// The sets of `ward.bin`, and the CRC-32 of the catalogue vectors they were made from.
pub(crate) fn read(file: &[u8]) -> (Vec<Golden>, u32) {
    let mut bytes = file;
    let count = u32(&mut bytes);
    let crc = u32(&mut bytes);
    let sets = (0..count).map(|_| golden(&mut bytes)).collect();
    assert!(bytes.is_empty(), "{} bytes too many", bytes.len());
    (sets, crc)
}

fn golden(bytes: &mut &[u8]) -> Golden {
    let [kind, n, dim, seed, p, checks] = std::array::from_fn(|_| u32(bytes));
    let n = n as usize;
    let heights = (1..n).map(|_| f64::from_le_bytes(take(bytes))).collect();
    let label = |bytes: &mut &[u8]| i32::from(u16::from_le_bytes(take(bytes)));
    let cut = |_| {
        let threshold = f64::from_le_bytes(take(bytes));
        (threshold, (checks == 1).then(|| (0..n).map(|_| label(bytes)).collect()))
    };
    Golden {
        kind,
        n,
        dim: dim as usize,
        seed,
        p: p as usize,
        heights,
        cuts: (0..5).map(cut).collect(),
    }
}

fn u32(bytes: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(bytes))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (first, rest) = bytes.split_first_chunk().unwrap();
    *bytes = rest;
    *first
}

/// CRC-32 (IEEE), as zlib computes it.
pub(crate) fn crc32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.into_iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(byte), step))
}
