//! Fuzzes the reader of catalogues on the stable toolchain: valid files of every kind, mutated at
//! random, without coverage guidance.
//!
//! `fuzz/` is the same as a cargo-fuzz target, which needs a nightly compiler. `FUZZ_EXECUTIONS` is
//! the number of inputs (default: 30,000), `FUZZ_SEED` the seed.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "fuzz/exercise.rs"]
mod exercise;

use pocketsage::{
    BuildOptions, Catalogue, CatalogueBuilder, Items, Metric, Precision, Section, Vectors,
};
use std::fs;
use std::path::Path;

/// A seeded random number generator (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n.max(1)
    }
}

/// Boundary values of counts, offsets and lengths.
const BOUNDARY_VALUES: [u64; 10] = [
    0,
    1,
    2,
    63,
    64,
    0x7fff_ffff,
    0xffff_ffff,
    0xffff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    1 << 32,
];

fn mutate(random: &mut Random, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    for _ in 0..=random.below(4) {
        let length = bytes.len();
        // Half of all mutations are within the header and the section table.
        let table = random.below(2) == 0;
        let at = random.below(if table { length.min(512) } else { length });
        match random.below(9) {
            0 if length > 0 => bytes[at] ^= 1 << random.below(8),
            1 if length > 0 => bytes[at] = random.below(256) as u8,
            2 => {
                let (at, width) = (at & !3, [1, 2, 4, 8][random.below(4)]);
                let value = BOUNDARY_VALUES[random.below(BOUNDARY_VALUES.len())]
                    .wrapping_add(random.below(3) as u64);
                for (byte, value) in bytes.iter_mut().skip(at).take(width).zip(value.to_le_bytes())
                {
                    *byte = value;
                }
            }
            3 => bytes.truncate(at),
            4 => bytes
                .splice(at..at, core::iter::repeat_n(random.below(256) as u8, random.below(80)))
                .for_each(drop),
            5 => {
                let end = (at + random.below(80)).min(length);
                bytes.drain(at..end).for_each(drop);
            }
            6 => {
                let other = &corpus[random.below(corpus.len())];
                let start = random.below(other.len());
                let part = &other[start..(start + random.below(100)).min(other.len())];
                for (byte, value) in bytes.iter_mut().skip(at).zip(part) {
                    *byte = *value;
                }
            }
            7 if length >= 88 => {
                // One entry of the section table overwrites another.
                let entry = |random: &mut Random| 64 + 24 * random.below((length - 64) / 24);
                let (a, b) = (entry(random), entry(random));
                bytes.copy_within(a..a + 24, b);
            }
            _ => {
                for byte in bytes.iter_mut().skip(at).take(8) {
                    *byte = byte.wrapping_add(1);
                }
            }
        }
    }
}

/// Small files that together have every kind of section but two that the core only copies: the
/// text tower and the name of the vector space.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let build = |metric, precision, n: usize, dim: usize, payloads: bool| {
        let values: Vec<f32> = (0..n * dim).map(|i| ((i * 37 % 101) as f32 - 50.0) / 9.0).collect();
        let ids: Vec<String> = (0..n).map(|i| format!("é{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let texts = vec!["{\"a\":1}"; n];
        let mut items = Items::new(Vectors::new(&values, dim).unwrap(), &ids);
        if payloads {
            items = items.with_payloads(&texts);
        }
        let mut builder = CatalogueBuilder::new(dim, BuildOptions { metric, precision }).unwrap();
        builder.add(&items).unwrap();
        builder
    };
    let bytes = |builder: CatalogueBuilder| builder.finish().unwrap().bytes().to_vec();
    let words = |numbers: &[u32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let full = || build(Metric::Cosine, Precision::Full, 5, 3, true);

    let centres = build(Metric::Cosine, Precision::Compact, 2, 3, false).finish().unwrap();
    let mut lists = full();
    let head = words(&[1, 2, 1f32.to_bits(), 0, 3, 5]);
    let section =
        [&head, centres.section(Section::Scales), centres.section(Section::Codes)].concat();
    lists.set_section(Section::Lists, section);
    let mut removed = build(Metric::L2, Precision::Full, 40, 5, true);
    removed.set_section(Section::Removed, words(&[0x0100_0001, 1]));
    removed.set_section(Section::Attributes, words(&[0, 0, 0, 0]));
    let mut delta = full();
    for (section, content) in [
        (Section::Base, vec![7; 8]),
        (Section::Revision, vec![9; 8]),
        (Section::DroppedOffsets, words(&[1, 3])),
        (Section::Dropped, b"abc".to_vec()),
        (Section::PriorChanges, [words(&[0, 4]), vec![0, 0x3c, 0, 0x40]].concat()),
    ] {
        delta.set_section(section, content);
    }
    let mut priors = full();
    priors.set_log_priors(&[0.0, 0.7, 3.0, 34.5, 0.0]).unwrap();
    vec![
        ("full", bytes(full())),
        ("compact", bytes(build(Metric::InnerProduct, Precision::Compact, 9, 33, false))),
        ("l2", bytes(build(Metric::L2, Precision::Full, 7, 32, false))),
        ("empty", bytes(build(Metric::Cosine, Precision::Full, 0, 4, false))),
        ("lists", bytes(lists)),
        ("removed", bytes(removed)),
        ("delta", delta.finish_delta().unwrap()),
        ("priors", bytes(priors)),
    ]
}

#[test]
fn mutated_files_are_an_error_or_usable() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (executions, seed) = (number("FUZZ_EXECUTIONS", 30_000), number("FUZZ_SEED", 1));
    let corpus: Vec<Vec<u8>> = corpus().into_iter().map(|(_, bytes)| bytes).collect();
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut catalogues = 0u64;
    for execution in 0..executions {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        mutate(&mut random, &mut bytes, &corpus);
        let kept = bytes.clone();
        match std::panic::catch_unwind(|| exercise::exercise(&bytes)) {
            Ok(readable) => catalogues += u64::from(readable),
            Err(_) => {
                let file = std::env::temp_dir().join("pocketsage-fuzz-finding.sage");
                fs::write(&file, kept).unwrap();
                panic!(
                    "execution {execution} of seed {seed} panicked; its bytes are in {}",
                    file.display()
                );
            }
        }
        if executions > 1_000_000 && execution % 1_000_000 == 0 {
            println!("{execution} executions, {catalogues} of them readable");
        }
    }
    println!("{executions} executions of seed {seed}, {catalogues} of them readable, no finding");
    // Otherwise mutations would only exercise the header checks.
    assert!(catalogues > executions / 20 && catalogues < executions);
}

/// The seed corpus of cargo-fuzz consists of the files that are mutated here.
#[test]
fn the_committed_corpus_is_current_and_readable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/catalogue");
    for (name, bytes) in corpus() {
        let file = folder.join(format!("{name}.sage"));
        if std::env::var_os("WRITE_CORPUS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &bytes).unwrap();
        }
        let committed = fs::read(&file).unwrap();
        assert_eq!(
            committed, bytes,
            "{name}: regenerate the corpus by WRITE_CORPUS=1 cargo test --test fuzz"
        );
        assert!(exercise::exercise(&committed));
        assert_eq!(Catalogue::from_bytes(committed).is_ok(), name != "delta");
    }
}
