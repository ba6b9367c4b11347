use super::super::codes::VectorEncoder;
use super::super::{Metric, Precision};
use super::*;
use crate::Vectors;
use crate::testing::SeededNumbers;

fn encode(values: &[f32], dim: usize) -> VectorEncoder {
    let mut encoder = VectorEncoder::default();
    encoder.extend(Vectors::new(values, dim).unwrap(), Metric::Cosine, Precision::Compact);
    encoder
}

fn stored_vectors(encoder: &VectorEncoder, dim: usize) -> StoredVectors<'_> {
    StoredVectors { dim, scales: &encoder.scales, codes: &encoder.codes, residuals: &[] }
}

fn to_unit_length(mut vector: Vec<f32>) -> Vec<f32> {
    let length = libm::sqrtf(vector.iter().map(|x| x * x).sum());
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

/// The error of the estimate of each row, divided by the standard deviation of the estimate.
fn relative_errors(values: &[f32], dim: usize, query: &[f32]) -> Vec<f32> {
    let encoder = encode(values, dim);
    let stored_vectors = stored_vectors(&encoder, dim);
    let sketches = Sketches::new(&stored_vectors).unwrap();
    let tables = sketches.query_tables(query);
    let mut relative_errors = Vec::new();
    for row in 0..stored_vectors.len() {
        let estimates = sketches.estimates(row / SKETCH_BLOCK_ROWS, &tables);
        let estimate_std_devs = sketches.estimate_std_devs(row / SKETCH_BLOCK_ROWS);
        let mut decoded_row = Vec::new();
        stored_vectors.decode(row, &mut decoded_row);
        let dot: f32 = decoded_row.iter().zip(query).map(|(x, q)| x * q).sum();
        let lane = row % SKETCH_BLOCK_ROWS;
        let (value, std_dev) = (estimates.values[lane], estimate_std_devs[lane]);
        assert!(value <= estimates.max && std_dev <= estimates.max_estimate_std_dev);
        relative_errors.push((value - dot) / std_dev.max(1e-6));
    }
    relative_errors
}

#[test]
fn estimates_are_unbiased_and_their_standard_deviations_are_right() {
    let mut random = SeededNumbers::new(51);
    for (dim, common_mean) in [(64, 0.0), (100, 1.0), (256, 0.0), (384, 3.0)] {
        // Vectors around a common mean, like those of many models.
        let values: Vec<f32> =
            (0..2000 * dim).map(|i| random.normal() + common_mean * (i % dim % 2) as f32).collect();
        let query = to_unit_length((0..dim).map(|_| random.normal()).collect());
        let relative_errors = relative_errors(&values, dim, &query);
        let n = relative_errors.len() as f32;
        let mean_error = relative_errors.iter().sum::<f32>() / n;
        let root_mean_square =
            libm::sqrtf(relative_errors.iter().map(|error| error * error).sum::<f32>() / n);
        assert!(
            mean_error.abs() < 0.1 && (0.9..1.1).contains(&root_mean_square),
            "{dim}: {mean_error} {root_mean_square}"
        );
    }
}

#[test]
fn estimates_of_rows_that_their_signs_determine_differ_only_by_the_rounding_of_the_tables() {
    const DIM: usize = 40;
    const ROWS: usize = 70;
    // Random rows of components 1 and -1, each followed by its negative: the centre is 0, so the
    // signs determine a row.
    let mut random = SeededNumbers::new(52);
    let mut values: Vec<f32> = Vec::new();
    for _ in 0..ROWS / 2 {
        let row: Vec<f32> =
            (0..DIM).map(|_| if random.normal() > 0.0 { 1.0 } else { -1.0 }).collect();
        values.extend(&row);
        values.extend(row.iter().map(|x| -x));
    }
    let query = to_unit_length((0..DIM).map(|_| random.normal()).collect());
    let encoder = encode(&values, DIM);
    let sketches = Sketches::new(&stored_vectors(&encoder, DIM)).unwrap();
    assert_eq!(sketches.blocks.len(), ROWS.div_ceil(SKETCH_BLOCK_ROWS));
    assert!(sketches.centre[..DIM].iter().all(|&code| code == ZERO_CODE));
    let tables = sketches.query_tables(&query);
    assert!(tables.tables.iter().flatten().all(|&entry| f32::from(entry) <= MAX_TABLE_ENTRY));
    // Stored rows have unit length. The entry of each of the DIM / 4 tables is rounded by up to
    // 0.5.
    let length = libm::sqrtf(DIM as f32);
    let max_error = 0.5 * tables.entry_unit * (DIM / TABLE_DIMS) as f32 / length + 1e-5;
    for row in 0..ROWS {
        let (block, lane) = (row / SKETCH_BLOCK_ROWS, row % SKETCH_BLOCK_ROWS);
        assert!(sketches.estimate_std_devs(block)[lane] < 1e-3);
        let dot: f32 = values[row * DIM..][..DIM].iter().zip(&query).map(|(x, q)| x * q).sum();
        let estimate = sketches.estimates(block, &tables).values[lane];
        assert!((estimate - dot / length).abs() <= max_error, "{row}: {estimate} {dot}");
        // The stored sign bits equal the signs of the row's components.
        for k in 0..DIM {
            let signs = sketches.signs[block * sketches.tables_per_row + k / TABLE_DIMS];
            let bit = signs[sign_byte(lane)] >> (lane / 16 * 4) >> (k % TABLE_DIMS) & 1;
            assert_eq!(bit == 1, values[row * DIM + k] < 0.0, "{row}, dimension {k}");
        }
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
    let mixed_codes = [[127, 1, 127, 1], [1, 127, 64, 127]].concat();
    let scales = [1e35f32, 1e35].map(f32::to_le_bytes).concat();
    assert!(
        Sketches::new(&StoredVectors {
            dim: 4,
            scales: &scales,
            codes: &mixed_codes,
            residuals: &[]
        })
        .is_none()
    );
}

/// The functions of the target and the portable functions return the same bits.
fn assert_equals_portable(dim: usize) {
    let mut random = SeededNumbers::new(dim as u32);
    let values: Vec<f32> = (0..45 * dim).map(|_| random.normal() + 0.5).collect();
    let encoder = encode(&values, dim);
    let stored_vectors = stored_vectors(&encoder, dim);
    let sketches = Sketches::new(&stored_vectors).unwrap();
    let tables =
        sketches.query_tables(&to_unit_length((0..dim).map(|_| random.normal()).collect()));
    for (block, row) in [(0, 3), (1, 40)] {
        let actual_estimates = sketches.estimates(block, &tables);
        let signs = &sketches.signs[block * sketches.tables_per_row..][..sketches.tables_per_row];
        let expected_estimates = portable::estimates(signs, &sketches.blocks[block], &tables);
        assert_eq!(
            actual_estimates.values.map(f32::to_bits),
            expected_estimates.values.map(f32::to_bits)
        );
        assert_eq!(actual_estimates.max.to_bits(), expected_estimates.max.to_bits());
        let mut chunk = [0; CHUNK_DIMS];
        let row = stored_vectors.row(row).0;
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
