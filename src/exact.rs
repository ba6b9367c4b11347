//! Arithmetic in `f64` that decides: eight sums side by side, added up in one order on every engine.

use alloc::vec::Vec;

const LANES: usize = 8;

/// The same numbers. O(n).
#[inline(never)]
pub(crate) fn widened(values: &[f32]) -> Vec<f64> {
    let (eights, rest) = values.as_chunks::<LANES>();
    let mut widened = eights.iter().map(|x| x.map(f64::from)).collect::<Vec<_>>().into_flattened();
    widened.extend(rest.iter().copied().map(f64::from));
    widened
}

/// ||x - y||^2. O(dim).
// Shared, rather than copied into each of its callers.
#[inline(never)]
pub(crate) fn squared_distance<X: Copy + Into<f64>>(x: &[X], y: &[f64]) -> f64 {
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            let difference: f64 = x[lane].into() - y[lane];
            sums[lane] += difference * difference;
        }
    }
    for (sum, (&x, y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        let difference: f64 = x.into() - y;
        *sum += difference * difference;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Moves `x` by `share` of the way to `y`: exactly nowhere when they are equal. O(dim).
#[inline(never)]
pub(crate) fn move_towards(x: &mut [f64], y: &[f64], share: f64) {
    let (x, x_rest) = x.as_chunks_mut::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x.iter_mut().zip(y) {
        for lane in 0..LANES {
            x[lane] += share * (y[lane] - x[lane]);
        }
    }
    x_rest.iter_mut().zip(y_rest).for_each(|(x, y)| *x += share * (y - *x));
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

    #[test]
    fn a_mean_of_equal_vectors_is_exactly_that_vector() {
        let y = [0.1, -0.7, 1.0 / 3.0, 1e30, 5e-324, 0.0, -0.0, 3.0, 0.1];
        let mut x = y;
        move_towards(&mut x, &y, 0.3);
        assert_eq!(x, y);
        assert_eq!(squared_distance(&x, &y), 0.0);
    }

    #[test]
    fn every_number_counts_once() {
        for dim in 0..30 {
            let x: Vec<f32> = (0..dim).map(|k| k as f32 + 1.0).collect();
            let want: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            assert_eq!(squared_distance(&x, &vec![0.0; dim]), want);
        }
    }

    use alloc::vec;
}
