//! Arithmetic in `f64` that decides: eight sums side by side, added up in one order on every engine.

use crate::math::simd::LANES;

/// ||x - y||^2. O(dim).
// Shared, rather than copied into each of its callers.
#[inline(never)]
pub(crate) fn squared_distance<X: Copy + Into<f64>, Y: Copy + Into<f64>>(x: &[X], y: &[Y]) -> f64 {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            let difference = x[lane].into() - y[lane].into();
            sums[lane] += difference * difference;
        }
    }
    for (sum, (&x, &y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        let difference = x.into() - y.into();
        *sum += difference * difference;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Moves `x` by `share` of the way to `y`: exactly nowhere when they are equal. O(dim).
#[inline(never)]
pub(crate) fn move_towards<Y: Copy + Into<f64>>(x: &mut [f64], y: &[Y], share: f64) {
    let (x, x_rest) = x.as_chunks_mut::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x.iter_mut().zip(y) {
        for lane in 0..LANES {
            x[lane] += share * (y[lane].into() - x[lane]);
        }
    }
    x_rest.iter_mut().zip(y_rest).for_each(|(x, &y)| *x += share * (y.into() - *x));
}

/// Where x comes when it moves towards y by `share` of the way: what [`move_towards`] makes of it. O(dim).
#[inline(never)]
pub(crate) fn between(x: &[f32], y: &[f32], share: f64, mean: &mut [f64]) {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let (mean, mean_rest) = mean.as_chunks_mut::<LANES>();
    let step = |x: f32, y: f32| f64::from(x) + share * (f64::from(y) - f64::from(x));
    for ((mean, x), y) in mean.iter_mut().zip(x).zip(y) {
        *mean = core::array::from_fn(|lane| step(x[lane], y[lane]));
    }
    mean_rest.iter_mut().zip(x_rest).zip(y_rest).for_each(|((mean, &x), &y)| *mean = step(x, y));
}

/// Makes `y` what [`move_towards`] makes of `x`. O(dim).
#[inline(never)]
pub(crate) fn move_from(x: &[f32], share: f64, y: &mut [f64]) {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks_mut::<LANES>();
    let step = |x: f32, y: f64| f64::from(x) + share * (y - f64::from(x));
    for (x, y) in x.iter().zip(y) {
        *y = core::array::from_fn(|lane| step(x[lane], y[lane]));
    }
    x_rest.iter().zip(y_rest).for_each(|(&x, y)| *y = step(x, *y));
}

/// Adds `weight` times `y` to `x`. O(dim).
#[inline(never)]
pub(crate) fn add_times(x: &mut [f64], y: &[f32], weight: f64) {
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
    fn a_mean_is_the_same_wherever_it_is_written() {
        for dim in [1, 7, 8, 37] {
            let x: Vec<f32> = (0..dim).map(|k| 1.0 / (k as f32 + 3.0)).collect();
            let y: Vec<f32> = (0..dim).map(|k| libm::sqrtf(k as f32)).collect();
            let [mut towards, mut from] =
                [&x, &y].map(|x| x.iter().copied().map(f64::from).collect::<Vec<_>>());
            let mut new = vec![0.0; dim];
            move_towards(&mut towards, &y, 0.3);
            move_from(&x, 0.3, &mut from);
            between(&x, &y, 0.3, &mut new);
            assert_eq!(towards, from);
            assert_eq!(towards, new);
        }
    }

    #[test]
    fn every_number_counts_once() {
        for dim in 0..30 {
            let x: Vec<f32> = (0..dim).map(|k| k as f32 + 1.0).collect();
            let want: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            assert_eq!(squared_distance(&x, &vec![0.0; dim]), want);
        }
    }
}
