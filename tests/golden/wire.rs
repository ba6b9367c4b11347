//! Messages of compact medoids whose bytes are equal in Rust and in TypeScript; wire.test.mjs
//! computes the same.
// Panicking is how a test fails.
#![allow(clippy::unwrap_used)]

use crate::sets::{Stream, crc32};
use pocketsage::{Medoids, WirePrecision};

const GOLDEN: &str = include_str!("wire.json");
const PRECISIONS: [WirePrecision; 3] = [WirePrecision::F16, WirePrecision::I8, WirePrecision::F32];

/// Panics unless the messages, and the vectors decoded from them, have the hash of wire.json.
pub(crate) fn assert_recorded_hash() {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    let messages = golden["messages"].as_u64().unwrap();
    let mut stream = Stream(golden["seed"].as_u64().unwrap() as u32);
    let mut bytes = Vec::new();
    for _ in 0..messages {
        let (n, dim) = (1 + stream.below(8), 1 + stream.below(40));
        let precision = PRECISIONS[stream.below(3)];
        let count = 1 + stream.below(10_000) as u32;
        let (has_ids, has_vectors) = [(true, true), (true, false), (false, true)][stream.below(3)];
        let space = (stream.below(2) == 0).then(|| "ä".repeat(1 + stream.below(30)));
        let ids: Vec<String> = (0..n).map(|_| "é1".repeat(1 + stream.below(12))).collect();
        let values: Vec<f32> = (0..n).flat_map(|_| vector(dim, &mut stream)).collect();
        let medoids = Medoids {
            count,
            ids: if has_ids { ids.iter().map(String::as_str).collect() } else { Vec::new() },
            vectors: if has_vectors { values } else { Vec::new() },
            dim: if has_vectors { dim } else { 1 },
            space: space.as_deref(),
        };
        let message = medoids.encode(precision).unwrap();
        let decoded = Medoids::decode(&message).unwrap();
        bytes.extend(decoded.vectors.iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(message);
    }
    assert_eq!(format!("{:08x}", crc32(bytes)), golden["crc32"]);
}

/// Components in [-scale, scale): some vectors are zero, and some components are tiny.
fn vector(dim: usize, stream: &mut Stream) -> Vec<f32> {
    let scale = [0.0, 1.0, 1024.0, 1.0 / 65_536.0][stream.below(4)];
    (0..dim)
        .map(|_| {
            let tiny = [1.0, 1.0, 1.0 / 16_384.0][stream.below(3)];
            ((stream.next() >> 8) as f32 - 8_388_608.0) / 8_388_608.0 * scale * tiny
        })
        .collect()
}
