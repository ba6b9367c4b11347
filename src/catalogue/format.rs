//! The bytes of a `.sage` catalogue, version 1: one flat little-endian buffer.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic, `SAGE-CAT` |
//! | 8 | 8 | hash: XXH64 of every byte from offset 16 to the end |
//! | 16 | 4 | version: 1 |
//! | 20 | 4 | n, number of items |
//! | 24 | 4 | dim, length of the vectors |
//! | 28 | 4 | metric: 0 = cosine |
//! | 32 | 8 | spread: mean squared distance of all pairs of items, `f64` |
//! | 40 | 8 | length of the file |
//! | 48 | 4 | number of sections |
//! | 52 | 12 | zero |
//! | 64 | 24 each | section table: kind (4 bytes), zero (4), offset (8), length (8), ascending by offset |
//!
//! Sections start at multiples of 64; the bytes between are zero. Kinds a reader does not know are skipped.
//!
//! | kind | section | content |
//! |---|---|---|
//! | 1 | scales | n `f32` |
//! | 2 | codes | n x dim `u8` in 1..=127: (code - 64) scale |
//! | 3 | residuals | n x dim `i8`, optional: adds residual / 256 scale |
//! | 4 | id ends | n `u32`: where each id ends in the ids |
//! | 5 | ids | UTF-8, one after the other |
//! | 6 | id order | n `u32`: rows in ascending order of the bytes of their ids |
//! | 7 | payload ends | n `u32`, optional |
//! | 8 | payloads | UTF-8, one JSON text an item, empty for none, optional |

use crate::Error;
use crate::shown::Shown;
use alloc::{format, vec, vec::Vec};
use core::ops::Range;
use xxhash_rust::xxh64::xxh64;

/// What a catalogue begins with.
const MAGIC: &[u8; 8] = b"SAGE-CAT";
/// The format written, and the newest that is read.
const VERSION: u32 = 1;
/// Where the hashed part begins.
const HASHED: usize = 16;
/// Bytes before the section table.
const HEADER: usize = 64;
/// Bytes of an entry of the section table.
const ENTRY: usize = 24;
/// Sections start at multiples of this.
const ALIGNMENT: usize = 64;
/// More sections than any version has.
const MOST_SECTIONS: usize = 64;
/// Bytes of the longest id.
pub(super) const LONGEST_ID: usize = 65_535;

/// A part of the file. The numbers are the kinds of the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Section {
    Scales = 1,
    Codes = 2,
    Residuals = 3,
    IdEnds = 4,
    Ids = 5,
    IdOrder = 6,
    PayloadEnds = 7,
    Payloads = 8,
}

/// Kinds known to this version, and one for the unused kind 0.
const KINDS: usize = 9;

/// Where everything is.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) n: usize,
    pub(super) dim: usize,
    pub(super) spread: f64,
    pub(super) hash: u64,
    sections: [Option<(usize, usize)>; KINDS],
}

impl Layout {
    pub(super) fn has(&self, section: Section) -> bool {
        self.sections[section as usize].is_some()
    }

    /// The bytes of a section, empty when the file has none.
    pub(super) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        self.sections[section as usize].map_or(&[], |(start, end)| &bytes[start..end])
    }
}

/// Number i of a section of `u32`.
pub(super) fn number(section: &[u8], i: usize) -> usize {
    u32::from_le_bytes(four(section, i * 4)) as usize
}

/// Number i of a section of `f32`.
pub(super) fn float(section: &[u8], i: usize) -> f32 {
    f32::from_le_bytes(four(section, i * 4))
}

fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    core::array::from_fn(|i| bytes[at + i])
}

fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    core::array::from_fn(|i| bytes[at + i])
}

/// Lays out the sections behind a header.
pub(super) fn write(
    n: usize,
    dim: usize,
    spread: f64,
    sections: &[(Section, Vec<u8>)],
) -> Result<Vec<u8>, Error> {
    let small = |name, x: usize| {
        u32::try_from(x).map_err(|_| Error::option(name, format!("got {x}, expected below 2^32")))
    };
    let mut bytes = vec![0; HEADER + sections.len() * ENTRY];
    for (i, (section, content)) in sections.iter().enumerate() {
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        let entry = HEADER + i * ENTRY;
        let offset = bytes.len() as u64;
        bytes[entry..entry + 4].copy_from_slice(&(*section as u32).to_le_bytes());
        bytes[entry + 8..entry + 16].copy_from_slice(&offset.to_le_bytes());
        bytes[entry + 16..entry + 24].copy_from_slice(&(content.len() as u64).to_le_bytes());
        bytes.extend_from_slice(content);
    }
    let length = bytes.len() as u64;
    bytes[..8].copy_from_slice(MAGIC);
    bytes[16..20].copy_from_slice(&VERSION.to_le_bytes());
    bytes[20..24].copy_from_slice(&small("number of items", n)?.to_le_bytes());
    bytes[24..28].copy_from_slice(&small("dim", dim)?.to_le_bytes());
    bytes[32..40].copy_from_slice(&spread.to_le_bytes());
    bytes[40..48].copy_from_slice(&length.to_le_bytes());
    bytes[48..52].copy_from_slice(&small("sections", sections.len())?.to_le_bytes());
    let hash = xxh64(&bytes[HASHED..], 0);
    bytes[8..16].copy_from_slice(&hash.to_le_bytes());
    Ok(bytes)
}

/// Checks bytes from the outside in: magic, version, length, hash, section table, and the content of every section that is
/// later trusted as an index.
pub(super) fn read(bytes: &[u8]) -> Result<Layout, Error> {
    if !bytes.starts_with(MAGIC) {
        return Err(Error::corrupt("they do not begin with SAGE-CAT, as a catalogue does"));
    }
    let truncated = |expected: u64| {
        let got = bytes.len();
        Error::corrupt(format!("got {got} bytes, expected {expected}"))
    };
    if bytes.len() < HEADER {
        return Err(truncated(HEADER as u64));
    }
    let field = |at| u32::from_le_bytes(four(bytes, at));
    match field(16) {
        VERSION => {}
        got if got > VERSION => return Err(Error::Version { got, supported: VERSION }),
        got => return Err(Error::corrupt(format!("format version {got} never existed"))),
    }
    let length = u64::from_le_bytes(eight(bytes, 40));
    if length != bytes.len() as u64 {
        return Err(truncated(length));
    }
    let hash = u64::from_le_bytes(eight(bytes, 8));
    let seen = xxh64(&bytes[HASHED..], 0);
    if hash != seen {
        return Err(Error::corrupt(format!("their hash is {seen:016x}, expected {hash:016x}")));
    }
    let layout = Layout {
        n: field(20) as usize,
        dim: field(24) as usize,
        spread: f64::from_le_bytes(eight(bytes, 32)),
        hash,
        sections: table(bytes, field(48) as usize)?,
    };
    if layout.dim == 0 || !layout.spread.is_finite() || layout.spread < 0.0 || field(28) != 0 {
        return Err(Error::corrupt("the header has impossible values"));
    }
    check_vectors(bytes, &layout)?;
    check_texts(bytes, &layout, Section::IdEnds, Section::Ids)?;
    check_order(bytes, &layout)?;
    if layout.has(Section::Payloads) || layout.has(Section::PayloadEnds) {
        check_texts(bytes, &layout, Section::PayloadEnds, Section::Payloads)?;
    }
    Ok(layout)
}

/// Reads the section table; sections lie in order, inside the file, without overlap.
fn table(bytes: &[u8], count: usize) -> Result<[Option<(usize, usize)>; KINDS], Error> {
    let mut sections = [None; KINDS];
    if count > MOST_SECTIONS || HEADER + count * ENTRY > bytes.len() {
        return Err(Error::corrupt(format!("a table of {count} sections does not fit")));
    }
    let mut free = (HEADER + count * ENTRY) as u64;
    for entry in (0..count).map(|i| HEADER + i * ENTRY) {
        let kind = u32::from_le_bytes(four(bytes, entry));
        let Range { start, end } = {
            let (offset, length) = (eight(bytes, entry + 8), eight(bytes, entry + 16));
            let start = u64::from_le_bytes(offset);
            start..start.saturating_add(u64::from_le_bytes(length))
        };
        if start < free || !start.is_multiple_of(ALIGNMENT as u64) || end > bytes.len() as u64 {
            return Err(Error::corrupt(format!("section {kind} lies at {start}..{end}")));
        }
        free = end;
        if let Some(slot) = sections.get_mut(kind as usize) {
            if slot.is_some() {
                return Err(Error::corrupt(format!("section {kind} is there twice")));
            }
            *slot = Some((start as usize, end as usize));
        }
    }
    Ok(sections)
}

fn expect(layout: &Layout, bytes: &[u8], section: Section, length: Option<usize>) -> Result<(), Error> {
    let got = layout.section(bytes, section).len();
    match length {
        Some(length) if got == length => Ok(()),
        _ => Err(Error::corrupt(format!("section {section:?} has {got} bytes"))),
    }
}

fn check_vectors(bytes: &[u8], layout: &Layout) -> Result<(), Error> {
    let cells = layout.n.checked_mul(layout.dim);
    expect(layout, bytes, Section::Scales, layout.n.checked_mul(4))?;
    expect(layout, bytes, Section::Codes, cells)?;
    if layout.has(Section::Residuals) {
        expect(layout, bytes, Section::Residuals, cells)?;
    }
    let scales = layout.section(bytes, Section::Scales);
    let good = |row| (0.0..=f32::MAX).contains(&float(scales, row));
    if let Some(row) = (0..layout.n).find(|&row| !good(row)) {
        return Err(Error::corrupt(format!(
            "the scale of row {row} is {}",
            Shown(float(scales, row).into())
        )));
    }
    match layout.section(bytes, Section::Codes).iter().any(|code| !(1..=127).contains(code)) {
        true => Err(Error::corrupt("a code is outside 1..=127")),
        false => Ok(()),
    }
}

/// Texts lie one after the other, cover their section, and are UTF-8 each.
fn check_texts(bytes: &[u8], layout: &Layout, ends: Section, texts: Section) -> Result<(), Error> {
    expect(layout, bytes, ends, layout.n.checked_mul(4))?;
    let numbers = layout.section(bytes, ends);
    let Ok(all) = core::str::from_utf8(layout.section(bytes, texts)) else {
        return Err(Error::corrupt(format!("section {texts:?} is not UTF-8")));
    };
    let mut start = 0;
    for row in 0..layout.n {
        let end = number(numbers, row);
        let length = end.checked_sub(start);
        let id = texts == Section::Ids;
        let fits = length.is_some_and(|length| !id || (1..=LONGEST_ID).contains(&length));
        if !fits || !all.is_char_boundary(end) {
            return Err(Error::corrupt(format!("row {row} of {texts:?} is {start}..{end}")));
        }
        start = end;
    }
    match start == all.len() {
        true => Ok(()),
        false => Err(Error::corrupt(format!("{texts:?} has {} bytes, its rows {start}", all.len()))),
    }
}

/// The id order lists rows by strictly ascending id, which makes it a permutation and the ids distinct.
fn check_order(bytes: &[u8], layout: &Layout) -> Result<(), Error> {
    expect(layout, bytes, Section::IdOrder, layout.n.checked_mul(4))?;
    let section = |section| layout.section(bytes, section);
    let (order, ends, ids) = (section(Section::IdOrder), section(Section::IdEnds), section(Section::Ids));
    let mut before: &[u8] = &[];
    for i in 0..layout.n {
        let row = number(order, i);
        if row >= layout.n {
            return Err(Error::corrupt(format!("place {i} of the id order is row {row}")));
        }
        let start = row.checked_sub(1).map_or(0, |above| number(ends, above));
        let id = &ids[start..number(ends, row)];
        if id <= before {
            return Err(Error::corrupt(format!("the id order does not ascend at place {i}")));
        }
        before = id;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Catalogue, Items, Precision, Vectors};
    use alloc::vec::Vec;
    use xxhash_rust::xxh64::xxh64;

    fn fixture() -> Vec<u8> {
        let vectors = Vectors::new(&[1.0, 0.0, 0.5, 0.5, -1.0, 2.0], 2).unwrap();
        let items = Items::new(vectors, &["x", "ü", "z"]).with_payloads(&["1", "", "{}"]);
        Catalogue::build(&items, Precision::Full).unwrap().bytes().to_vec()
    }

    fn code(bytes: Vec<u8>) -> Option<&'static str> {
        Catalogue::from_bytes(bytes).err().map(|error| error.code())
    }

    #[test]
    fn every_truncation_is_corrupt() {
        let bytes = fixture();
        for length in 0..bytes.len() {
            assert_eq!(code(bytes[..length].to_vec()), Some("corrupt"), "{length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(code(longer), Some("corrupt"));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = fixture();
        for i in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[i / 8] ^= 1 << (i % 8);
            assert!(code(altered).is_some(), "bit {i}");
        }
    }

    #[test]
    fn a_newer_version_says_so() {
        let mut bytes = fixture();
        bytes[16] = 2;
        assert_eq!(code(bytes), Some("version"));
    }

    #[test]
    fn hostile_bytes_with_a_valid_hash_are_refused_or_harmless() {
        // Every byte of header, table and index sections set to every value that tends to hurt, the hash made to fit.
        let bytes = fixture();
        for i in 20..bytes.len() {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut altered = bytes.clone();
                altered[i] = value;
                let hash = xxh64(&altered[16..], 0);
                altered[8..16].copy_from_slice(&hash.to_le_bytes());
                let Ok(catalogue) = Catalogue::from_bytes(altered) else { continue };
                let query = alloc::vec![1.0; catalogue.dim()];
                let query = Vectors::new(&query, catalogue.dim()).unwrap();
                let found = catalogue.search(query, 3, &[]).unwrap();
                for hit in &found[0] {
                    let id = catalogue.id(hit.row).unwrap();
                    assert_eq!(catalogue.row(id), Some(hit.row));
                    let _ = catalogue.payload(hit.row);
                }
            }
        }
    }
}
