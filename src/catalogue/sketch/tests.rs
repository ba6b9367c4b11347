use super::super::codes::VectorEncoder;
use super::super::{Metric, Precision};
use super::*;
use crate::Vectors;
use crate::testing::SeededNumbers;

fn encode(values: &[f32], dim: usize) -> VectorEncoder {
    let mut encoded = VectorEncoder::default();
    encoded.extend(Vectors::new(values, dim).unwrap(), Metric::Cosine, Precision::Compact);
    encoded
}

fn codes(encoded: &VectorEncoder, dim: usize) -> StoredVectors<'_> {
    StoredVectors { dim, scales: &encoded.scales, codes: &encoded.codes, residuals: &[] }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = libm::sqrtf(vector.iter().map(|x| x * x).sum());
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

/// Errors of all estimates, in standard deviations.
fn errors(values: &[f32], dim: usize, query: &[f32]) -> Vec<f32> {
    let encoded = encode(values, dim);
    let codes = codes(&encoded, dim);
    let sketches = Sketches::new(&codes).unwrap();
    let tables = sketches.query_tables(query);
    let mut errors = Vec::new();
    for row in 0..codes.len() {
        let estimates = sketches.estimates(row / BLOCK_ROWS, &tables);
        let std_devs = sketches.std_devs(row / BLOCK_ROWS);
        let mut stored = Vec::new();
        codes.decode(row, &mut stored);
        let dot: f32 = stored.iter().zip(query).map(|(x, q)| x * q).sum();
        let (value, doubt) = (estimates.values[row % BLOCK_ROWS], std_devs[row % BLOCK_ROWS]);
        assert!(value <= estimates.max && doubt <= estimates.max_std_dev);
        errors.push((value - dot) / doubt.max(1e-6));
    }
    errors
}

#[test]
fn estimates_are_unbiased_and_their_standard_deviations_are_right() {
    let mut numbers = SeededNumbers::new(51);
    for (dim, mean) in [(64, 0.0), (100, 1.0), (256, 0.0), (384, 3.0)] {
        // Around a common mean, as the vectors of many models are.
        let values: Vec<f32> =
            (0..2000 * dim).map(|i| numbers.normal() + mean * (i % dim % 2) as f32).collect();
        let query = unit((0..dim).map(|_| numbers.normal()).collect());
        let errors = errors(&values, dim, &query);
        let n = errors.len() as f32;
        let mean = errors.iter().sum::<f32>() / n;
        let deviation = libm::sqrtf(errors.iter().map(|error| error * error).sum::<f32>() / n);
        assert!(mean.abs() < 0.1 && (0.9..1.1).contains(&deviation), "{dim}: {mean} {deviation}");
    }
}

#[test]
fn estimates_of_rows_that_signs_determine_are_exact() {
    // Every component is 1 or -1, so the centre and the sign determine it.
    let mut numbers = SeededNumbers::new(52);
    let values: Vec<f32> =
        (0..70 * 40).map(|_| if numbers.normal() > 0.0 { 1.0 } else { -1.0 }).collect();
    let query = unit((0..40).map(|_| numbers.normal()).collect());
    let encoded = encode(&values, 40);
    let sketches = Sketches::new(&codes(&encoded, 40)).unwrap();
    let tables = Sketches { centre: vec![64; 64], ..sketches.clone() }.query_tables(&query);
    assert_eq!(sketches.blocks.len(), 3);
    assert!(tables.step > 0.0 && tables.tables.iter().flatten().all(|&entry| entry <= 63));
    for row in 0..70 {
        let dot: f32 = values[row * 40..][..40].iter().zip(&query).map(|(x, q)| x * q).sum();
        let signs = (0..40).map(|at| {
            let byte = sketches.signs
                [row / BLOCK_ROWS * sketches.tables_per_row + at / DIMS_PER_TABLE]
                [sign_byte(row % BLOCK_ROWS)];
            let negative = byte >> (row % BLOCK_ROWS / 16 * 4) >> (at % DIMS_PER_TABLE) & 1 == 1;
            if negative { -query[at] } else { query[at] }
        });
        assert!((dot - signs.sum::<f32>()).abs() < 1e-5, "{row}");
    }
}

#[test]
fn too_many_dimensions_and_too_large_components_are_not_sketched() {
    let codes = |dim: usize, scale: f32| {
        let (scales, codes) = (scale.to_le_bytes(), vec![99; dim]);
        Sketches::new(&StoredVectors { dim, scales: &scales, codes: &codes, residuals: &[] })
            .is_some()
    };
    assert_eq!(
        [codes(MAX_SKETCH_DIMENSIONS, 1.0), codes(MAX_SKETCH_DIMENSIONS + 1, 1.0)],
        [true, false]
    );
    let mixed = [[127, 1, 127, 1], [1, 127, 64, 127]].concat();
    let scales = [1e35f32, 1e35].map(f32::to_le_bytes).concat();
    assert!(
        Sketches::new(&StoredVectors { dim: 4, scales: &scales, codes: &mixed, residuals: &[] })
            .is_none()
    );
}

/// The target's implementation and the portable one give the same bits.
fn assert_equals_portable(dim: usize) {
    let mut numbers = SeededNumbers::new(dim as u32);
    let values: Vec<f32> = (0..45 * dim).map(|_| numbers.normal() + 0.5).collect();
    let encoded = encode(&values, dim);
    let codes = codes(&encoded, dim);
    let sketches = Sketches::new(&codes).unwrap();
    let tables = sketches.query_tables(&unit((0..dim).map(|_| numbers.normal()).collect()));
    for (block, row) in [(0, 3), (1, 40)] {
        let got = sketches.estimates(block, &tables);
        let signs = &sketches.signs[block * sketches.tables_per_row..][..sketches.tables_per_row];
        let want = portable::estimates(signs, &sketches.blocks[block], &tables);
        assert_eq!(got.values.map(f32::to_bits), want.values.map(f32::to_bits));
        assert_eq!(got.max.to_bits(), want.max.to_bits());
        let mut chunk = [0; CHUNK_DIMS];
        let row = codes.row(row).0;
        chunk[..row.len().min(CHUNK_DIMS)].copy_from_slice(&row[..row.len().min(CHUNK_DIMS)]);
        let centre = sketches.centre.first_chunk().unwrap();
        assert_eq!(super::sign_bits(&chunk, centre), portable::sign_bits(&chunk, centre));
    }
}

#[test]
fn native_estimates_equal_the_portable_ones() {
    [1, 5, 32, 33, 256, 300].into_iter().for_each(assert_equals_portable);
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn simd128_estimates_equal_the_portable_ones() {
    [1, 5, 32, 33, 256, 300].into_iter().for_each(assert_equals_portable);
}
