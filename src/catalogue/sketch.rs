//! Sketches: one bit a dimension and three `f32` a row, from which dot products are estimated at an
//! eighth of the cost of the codes.
//!
//! The bits are the signs of a row's codes minus the mean code of each dimension. The dot product
//! of a query with the signs gives an estimate of that with the row, and its standard deviation
//! (Gao and Long, "RaBitQ", SIGMOD 2024, Theorem 3.2). RaBitQ's random rotation is left out;
//! instead a search measures the error of its estimates. Products with signs are summed by table
//! lookup, four dimensions at a time and sixteen rows an instruction (André, Kermarrec and
//! Le Scouarnec, "Cache locality is not enough", VLDB 2015).
//!
//! `inline(always)` functions are bodies of the estimation loop; `inline(never)` ones run once a
//! catalogue, row or query.

use super::codes::{StoredVectors, ZERO_CODE};
use crate::math::simd::sqrt;
use alloc::{vec, vec::Vec};
use simd::{estimates, sign_bits};

/// Rows estimated together.
pub(super) const BLOCK_ROWS: usize = 32;
/// Dimensions of one lookup table, which has 2^4 entries.
const DIMS_PER_TABLE: usize = 4;
/// Dimensions processed at once: eight tables.
const CHUNK_DIMS: usize = 32;
/// Maximal entry of a table: the sum of four fits a byte.
const MAX_TABLE_ENTRY: f32 = 63.0;
/// Maximal number of dimensions: the sum of all entries fits 16 bits.
const MAX_SKETCH_DIMENSIONS: usize = 4096;
/// Maximal scale, gain and standard deviation, so that estimates are finite.
const MAX_GAIN: f32 = 1e30;
/// 2^23. Adding it rounds a small non-negative `f32` to an integer, stored in its low bits.
const ROUND_MAGIC: f32 = 8_388_608.0;
/// Maximal number of rows from which the centre is computed.
const CENTRE_SAMPLE_ROWS: usize = 1024;

/// Four sign bits for each of 32 rows: those of row r are in byte [`sign_byte`]`(r)`, in the low
/// half for the first 16 rows.
type SignBytes = [u8; 16];
/// Contribution of four dimensions to a dot product for each combination of signs, in steps.
type SignTable = [u8; 16];

/// The sketches of a catalogue's rows.
#[derive(Debug, Clone)]
pub(super) struct Sketches {
    /// Block by block; within a block by ascending dimensions.
    signs: Vec<SignBytes>,
    /// Number of tables, and of `SignBytes` a block: a quarter of the dimensions, rounded up to
    /// whole chunks.
    tables_per_row: usize,
    /// The mean code of each dimension, over a sample of rows; padded with zeros.
    centre: Vec<u8>,
    blocks: Vec<BlockStats>,
}

/// Factors of 32 rows; 0 past the last row.
#[derive(Debug, Clone)]
struct BlockStats {
    scales: [f32; BLOCK_ROWS],
    /// Factor from the dot product with the signs to that with the row less the centre.
    gains: [f32; BLOCK_ROWS],
    /// Standard deviations of the estimates for a unit query.
    std_devs: [f32; BLOCK_ROWS],
    max_std_dev: f32,
}

/// Estimates of 32 rows. All are finite.
pub(super) struct Estimates {
    pub(super) values: [f32; BLOCK_ROWS],
    pub(super) max: f32,
    pub(super) max_std_dev: f32,
}

impl Sketches {
    /// Sketches all rows. O(n dim). `None` above [`MAX_SKETCH_DIMENSIONS`], for components too
    /// large for finite estimates, and when the allocation fails.
    #[inline(never)]
    pub(super) fn new(codes: &StoredVectors<'_>) -> Option<Self> {
        let (n, chunks) = (codes.len(), codes.dim.div_ceil(CHUNK_DIMS));
        if codes.dim > MAX_SKETCH_DIMENSIONS {
            return None;
        }
        let tables_per_row = chunks * CHUNK_DIMS / DIMS_PER_TABLE;
        let count = n.div_ceil(BLOCK_ROWS);
        let mut sketches =
            Self { signs: Vec::new(), tables_per_row, centre: centre(codes), blocks: Vec::new() };
        sketches.signs.try_reserve_exact(count * tables_per_row).ok()?;
        sketches.blocks.try_reserve_exact(count).ok()?;
        for first in (0..n).step_by(BLOCK_ROWS) {
            sketches.push_block(codes, first);
        }
        let finite = |BlockStats { scales, gains, std_devs, .. }: &BlockStats| {
            scales.iter().chain(gains).chain(std_devs).all(|&x| x < MAX_GAIN)
        };
        sketches.blocks.iter().all(finite).then_some(sketches)
    }

    /// Appends the block whose first row is `first`.
    fn push_block(&mut self, codes: &StoredVectors<'_>, first: usize) {
        let (zeros, at) = ([0.0; BLOCK_ROWS], self.signs.len());
        let mut block =
            BlockStats { scales: zeros, gains: zeros, std_devs: zeros, max_std_dev: 0.0 };
        self.signs.resize(at + self.tables_per_row, [0; 16]);
        let dim = codes.dim as f64;
        for row in first..codes.len().min(first + BLOCK_ROWS) {
            let lane = row - first;
            let (sum, squares) = self.write_signs(codes.row(row).0, at, lane);
            let (scale, squares) = (f64::from(codes.scale(row)), f64::from(squares));
            block.scales[lane] = scale as f32;
            if sum == 0 {
                continue;
            }
            let gain = squares / f64::from(sum);
            let variance = (dim * gain * gain - squares) / (dim - 1.0).max(1.0);
            block.gains[lane] = (scale * gain) as f32;
            block.std_devs[lane] = (scale * sqrt(variance.max(0.0))) as f32;
            block.max_std_dev = block.max_std_dev.max(block.std_devs[lane]);
        }
        self.blocks.push(block);
    }

    /// Writes the signs of a row into the block that starts at `signs[at]`. Returns the sums of the
    /// absolute and of the squared differences from the centre.
    #[inline(never)]
    fn write_signs(&mut self, codes: &[u8], at: usize, lane: usize) -> (u32, u32) {
        let (byte, shift) = (sign_byte(lane), lane / 16 * 4);
        let (mut sum, mut squares) = (0, 0);
        let blocks = self.signs[at..].as_chunks_mut::<8>().0;
        for (at, (signs_of, centre)) in blocks.iter_mut().zip(self.centre.as_chunks().0).enumerate()
        {
            let rest = &codes[at * CHUNK_DIMS..];
            let chunk = rest.first_chunk().copied().unwrap_or_else(|| {
                let mut chunk = *centre;
                chunk[..rest.len()].copy_from_slice(rest);
                chunk
            });
            let (mut bits, absolute, squared) = sign_bits(&chunk, centre);
            (sum, squares) = (sum + absolute, squares + squared);
            for group in signs_of {
                group[byte] |= ((bits & 15) as u8) << shift;
                bits >>= DIMS_PER_TABLE;
            }
        }
        (sum, squares)
    }

    /// The lookup tables of a unit query. O(dim).
    #[inline(never)]
    pub(super) fn query_tables(&self, unit: &[f32]) -> QueryTables {
        let groups =
            || unit.chunks(DIMS_PER_TABLE).map(|group| group.iter().map(|x| x.abs()).sum::<f32>());
        let step = groups().fold(0.0, f32::max) * 2.0 / MAX_TABLE_ENTRY;
        let inverse_step = if step > 0.0 { 1.0 / step } else { 0.0 };
        let mut tables = vec![[0; 16]; self.tables_per_row];
        for (table, group) in tables.iter_mut().zip(unit.chunks(DIMS_PER_TABLE)) {
            let mut entries = [0.0f32; 16];
            for (bit, x) in group.iter().enumerate() {
                // A set bit is a negative sign. Entries are relative to the smallest, so none is
                // negative.
                let [without, with] = [(x.abs() + x) * inverse_step, (x.abs() - x) * inverse_step];
                for entry in 0..1 << bit {
                    entries[entry + (1 << bit)] = entries[entry] + with;
                    entries[entry] += without;
                }
            }
            *table = entries.map(|sum| (sum + ROUND_MAGIC).to_bits() as u8);
        }
        let centre = self.centre.iter().map(|&code| f64::from(code) - f64::from(ZERO_CODE));
        let centre_dot: f64 = unit.iter().zip(centre).map(|(&x, code)| f64::from(x) * code).sum();
        QueryTables { tables, step, offset: -groups().sum::<f32>(), centre_dot: centre_dot as f32 }
    }

    /// Estimates of the dot products of a unit query with the rows of a block. O(dim).
    #[inline(always)]
    pub(super) fn estimates(&self, block: usize, tables: &QueryTables) -> Estimates {
        let signs = &self.signs[block * self.tables_per_row..][..self.tables_per_row];
        estimates(signs, &self.blocks[block], tables)
    }

    /// The standard deviations of a block's estimates, for a unit query.
    #[inline(always)]
    pub(super) fn std_devs(&self, block: usize) -> &[f32; BLOCK_ROWS] {
        &self.blocks[block].std_devs
    }
}

/// The lookup tables of a query.
pub(super) struct QueryTables {
    tables: Vec<SignTable>,
    /// Dot product with the signs of one unit of the sum of entries.
    step: f32,
    /// Dot product with the signs for a sum of 0.
    offset: f32,
    /// Dot product with the centre.
    centre_dot: f32,
}

/// The byte that holds the signs of a row. This order makes the even and odd bytes, which are
/// summed apart, those of rows 0 to 7 and 8 to 15.
fn sign_byte(row: usize) -> usize {
    row % 8 * 2 + row / 8 % 2
}

/// The mean code of each dimension over evenly spaced rows, padded with zeros to whole chunks.
fn centre(codes: &StoredVectors<'_>) -> Vec<u8> {
    let mut sums = vec![0u32; codes.dim.next_multiple_of(CHUNK_DIMS)];
    let step = codes.len().div_ceil(CENTRE_SAMPLE_ROWS).max(1);
    let mut count = 0;
    for row in (0..codes.len()).step_by(step) {
        sums.iter_mut().zip(codes.row(row).0).for_each(|(sum, &code)| *sum += u32::from(code));
        count += 1;
    }
    sums.iter().map(|sum| ((sum + count / 2) / count.max(1)) as u8).collect()
}

/// By wasm simd128 intrinsics. Safe code: vectors are built from arrays, which the compiler turns
/// into single loads.
#[cfg(target_arch = "wasm32")]
mod simd {
    use super::{BLOCK_ROWS, BlockStats, CHUNK_DIMS, Estimates, QueryTables, SignBytes};
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, f32x4_pmax,
        f32x4_splat, i8x16_abs, i8x16_bitmask, i8x16_sub, i16x8_extend_high_i8x16,
        i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle,
        i64x2, u8x16_add, u8x16_splat, u8x16_swizzle, u16x8_add, u16x8_extadd_pairwise_u8x16,
        u16x8_shr, u16x8_splat, u32x4_extadd_pairwise_u16x8, u32x4_extend_high_u16x8,
        u32x4_extend_low_u16x8, v128, v128_and,
    };

    const ZERO: v128 = i64x2(0, 0);

    #[inline(always)]
    fn load(x: &[u8; 16]) -> v128 {
        let half = |from: usize| i64::from_le_bytes(core::array::from_fn(|i| x[from + i]));
        i64x2(half(0), half(8))
    }

    #[inline(always)]
    pub(super) fn sign_bits(
        codes: &[u8; CHUNK_DIMS],
        centre: &[u8; CHUNK_DIMS],
    ) -> (u32, u32, u32) {
        let (mut bits, mut sums, mut squares) = (0, ZERO, ZERO);
        for (at, (codes, centre)) in
            codes.as_chunks().0.iter().zip(centre.as_chunks().0).enumerate()
        {
            let difference = i8x16_sub(load(codes), load(centre));
            bits |= u32::from(i8x16_bitmask(difference)) << (16 * at);
            sums = u16x8_add(sums, u16x8_extadd_pairwise_u8x16(i8x16_abs(difference)));
            let [low, high] =
                [i16x8_extend_low_i8x16(difference), i16x8_extend_high_i8x16(difference)];
            let both = i32x4_add(i32x4_dot_i16x8(low, low), i32x4_dot_i16x8(high, high));
            squares = i32x4_add(squares, both);
        }
        (bits, total(u32x4_extadd_pairwise_u16x8(sums)), total(squares))
    }

    #[inline(always)]
    fn total(x: v128) -> u32 {
        let [a, b] = [i32x4_extract_lane::<0>(x), i32x4_extract_lane::<1>(x)];
        let [c, d] = [i32x4_extract_lane::<2>(x), i32x4_extract_lane::<3>(x)];
        (a + b + c + d) as u32
    }

    #[inline(always)]
    pub(super) fn estimates(
        signs: &[SignBytes],
        block: &BlockStats,
        tables: &QueryTables,
    ) -> Estimates {
        // Sums of rows 0 to 7, 8 to 15, 16 to 23 and 24 to 31.
        let mut sums = [ZERO; 4];
        for (signs, tables) in signs.as_chunks::<4>().0.iter().zip(tables.tables.as_chunks::<4>().0)
        {
            let [mut low, mut high] = [ZERO; 2];
            for at in 0..4 {
                let (bits, table) = (load(&signs[at]), load(&tables[at]));
                let [first, second] =
                    [bits, u16x8_shr(bits, 4)].map(|bits| v128_and(bits, u8x16_splat(15)));
                low = u8x16_add(low, u8x16_swizzle(table, first));
                high = u8x16_add(high, u8x16_swizzle(table, second));
            }
            for (at, bytes) in [low, high].into_iter().enumerate() {
                sums[2 * at] = u16x8_add(sums[2 * at], v128_and(bytes, u16x8_splat(255)));
                sums[2 * at + 1] = u16x8_add(sums[2 * at + 1], u16x8_shr(bytes, 8));
            }
        }
        let (mut values, mut largest) = ([0.0; BLOCK_ROWS], f32x4_splat(f32::MIN));
        let rows = values.as_chunks_mut::<4>().0.iter_mut();
        let numbers = block.scales.as_chunks().0.iter().zip(block.gains.as_chunks().0);
        let sums = sums
            .into_iter()
            .flat_map(|sums| [u32x4_extend_low_u16x8(sums), u32x4_extend_high_u16x8(sums)]);
        for ((rows, sums), (scales, gains)) in rows.zip(sums).zip(numbers) {
            let steps = f32x4_mul(f32x4_convert_i32x4(sums), f32x4_splat(tables.step));
            let product = f32x4_add(steps, f32x4_splat(tables.offset));
            let centre_dot = f32x4_mul(four(scales), f32x4_splat(tables.centre_dot));
            let values = f32x4_add(f32x4_mul(four(gains), product), centre_dot);
            largest = f32x4_pmax(largest, values);
            *rows = to_array(values);
        }
        let largest = f32x4_pmax(largest, i32x4_shuffle::<2, 3, 0, 1>(largest, largest));
        let largest = f32x4_pmax(largest, i32x4_shuffle::<1, 0, 3, 2>(largest, largest));
        Estimates { values, max: f32x4_extract_lane::<0>(largest), max_std_dev: block.max_std_dev }
    }

    #[inline(always)]
    fn four(x: &[f32; 4]) -> v128 {
        f32x4(x[0], x[1], x[2], x[3])
    }

    #[inline(always)]
    fn to_array(x: v128) -> [f32; 4] {
        let [a, b] = [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x)];
        let [c, d] = [f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)];
        [a, b, c, d]
    }
}

/// In plain Rust, for every other target, and as the reference in tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable {
    use super::{BLOCK_ROWS, BlockStats, CHUNK_DIMS, Estimates, QueryTables, SignBytes, sign_byte};

    /// A bit for each dimension below the centre, and the sums of the absolute and of the squared
    /// differences.
    #[inline(always)]
    pub(super) fn sign_bits(
        codes: &[u8; CHUNK_DIMS],
        centre: &[u8; CHUNK_DIMS],
    ) -> (u32, u32, u32) {
        let (mut bits, mut sum, mut squares) = (0, 0, 0);
        for (at, (&code, &centre)) in codes.iter().zip(centre).enumerate() {
            let difference = i32::from(code) - i32::from(centre);
            bits |= u32::from(difference < 0) << at;
            sum += difference.unsigned_abs();
            squares += (difference * difference) as u32;
        }
        (bits, sum, squares)
    }

    #[inline(always)]
    pub(super) fn estimates(
        signs: &[SignBytes],
        block: &BlockStats,
        tables: &QueryTables,
    ) -> Estimates {
        let mut sums = [0u16; BLOCK_ROWS];
        for (signs, table) in signs.iter().zip(&tables.tables) {
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum += u16::from(table[usize::from(signs[sign_byte(row)] >> (row / 16 * 4) & 15)]);
            }
        }
        let values = core::array::from_fn(|row| {
            let product = f32::from(sums[row]) * tables.step + tables.offset;
            block.gains[row] * product + block.scales[row] * tables.centre_dot
        });
        let largest = values.into_iter().fold(f32::MIN, f32::max);
        Estimates { values, max: largest, max_std_dev: block.max_std_dev }
    }
}
#[cfg(not(target_arch = "wasm32"))]
use portable as simd;

#[cfg(test)]
mod tests;
