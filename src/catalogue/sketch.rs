//! Sketches: a bit a dimension and three numbers a row, by which most rows are told from the best at an eighth of the cost of their codes.
//!
//! The bits are the signs of a row around the middle of all rows. From the dot product of a query with the signs follows an estimate of that
//! with the row, and how far it is off as a rule (Gao and Long, "RaBitQ", SIGMOD 2024, Theorem 3.2; without its rotation, so that whoever
//! uses an estimate also measures how far it is off). Products with signs are added up by table: four dimensions at a time, sixteen rows in
//! one instruction (André, Kermarrec and Le Scouarnec, "Cache locality is not enough", VLDB 2015).

use super::codes::{Codes, ZERO};
use crate::math::simd::sqrt;
use alloc::{vec, vec::Vec};
use lanes::{estimates, signs};

/// Rows of a block, which are estimated together.
pub(super) const ROWS: usize = 32;
/// Dimensions that one table knows, in sixteen entries.
const GROUP: usize = 4;
/// Dimensions taken at once, of a row whose signs are taken and of a block: eight tables.
const CHUNK: usize = 32;
/// The largest entry of a table: four of them add up within a byte.
const LARGEST: f32 = 63.0;
/// Sums of more entries would not fit 16 bits.
const MOST_DIMENSIONS: usize = 4096;
/// Above, estimates might be infinite.
const LARGEST_GAIN: f32 = 1e30;
/// Adding 2^23 rounds a small number to a whole one, which is then in its low bits.
const ROUND: f32 = 8_388_608.0;
/// Rows that the middle is taken from.
const SAMPLE: usize = 1024;

/// Four bits for each of 32 rows: of row r in byte [`place`]`(r)`, the first 16 rows in the low halves.
type Signs = [u8; 16];
/// What the signs of four dimensions add to a dot product, in steps.
type Table = [u8; 16];

/// The sketches of a catalogue's rows.
#[derive(Debug, Clone)]
pub(super) struct Sketches {
    /// Of a block, those of its first four dimensions first.
    signs: Vec<Signs>,
    /// Signs of a block: a quarter of the dimensions, rounded up.
    groups: usize,
    /// The code in the middle of all rows, for each dimension.
    middle: Vec<u8>,
    blocks: Vec<Block>,
}

/// SeededNumbers of 32 rows; past the last row they are zero.
#[derive(Debug, Clone)]
struct Block {
    scales: [f32; ROWS],
    /// What a unit of the dot product with the signs stands for.
    gains: [f32; ROWS],
    /// How far the estimates of unit queries are off, by their standard deviation.
    doubts: [f32; ROWS],
    largest_doubt: f32,
}

/// Estimates of 32 rows. All are finite.
pub(super) struct Estimates {
    pub(super) values: [f32; ROWS],
    pub(super) largest: f32,
    pub(super) largest_doubt: f32,
}

impl Sketches {
    /// O(n dim). `None` where there is no room for them, and for vectors of too many or too large numbers.
    #[inline(never)]
    pub(super) fn new(codes: &Codes<'_>) -> Option<Self> {
        let (n, chunks) = (codes.len(), codes.dim.div_ceil(CHUNK));
        if codes.dim > MOST_DIMENSIONS {
            return None;
        }
        let groups = chunks * CHUNK / GROUP;
        let count = n.div_ceil(ROWS);
        let mut sketches =
            Self { signs: Vec::new(), groups, middle: middle(codes), blocks: Vec::new() };
        sketches.signs.try_reserve_exact(count * groups).ok()?;
        sketches.blocks.try_reserve_exact(count).ok()?;
        for first in (0..n).step_by(ROWS) {
            sketches.push(codes, first);
        }
        let finite = |Block { scales, gains, doubts, .. }: &Block| {
            scales.iter().chain(gains).chain(doubts).all(|&x| x < LARGEST_GAIN)
        };
        sketches.blocks.iter().all(finite).then_some(sketches)
    }

    /// The block that begins with this row.
    fn push(&mut self, codes: &Codes<'_>, first: usize) {
        let (zeros, at) = ([0.0; ROWS], self.signs.len());
        let mut block = Block { scales: zeros, gains: zeros, doubts: zeros, largest_doubt: 0.0 };
        self.signs.resize(at + self.groups, [0; 16]);
        let dim = codes.dim as f64;
        for row in first..codes.len().min(first + ROWS) {
            let lane = row - first;
            let (sum, squares) = self.sketch(codes.row(row).0, at, lane);
            let (scale, squares) = (f64::from(codes.scale(row)), f64::from(squares));
            block.scales[lane] = scale as f32;
            if sum == 0 {
                continue;
            }
            let gain = squares / f64::from(sum);
            let variance = (dim * gain * gain - squares) / (dim - 1.0).max(1.0);
            block.gains[lane] = (scale * gain) as f32;
            block.doubts[lane] = (scale * sqrt(variance.max(0.0))) as f32;
            block.largest_doubt = block.largest_doubt.max(block.doubts[lane]);
        }
        self.blocks.push(block);
    }

    /// Writes the signs of a row into the block at `at`. The sum of its distances from the middle, and that of their squares.
    #[inline(never)]
    fn sketch(&mut self, codes: &[u8], at: usize, lane: usize) -> (u32, u32) {
        let (place, shift) = (place(lane), lane / 16 * 4);
        let (mut sum, mut squares) = (0, 0);
        let blocks = self.signs[at..].as_chunks_mut::<8>().0;
        for (at, (signs_of, middle)) in blocks.iter_mut().zip(self.middle.as_chunks().0).enumerate()
        {
            let rest = &codes[at * CHUNK..];
            let chunk = rest.first_chunk().copied().unwrap_or_else(|| {
                let mut chunk = *middle;
                chunk[..rest.len()].copy_from_slice(rest);
                chunk
            });
            let (mut bits, more, most) = signs(&chunk, middle);
            (sum, squares) = (sum + more, squares + most);
            for group in signs_of {
                group[place] |= ((bits & 15) as u8) << shift;
                bits >>= GROUP;
            }
        }
        (sum, squares)
    }

    /// What estimates of a query need. O(dim).
    #[inline(never)]
    pub(super) fn lookup(&self, unit: &[f32]) -> Lookup {
        let groups = || unit.chunks(GROUP).map(|group| group.iter().map(|x| x.abs()).sum::<f32>());
        let step = groups().fold(0.0, f32::max) * 2.0 / LARGEST;
        let whole = if step > 0.0 { 1.0 / step } else { 0.0 };
        let mut tables = vec![[0; 16]; self.groups];
        for (table, group) in tables.iter_mut().zip(unit.chunks(GROUP)) {
            let mut entries = [0.0f32; 16];
            for (bit, x) in group.iter().enumerate() {
                // A sign that is set is a minus. No entry is negative: all are what they are above the least.
                let [without, with] = [(x.abs() + x) * whole, (x.abs() - x) * whole];
                for entry in 0..1 << bit {
                    entries[entry + (1 << bit)] = entries[entry] + with;
                    entries[entry] += without;
                }
            }
            *table = entries.map(|sum| (sum + ROUND).to_bits() as u8);
        }
        let middle = self.middle.iter().map(|&code| f64::from(code) - f64::from(ZERO));
        let centre: f64 = unit.iter().zip(middle).map(|(&x, code)| f64::from(x) * code).sum();
        Lookup { tables, step, least: -groups().sum::<f32>(), centre: centre as f32 }
    }

    /// Estimates of the dot products of a unit query with the rows of a block. O(dim).
    #[inline(always)]
    pub(super) fn estimates(&self, block: usize, lookup: &Lookup) -> Estimates {
        let signs = &self.signs[block * self.groups..][..self.groups];
        estimates(signs, &self.blocks[block], lookup)
    }

    /// How far the estimates of a block are off, by their standard deviation.
    #[inline(always)]
    pub(super) fn doubts(&self, block: usize) -> &[f32; ROWS] {
        &self.blocks[block].doubts
    }
}

/// A query, for its products with signs.
pub(super) struct Lookup {
    tables: Vec<Table>,
    /// What a unit of the sum of entries stands for, and what none at all stands for.
    step: f32,
    least: f32,
    /// Dot product with the middle.
    centre: f32,
}

/// So that the sums of a block come out in the order of its rows.
fn place(row: usize) -> usize {
    row % 8 * 2 + row / 8 % 2
}

/// The mean code of rows that lie evenly between the others, for each dimension; zeros after the last.
fn middle(codes: &Codes<'_>) -> Vec<u8> {
    let mut sums = vec![0u32; codes.dim.next_multiple_of(CHUNK)];
    let step = codes.len().div_ceil(SAMPLE).max(1);
    let mut count = 0;
    for row in (0..codes.len()).step_by(step) {
        sums.iter_mut().zip(codes.row(row).0).for_each(|(sum, &code)| *sum += u32::from(code));
        count += 1;
    }
    sums.iter().map(|sum| ((sum + count / 2) / count.max(1)) as u8).collect()
}

/// As simd128 has it. Safe: the vectors are built from arrays, and the compiler sees that each is one load.
#[cfg(target_arch = "wasm32")]
mod lanes {
    use super::{Block, CHUNK, Estimates, Lookup, ROWS, Signs};
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, f32x4_pmax,
        f32x4_splat, i8x16_abs, i8x16_bitmask, i8x16_sub, i16x8_extend_high_i8x16,
        i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle,
        i64x2, u8x16_add, u8x16_splat, u8x16_swizzle, u16x8_add, u16x8_extadd_pairwise_u8x16,
        u16x8_shr, u16x8_splat, u32x4_extadd_pairwise_u16x8, u32x4_extend_high_u16x8,
        u32x4_extend_low_u16x8, v128, v128_and,
    };

    const NONE: v128 = i64x2(0, 0);

    #[inline(always)]
    fn load(x: &[u8; 16]) -> v128 {
        let half = |from: usize| i64::from_le_bytes(core::array::from_fn(|i| x[from + i]));
        i64x2(half(0), half(8))
    }

    #[inline(always)]
    pub(super) fn signs(codes: &[u8; CHUNK], middle: &[u8; CHUNK]) -> (u32, u32, u32) {
        let (mut bits, mut sums, mut squares) = (0, NONE, NONE);
        for (at, (codes, middle)) in
            codes.as_chunks().0.iter().zip(middle.as_chunks().0).enumerate()
        {
            let apart = i8x16_sub(load(codes), load(middle));
            bits |= u32::from(i8x16_bitmask(apart)) << (16 * at);
            sums = u16x8_add(sums, u16x8_extadd_pairwise_u8x16(i8x16_abs(apart)));
            let [low, high] = [i16x8_extend_low_i8x16(apart), i16x8_extend_high_i8x16(apart)];
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
    pub(super) fn estimates(signs: &[Signs], block: &Block, lookup: &Lookup) -> Estimates {
        // Of rows 0 to 7, 8 to 15 and so on.
        let mut sums = [NONE; 4];
        for (signs, tables) in signs.as_chunks::<4>().0.iter().zip(lookup.tables.as_chunks::<4>().0)
        {
            let [mut low, mut high] = [NONE; 2];
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
        let (mut values, mut largest) = ([0.0; ROWS], f32x4_splat(f32::MIN));
        let rows = values.as_chunks_mut::<4>().0.iter_mut();
        let numbers = block.scales.as_chunks().0.iter().zip(block.gains.as_chunks().0);
        let sums = sums
            .into_iter()
            .flat_map(|sums| [u32x4_extend_low_u16x8(sums), u32x4_extend_high_u16x8(sums)]);
        for ((rows, sums), (scales, gains)) in rows.zip(sums).zip(numbers) {
            let steps = f32x4_mul(f32x4_convert_i32x4(sums), f32x4_splat(lookup.step));
            let product = f32x4_add(steps, f32x4_splat(lookup.least));
            let centre = f32x4_mul(four(scales), f32x4_splat(lookup.centre));
            let values = f32x4_add(f32x4_mul(four(gains), product), centre);
            largest = f32x4_pmax(largest, values);
            *rows = numbers_of(values);
        }
        let largest = f32x4_pmax(largest, i32x4_shuffle::<2, 3, 0, 1>(largest, largest));
        let largest = f32x4_pmax(largest, i32x4_shuffle::<1, 0, 3, 2>(largest, largest));
        Estimates {
            values,
            largest: f32x4_extract_lane::<0>(largest),
            largest_doubt: block.largest_doubt,
        }
    }

    #[inline(always)]
    fn four(x: &[f32; 4]) -> v128 {
        f32x4(x[0], x[1], x[2], x[3])
    }

    #[inline(always)]
    fn numbers_of(x: v128) -> [f32; 4] {
        let [a, b] = [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x)];
        let [c, d] = [f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)];
        [a, b, c, d]
    }
}

/// The same for every other target, and for the tests.
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable {
    use super::{Block, CHUNK, Estimates, Lookup, ROWS, Signs, place};

    /// A bit for each dimension that is below the middle, the sum of the distances and that of their squares.
    #[inline(always)]
    pub(super) fn signs(codes: &[u8; CHUNK], middle: &[u8; CHUNK]) -> (u32, u32, u32) {
        let (mut bits, mut sum, mut squares) = (0, 0, 0);
        for (at, (&code, &middle)) in codes.iter().zip(middle).enumerate() {
            let apart = i32::from(code) - i32::from(middle);
            bits |= u32::from(apart < 0) << at;
            sum += apart.unsigned_abs();
            squares += (apart * apart) as u32;
        }
        (bits, sum, squares)
    }

    #[inline(always)]
    pub(super) fn estimates(signs: &[Signs], block: &Block, lookup: &Lookup) -> Estimates {
        let mut sums = [0u16; ROWS];
        for (signs, table) in signs.iter().zip(&lookup.tables) {
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum += u16::from(table[usize::from(signs[place(row)] >> (row / 16 * 4) & 15)]);
            }
        }
        let values = core::array::from_fn(|row| {
            let product = f32::from(sums[row]) * lookup.step + lookup.least;
            block.gains[row] * product + block.scales[row] * lookup.centre
        });
        let largest = values.into_iter().fold(f32::MIN, f32::max);
        Estimates { values, largest, largest_doubt: block.largest_doubt }
    }
}
#[cfg(not(target_arch = "wasm32"))]
use portable as lanes;

#[cfg(test)]
mod tests;
