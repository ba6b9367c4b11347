//! Sketches of rows: one bit for each dimension and three `f32` for each row. Dot products are
//! estimated from them at an eighth of the cost of computing them from the codes.
//!
//! The bits are the signs of a row's codes minus the centre, the mean code of each dimension. From
//! the dot product of a query with the signs follow an estimate of its dot product with the row,
//! and the standard deviation of the estimate (Gao and Long, "RaBitQ", SIGMOD 2024, Theorem 3.2).
//! RaBitQ's random rotation is omitted; instead, a search measures the error of its estimates.
//! Products with signs are summed by table lookup, four dimensions at a time and for sixteen rows
//! in one instruction (André, Kermarrec and Le Scouarnec, "Cache locality is not enough", VLDB
//! 2015).
//!
//! `inline(always)` functions are bodies of the estimation loop; `inline(never)` functions run once
//! for each catalogue, row or query.
//!
//! More than 400 lines: the loop in SIMD lanes and its plain reference must be read side by side.

use super::codes::{StoredVectors, ZERO_CODE};
use crate::math::simd::sqrt;
use alloc::{vec, vec::Vec};
use simd::{estimates, sign_bits};

/// Number of rows in a block of sketches, whose estimates are computed together.
pub(super) const SKETCH_BLOCK_ROWS: usize = 32;
/// Number of dimensions of a lookup table, which has 2^4 entries.
const TABLE_DIMS: usize = 4;
/// Number of dimensions in a chunk, whose eight lookup tables are processed together.
const CHUNK_DIMS: usize = 32;
/// Maximum entry of a lookup table: the sum of four entries fits into a byte.
const MAX_TABLE_ENTRY: f32 = 63.0;
/// Maximum number of dimensions of a sketched catalogue: the sum of the entries of all lookup
/// tables fits into 16 bits.
const MAX_SKETCH_DIMENSIONS: usize = 4096;
/// Scales, sign factors and standard deviations must be below this, so that estimates are finite.
const FACTOR_LIMIT: f32 = 1e30;
/// 2^23. Adding it rounds a non-negative `f32` below 2^23 to an integer, in the low bits of the
/// sum.
const ROUND_MAGIC: f32 = 8_388_608.0;
/// Ratio of the mean square to the squared mean magnitude of a row's components up to which the
/// errors of its estimates count as normal.
const MAX_NORMAL_RATIO: f64 = 2.0;
/// Maximum number of rows in the sample from which the centre is computed.
const CENTRE_SAMPLE_ROWS: usize = 1024;

/// The sign bits of 32 rows in four dimensions. Those of row r are in byte [`sign_byte`]`(r)`: in
/// its low half for rows 0 to 15, in its high half for rows 16 to 31.
type SignBytes = [u8; 16];
/// The lookup table of four dimensions: for each combination of their signs, the contribution to
/// the dot product, in units of [`QueryTables::entry_unit`].
type SignTable = [u8; 16];

/// The sketches of a catalogue's rows.
#[derive(Debug, Clone)]
pub(super) struct Sketches {
    /// The sign bits of all blocks, one block after the other; within a block by ascending
    /// dimension.
    signs: Vec<SignBytes>,
    /// Number of lookup tables of a query, and of `SignBytes` of a block: a quarter of the
    /// dimensions, rounded up to whole chunks.
    tables_per_row: usize,
    /// The mean code of each dimension, over a sample of rows; padded with zeros.
    centre: Vec<u8>,
    /// The estimation factors of the rows of each block.
    blocks: Vec<BlockFactors>,
}

/// The factors by which the dot products of a block of rows are estimated; 0 past the last row.
#[derive(Debug, Clone)]
struct BlockFactors {
    /// The scale of each row, from codes to components.
    scales: [f32; SKETCH_BLOCK_ROWS],
    /// For each row, the factor from the dot product with its signs to that with the row minus the
    /// centre, its scale included.
    sign_factors: [f32; SKETCH_BLOCK_ROWS],
    /// Standard deviation of the estimate for each row, for a unit query.
    estimate_std_devs: [f32; SKETCH_BLOCK_ROWS],
    max_estimate_std_dev: f32,
}

/// The estimated dot products of a unit query with the rows of a block. All values are finite.
pub(super) struct Estimates {
    pub(super) values: [f32; SKETCH_BLOCK_ROWS],
    pub(super) max: f32,
    pub(super) max_estimate_std_dev: f32,
}

impl Sketches {
    /// The sketches of all rows. O(n dim). `None` above [`MAX_SKETCH_DIMENSIONS`] dimensions, for
    /// components so large that estimates could be infinite, and when the allocation fails.
    #[inline(never)]
    pub(super) fn new(codes: &StoredVectors<'_>) -> Option<Self> {
        let (n, chunks) = (codes.len(), codes.dim.div_ceil(CHUNK_DIMS));
        if codes.dim > MAX_SKETCH_DIMENSIONS {
            return None;
        }
        let tables_per_row = chunks * CHUNK_DIMS / TABLE_DIMS;
        let block_count = n.div_ceil(SKETCH_BLOCK_ROWS);
        let mut sketches =
            Self { signs: Vec::new(), tables_per_row, centre: centre(codes), blocks: Vec::new() };
        sketches.signs.try_reserve_exact(block_count * tables_per_row).ok()?;
        sketches.blocks.try_reserve_exact(block_count).ok()?;
        for first in (0..n).step_by(SKETCH_BLOCK_ROWS) {
            sketches.push_block(codes, first);
        }
        let is_below_limit =
            |BlockFactors { scales, sign_factors, estimate_std_devs, .. }: &BlockFactors| {
                scales
                    .iter()
                    .chain(sign_factors)
                    .chain(estimate_std_devs)
                    .all(|&x| x < FACTOR_LIMIT)
            };
        sketches.blocks.iter().all(is_below_limit).then_some(sketches)
    }

    /// Appends the block whose first row is `first`.
    fn push_block(&mut self, codes: &StoredVectors<'_>, first: usize) {
        let (zeros, block_start) = ([0.0; SKETCH_BLOCK_ROWS], self.signs.len());
        let mut block = BlockFactors {
            scales: zeros,
            sign_factors: zeros,
            estimate_std_devs: zeros,
            max_estimate_std_dev: 0.0,
        };
        self.signs.resize(block_start + self.tables_per_row, [0; 16]);
        let dim = codes.dim as f64;
        for row in first..codes.len().min(first + SKETCH_BLOCK_ROWS) {
            let lane = row - first;
            let (sum, squared_sum) = self.write_signs(codes.row(row).0, block_start, lane);
            let (scale, squared_sum) = (f64::from(codes.scale(row)), f64::from(squared_sum));
            block.scales[lane] = scale as f32;
            if sum == 0 {
                continue;
            }
            let sign_factor = squared_sum / f64::from(sum);
            // Errors of a row are normal if its components are; the ratio is then pi / 2. If a few
            // components are large, errors have a heavier tail, and count as more.
            let tail = (dim * sign_factor / f64::from(sum) / MAX_NORMAL_RATIO).max(1.0);
            let variance =
                tail * (dim * sign_factor * sign_factor - squared_sum) / (dim - 1.0).max(1.0);
            block.sign_factors[lane] = (scale * sign_factor) as f32;
            block.estimate_std_devs[lane] = (scale * sqrt(variance.max(0.0))) as f32;
            block.max_estimate_std_dev =
                block.max_estimate_std_dev.max(block.estimate_std_devs[lane]);
        }
        self.blocks.push(block);
    }

    /// Writes the signs of the row at `lane` of the block that starts at `signs[block_start]`.
    /// Returns the sum of the absolute differences from the centre, and that of the squared ones.
    #[inline(never)]
    fn write_signs(&mut self, codes: &[u8], block_start: usize, lane: usize) -> (u32, u32) {
        let (byte, shift) = (sign_byte(lane), lane / 16 * 4);
        let (mut sum, mut squared_sum) = (0, 0);
        let chunks = self.signs[block_start..].as_chunks_mut::<8>().0;
        for (chunk, (chunk_signs, centre)) in
            chunks.iter_mut().zip(self.centre.as_chunks().0).enumerate()
        {
            let remaining_codes = &codes[chunk * CHUNK_DIMS..];
            let chunk_codes = remaining_codes.first_chunk().copied().unwrap_or_else(|| {
                let mut padded = *centre;
                padded[..remaining_codes.len()].copy_from_slice(remaining_codes);
                padded
            });
            let (mut bits, absolute, squared) = sign_bits(&chunk_codes, centre);
            (sum, squared_sum) = (sum + absolute, squared_sum + squared);
            for signs in chunk_signs {
                signs[byte] |= ((bits & 15) as u8) << shift;
                bits >>= TABLE_DIMS;
            }
        }
        (sum, squared_sum)
    }

    /// The lookup tables of a unit query. O(dim).
    #[inline(never)]
    pub(super) fn query_tables(&self, unit: &[f32]) -> QueryTables {
        // The largest dot product of each four dimensions of the query with any signs.
        let largest_dots = || {
            unit.chunks(TABLE_DIMS).map(|four_dims| four_dims.iter().map(|x| x.abs()).sum::<f32>())
        };
        let entry_unit = largest_dots().fold(0.0, f32::max) * 2.0 / MAX_TABLE_ENTRY;
        let inverse_unit = if entry_unit > 0.0 { 1.0 / entry_unit } else { 0.0 };
        let mut tables = vec![[0; 16]; self.tables_per_row];
        for (table, four_dims) in tables.iter_mut().zip(unit.chunks(TABLE_DIMS)) {
            let mut entries = [0.0f32; 16];
            for (bit, x) in four_dims.iter().enumerate() {
                // A set bit is a negative sign. Entries are differences from the smallest entry, so
                // none is negative.
                let [positive, negative] =
                    [(x.abs() + x) * inverse_unit, (x.abs() - x) * inverse_unit];
                for entry in 0..1 << bit {
                    entries[entry + (1 << bit)] = entries[entry] + negative;
                    entries[entry] += positive;
                }
            }
            *table = entries.map(|sum| (sum + ROUND_MAGIC).to_bits() as u8);
        }
        let centre = self.centre.iter().map(|&code| f64::from(code) - f64::from(ZERO_CODE));
        let centre_dot: f64 = unit.iter().zip(centre).map(|(&x, code)| f64::from(x) * code).sum();
        QueryTables {
            tables,
            entry_unit,
            offset: -largest_dots().sum::<f32>(),
            centre_dot: centre_dot as f32,
        }
    }

    /// Estimates the dot products of a unit query with the rows of a block. O(dim).
    #[inline(always)]
    pub(super) fn estimates(&self, block: usize, tables: &QueryTables) -> Estimates {
        let signs = &self.signs[block * self.tables_per_row..][..self.tables_per_row];
        estimates(signs, &self.blocks[block], tables)
    }

    /// The standard deviation of the estimate for each row of a block, for a unit query.
    #[inline(always)]
    pub(super) fn estimate_std_devs(&self, block: usize) -> &[f32; SKETCH_BLOCK_ROWS] {
        &self.blocks[block].estimate_std_devs
    }
}

/// The lookup tables of a query.
pub(super) struct QueryTables {
    tables: Vec<SignTable>,
    /// Factor from a sum of table entries to the dot product of the query with the signs.
    entry_unit: f32,
    /// Dot product of the query with the signs for which the sum of entries is 0.
    offset: f32,
    /// Dot product of the query with the centre.
    centre_dot: f32,
}

/// Index of the byte that has the signs of a row. Even and odd bytes are summed separately: in this
/// order they belong to rows 0 to 7 and rows 8 to 15.
fn sign_byte(row: usize) -> usize {
    row % 8 * 2 + row / 8 % 2
}

/// The mean code of each dimension over evenly spaced rows, padded with zeros to whole chunks.
fn centre(codes: &StoredVectors<'_>) -> Vec<u8> {
    let mut sums = vec![0u32; codes.dim.next_multiple_of(CHUNK_DIMS)];
    let row_stride = codes.len().div_ceil(CENTRE_SAMPLE_ROWS).max(1);
    let mut row_count = 0;
    for row in (0..codes.len()).step_by(row_stride) {
        sums.iter_mut().zip(codes.row(row).0).for_each(|(sum, &code)| *sum += u32::from(code));
        row_count += 1;
    }
    sums.iter().map(|sum| ((sum + row_count / 2) / row_count.max(1)) as u8).collect()
}

/// The functions of the estimation loop with wasm simd128 intrinsics. Safe code: vectors are built
/// from arrays, which the compiler turns into single loads.
#[cfg(target_arch = "wasm32")]
mod simd {
    use super::{BlockFactors, CHUNK_DIMS, Estimates, QueryTables, SKETCH_BLOCK_ROWS, SignBytes};
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
        for (half, (codes, centre)) in
            codes.as_chunks().0.iter().zip(centre.as_chunks().0).enumerate()
        {
            let difference = i8x16_sub(load(codes), load(centre));
            bits |= u32::from(i8x16_bitmask(difference)) << (16 * half);
            sums = u16x8_add(sums, u16x8_extadd_pairwise_u8x16(i8x16_abs(difference)));
            let [low, high] =
                [i16x8_extend_low_i8x16(difference), i16x8_extend_high_i8x16(difference)];
            let squared = i32x4_add(i32x4_dot_i16x8(low, low), i32x4_dot_i16x8(high, high));
            squares = i32x4_add(squares, squared);
        }
        (bits, lane_total(u32x4_extadd_pairwise_u16x8(sums)), lane_total(squares))
    }

    #[inline(always)]
    fn lane_total(x: v128) -> u32 {
        let [a, b] = [i32x4_extract_lane::<0>(x), i32x4_extract_lane::<1>(x)];
        let [c, d] = [i32x4_extract_lane::<2>(x), i32x4_extract_lane::<3>(x)];
        (a + b + c + d) as u32
    }

    #[inline(always)]
    pub(super) fn estimates(
        signs: &[SignBytes],
        block: &BlockFactors,
        tables: &QueryTables,
    ) -> Estimates {
        // Sums of table entries for rows 0 to 7, 8 to 15, 16 to 23 and 24 to 31.
        let mut sums = [ZERO; 4];
        for (signs, tables) in signs.as_chunks::<4>().0.iter().zip(tables.tables.as_chunks::<4>().0)
        {
            let [mut low, mut high] = [ZERO; 2];
            for slot in 0..4 {
                let (bits, table) = (load(&signs[slot]), load(&tables[slot]));
                let [first, second] =
                    [bits, u16x8_shr(bits, 4)].map(|bits| v128_and(bits, u8x16_splat(15)));
                low = u8x16_add(low, u8x16_swizzle(table, first));
                high = u8x16_add(high, u8x16_swizzle(table, second));
            }
            for (slot, bytes) in [low, high].into_iter().enumerate() {
                sums[2 * slot] = u16x8_add(sums[2 * slot], v128_and(bytes, u16x8_splat(255)));
                sums[2 * slot + 1] = u16x8_add(sums[2 * slot + 1], u16x8_shr(bytes, 8));
            }
        }
        let (mut values, mut largest) = ([0.0; SKETCH_BLOCK_ROWS], f32x4_splat(f32::MIN));
        let rows = values.as_chunks_mut::<4>().0.iter_mut();
        let factors = block.scales.as_chunks().0.iter().zip(block.sign_factors.as_chunks().0);
        let sums = sums
            .into_iter()
            .flat_map(|sums| [u32x4_extend_low_u16x8(sums), u32x4_extend_high_u16x8(sums)]);
        for ((rows, sums), (scales, sign_factors)) in rows.zip(sums).zip(factors) {
            let scaled = f32x4_mul(f32x4_convert_i32x4(sums), f32x4_splat(tables.entry_unit));
            let sign_dot = f32x4_add(scaled, f32x4_splat(tables.offset));
            let centre_dot = f32x4_mul(load_four(scales), f32x4_splat(tables.centre_dot));
            let values = f32x4_add(f32x4_mul(load_four(sign_factors), sign_dot), centre_dot);
            largest = f32x4_pmax(largest, values);
            *rows = to_array(values);
        }
        let largest = f32x4_pmax(largest, i32x4_shuffle::<2, 3, 0, 1>(largest, largest));
        let largest = f32x4_pmax(largest, i32x4_shuffle::<1, 0, 3, 2>(largest, largest));
        Estimates {
            values,
            max: f32x4_extract_lane::<0>(largest),
            max_estimate_std_dev: block.max_estimate_std_dev,
        }
    }

    #[inline(always)]
    fn load_four(x: &[f32; 4]) -> v128 {
        f32x4(x[0], x[1], x[2], x[3])
    }

    #[inline(always)]
    fn to_array(x: v128) -> [f32; 4] {
        let [a, b] = [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x)];
        let [c, d] = [f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)];
        [a, b, c, d]
    }
}

/// The functions that estimate dot products from sketches, in plain Rust: for all targets but wasm,
/// and as the reference in tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable {
    use super::{
        BlockFactors, CHUNK_DIMS, Estimates, QueryTables, SKETCH_BLOCK_ROWS, SignBytes, sign_byte,
    };

    /// A mask of the dimensions whose code is below the centre, the sum of the absolute differences
    /// from the centre, and the sum of the squared differences.
    #[inline(always)]
    pub(super) fn sign_bits(
        codes: &[u8; CHUNK_DIMS],
        centre: &[u8; CHUNK_DIMS],
    ) -> (u32, u32, u32) {
        let (mut bits, mut sum, mut squares) = (0, 0, 0);
        for (dimension, (&code, &centre)) in codes.iter().zip(centre).enumerate() {
            let difference = i32::from(code) - i32::from(centre);
            bits |= u32::from(difference < 0) << dimension;
            sum += difference.unsigned_abs();
            squares += (difference * difference) as u32;
        }
        (bits, sum, squares)
    }

    #[inline(always)]
    pub(super) fn estimates(
        signs: &[SignBytes],
        block: &BlockFactors,
        tables: &QueryTables,
    ) -> Estimates {
        let mut sums = [0u16; SKETCH_BLOCK_ROWS];
        for (signs, table) in signs.iter().zip(&tables.tables) {
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum += u16::from(table[usize::from(signs[sign_byte(row)] >> (row / 16 * 4) & 15)]);
            }
        }
        let values = core::array::from_fn(|row| {
            let sign_dot = f32::from(sums[row]) * tables.entry_unit + tables.offset;
            block.sign_factors[row] * sign_dot + block.scales[row] * tables.centre_dot
        });
        let largest = values.into_iter().fold(f32::MIN, f32::max);
        Estimates { values, max: largest, max_estimate_std_dev: block.max_estimate_std_dev }
    }
}
#[cfg(not(target_arch = "wasm32"))]
use portable as simd;

#[cfg(test)]
mod tests;
