//! Merges equal rows before the clustering starts: their distance is 0, and they are frequent,
//! because users repeat actions.

use super::dendrogram::Step;
use crate::Vectors;
use alloc::{vec, vec::Vec};

/// Content of an empty bucket of the hash table.
const EMPTY_BUCKET: u32 = u32::MAX;
/// Maximum number of components of a vector that are hashed.
const MAX_HASHED_COMPONENTS: usize = 16;

/// The distinct rows of the input. Components -0 and 0 are equal.
pub(crate) struct DedupedRows {
    /// The first row of each group of equal rows, ascending.
    pub(crate) rows: Vec<usize>,
    /// The vectors of `rows`, row-major; `None` if all rows are distinct.
    pub(crate) values: Option<Vec<f32>>,
    /// The sum of the weights of each group, in the order of `rows`.
    pub(crate) weights: Vec<f64>,
    /// The merges of equal rows into groups, at height 0, in row order.
    pub(crate) steps: Vec<Step>,
}

impl DedupedRows {
    /// The vectors of the distinct rows. `vectors` are those of all rows.
    pub(crate) fn vectors<'a>(&'a self, vectors: Vectors<'a>) -> Vectors<'a> {
        self.values.as_ref().map_or(vectors, |values| Vectors::new_unchecked(values, vectors.dim()))
    }

    /// Finds the distinct rows. Expected O(n dim); slower if many rows differ only in components
    /// that are not hashed.
    // Never inlined, as [`merge_groups`](Self::merge_groups): wasm runtimes optimise whole
    // functions.
    #[inline(never)]
    pub(crate) fn new(vectors: Vectors<'_>, weights: Vec<f64>) -> Self {
        let n = vectors.len();
        // For each row, the first row that equals it; found by a hash table with linear probing.
        let mut first_equal_row: Vec<usize> = (0..n).collect();
        let mut buckets = vec![EMPTY_BUCKET; (2 * n).next_power_of_two()];
        let bucket_mask = buckets.len() - 1;
        for (row, first_equal_row) in first_equal_row.iter_mut().enumerate() {
            let vector = vectors.row(row);
            let mut bucket = hash(vector) & bucket_mask;
            while buckets[bucket] != EMPTY_BUCKET && vectors.row(buckets[bucket] as usize) != vector
            {
                bucket = (bucket + 1) & bucket_mask;
            }
            if buckets[bucket] == EMPTY_BUCKET {
                buckets[bucket] = row as u32;
            }
            *first_equal_row = buckets[bucket] as usize;
        }
        let rows: Vec<usize> = (0..n).filter(|&row| first_equal_row[row] == row).collect();
        if rows.len() == n {
            return Self { rows, values: None, weights, steps: Vec::new() };
        }
        Self::merge_groups(vectors, weights, rows, &first_equal_row)
    }

    /// Merges equal rows. `first_equal_row[r]` is the first row that equals row r; `rows` are the
    /// distinct rows.
    #[inline(never)]
    fn merge_groups(
        vectors: Vectors<'_>,
        weights: Vec<f64>,
        rows: Vec<usize>,
        first_equal_row: &[usize],
    ) -> Self {
        let n = vectors.len();
        let steps = (0..n).filter(|&row| first_equal_row[row] < row).map(|row| Step {
            a: first_equal_row[row],
            b: row,
            height: 0.0,
        });
        let mut group_weights = vec![0.0; n];
        first_equal_row
            .iter()
            .zip(weights)
            .for_each(|(&first_row, weight)| group_weights[first_row] += weight);
        Self {
            steps: steps.collect(),
            values: Some(rows.iter().flat_map(|&row| vectors.row(row)).copied().collect()),
            weights: rows.iter().map(|&row| group_weights[row]).collect(),
            rows,
        }
    }
}

/// The hash of a vector, from at most [`MAX_HASHED_COMPONENTS`] of its components.
fn hash(vector: &[f32]) -> usize {
    let components = vector.iter().step_by(vector.len().div_ceil(MAX_HASHED_COMPONENTS));
    // Adding 0 turns -0 into 0, so that vectors that compare equal have equal hashes.
    let hash = components.fold(0u32, |hash, &x| {
        (hash.rotate_left(5) ^ (x + 0.0).to_bits()).wrapping_mul(0x9E37_79B1)
    });
    (hash ^ hash >> 15) as usize
}
