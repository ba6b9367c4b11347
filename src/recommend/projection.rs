//! A map of vectors, to be drawn: their first two principal components.
//!
//! The components are computed by the power method, because nalgebra's `SymmetricEigen` was
//! measured to add 4.9 KB (gzip) to the wasm file, and takes O(dim^3) time.

use crate::math::simd::sqrt;
use crate::profile::means;
use crate::{Partition, Vectors};
use alloc::{vec, vec::Vec};
use nalgebra::DMatrix;

/// Number of iterations of the power method: enough for directions that are exact to a pixel.
const POWER_ITERATIONS: usize = 60;

/// Projects n vectors to n points (x, y) in [-1, 1]: x along the direction of greatest variance, y
/// along the next, orthogonal one.
///
/// Principal components by the power method on X^T X, where X is the centred n x dim matrix. Both
/// axes have one scale, so distances on the map are comparable. On each axis the coordinate of
/// largest magnitude (of ties the first) is positive. Without variance (fewer than two vectors, or
/// all equal) every point is (0, 0). O(n dim), deterministic.
///
/// ```
/// use pocketsage::{Vectors, project};
///
/// let map = project(Vectors::new(&[0.0, 0.0, 2.0, 0.0, 4.0, 0.0], 2)?);
/// assert_eq!(map.len(), 3);
/// assert_eq!(map, [[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
#[must_use]
pub fn project(vectors: Vectors<'_>) -> Vec<[f32; 2]> {
    let dim = vectors.dim();
    let mean = means(vectors, None, &Partition { labels: vec![0; vectors.len()], count: 1 });
    // The vectors minus their mean: dim x n, one vector in each column.
    let centred =
        DMatrix::from_fn(dim, vectors.len(), |k, i| f64::from(vectors.row(i)[k]) - mean[k]);
    let first_direction = principal_direction(&centred, &vec![0.0; dim]);
    let second_direction = principal_direction(&centred, &first_direction);
    let (x, y) = (
        coordinates_along(&centred, &first_direction),
        coordinates_along(&centred, &second_direction),
    );
    let largest_coordinate = x.iter().chain(&y).fold(0.0f64, |max, x| max.max(x.abs()));
    let scale = if largest_coordinate > 0.0 { 1.0 / largest_coordinate } else { 0.0 };
    x.iter().zip(y).map(|(x, y)| [(x * scale) as f32, (y * scale) as f32]).collect()
}

/// The unit direction of greatest variance orthogonal to `orthogonal_to`; zero if there is none.
// This function and those below are never inlined: each has several callers, and wasm runtimes
// optimise whole functions.
#[inline(never)]
fn principal_direction(centred: &DMatrix<f64>, orthogonal_to: &[f64]) -> Vec<f64> {
    let columns = || centred.as_slice().chunks_exact(orthogonal_to.len());
    // The start is fixed: a combination of the vectors that is almost never orthogonal to the
    // result.
    let mut coordinates: Vec<f64> = (0..centred.ncols()).map(|i| 1.0 / (i as f64 + 1.5)).collect();
    let mut direction = vec![0.0; orthogonal_to.len()];
    for _ in 0..POWER_ITERATIONS {
        direction.fill(0.0);
        columns()
            .zip(&coordinates)
            .for_each(|(column, &coordinate)| add_scaled(&mut direction, column, coordinate));
        let squared_length = dot(&direction, &direction);
        let coordinate = dot(&direction, orthogonal_to);
        add_scaled(&mut direction, orthogonal_to, -coordinate);
        let squared_remainder = dot(&direction, &direction);
        // A remainder as small as the rounding errors has no direction.
        let scale = if squared_remainder > 1e-18 * squared_length {
            1.0 / sqrt(squared_remainder)
        } else {
            0.0
        };
        direction.iter_mut().for_each(|x| *x *= scale);
        columns()
            .zip(&mut coordinates)
            .for_each(|(column, coordinate)| *coordinate = dot(column, &direction));
    }
    direction
}

/// The coordinate of each vector along a direction, with the sign of the direction chosen so that
/// the coordinate of largest magnitude is positive.
#[inline(never)]
fn coordinates_along(centred: &DMatrix<f64>, direction: &[f64]) -> Vec<f64> {
    let columns = centred.as_slice().chunks_exact(direction.len());
    let mut coordinates: Vec<f64> = columns.map(|column| dot(column, direction)).collect();
    let largest_coordinate =
        coordinates.iter().fold(0.0f64, |max, &x| if x.abs() > max.abs() { x } else { max });
    if largest_coordinate < 0.0 {
        coordinates.iter_mut().for_each(|x| *x = -*x);
    }
    coordinates
}

#[inline(never)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// Adds `factor` y to x, component by component.
#[inline(never)]
fn add_scaled(x: &mut [f64], y: &[f64], factor: f64) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += factor * y);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    #[test]
    fn the_first_axis_has_the_greatest_variance() {
        let mut random = SeededNumbers::new(3);
        let stretch = [1.0, 9.0, 3.0, 0.5];
        let values: Vec<f32> =
            (0..200).flat_map(|_| stretch).map(|s| s * random.normal()).collect();
        let map = project(Vectors::new(&values, 4).unwrap());
        let variance = |axis: usize| map.iter().map(|p| f64::from(p[axis]).powi(2)).sum::<f64>();
        let ratio = variance(0) / variance(1);
        assert!((6.0..13.0).contains(&ratio), "about (9 / 3)^2, got {ratio}");
        assert!(map.iter().flatten().all(|x| x.abs() <= 1.0));
        // Component 1 of the vectors has the greatest variance, so x must correlate with it.
        let covariance: f64 =
            map.iter().zip(values.chunks(4)).map(|(p, v)| f64::from(p[0] * v[1])).sum();
        let std_dev: f64 = values.chunks(4).map(|v| f64::from(v[1]).powi(2)).sum::<f64>().sqrt();
        assert!(covariance.abs() / (std_dev * variance(0).sqrt()) > 0.99);
    }

    #[test]
    fn vectors_without_variance_lie_at_the_origin() {
        assert!(project(Vectors::new(&[], 3).unwrap()).is_empty());
        assert_eq!(project(Vectors::new(&[5.0, 5.0], 2).unwrap()), [[0.0, 0.0]]);
        assert_eq!(project(Vectors::new(&[0.1; 8], 2).unwrap()), [[0.0; 2]; 4]);
        let line_map = project(Vectors::new(&[0.0, 0.0, 1.0, 1.0], 2).unwrap());
        assert!(line_map.iter().all(|p| p[1].abs() < 1e-9), "{line_map:?}");
    }
}
