//! The profile whose hash is the same on every engine; profile-input.mjs is its JavaScript twin.
// Panicking is how a test fails.
#![allow(clippy::unwrap_used)]

use crate::sets::{crc32, mixture, streams};
use pocketsage::{Actions, ProfileOptions, Vectors, profile};

const PROFILE: &str = include_str!("profile.json");

/// Panics unless it has.
pub(crate) fn has_its_recorded_hash() {
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
