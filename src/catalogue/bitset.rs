//! A set of rows as a bitset: rows that pass a filter, removed rows.
//!
//! Methods are `inline(never)` unless they are part of a loop: one copy each keeps the wasm small.

use alloc::{vec, vec::Vec};

/// A set of rows below n. Row r is bit r % 32 of word r / 32; bits past the end are 0.
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
        let mut all = Self { n, words: vec![u32::MAX; n.div_ceil(32)] };
        all.clear_past_end();
        all
    }

    /// The set of these words. Missing words are 0, bits past the end are cleared. O(n).
    #[must_use]
    #[inline(never)]
    pub fn from_words(n: usize, words: &[u32]) -> Self {
        let mut bits = Self { n, words: words.to_vec() };
        bits.words.resize(n.div_ceil(32), 0);
        bits.clear_past_end();
        bits
    }

    /// Clears the bits past the last row.
    fn clear_past_end(&mut self) {
        if let (Some(last), part @ 1..) = (self.words.last_mut(), self.n % 32) {
            *last &= (1 << part) - 1;
        }
    }

    /// The words: row r is bit r % 32 of word r / 32.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Whether the row is in the set; `false` past the end.
    #[must_use]
    #[inline(never)]
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 32).is_some_and(|word| word >> (row % 32) & 1 == 1)
    }

    /// The bits of the 32 rows from `row` on, the first in the lowest bit; 0 past the end.
    #[inline(always)]
    pub(super) fn window(&self, row: usize) -> u32 {
        let word = |at: usize| u64::from(self.words.get(at).copied().unwrap_or(0));
        ((word(row / 32) | word(row / 32 + 1) << 32) >> (row % 32)) as u32
    }

    /// Adds a row. Rows past the end are ignored.
    #[inline(never)]
    pub fn insert(&mut self, row: usize) {
        if row < self.n {
            self.words[row / 32] |= 1 << (row % 32);
        }
    }

    /// Removes a row. Rows past the end are ignored.
    pub fn remove(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 32) {
            *word &= !(1 << (row % 32));
        }
    }

    /// Removes the rows that are not in `other`, a set of the same n.
    #[inline(never)]
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Removes the rows of `other`, a set of the same n.
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
    fn sets_of_every_size_obey_the_laws() {
        for n in [0, 1, 31, 32, 33, 100] {
            let mut odd = RowSet::empty(n);
            (0..n + 5).filter(|row| row % 2 == 1).for_each(|row| odd.insert(row));
            let mut even = RowSet::all(n);
            even.subtract(&odd);
            assert_eq!(
                (odd.count(), even.count(), RowSet::all(n).count()),
                (n / 2, n.div_ceil(2), n)
            );
            assert!((0..n + 40).all(|row| odd.contains(row) == (row < n && row % 2 == 1)));
            let mut both = odd.clone();
            both.intersect(&even);
            assert_eq!(both, RowSet::empty(n));
            let window = |row: usize| {
                (0..32).fold(0, |word, at| word | u32::from(odd.contains(row + at)) << at)
            };
            assert!((0..n).all(|row| odd.window(row) == window(row)));
            assert_eq!(RowSet::from_words(n, odd.words()), odd);
            assert_eq!(RowSet::from_words(n, &[u32::MAX; 5]), RowSet::all(n));
            assert_eq!(RowSet::from_words(n, &[]), RowSet::empty(n));
            odd.remove(1);
            assert!(!odd.contains(1));
        }
    }
}
