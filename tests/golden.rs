//! Ward against SciPy on the sets of tests/golden, and the profile whose hash is equal on every
//! runtime.
#![cfg(not(target_arch = "wasm32"))]

#[path = "golden/profile.rs"]
mod profile;
#[path = "golden/sets.rs"]
mod sets;
#[path = "golden/wire.rs"]
mod wire;

use pocketsage::{Catalogue, Vectors, ward};
use sets::{crc32, read};

const WARD: &[u8] = include_bytes!("golden/ward.bin");
const EMOJI: &[u8] = include_bytes!("../www/public/emoji.sage");

#[test]
fn ward_equals_scipy() {
    let catalogue = Catalogue::from_bytes(EMOJI.to_vec()).unwrap();
    let (sets, crc) = read(WARD);
    let mut stored = Vec::new();
    (0..catalogue.len()).for_each(|row| catalogue.read_vector(row, &mut stored).unwrap());
    let actual = crc32(stored.iter().flat_map(|x| x.to_le_bytes()));
    assert_eq!(actual, crc, "the emoji vectors differ from those of make.py: run it again");

    let (mut partitions, mut largest) = (0, 0.0f64);
    for (i, golden) in sets.iter().enumerate() {
        let values = golden.vectors(&catalogue);
        let tree = ward(Vectors::new(&values, golden.dim).unwrap(), None).unwrap();
        let name = format!("set {i}: kind {}, n {}, dim {}", golden.kind, golden.n, golden.dim);

        assert_eq!(tree.merges().len(), golden.heights.len(), "{name}");
        for (merge, &expected) in tree.merges().iter().zip(&golden.heights) {
            // A squared height of 0 joins equal rows.
            let error = if expected == 0.0 {
                merge.height
            } else {
                (merge.height - expected).abs() / expected
            };
            assert!(error <= 1e-5, "{name}: height {}, SciPy has {expected}", merge.height);
            largest = largest.max(error);
        }
        for (threshold, labels) in &golden.cuts {
            let found = tree.cut_at(*threshold);
            match labels {
                Some(labels) => assert_eq!(&found.labels, labels, "{name}: cut at {threshold}"),
                None => {
                    let count =
                        golden.n - golden.heights.partition_point(|height| height <= threshold);
                    assert_eq!(found.count, count, "{name}: cut at {threshold}");
                }
            }
            partitions += usize::from(labels.is_some());
        }
    }
    println!(
        "{} sets, {partitions} partitions, largest relative error of a height {largest:.1e}",
        sets.len()
    );
    assert!(sets.len() >= 300);
    assert!(partitions >= 5 * 300);
    for kind in 0..5 {
        assert!(sets.iter().filter(|golden| golden.kind == kind).count() >= 50);
    }
    assert!(sets.iter().any(|golden| golden.n == 1) && sets.iter().any(|golden| golden.n == 400));
    assert!(
        sets.iter().any(|golden| golden.dim == 2) && sets.iter().any(|golden| golden.dim == 384)
    );
}

#[test]
fn a_profile_has_its_recorded_hash() {
    profile::assert_recorded_hash();
}

#[test]
fn messages_of_compact_medoids_have_the_recorded_hash() {
    wire::assert_recorded_hash();
}
