//! Sets of rows as bitsets, for the rows that pass a filter and for removed rows.
//!
//! Methods are `inline(never)` unless they are part of a loop: one copy of each keeps the wasm file
//! small.

use alloc::{vec, vec::Vec};

/// A set of rows from 0 to n - 1. Row r is bit r % 32 of word r / 32; bits past the last row are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    n: usize,
    words: Vec<u32>,
}

impl RowSet {
    /// The empty set of n rows.
    #[must_use]
    #[inline(never)]
    pub fn empty(n: usize) -> Self {
        Self { n, words: vec![0; n.div_ceil(32)] }
    }

    /// The set of all n rows.
    #[must_use]
    #[inline(never)]
    pub fn all(n: usize) -> Self {
        let mut all_rows = Self { n, words: vec![u32::MAX; n.div_ceil(32)] };
        all_rows.clear_past_end();
        all_rows
    }

    /// The set whose bits are `words`. Missing words are 0; bits past the last row are cleared.
    /// O(n).
    #[must_use]
    #[inline(never)]
    pub fn from_words(n: usize, words: &[u32]) -> Self {
        let mut rows = Self { n, words: words.to_vec() };
        rows.words.resize(n.div_ceil(32), 0);
        rows.clear_past_end();
        rows
    }

    /// Clears the bits past the last row.
    fn clear_past_end(&mut self) {
        if let (Some(last_word), used_bits @ 1..) = (self.words.last_mut(), self.n % 32) {
            *last_word &= (1 << used_bits) - 1;
        }
    }

    /// The bits of the set as words: row r is bit r % 32 of word r / 32.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Whether the row is in the set; `false` past the last row.
    #[must_use]
    #[inline(never)]
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 32).is_some_and(|word| word >> (row % 32) & 1 == 1)
    }

    /// The bits of the 32 rows from `row` on, the first in the lowest bit; 0 past the last row.
    #[inline(always)]
    pub(super) fn window(&self, row: usize) -> u32 {
        let word = |index: usize| u64::from(self.words.get(index).copied().unwrap_or(0));
        ((word(row / 32) | word(row / 32 + 1) << 32) >> (row % 32)) as u32
    }

    /// Adds a row to the set. A row past the last is ignored.
    #[inline(never)]
    pub fn insert(&mut self, row: usize) {
        if row < self.n {
            self.words[row / 32] |= 1 << (row % 32);
        }
    }

    /// Removes a row from the set. A row past the last is ignored.
    pub fn remove(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 32) {
            *word &= !(1 << (row % 32));
        }
    }

    /// Keeps only the rows that are also in `other`. Both sets must have the same n.
    #[inline(never)]
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Removes the rows that are in `other`. Both sets must have the same n.
    #[inline(never)]
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Number of rows in the set. O(n / 32).
    #[must_use]
    #[inline(never)]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_operations_are_correct_for_every_number_of_rows() {
        for n in [0, 1, 31, 32, 33, 100] {
            let mut odd_rows = RowSet::empty(n);
            (0..n + 5).filter(|row| row % 2 == 1).for_each(|row| odd_rows.insert(row));
            let mut even_rows = RowSet::all(n);
            even_rows.subtract(&odd_rows);
            assert_eq!(
                (odd_rows.count(), even_rows.count(), RowSet::all(n).count()),
                (n / 2, n.div_ceil(2), n)
            );
            assert!((0..n + 40).all(|row| odd_rows.contains(row) == (row < n && row % 2 == 1)));
            let mut odd_and_even_rows = odd_rows.clone();
            odd_and_even_rows.intersect(&even_rows);
            assert_eq!(odd_and_even_rows, RowSet::empty(n));
            let expected_bits = |row: usize| {
                (0..32).fold(0, |word, bit| word | u32::from(odd_rows.contains(row + bit)) << bit)
            };
            assert!((0..n).all(|row| odd_rows.window(row) == expected_bits(row)));
            assert_eq!(RowSet::from_words(n, odd_rows.words()), odd_rows);
            assert_eq!(RowSet::from_words(n, &[u32::MAX; 5]), RowSet::all(n));
            assert_eq!(RowSet::from_words(n, &[]), RowSet::empty(n));
            odd_rows.remove(1);
            assert!(!odd_rows.contains(1));
        }
    }
}
