//! The decoder, the search and the writer on hostile bytes: see tests/fuzz/exercise.rs, which tests/fuzz.rs runs on a stable compiler too.
#![no_main]

#[path = "../../tests/fuzz/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    exercise::exercise(data);
});
