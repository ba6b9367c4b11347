use super::*;
use crate::testing::SeededNumbers;

/// A query whose components are about `magnitude`, and four rows of codes.
fn query_and_codes(dim: usize, seed: u32, magnitude: f32) -> (Vec<f32>, Vec<Vec<u8>>) {
    let mut random = SeededNumbers::new(seed);
    let query = (0..dim).map(|_| random.normal() * magnitude).collect();
    let mut code = || (64.0 + random.normal() * 20.0).clamp(1.0, 127.0) as u8;
    (query, (0..KERNEL_ROWS).map(|_| (0..dim).map(|_| code()).collect()).collect())
}

/// The integer dot product differs from the exact one by at most the rounding bound.
fn assert_within_rounding_bound(dim: usize, seed: u32, magnitude: f32) {
    let (query, rows) = query_and_codes(dim, seed, magnitude);
    let weights = QueryWeights::new(&query);
    let dots = weights.dots([0, 1, 2, 3].map(|row: usize| &rows[row][..]));
    for (row, dot) in rows.iter().zip(dots) {
        let centred_codes: Vec<f64> = row.iter().map(|&code| f64::from(code) - 64.0).collect();
        let length = libm::sqrt(centred_codes.iter().map(|c| c * c).sum());
        let expected_dot: f64 =
            query.iter().zip(&centred_codes).map(|(&q, c)| f64::from(q) * c).sum();
        let actual_dot = f64::from(dot.wrapping_sub(weights.sum.wrapping_mul(64))) * weights.step;
        assert!(
            (actual_dot - expected_dot).abs()
                <= weights.rounding_norm * length * (1.0 + 1e-9) + 1e-12,
            "{dim} {seed}: {actual_dot} {expected_dot}"
        );
    }
}

#[test]
fn dot_products_of_every_dimension_are_within_the_rounding_bound() {
    for dim in [1, 2, 15, 16, 31, 32, 33, 48, 63, 64, 100, 256, 384, 1000, 4096] {
        for magnitude in [1e-30, 1.0, 1e30] {
            assert_within_rounding_bound(dim, dim as u32, magnitude);
        }
    }
}

#[test]
fn extreme_values_do_not_overflow() {
    for dim in [256, 384, 1024, 4096, 16_384] {
        for sign in [1.0f32, -1.0] {
            let query = alloc::vec![sign; dim];
            let row = alloc::vec![127u8; dim];
            let weights = QueryWeights::new(&query);
            let dot = weights.dots([&row; KERNEL_ROWS])[0];
            let expected_dot = 127.0 * f64::from(sign) * dim as f64;
            let actual_dot = f64::from(dot) * weights.step;
            assert!(
                (actual_dot - expected_dot).abs()
                    <= 1e-3 * expected_dot.abs()
                        + weights.rounding_norm * 127.0 * libm::sqrt(dim as f64),
                "{dim} {actual_dot} {expected_dot}"
            );
        }
    }
}

/// The kernel of the target and the portable kernel return the same bits.
fn assert_equals_portable(dim: usize) {
    let (query, rows) = query_and_codes(dim, 7 + dim as u32, 1.0);
    let weights = QueryWeights::new(&query);
    let actual_dots = weights.dots([0, 1, 2, 3].map(|row: usize| &rows[row][..]));
    let mut sums = [portable::ZERO_I32; KERNEL_ROWS];
    for (i, block) in weights.blocks.iter().enumerate() {
        let block_of_row = |row: usize| -> &[u8; BLOCK_CODES] { &rows[row].as_chunks().0[i] };
        portable::add_weighted(&mut sums, [0, 1, 2, 3].map(block_of_row), block);
    }
    if let Some(block) = &weights.tail {
        let tails = [0, 1, 2, 3].map(|row: usize| tail(&rows[row]));
        portable::add_weighted(&mut sums, tails.each_ref(), block);
    }
    assert_eq!(actual_dots, portable::row_sums(sums));

    for residuals in [None, Some(&rows[1][..])] {
        let mut sums = portable::ZERO_F32;
        let mut vector = Vec::new();
        for start in (0..dim).step_by(PARTIAL_SUMS) {
            let eight_codes_of =
                |from: &[u8]| core::array::from_fn(|i| from.get(start + i).copied().unwrap_or(0));
            let query = core::array::from_fn(|i| query.get(start + i).copied().unwrap_or(0.0));
            let residuals = residuals.map_or([0; PARTIAL_SUMS], eight_codes_of);
            let decoded = portable::to_256ths(&eight_codes_of(&rows[0]), &residuals);
            vector.push(steps(&eight_codes_of(&rows[0]), &residuals));
            assert_eq!(vector.last(), Some(&decoded));
            portable::add_products(&mut sums, &query, &decoded);
        }
        let expected_dot = portable::to_array(sums).iter().sum::<f32>() / 256.0;
        assert_eq!(exact_dot(&query, &vector).to_bits(), expected_dot.to_bits());
    }
}

#[test]
fn native_dots_equal_the_portable_ones() {
    [1, 16, 32, 40, 256, 300].into_iter().for_each(assert_equals_portable);
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn simd128_dots_equal_the_portable_ones() {
    [1, 16, 32, 40, 256, 300].into_iter().for_each(assert_equals_portable);
    assert_within_rounding_bound(256, 3, 1.0);
}
