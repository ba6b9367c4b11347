//! Fuzz target: decodes, searches and writes catalogues from arbitrary bytes by
//! tests/fuzz/exercise.rs, which tests/fuzz.rs also runs, on a stable compiler.
#![no_main]

#[path = "../../tests/fuzz/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    exercise::exercise(data);
});
