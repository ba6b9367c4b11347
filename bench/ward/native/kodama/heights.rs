//! Ward by kodama as its documentation shows: condensed distances in plain loops, then `linkage`.

use kodama::{Method, linkage};

/// The n - 1 heights (distances, not squared) of row-major n x dim vectors, ascending.
pub(crate) fn heights(vectors: &[f32], dim: usize) -> Vec<f32> {
    let n = vectors.len() / dim;
    let mut condensed = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    for (row, one) in vectors.chunks_exact(dim).enumerate() {
        for other in vectors.chunks_exact(dim).skip(row + 1) {
            condensed.push(euclidean(one, other));
        }
    }
    linkage(&mut condensed, n, Method::Ward).steps().iter().map(|step| step.dissimilarity).collect()
}

fn euclidean(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt()
}
