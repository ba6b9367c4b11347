use super::super::codes::Encoded;
use super::super::{Metric, Precision};
use super::*;
use crate::Vectors;
use crate::testing::SeededNumbers;

fn encode(values: &[f32], dim: usize) -> Encoded {
    let mut encoded = Encoded::default();
    encoded.extend(Vectors::new(values, dim).unwrap(), Metric::Cosine, Precision::Compact);
    encoded
}

fn codes(encoded: &Encoded, dim: usize) -> Codes<'_> {
    Codes { dim, scales: &encoded.scales, codes: &encoded.codes, residuals: &[] }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = libm::sqrtf(vector.iter().map(|x| x * x).sum());
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

/// Errors of all estimates, by their doubts.
fn errors(values: &[f32], dim: usize, query: &[f32]) -> Vec<f32> {
    let encoded = encode(values, dim);
    let codes = codes(&encoded, dim);
    let sketches = Sketches::new(&codes).unwrap();
    let lookup = sketches.lookup(query);
    let mut errors = Vec::new();
    for row in 0..codes.len() {
        let estimates = sketches.estimates(row / ROWS, &lookup);
        let doubts = sketches.doubts(row / ROWS);
        let mut stored = Vec::new();
        codes.decode(row, &mut stored);
        let dot: f32 = stored.iter().zip(query).map(|(x, q)| x * q).sum();
        let (value, doubt) = (estimates.values[row % ROWS], doubts[row % ROWS]);
        assert!(value <= estimates.largest && doubt <= estimates.largest_doubt);
        errors.push((value - dot) / doubt.max(1e-6));
    }
    errors
}

#[test]
fn estimates_have_no_bias_and_are_as_far_off_as_they_say() {
    let mut numbers = SeededNumbers::new(51);
    for (dim, mean) in [(64, 0.0), (100, 1.0), (256, 0.0), (384, 3.0)] {
        // Around a mean that is common to all, as the vectors of many models are.
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
fn what_signs_say_in_full_is_not_estimated() {
    // Of rows that are one of two points, the middle and a sign tell all.
    let mut numbers = SeededNumbers::new(52);
    let values: Vec<f32> =
        (0..70 * 40).map(|_| if numbers.normal() > 0.0 { 1.0 } else { -1.0 }).collect();
    let query = unit((0..40).map(|_| numbers.normal()).collect());
    let encoded = encode(&values, 40);
    let sketches = Sketches::new(&codes(&encoded, 40)).unwrap();
    let lookup = Sketches { middle: vec![64; 64], ..sketches.clone() }.lookup(&query);
    assert_eq!(sketches.blocks.len(), 3);
    assert!(lookup.step > 0.0 && lookup.tables.iter().flatten().all(|&entry| entry <= 63));
    for row in 0..70 {
        let dot: f32 = values[row * 40..][..40].iter().zip(&query).map(|(x, q)| x * q).sum();
        let signs = (0..40).map(|at| {
            let byte = sketches.signs[row / ROWS * sketches.groups + at / GROUP][place(row % ROWS)];
            let negative = byte >> (row % ROWS / 16 * 4) >> (at % GROUP) & 1 == 1;
            if negative { -query[at] } else { query[at] }
        });
        assert!((dot - signs.sum::<f32>()).abs() < 1e-5, "{row}");
    }
}

#[test]
fn vectors_of_too_many_or_too_large_numbers_have_none() {
    let codes = |dim: usize, scale: f32| {
        let (scales, codes) = (scale.to_le_bytes(), vec![99; dim]);
        Sketches::new(&Codes { dim, scales: &scales, codes: &codes, residuals: &[] }).is_some()
    };
    assert_eq!([codes(MOST_DIMENSIONS, 1.0), codes(MOST_DIMENSIONS + 1, 1.0)], [true, false]);
    let mixed = [[127, 1, 127, 1], [1, 127, 64, 127]].concat();
    let scales = [1e35f32, 1e35].map(f32::to_le_bytes).concat();
    assert!(
        Sketches::new(&Codes { dim: 4, scales: &scales, codes: &mixed, residuals: &[] }).is_none()
    );
}

/// The same from the intrinsics and from plain Rust.
fn equals_its_twin(dim: usize) {
    let mut numbers = SeededNumbers::new(dim as u32);
    let values: Vec<f32> = (0..45 * dim).map(|_| numbers.normal() + 0.5).collect();
    let encoded = encode(&values, dim);
    let codes = codes(&encoded, dim);
    let sketches = Sketches::new(&codes).unwrap();
    let lookup = sketches.lookup(&unit((0..dim).map(|_| numbers.normal()).collect()));
    for (block, row) in [(0, 3), (1, 40)] {
        let got = sketches.estimates(block, &lookup);
        let signs = &sketches.signs[block * sketches.groups..][..sketches.groups];
        let want = portable::estimates(signs, &sketches.blocks[block], &lookup);
        assert_eq!(got.values.map(f32::to_bits), want.values.map(f32::to_bits));
        assert_eq!(got.largest.to_bits(), want.largest.to_bits());
        let mut chunk = [0; CHUNK];
        let row = codes.row(row).0;
        chunk[..row.len().min(CHUNK)].copy_from_slice(&row[..row.len().min(CHUNK)]);
        let middle = sketches.middle.first_chunk().unwrap();
        assert_eq!(super::signs(&chunk, middle), portable::signs(&chunk, middle));
    }
}

#[test]
fn intrinsics_equal_plain_rust_here() {
    [1, 5, 32, 33, 256, 300].into_iter().for_each(equals_its_twin);
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn intrinsics_equal_plain_rust() {
    [1, 5, 32, 33, 256, 300].into_iter().for_each(equals_its_twin);
}
