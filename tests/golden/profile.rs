//! The profile whose hash is equal on every runtime; profile-hash.mjs computes the same in
//! JavaScript.
// Panicking is how a test fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::sets::{crc32, mixture, streams};
use pocketsage::{Actions, Error, Profile, ProfileOptions, Session, Vectors, profile};

const PROFILE: &str = include_str!("profile.json");

/// Panics unless the profile has the hash that profile.json records.
pub(crate) fn assert_recorded_hash() {
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
    let options =
        ProfileOptions { half_life_days: Some(number("halfLifeDays")), ..Default::default() };
    let expected = golden["crc32"].as_str().unwrap();
    let now = number("now");
    let error =
        profile(&actions, now, &ProfileOptions { memory: Some(1.0), ..options }).unwrap_err();
    let Error::Memory { needed, .. } = error else { panic!("{error}") };
    // The least memory, and more. (Each strategy by itself is tested in src/ward/mod.rs.)
    for memory in (0..8).map(|step| needed as f64 * (1.0 + f64::from(step) / 2.0)) {
        let found =
            profile(&actions, now, &ProfileOptions { memory: Some(memory), ..options }).unwrap();
        assert_eq!(hash(&found), expected, "in {memory} bytes");
    }
    // And through a session, action by action.
    let mut session = Session::new(dim).unwrap();
    for (row, vector) in actions.vectors().rows().enumerate() {
        session.add(vector, &at[row..=row], &weights[row..=row]).unwrap();
        if row % 16 == 0 {
            session.profile(now, &options).unwrap();
        }
    }
    let found = session.profile(now, &options).unwrap();
    assert_eq!(found.medoids.len() as f64, number("interests"));
    assert_eq!(hash(&found), expected, "{found:?}");
}

/// The CRC-32 of the labels (i32), medoids (u32), importances, times and threshold (f64).
fn hash(found: &Profile) -> String {
    let mut bytes = Vec::new();
    found.partition.labels.iter().for_each(|label| bytes.extend(label.to_le_bytes()));
    found.medoids.iter().for_each(|&row| bytes.extend((row as u32).to_le_bytes()));
    let shares = found.importance.iter().chain(&found.last_active).chain([&found.threshold]);
    shares.for_each(|x| bytes.extend(x.to_le_bytes()));

    format!("{:08x}", crc32(bytes))
}
