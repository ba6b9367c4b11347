//! Equal rows are merged before the clustering starts: they are at distance 0, and users repeat
//! actions.

use super::dendrogram::Step;
use crate::Vectors;
use alloc::{vec, vec::Vec};

/// An empty bucket of the hash table.
const EMPTY: u32 = u32::MAX;
/// Components of a vector that are hashed, at most.
const KEY_COMPONENTS: usize = 16;

/// The distinct rows. -0 and 0 are equal.
pub(crate) struct DedupedRows {
    /// The first row of each group of equal rows, ascending.
    pub(crate) rows: Vec<usize>,
    /// The vectors of those rows; `None` if all rows are distinct.
    pub(crate) values: Option<Vec<f32>>,
    /// The sum of the weights of each group.
    pub(crate) weights: Vec<f64>,
    /// The merges that form the groups, in row order.
    pub(crate) steps: Vec<Step>,
}

impl DedupedRows {
    /// The vectors of the distinct rows. `vectors` are those of all rows.
    pub(crate) fn vectors<'a>(&'a self, vectors: Vectors<'a>) -> Vectors<'a> {
        self.values.as_ref().map_or(vectors, |values| Vectors::new_unchecked(values, vectors.dim()))
    }

    /// Expected O(n dim). Slower if many rows differ only in components that are not hashed.
    // Never inlined, as [`merge_groups`](Self::merge_groups): wasm runtimes optimise whole
    // functions.
    #[inline(never)]
    pub(crate) fn new(vectors: Vectors<'_>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        // By row: the first row of its group, found by a hash table with linear probing.
        let mut group: Vec<usize> = (0..n).collect();
        let mut table = vec![EMPTY; (2 * n).next_power_of_two()];
        let mask = table.len() - 1;
        for (row, group) in group.iter_mut().enumerate() {
            let vector = vectors.row(row);
            let mut bucket = hash(vector) & mask;
            while table[bucket] != EMPTY && vectors.row(table[bucket] as usize) != vector {
                bucket = (bucket + 1) & mask;
            }
            if table[bucket] == EMPTY {
                table[bucket] = row as u32;
            }
            *group = table[bucket] as usize;
        }
        let rows: Vec<usize> = (0..n).filter(|&row| group[row] == row).collect();
        if rows.len() == n {
            return Self { rows, values: None, weights, steps: Vec::new() };
        }
        Self::merge_groups(vectors, weights, rows, &group)
    }

    /// `group` has the first row of each row's group; `rows` are the distinct first rows.
    #[inline(never)]
    fn merge_groups(
        vectors: Vectors<'_>,
        weights: Vec<f64>,
        rows: Vec<usize>,
        group: &[usize],
    ) -> Self {
        let n = vectors.len();
        let steps = (0..n).filter(|&row| group[row] < row).map(|row| Step {
            a: group[row],
            b: row,
            height: 0.0,
        });
        let mut sums = vec![0.0; n];
        group.iter().zip(weights).for_each(|(&first_row, weight)| sums[first_row] += weight);
        Self {
            steps: steps.collect(),
            values: Some(rows.iter().flat_map(|&row| vectors.row(row)).copied().collect()),
            weights: rows.iter().map(|&row| sums[row]).collect(),
            rows,
        }
    }
}

/// Equal for equal vectors.
fn hash(vector: &[f32]) -> usize {
    let components = vector.iter().step_by(vector.len().div_ceil(KEY_COMPONENTS));
    // (Adding 0 turns -0 into 0.)
    let hash = components.fold(0u32, |hash, &x| {
        (hash.rotate_left(5) ^ (x + 0.0).to_bits()).wrapping_mul(0x9E37_79B1)
    });
    (hash ^ hash >> 15) as usize
}
