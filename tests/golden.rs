//! Ward against SciPy on the sets of tests/golden, and the profile whose hash is the same on every engine.
#![cfg(not(target_arch = "wasm32"))]

#[path = "golden/sets.rs"]
mod sets;

use pocketsage::{Actions, Catalogue, ProfileOptions, Vectors, profile, ward};
use sets::{crc32, mixture, read, streams};

const WARD: &[u8] = include_bytes!("golden/ward.bin");
const EMOJI: &[u8] = include_bytes!("../www/public/emoji.sage");
const PROFILE: &str = include_str!("golden/profile.json");

#[test]
fn ward_is_scipys() {
    let catalogue = Catalogue::from_bytes(EMOJI.to_vec()).unwrap();
    let (sets, crc) = read(WARD);
    let mut stored = Vec::new();
    (0..catalogue.len()).for_each(|row| catalogue.read_vector(row, &mut stored).unwrap());
    let seen = crc32(stored.iter().flat_map(|x| x.to_le_bytes()));
    assert_eq!(seen, crc, "other emoji vectors than make.py saw: run it again");

    let (mut partitions, mut largest) = (0, 0.0f64);
    for (i, golden) in sets.iter().enumerate() {
        let values = golden.vectors(&catalogue);
        let tree = ward(Vectors::new(&values, golden.dim).unwrap(), None).unwrap();
        let name = format!("set {i}: kind {}, n {}, dim {}", golden.kind, golden.n, golden.dim);

        assert_eq!(tree.merges().len(), golden.heights.len(), "{name}");
        for (merge, &want) in tree.merges().iter().zip(&golden.heights) {
            // A squared height of 0 joins equal rows.
            let error = if want == 0.0 { merge.height } else { (merge.height - want).abs() / want };
            assert!(error <= 1e-5, "{name}: height {}, SciPy has {want}", merge.height);
            largest = largest.max(error);
        }
        for (threshold, labels) in &golden.cuts {
            let found = tree.cut_at(*threshold);
            match labels {
                Some(labels) => assert_eq!(&found.labels, labels, "{name}: cut at {threshold}"),
                None => {
                    let count = golden.n - golden.heights.partition_point(|height| height <= threshold);
                    assert_eq!(found.count, count, "{name}: cut at {threshold}");
                }
            }
            partitions += usize::from(labels.is_some());
        }
    }
    println!(
        "{} sets, {partitions} partitions, largest relative error of a squared height {largest:.1e}",
        sets.len()
    );
    assert!(sets.len() >= 300);
    assert!(partitions >= 5 * 300);
    for kind in 0..5 {
        assert!(sets.iter().filter(|golden| golden.kind == kind).count() >= 50);
    }
    assert!(sets.iter().any(|golden| golden.n == 1) && sets.iter().any(|golden| golden.n == 400));
    assert!(sets.iter().any(|golden| golden.dim == 2) && sets.iter().any(|golden| golden.dim == 384));
}

#[test]
fn a_profile_has_its_recorded_hash() {
    let golden: serde_json::Value = serde_json::from_str(PROFILE).unwrap();
    let number = |name: &str| golden[name].as_f64().unwrap();
    let (n, dim) = (number("n") as usize, number("dim") as usize);

    let (mut numbers, mut choices) = streams(number("seed") as u32);
    let values = mixture(n, dim, number("centres") as usize, &mut numbers, &mut choices);
    let (mut weights, mut at) = (Vec::new(), Vec::new());
    for _ in 0..n {
        weights.push([0.5, 1.0, 2.0, 3.0][choices.below(4)]);
        at.push(number("now") - 1000.0 * choices.below(number("seconds") as usize) as f64);
    }
    let actions = Actions::new(Vectors::new(&values, dim).unwrap(), &at, &weights).unwrap();
    let options = ProfileOptions { half_life_days: Some(number("halfLifeDays")), ..Default::default() };
    let found = profile(&actions, number("now"), &options).unwrap();

    let mut bytes = Vec::new();
    found.partition.labels.iter().for_each(|label| bytes.extend(label.to_le_bytes()));
    found.medoids.iter().for_each(|&row| bytes.extend((row as u32).to_le_bytes()));
    let shares = found.importance.iter().chain(&found.last_active).chain([&found.threshold]);
    shares.for_each(|x| bytes.extend(x.to_le_bytes()));

    assert_eq!(found.medoids.len() as f64, number("interests"));
    assert_eq!(format!("{:08x}", crc32(bytes)), golden["crc32"].as_str().unwrap(), "{found:?}");
}
