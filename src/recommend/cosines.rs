//! Cosines of many vectors to a few queries: a caller's own items, or a user's own actions.

use crate::math::simd::sqrt;
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// Products of lengths for which `f32` neither overflows nor loses small terms.
const F32_RANGE: core::ops::Range<f64> = 1e-20..1e20;

/// The cosines of n `vectors` to m `queries`: an n x m matrix, row-major, each value in [-1, 1] and
/// within 1e-4 of the exact cosine. The cosine with a zero vector is 0.
///
/// O(m n dim), in `f32` where the lengths allow it. No vectors or no queries return no values.
///
/// # Errors
/// [`Error::Dimension`] if queries and vectors differ in dimension.
pub fn cosines(vectors: Vectors<'_>, queries: Vectors<'_>) -> Result<Vec<f32>, Error> {
    if queries.dim() != vectors.dim() {
        return Err(Error::Dimension {
            what: "dimension of the queries",
            got: queries.dim(),
            expected: vectors.dim(),
        });
    }
    let query_norms: Vec<f64> = queries.rows().map(|x| sqrt(dot(x, x))).collect();
    let mut cosines = Vec::with_capacity(query_norms.len() * vectors.rows().len());
    for vector in vectors.rows() {
        let norm = sqrt(dot(vector, vector));
        for (query, query_norm) in queries.rows().zip(&query_norms) {
            let product = norm * query_norm;
            let is_in_range = F32_RANGE.contains(&product);
            let dot = if is_in_range { dot_f32(query, vector) } else { dot(query, vector) };
            cosines.push(cosine(dot, product));
        }
    }
    Ok(cosines)
}

/// The cosine of two vectors, from their dot product and the product of their lengths.
fn cosine(dot: f64, product_of_norms: f64) -> f32 {
    if product_of_norms == 0.0 {
        return 0.0;
    }
    // Adding 0 turns -0 into 0, because `total_cmp` orders -0 below 0.
    ((dot / product_of_norms).clamp(-1.0, 1.0) + 0.0) as f32
}

/// Dot product in eight partial sums (SIMD lanes), added in one fixed order.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    let rest_products = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b));
    sums.into_iter().chain(rest_products).sum()
}

/// Dot product in `f32`, in eight partial sums (SIMD lanes) that are added in one fixed order.
fn dot_f32(a: &[f32], b: &[f32]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest_products = a_rest.iter().zip(b_rest).map(|(&a, &b)| a * b);
    sums.into_iter().chain(rest_products).map(f64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    #[test]
    fn cosines_are_near_the_exact_ones_at_any_scale() {
        let mut rng = SeededNumbers::new(7);
        for (dim, scale) in [(1, 1.0), (7, 1e-25), (8, 1.0), (19, 1e25), (64, 3.0)] {
            let mut matrix = |rows: usize| -> Vec<f32> {
                (0..rows * dim).map(|_| scale * rng.normal()).collect()
            };
            let (vectors, queries) = (matrix(9), matrix(4));
            let [vectors, queries] = [&vectors, &queries].map(|v| Vectors::new(v, dim).unwrap());
            let cosines = cosines(vectors, queries).unwrap();
            let pairs = vectors.rows().flat_map(|x| queries.rows().map(move |y| (x, y)));
            for ((x, y), cosine) in pairs.zip(cosines) {
                let exact = dot(x, y) / (sqrt(dot(x, x)) * sqrt(dot(y, y)));
                let error = (f64::from(cosine) - exact).abs();
                assert!(error < 1e-5, "dim {dim}, scale {scale}: {error}");
            }
        }
    }

    #[test]
    fn zero_vectors_empty_inputs_and_other_dimensions() {
        let vectors = Vectors::new(&[0.0, 0.0, 2.0, 0.0], 2).unwrap();
        let query = Vectors::new(&[1.0, 0.0], 2).unwrap();
        assert_eq!(cosines(vectors, query).unwrap(), [0.0, 1.0]);
        let none = Vectors::new(&[], 2).unwrap();
        assert!(cosines(none, query).unwrap().is_empty());
        assert!(cosines(vectors, none).unwrap().is_empty());
        let longer = Vectors::new(&[1.0], 1).unwrap();
        assert_eq!(cosines(vectors, longer).unwrap_err().code(), "dimension");
    }
}
