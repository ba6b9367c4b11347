//! Where vectors lie in a picture: their first two principal components.

use crate::math::simd::sqrt;
use crate::profile::means;
use crate::{Partition, Vectors};
use alloc::{vec, vec::Vec};
use nalgebra::DMatrix;

/// Rounds of the power method. The picture needs directions to a pixel, not to the last bit.
const ROUNDS: usize = 60;

/// Places n vectors on a map: n pairs (x, y) in [-1, 1], x along the direction of greatest variance, y along the next.
///
/// Principal components by the power method on the centred n x dim matrix X: each round applies X^T X, and y is kept
/// orthogonal to x. Both axes share one scale, so that distances compare. The coordinate of each axis that is largest by magnitude
/// (of equals the first) is positive. No variance (fewer than two vectors, or all equal) puts everything at (0, 0). O(n dim), deterministic.
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
    // dim x n, a vector a column.
    let centred =
        DMatrix::from_fn(dim, vectors.len(), |k, i| f64::from(vectors.row(i)[k]) - mean[k]);
    let first = component(&centred, &vec![0.0; dim]);
    let second = component(&centred, &first);
    let (x, y) = (along(&centred, &first), along(&centred, &second));
    let reach = x.iter().chain(&y).fold(0.0f64, |most, x| most.max(x.abs()));
    let scale = if reach > 0.0 { 1.0 / reach } else { 0.0 };
    x.iter().zip(y).map(|(x, y)| [(x * scale) as f32, (y * scale) as f32]).collect()
}

/// The direction of greatest variance, orthogonal to `other`; zero where there is none.
#[inline(never)]
fn component(centred: &DMatrix<f64>, other: &[f64]) -> Vec<f64> {
    let columns = || centred.as_slice().chunks_exact(other.len());
    // An arbitrary start within the span, the same on every engine; orthogonal to the answer only by a miracle.
    let mut shadows: Vec<f64> = (0..centred.ncols()).map(|i| 1.0 / (i as f64 + 1.5)).collect();
    let mut direction = vec![0.0; other.len()];
    for _ in 0..ROUNDS {
        direction.fill(0.0);
        columns().zip(&shadows).for_each(|(column, &shadow)| add(&mut direction, column, shadow));
        let size = dot(&direction, &direction);
        let shadow = dot(&direction, other);
        add(&mut direction, other, -shadow);
        let left = dot(&direction, &direction);
        // What rounding leaves of a direction that is not there is not a direction.
        let scale = if left > 1e-18 * size { 1.0 / sqrt(left) } else { 0.0 };
        direction.iter_mut().for_each(|x| *x *= scale);
        columns().zip(&mut shadows).for_each(|(column, shadow)| *shadow = dot(column, &direction));
    }
    direction
}

/// Coordinates along a direction, the largest by magnitude positive.
#[inline(never)]
fn along(centred: &DMatrix<f64>, direction: &[f64]) -> Vec<f64> {
    let columns = centred.as_slice().chunks_exact(direction.len());
    let mut coordinates: Vec<f64> = columns.map(|column| dot(column, direction)).collect();
    let largest =
        coordinates.iter().fold(0.0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
    if largest < 0.0 {
        coordinates.iter_mut().for_each(|x| *x = -*x);
    }
    coordinates
}

#[inline(never)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

#[inline(never)]
fn add(to: &mut [f64], from: &[f64], times: f64) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += times * from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededNumbers;

    #[test]
    fn the_first_axis_has_the_greatest_variance() {
        let mut numbers = SeededNumbers::new(3);
        let stretch = [1.0, 9.0, 3.0, 0.5];
        let values: Vec<f32> =
            (0..200).flat_map(|_| stretch).map(|s| s * numbers.normal()).collect();
        let map = project(Vectors::new(&values, 4).unwrap());
        let variance = |axis: usize| map.iter().map(|p| f64::from(p[axis]).powi(2)).sum::<f64>();
        let ratio = variance(0) / variance(1);
        assert!((6.0..13.0).contains(&ratio), "about (9 / 3)^2, got {ratio}");
        assert!(map.iter().flatten().all(|x| x.abs() <= 1.0));
        // The second number of the vectors varies most: x follows it.
        let along: f64 =
            map.iter().zip(values.chunks(4)).map(|(p, v)| f64::from(p[0] * v[1])).sum();
        let length: f64 = values.chunks(4).map(|v| f64::from(v[1]).powi(2)).sum::<f64>().sqrt();
        assert!(along.abs() / (length * variance(0).sqrt()) > 0.99);
    }

    #[test]
    fn no_variance_is_the_middle_of_the_map() {
        assert!(project(Vectors::new(&[], 3).unwrap()).is_empty());
        assert_eq!(project(Vectors::new(&[5.0, 5.0], 2).unwrap()), [[0.0, 0.0]]);
        assert_eq!(project(Vectors::new(&[0.1; 8], 2).unwrap()), [[0.0; 2]; 4]);
        let line = project(Vectors::new(&[0.0, 0.0, 1.0, 1.0], 2).unwrap());
        assert!(line.iter().all(|p| p[1].abs() < 1e-9), "{line:?}");
    }
}
