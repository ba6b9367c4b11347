//! Rows with equal numbers are joined before anything else: they are at distance 0, and people do the same thing again.

use super::dendrogram::Step;
use crate::Vectors;
use alloc::{vec, vec::Vec};

/// In place of a row.
const EMPTY: u32 = u32::MAX;
/// SeededNumbers of a row that make its key, at most.
const ASKED: usize = 16;

pub(crate) struct Distinct {
    /// The first row of each group of equal rows, ascending.
    pub(crate) rows: Vec<usize>,
    /// Their numbers, where they are not simply all rows.
    pub(crate) values: Option<Vec<f32>>,
    /// What each group weighs.
    pub(crate) weights: Vec<f64>,
    /// The unions that made the groups, in the order of the rows.
    pub(crate) steps: Vec<Step>,
}

impl Distinct {
    /// The distinct ones of these rows.
    pub(crate) fn vectors<'a>(&'a self, vectors: Vectors<'a>) -> Vectors<'a> {
        self.values.as_ref().map_or(vectors, |values| Vectors::new_unchecked(values, vectors.dim()))
    }

    /// O(n) comparisons of rows, unless many are alike in [`ASKED`] numbers.
    #[inline(never)]
    pub(crate) fn of(vectors: Vectors<'_>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        // The first row of the group of each row, found in a table by a few of its numbers.
        let mut group: Vec<usize> = (0..n).collect();
        let mut table = vec![EMPTY; (2 * n).next_power_of_two()];
        let mask = table.len() - 1;
        for (row, group) in group.iter_mut().enumerate() {
            let vector = vectors.row(row);
            let mut at = key(vector) & mask;
            while table[at] != EMPTY && vectors.row(table[at] as usize) != vector {
                at = (at + 1) & mask;
            }
            if table[at] == EMPTY {
                table[at] = row as u32;
            }
            *group = table[at] as usize;
        }
        let rows: Vec<usize> = (0..n).filter(|&row| group[row] == row).collect();
        if rows.len() == n {
            return Self { rows, values: None, weights, steps: Vec::new() };
        }
        Self::grouped(vectors, weights, rows, &group)
    }

    /// The groups that rows with these first rows are.
    #[inline(never)]
    fn grouped(vectors: Vectors<'_>, weights: Vec<f64>, rows: Vec<usize>, group: &[usize]) -> Self {
        let n = vectors.len();
        let steps = (0..n).filter(|&row| group[row] < row).map(|row| Step {
            a: group[row],
            b: row,
            height: 0.0,
        });
        let mut sums = vec![0.0; n];
        group.iter().zip(weights).for_each(|(&first, weight)| sums[first] += weight);
        Self {
            steps: steps.collect(),
            values: Some(rows.iter().flat_map(|&row| vectors.row(row)).copied().collect()),
            weights: rows.iter().map(|&row| sums[row]).collect(),
            rows,
        }
    }
}

/// Equal for equal vectors.
fn key(vector: &[f32]) -> usize {
    let asked = vector.iter().step_by(vector.len().div_ceil(ASKED));
    // (0 and -0 are equal.)
    let key = asked
        .fold(0u32, |key, &x| (key.rotate_left(5) ^ (x + 0.0).to_bits()).wrapping_mul(0x9E37_79B1));
    (key ^ key >> 15) as usize
}
