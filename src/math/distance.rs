//! Vector arithmetic in `f64`: squared distances and weighted means.
//!
//! A distance is the sum of eight partial sums (SIMD lanes), which are always added in the same
//! order, so every wasm runtime and every native build returns the same bits.
//!
//! The functions are `#[inline(never)]`: wasm runtimes compile and optimise whole functions, and
//! one small hot function, shared by all callers, is optimised sooner than a copy in each of them.

use crate::math::simd::LANES;

/// Computes ||x - y||^2 of two vectors of one length. O(dim).
#[inline(never)]
pub(crate) fn squared_distance<X: Copy + Into<f64>, Y: Copy + Into<f64>>(x: &[X], y: &[Y]) -> f64 {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let mut lane_sums = [0.0; LANES];
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            let difference = x[lane].into() - y[lane].into();
            lane_sums[lane] += difference * difference;
        }
    }
    for (sum, (&x, &y)) in lane_sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        let difference = x.into() - y.into();
        *sum += difference * difference;
    }
    let [a, b, c, d, e, f, g, h] = lane_sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Moves x towards y: x += fraction (y - x). Where a component of x equals that of y, it does not
/// change. O(dim).
#[inline(never)]
pub(crate) fn move_towards<Y: Copy + Into<f64>>(x: &mut [f64], y: &[Y], fraction: f64) {
    let (x, x_rest) = x.as_chunks_mut::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x.iter_mut().zip(y) {
        for lane in 0..LANES {
            x[lane] += fraction * (y[lane].into() - x[lane]);
        }
    }
    x_rest.iter_mut().zip(y_rest).for_each(|(x, &y)| *x += fraction * (y.into() - *x));
}

/// Stores x + fraction (y - x) in `mean`: the bits that [`move_towards`] stores in x. O(dim).
#[inline(never)]
pub(crate) fn interpolate(x: &[f32], y: &[f32], fraction: f64, mean: &mut [f64]) {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let (mean, mean_rest) = mean.as_chunks_mut::<LANES>();
    let interpolate_component =
        |x: f32, y: f32| f64::from(x) + fraction * (f64::from(y) - f64::from(x));
    for ((mean, x), y) in mean.iter_mut().zip(x).zip(y) {
        *mean = core::array::from_fn(|lane| interpolate_component(x[lane], y[lane]));
    }
    mean_rest
        .iter_mut()
        .zip(x_rest)
        .zip(y_rest)
        .for_each(|((mean, &x), &y)| *mean = interpolate_component(x, y));
}

/// Stores x + fraction (y - x) in `y`: the bits that [`move_towards`] stores in x. O(dim).
#[inline(never)]
pub(crate) fn interpolate_into_second(x: &[f32], fraction: f64, y: &mut [f64]) {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks_mut::<LANES>();
    let interpolate_component = |x: f32, y: f64| f64::from(x) + fraction * (y - f64::from(x));
    for (x, y) in x.iter().zip(y) {
        *y = core::array::from_fn(|lane| interpolate_component(x[lane], y[lane]));
    }
    x_rest.iter().zip(y_rest).for_each(|(&x, y)| *y = interpolate_component(x, *y));
}

/// Adds `weight` y to x, component by component. O(dim).
#[inline(never)]
pub(crate) fn add_scaled(x: &mut [f64], y: &[f32], weight: f64) {
    let (x, x_rest) = x.as_chunks_mut::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x.iter_mut().zip(y) {
        for lane in 0..LANES {
            x[lane] += weight * f64::from(y[lane]);
        }
    }
    x_rest.iter_mut().zip(y_rest).for_each(|(x, &y)| *x += weight * f64::from(y));
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    #[test]
    fn a_mean_of_equal_vectors_is_exactly_that_vector() {
        let y = [0.1, -0.7, 1.0 / 3.0, 1e30, 5e-324, 0.0, -0.0, 3.0, 0.1];
        let mut x = y;
        move_towards(&mut x, &y, 0.3);
        assert_eq!(x, y);
        assert_eq!(squared_distance(&x, &y), 0.0);
    }

    #[test]
    fn the_three_interpolations_return_the_same_bits() {
        for dim in [1, 7, 8, 37] {
            let x: Vec<f32> = (0..dim).map(|k| 1.0 / (k as f32 + 3.0)).collect();
            let y: Vec<f32> = (0..dim).map(|k| libm::sqrtf(k as f32)).collect();
            let [mut moved_first, mut moved_second] =
                [&x, &y].map(|x| x.iter().copied().map(f64::from).collect::<Vec<_>>());
            let mut separate_mean = vec![0.0; dim];
            move_towards(&mut moved_first, &y, 0.3);
            interpolate_into_second(&x, 0.3, &mut moved_second);
            interpolate(&x, &y, 0.3, &mut separate_mean);
            assert_eq!(moved_first, moved_second);
            assert_eq!(moved_first, separate_mean);
        }
    }

    #[test]
    fn every_component_is_added_once() {
        for dim in 0..30 {
            let x: Vec<f32> = (0..dim).map(|k| k as f32 + 1.0).collect();
            let expected: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            assert_eq!(squared_distance(&x, &vec![0.0; dim]), expected);
        }
    }
}
