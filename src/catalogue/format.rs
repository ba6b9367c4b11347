//! The bytes of a `.sage` catalogue, version 1: one flat little-endian buffer. `docs/format.md` has it byte by byte, with an example.
//!
//! A header of 64 bytes, a table of sections, and the sections, each at a multiple of 64. Kinds a reader does not know are skipped. Nothing
//! is trusted that was not checked by [`read`]; all that is checked there is what memory safety and lookups rest on, and the hash.
//! (One file, so that what is written and what is checked stand side by side.)

use super::bitset::RowSet;
use super::bytes::{eight, float, four, number, small, without};
use super::header::{
    ErrorBound, Header, KINDS, LARGEST_SCALE, LONGEST_ID, MOST_DIMENSIONS, Section,
};
use super::ivf::InvertedLists;
use super::metric::Metric;
use super::string_table::StringTable;
use crate::Error;
use crate::math::hash::checksum64;
use crate::text::{hexadecimal, message};
use alloc::vec::Vec;
use core::ops::Range;

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
/// Where everything is.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) header: Header,
    pub(super) hash: u64,
    /// Rows that were not removed, and how many.
    pub(super) live: RowSet,
    pub(super) size: usize,
    pub(super) lists: Option<InvertedLists>,
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

/// Lays out the sections behind a header.
pub(super) fn write(
    header: &Header,
    sections: &[(Section, Vec<u8>)],
) -> Result<(Vec<u8>, Layout), Error> {
    let Header { n, dim, metric, spread, reach } = *header;
    let small = |name, x: usize| {
        u32::try_from(x)
            .map_err(|_| Error::option(name, message!["got ", x, ", expected below 2^32"]))
    };
    let length = sections.iter().fold(HEADER + sections.len() * ENTRY, |end, (_, content)| {
        end.next_multiple_of(ALIGNMENT) + content.len()
    });
    let mut bytes = reserve(length)?;
    bytes.resize(HEADER + sections.len() * ENTRY, 0);
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
    bytes[28..32].copy_from_slice(&(metric as u32).to_le_bytes());
    bytes[32..40].copy_from_slice(&spread.to_le_bytes());
    bytes[40..48].copy_from_slice(&length.to_le_bytes());
    bytes[48..52].copy_from_slice(&small("sections", sections.len())?.to_le_bytes());
    bytes[52..56].copy_from_slice(&reach.codes.to_le_bytes());
    bytes[56..60].copy_from_slice(&reach.residuals.to_le_bytes());
    let hash = checksum64(&bytes[HASHED..]);
    bytes[8..16].copy_from_slice(&hash.to_le_bytes());
    let layout = lay_out(&bytes, hash)?;
    Ok((bytes, layout))
}

/// What reads like a catalogue, but is not one.
pub(super) fn is_delta() -> Error {
    Error::corrupt("they are the changes to a catalogue, to be merged into it")
}

/// Room for a file of this length, or [`Error::Memory`].
pub(super) fn reserve(length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(length) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Error::Memory {
            needed: length,
            problem: "the catalogue does not fit; build it with precision \"compact\", or split it"
                .into(),
        }),
    }
}

/// The length of a whole file by its first bytes, at least 64 of them.
pub(super) fn announced(bytes: &[u8]) -> Result<u64, Error> {
    if !bytes.starts_with(MAGIC) {
        return Err(Error::corrupt("they do not begin with SAGE-CAT, as a catalogue does"));
    }
    if bytes.len() < HEADER {
        return Err(Error::corrupt(message![
            "got ",
            bytes.len(),
            " bytes, expected at least ",
            HEADER
        ]));
    }
    match number(bytes, 4) as u32 {
        VERSION => Ok(u64::from_le_bytes(eight(bytes, 40))),
        got if got > VERSION => Err(Error::Version { got, supported: VERSION }),
        got => Err(Error::corrupt(message!["format version ", got, " never existed"])),
    }
}

/// Checks bytes from the outside in: magic, version, length, hash, section table, and the content of every section that is
/// later trusted as an index.
pub(super) fn read(bytes: &[u8]) -> Result<Layout, Error> {
    let length = announced(bytes)?;
    if length != bytes.len() as u64 {
        return Err(Error::corrupt(message!["got ", bytes.len(), " bytes, expected ", length]));
    }
    let hash = u64::from_le_bytes(eight(bytes, 8));
    let seen = checksum64(&bytes[HASHED..]);
    if hash != seen {
        let [seen, hash] = [seen, hash].map(hexadecimal);
        return Err(Error::corrupt(message!["their hash is ", seen, ", expected ", hash]));
    }
    lay_out(bytes, hash)
}

/// The same for bytes whose length and hash are known to be right.
fn lay_out(bytes: &[u8], hash: u64) -> Result<Layout, Error> {
    let impossible = || Error::corrupt("the header has impossible values");
    let header = Header {
        n: number(bytes, 5),
        dim: number(bytes, 6),
        metric: Metric::from_number(number(bytes, 7)).ok_or_else(impossible)?,
        spread: f64::from_le_bytes(eight(bytes, 32)),
        reach: ErrorBound { codes: float(bytes, 13), residuals: float(bytes, 14) },
    };
    let good = |x: f64| x.is_finite() && x >= 0.0;
    let numbers = [header.spread, header.reach.codes.into(), header.reach.residuals.into()];
    if !(1..=MOST_DIMENSIONS).contains(&header.dim) || !numbers.into_iter().all(good) {
        return Err(impossible());
    }
    let mut layout = Layout {
        header,
        hash,
        live: RowSet::none(0),
        size: 0,
        lists: None,
        sections: table(bytes, number(bytes, 12))?,
    };
    // First the sections whose length is a multiple of n, so that a hostile n allocates nothing.
    check_vectors(bytes, &layout)?;
    check_texts(bytes, &layout, Section::IdOffsets, Section::Ids, header.n)?;
    if layout.has(Section::Payloads) || layout.has(Section::PayloadOffsets) {
        check_texts(bytes, &layout, Section::PayloadOffsets, Section::Payloads, header.n)?;
    }
    layout.live = live_rows(bytes, &layout)?;
    layout.size = layout.live.count();
    check_order(bytes, &layout)?;
    if layout.has(Section::Lists) {
        layout.lists = Some(InvertedLists::read(
            layout.section(bytes, Section::Lists),
            header.n,
            header.dim,
            header.metric,
        )?);
    }
    for section in [Section::Revision, Section::Base] {
        if layout.has(section) {
            expect(&layout, bytes, section, Some(8))?;
        }
    }
    if layout.has(Section::Base) {
        let dropped = layout.section(bytes, Section::DroppedOffsets).len() / 4;
        check_texts(bytes, &layout, Section::DroppedOffsets, Section::Dropped, dropped)?;
    }
    Ok(layout)
}

/// Reads the section table; sections lie in order, inside the file, without overlap.
fn table(bytes: &[u8], count: usize) -> Result<[Option<(usize, usize)>; KINDS], Error> {
    let mut sections = [None; KINDS];
    if count > MOST_SECTIONS || HEADER + count * ENTRY > bytes.len() {
        return Err(Error::corrupt(message!["a table of ", count, " sections does not fit"]));
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
            return Err(Error::corrupt(message!["section ", kind, " lies at ", start, "..", end]));
        }
        free = end;
        if let Some(slot) = sections.get_mut(kind as usize) {
            if slot.is_some() {
                return Err(Error::corrupt(message!["section ", kind, " is there twice"]));
            }
            *slot = Some((start as usize, end as usize));
        }
    }
    Ok(sections)
}

#[inline(never)]
fn expect(
    layout: &Layout,
    bytes: &[u8],
    section: Section,
    length: Option<usize>,
) -> Result<(), Error> {
    let got = layout.section(bytes, section).len();
    match length {
        Some(length) if got == length => Ok(()),
        _ => Err(Error::corrupt(message!["section ", section as u32, " has ", got, " bytes"])),
    }
}

fn check_vectors(bytes: &[u8], layout: &Layout) -> Result<(), Error> {
    let Header { n, dim, metric, .. } = layout.header;
    let cells = n.checked_mul(dim);
    expect(layout, bytes, Section::Scales, n.checked_mul(4))?;
    expect(layout, bytes, Section::Codes, cells)?;
    if layout.has(Section::Residuals) {
        expect(layout, bytes, Section::Residuals, cells)?;
    }
    check_floats(bytes, layout, Section::Scales)?;
    if metric == Metric::L2 {
        expect(layout, bytes, Section::Norms, n.checked_mul(4))?;
        check_floats(bytes, layout, Section::Norms)?;
    }
    match small(layout.section(bytes, Section::Codes)) {
        false => Err(Error::corrupt("a code is above 127")),
        true => Ok(()),
    }
}

fn check_floats(bytes: &[u8], layout: &Layout, section: Section) -> Result<(), Error> {
    let content = layout.section(bytes, section);
    let largest = if section == Section::Scales { LARGEST_SCALE } else { f32::MAX };
    let good = |row| (0.0..=largest).contains(&float(content, row));
    match (0..layout.header.n).find(|&row| !good(row)) {
        Some(row) => {
            let seen = f64::from(float(content, row));
            Err(Error::corrupt(message!["row ", row, " of section ", section as u32, " is ", seen]))
        }
        None => Ok(()),
    }
}

/// Texts lie one after the other, cover their section, and are UTF-8 each.
fn check_texts(
    bytes: &[u8],
    layout: &Layout,
    ends: Section,
    texts: Section,
    n: usize,
) -> Result<(), Error> {
    expect(layout, bytes, ends, n.checked_mul(4))?;
    let least = usize::from(texts == Section::Ids || texts == Section::Dropped);
    let most = if least == 1 { LONGEST_ID } else { usize::MAX };
    StringTable { ends: layout.section(bytes, ends), texts: layout.section(bytes, texts) }
        .check(least..=most)
        .map_err(|problem| Error::corrupt(message![problem, " of section ", texts as u32]))
}

/// The rows that were not removed.
fn live_rows(bytes: &[u8], layout: &Layout) -> Result<RowSet, Error> {
    let n = layout.header.n;
    if layout.has(Section::Removed) {
        expect(layout, bytes, Section::Removed, Some(n.div_ceil(32) * 4))?;
    }
    Ok(without(n, layout.section(bytes, Section::Removed)))
}

/// The id order lists the live rows by strictly ascending id: each once, and no two of one id.
fn check_order(bytes: &[u8], layout: &Layout) -> Result<(), Error> {
    expect(layout, bytes, Section::IdOrder, layout.size.checked_mul(4))?;
    let section = |section| layout.section(bytes, section);
    let ids = StringTable { ends: section(Section::IdOffsets), texts: section(Section::Ids) };
    let order = section(Section::IdOrder);
    let mut before: &[u8] = &[];
    for i in 0..layout.size {
        let row = number(order, i);
        if !layout.live.has(row) {
            return Err(Error::corrupt(message!["place ", i, " of the id order is row ", row]));
        }
        let id = ids.get(row);
        if id <= before {
            return Err(Error::corrupt(message!["the id order does not ascend at place ", i]));
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
