//! Rows with equal numbers are joined before anything else: they are at distance 0, and people do the same thing again.

use crate::Vectors;
use crate::dendrogram::Step;
use crate::order::order;
use alloc::{vec, vec::Vec};
use core::cmp::Ordering;

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
        self.values.as_ref().map_or(vectors, |values| Vectors::trusted(values, vectors.dim()))
    }

    /// O(n log n) comparisons.
    #[inline(never)]
    pub(crate) fn of(vectors: Vectors<'_>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        let compare = |x, y| vectors.row(x).partial_cmp(vectors.row(y)).unwrap_or(Ordering::Equal);
        let sorted = order(n, &compare);
        // The first row of the group of each row. Equal rows stand in their own order.
        let mut group: Vec<usize> = (0..n).collect();
        for pair in sorted.windows(2) {
            if compare(pair[0], pair[1]).is_eq() {
                group[pair[1]] = group[pair[0]];
            }
        }
        let rows: Vec<usize> = (0..n).filter(|&row| group[row] == row).collect();
        if rows.len() == n {
            return Self { rows, values: None, weights, steps: Vec::new() };
        }
        let steps =
            (0..n).filter(|&row| group[row] < row).map(|row| Step { a: group[row], b: row, height: 0.0 });
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
