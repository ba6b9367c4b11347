//! Sets of rows, a bit each: what a filter lets through, what was removed.

use alloc::{vec, vec::Vec};

/// A set of rows below n. Row r is bit r % 32 of word r / 32; bits past the end are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    n: usize,
    words: Vec<u32>,
}

impl RowSet {
    /// No row of n.
    #[must_use]
    #[inline(never)]
    pub fn none(n: usize) -> Self {
        Self { n, words: vec![0; n.div_ceil(32)] }
    }

    /// Every row of n.
    #[must_use]
    #[inline(never)]
    pub fn all(n: usize) -> Self {
        let mut all = Self { n, words: vec![u32::MAX; n.div_ceil(32)] };
        all.trim();
        all
    }

    /// From words; missing words are empty, bits past the end are dropped.
    #[must_use]
    #[inline(never)]
    pub fn from_words(n: usize, words: &[u32]) -> Self {
        let mut bits = Self { n, words: words.to_vec() };
        bits.words.resize(n.div_ceil(32), 0);
        bits.trim();
        bits
    }

    fn trim(&mut self) {
        if let (Some(last), part @ 1..) = (self.words.last_mut(), self.n % 32) {
            *last &= (1 << part) - 1;
        }
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Whether the row is in the set; rows past the end never are.
    #[must_use]
    #[inline(never)]
    pub fn has(&self, row: usize) -> bool {
        self.words.get(row / 32).is_some_and(|word| word >> (row % 32) & 1 == 1)
    }

    /// The 32 rows from this one on, the first in the lowest bit.
    #[inline(always)]
    pub(super) fn window(&self, row: usize) -> u32 {
        let word = |at: usize| u64::from(self.words.get(at).copied().unwrap_or(0));
        ((word(row / 32) | word(row / 32 + 1) << 32) >> (row % 32)) as u32
    }

    /// Puts a row in. Rows past the end are ignored.
    #[inline(never)]
    pub fn insert(&mut self, row: usize) {
        if row < self.n {
            self.words[row / 32] |= 1 << (row % 32);
        }
    }

    /// Takes a row out.
    pub fn remove(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 32) {
            *word &= !(1 << (row % 32));
        }
    }

    /// Keeps the rows that are in `other` too.
    #[inline(never)]
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Takes out the rows of `other`.
    #[inline(never)]
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Number of rows in the set.
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
            let mut odd = RowSet::none(n);
            (0..n + 5).filter(|row| row % 2 == 1).for_each(|row| odd.insert(row));
            let mut even = RowSet::all(n);
            even.subtract(&odd);
            assert_eq!(
                (odd.count(), even.count(), RowSet::all(n).count()),
                (n / 2, n.div_ceil(2), n)
            );
            assert!((0..n + 40).all(|row| odd.has(row) == (row < n && row % 2 == 1)));
            let mut both = odd.clone();
            both.intersect(&even);
            assert_eq!(both, RowSet::none(n));
            let window =
                |row: usize| (0..32).fold(0, |word, at| word | u32::from(odd.has(row + at)) << at);
            assert!((0..n).all(|row| odd.window(row) == window(row)));
            assert_eq!(RowSet::from_words(n, odd.words()), odd);
            assert_eq!(RowSet::from_words(n, &[u32::MAX; 5]), RowSet::all(n));
            assert_eq!(RowSet::from_words(n, &[]), RowSet::none(n));
            odd.remove(1);
            assert!(!odd.has(1));
        }
    }
}
