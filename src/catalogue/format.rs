//! Writes and reads the bytes of a `.sage` catalogue, version 1: one flat little-endian buffer.
//! docs/format.md specifies every byte, with an example.
//!
//! A file consists of a header of 64 bytes, a table of sections, and the sections, each at a
//! multiple of 64 bytes. Sections of unknown kinds are skipped. [`read`] checks the hash and every
//! value that later code uses as an index or relies on for finite results; code outside this file
//! does not check again. More than 400 lines: writer and reader of each field must be read side by
//! side.

use super::bitset::RowSet;
use super::bytes::{are_7_bit, eight_bytes_at, f32_at, four_bytes_at, live_rows, u32_at};
use super::header::{ErrorBound, Header, MAX_SCALE, SECTION_SLOTS, Section};
use super::ivf::InvertedLists;
use super::metric::Metric;
use super::priors;
use super::string_table::StringTable;
use crate::Error;
use crate::limits::{MAX_DIM, MAX_ID_BYTES};
use crate::math::hash::checksum64;
use crate::text::{IntoText, hex16, message};
use alloc::vec::Vec;

/// The first bytes of a file.
const MAGIC: &[u8; 8] = b"SAGE-CAT";
/// The format version that is written; also the newest format version that is read.
const VERSION: u32 = 1;
/// Offset of the first hashed byte.
const HASHED_FROM: usize = 16;
/// Size of the header, in bytes.
const HEADER_BYTES: usize = 64;
/// Size of an entry of the section table, in bytes.
const TABLE_ENTRY_BYTES: usize = 24;
/// The offset of each section is a multiple of this number of bytes.
const SECTION_ALIGNMENT: usize = 64;
/// Maximum number of entries in the section table.
const MAX_SECTIONS: usize = 64;

/// The parsed header of a file, and the byte range of each section.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) header: Header,
    /// XXH64 of the file from the byte at [`HASHED_FROM`] on.
    pub(super) hash: u64,
    /// The live rows: those whose item is not removed.
    pub(super) live: RowSet,
    /// Number of live rows.
    pub(super) size: usize,
    /// The inverted lists, if the file has any.
    pub(super) lists: Option<InvertedLists>,
    /// Start and end offset of each section, by kind; `None` for a section that the file lacks.
    sections: [Option<(usize, usize)>; SECTION_SLOTS],
}

impl Layout {
    /// Whether the file has the section.
    pub(super) fn has(&self, section: Section) -> bool {
        self.sections[section as usize].is_some()
    }

    /// The bytes of a section, empty when the file has none.
    pub(super) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        self.sections[section as usize].map_or(&[], |(start, end)| &bytes[start..end])
    }
}

/// Writes header, section table and sections, and validates the result as [`read`] does.
pub(super) fn write(
    header: &Header,
    sections: &[(Section, Vec<u8>)],
) -> Result<(Vec<u8>, Layout), Error> {
    let Header { n, dim, metric, spread, error_bound } = *header;
    let as_u32 = |name, x: usize| {
        u32::try_from(x)
            .map_err(|_| Error::option(name, message!["got ", x, ", expected below 2^32"]))
    };
    let length = sections
        .iter()
        .fold(HEADER_BYTES + sections.len() * TABLE_ENTRY_BYTES, |end, (_, content)| {
            end.next_multiple_of(SECTION_ALIGNMENT) + content.len()
        });
    let mut bytes = allocate(length)?;
    bytes.resize(HEADER_BYTES + sections.len() * TABLE_ENTRY_BYTES, 0);
    for (i, (section, content)) in sections.iter().enumerate() {
        bytes.resize(bytes.len().next_multiple_of(SECTION_ALIGNMENT), 0);
        let entry_offset = HEADER_BYTES + i * TABLE_ENTRY_BYTES;
        let offset = bytes.len() as u64;
        bytes[entry_offset..entry_offset + 4].copy_from_slice(&(*section as u32).to_le_bytes());
        bytes[entry_offset + 8..entry_offset + 16].copy_from_slice(&offset.to_le_bytes());
        bytes[entry_offset + 16..entry_offset + 24]
            .copy_from_slice(&(content.len() as u64).to_le_bytes());
        bytes.extend_from_slice(content);
    }
    let length = bytes.len() as u64;
    bytes[..8].copy_from_slice(MAGIC);
    bytes[16..20].copy_from_slice(&VERSION.to_le_bytes());
    bytes[20..24].copy_from_slice(&as_u32("number of items", n)?.to_le_bytes());
    bytes[24..28].copy_from_slice(&as_u32("dim", dim)?.to_le_bytes());
    bytes[28..32].copy_from_slice(&(metric as u32).to_le_bytes());
    bytes[32..40].copy_from_slice(&spread.to_le_bytes());
    bytes[40..48].copy_from_slice(&length.to_le_bytes());
    bytes[48..52].copy_from_slice(&as_u32("sections", sections.len())?.to_le_bytes());
    bytes[52..56].copy_from_slice(&error_bound.max_code_norm.to_le_bytes());
    bytes[56..60].copy_from_slice(&error_bound.max_residual_norm.to_le_bytes());
    let hash = checksum64(&bytes[HASHED_FROM..]);
    bytes[8..16].copy_from_slice(&hash.to_le_bytes());
    let layout = validate(&bytes, hash)?;
    Ok((bytes, layout))
}

/// The error for the bytes of a delta where those of a catalogue are expected.
pub(super) fn delta_error() -> Error {
    Error::corrupt("they are a delta; merge it into its base catalogue")
}

/// An empty buffer with this capacity, or [`Error::Memory`].
pub(super) fn allocate(length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(length) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Error::Memory {
            needed: length,
            problem: "the catalogue does not fit; build it with precision \"compact\", or split it"
                .into_text(),
        }),
    }
}

/// The length in bytes of the file that starts with `bytes`, at least its header.
pub(super) fn file_length(bytes: &[u8]) -> Result<u64, Error> {
    if !bytes.starts_with(MAGIC) {
        return Err(Error::corrupt("they do not begin with SAGE-CAT"));
    }
    if bytes.len() < HEADER_BYTES {
        return Err(Error::corrupt(message![
            "got ",
            bytes.len(),
            " bytes, expected at least ",
            HEADER_BYTES
        ]));
    }
    match u32_at(bytes, 4) as u32 {
        VERSION => Ok(u64::from_le_bytes(eight_bytes_at(bytes, 40))),
        got if got > VERSION => Err(Error::Version { got, supported: VERSION }),
        got => Err(Error::corrupt(message!["there is no format version ", got])),
    }
}

/// Checks magic, version, length, hash, section table, and the content of every section that is
/// later used as an index. O(bytes).
pub(super) fn read(bytes: &[u8]) -> Result<Layout, Error> {
    let length = file_length(bytes)?;
    if length != bytes.len() as u64 {
        return Err(Error::corrupt(message!["got ", bytes.len(), " bytes, expected ", length]));
    }
    let hash = u64::from_le_bytes(eight_bytes_at(bytes, 8));
    let computed_hash = checksum64(&bytes[HASHED_FROM..]);
    if hash != computed_hash {
        let [computed_hash, hash] = [computed_hash, hash].map(hex16);
        return Err(Error::corrupt(message!["their hash is ", computed_hash, ", expected ", hash]));
    }
    validate(bytes, hash)
}

/// Checks header, section table and sections of bytes whose length and hash have been checked.
fn validate(bytes: &[u8], hash: u64) -> Result<Layout, Error> {
    let bad_header = || Error::corrupt("the header has impossible values");
    let header = Header {
        n: u32_at(bytes, 5),
        dim: u32_at(bytes, 6),
        metric: Metric::from_number(u32_at(bytes, 7)).ok_or_else(bad_header)?,
        spread: f64::from_le_bytes(eight_bytes_at(bytes, 32)),
        error_bound: ErrorBound {
            max_code_norm: f32_at(bytes, 13),
            max_residual_norm: f32_at(bytes, 14),
        },
    };
    let is_valid = |x: f64| x.is_finite() && x >= 0.0;
    let header_floats = [
        header.spread,
        header.error_bound.max_code_norm.into(),
        header.error_bound.max_residual_norm.into(),
    ];
    if !(1..=MAX_DIM).contains(&header.dim) || !header_floats.into_iter().all(is_valid) {
        return Err(bad_header());
    }
    let mut layout = Layout {
        header,
        hash,
        live: RowSet::empty(0),
        size: 0,
        lists: None,
        sections: read_section_table(bytes, u32_at(bytes, 12))?,
    };
    // Sections whose length is proportional to n are checked first, so that a wrong n is an error
    // before memory is allocated for n rows.
    check_vectors(bytes, &layout)?;
    check_strings(bytes, &layout, Section::IdOffsets, Section::Ids, header.n)?;
    if layout.has(Section::Payloads) || layout.has(Section::PayloadOffsets) {
        check_strings(bytes, &layout, Section::PayloadOffsets, Section::Payloads, header.n)?;
    }
    layout.live = read_live_rows(bytes, &layout)?;
    layout.size = layout.live.count();
    check_id_order(bytes, &layout)?;
    if layout.has(Section::Lists) {
        layout.lists = Some(InvertedLists::read(
            layout.section(bytes, Section::Lists),
            header.n,
            header.dim,
            header.metric,
        )?);
    }
    if layout.has(Section::Priors) {
        check_length(&layout, bytes, Section::Priors, header.n.checked_mul(2))?;
        priors::check(layout.section(bytes, Section::Priors))?;
    }
    for section in [Section::Revision, Section::Base] {
        if layout.has(section) {
            check_length(&layout, bytes, section, Some(8))?;
        }
    }
    if layout.has(Section::Base) {
        let dropped_count = layout.section(bytes, Section::DroppedOffsets).len() / 4;
        check_strings(bytes, &layout, Section::DroppedOffsets, Section::Dropped, dropped_count)?;
    }
    Ok(layout)
}

/// Reads the section table. Sections must be in the order of their offsets, within the file, and
/// must not overlap; no kind may occur twice.
fn read_section_table(
    bytes: &[u8],
    count: usize,
) -> Result<[Option<(usize, usize)>; SECTION_SLOTS], Error> {
    let mut sections = [None; SECTION_SLOTS];
    if count > MAX_SECTIONS || HEADER_BYTES + count * TABLE_ENTRY_BYTES > bytes.len() {
        return Err(Error::corrupt(message!["a table of ", count, " sections does not fit"]));
    }
    let mut previous_end = (HEADER_BYTES + count * TABLE_ENTRY_BYTES) as u64;
    for entry_offset in (0..count).map(|i| HEADER_BYTES + i * TABLE_ENTRY_BYTES) {
        let kind = u32::from_le_bytes(four_bytes_at(bytes, entry_offset));
        let start = u64::from_le_bytes(eight_bytes_at(bytes, entry_offset + 8));
        let length = u64::from_le_bytes(eight_bytes_at(bytes, entry_offset + 16));
        let end = start.saturating_add(length);
        if start < previous_end
            || !start.is_multiple_of(SECTION_ALIGNMENT as u64)
            || end > bytes.len() as u64
        {
            return Err(Error::corrupt(message!["section ", kind, " lies at ", start, "..", end]));
        }
        previous_end = end;
        if let Some(slot) = sections.get_mut(kind as usize) {
            if slot.is_some() {
                return Err(Error::corrupt(message!["section ", kind, " occurs twice"]));
            }
            *slot = Some((start as usize, end as usize));
        }
    }
    Ok(sections)
}

/// Checks the length of a section in bytes. A `length` of `None`, the result of an overflow, is an
/// error. `inline(never)`: many callers, none of them hot.
#[inline(never)]
fn check_length(
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

/// Checks the lengths of the vector sections, and the ranges of scales, norms and codes.
fn check_vectors(bytes: &[u8], layout: &Layout) -> Result<(), Error> {
    let Header { n, dim, metric, .. } = layout.header;
    let cell_count = n.checked_mul(dim);
    check_length(layout, bytes, Section::Scales, n.checked_mul(4))?;
    check_length(layout, bytes, Section::Codes, cell_count)?;
    if layout.has(Section::Residuals) {
        check_length(layout, bytes, Section::Residuals, cell_count)?;
    }
    check_floats(bytes, layout, Section::Scales)?;
    if metric == Metric::L2 {
        check_length(layout, bytes, Section::Norms, n.checked_mul(4))?;
        check_floats(bytes, layout, Section::Norms)?;
    }
    match are_7_bit(layout.section(bytes, Section::Codes)) {
        false => Err(Error::corrupt("a code is above 127")),
        true => Ok(()),
    }
}

/// Checks that every `f32` of a section is finite, not negative and within its maximum.
fn check_floats(bytes: &[u8], layout: &Layout, section: Section) -> Result<(), Error> {
    let content = layout.section(bytes, section);
    let max_value = if section == Section::Scales { MAX_SCALE } else { f32::MAX };
    let is_valid = |row| (0.0..=max_value).contains(&f32_at(content, row));
    match (0..layout.header.n).find(|&row| !is_valid(row)) {
        Some(row) => {
            let got = f64::from(f32_at(content, row));
            Err(Error::corrupt(message!["row ", row, " of section ", section as u32, " is ", got]))
        }
        None => Ok(()),
    }
}

/// Checks a string table of n strings. The length of ids is limited, that of payloads is not.
fn check_strings(
    bytes: &[u8],
    layout: &Layout,
    offsets: Section,
    strings: Section,
    n: usize,
) -> Result<(), Error> {
    check_length(layout, bytes, offsets, n.checked_mul(4))?;
    let min_bytes = usize::from(strings == Section::Ids || strings == Section::Dropped);
    let max_bytes = if min_bytes == 1 { MAX_ID_BYTES } else { usize::MAX };
    StringTable { offsets: layout.section(bytes, offsets), bytes: layout.section(bytes, strings) }
        .check(min_bytes..=max_bytes)
        .map_err(|problem| Error::corrupt(message!["section ", strings as u32, ": ", problem]))
}

/// The rows that are not set in [`Section::Removed`].
fn read_live_rows(bytes: &[u8], layout: &Layout) -> Result<RowSet, Error> {
    let n = layout.header.n;
    if layout.has(Section::Removed) {
        check_length(layout, bytes, Section::Removed, Some(n.div_ceil(32) * 4))?;
    }
    Ok(live_rows(n, layout.section(bytes, Section::Removed)))
}

/// Checks that [`Section::IdOrder`] has live rows only, in strictly ascending order of their ids.
/// Because it has as many entries as there are live rows, each live row then occurs once, and no
/// two ids are equal.
fn check_id_order(bytes: &[u8], layout: &Layout) -> Result<(), Error> {
    check_length(layout, bytes, Section::IdOrder, layout.size.checked_mul(4))?;
    let section = |section| layout.section(bytes, section);
    let ids = StringTable { offsets: section(Section::IdOffsets), bytes: section(Section::Ids) };
    let order = section(Section::IdOrder);
    let mut previous: &[u8] = &[];
    for i in 0..layout.size {
        let row = u32_at(order, i);
        if !layout.live.contains(row) {
            return Err(Error::corrupt(message!["entry ", i, " of the id order is row ", row]));
        }
        let id = ids.get(row);
        if id <= previous {
            return Err(Error::corrupt(message!["ids are not in ascending order at entry ", i]));
        }
        previous = id;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Catalogue, Items, Precision, Vectors};
    use alloc::vec::Vec;
    use xxhash_rust::xxh64::xxh64;

    /// The bytes of a valid file of three items.
    fn three_item_file() -> Vec<u8> {
        let vectors = Vectors::new(&[1.0, 0.0, 0.5, 0.5, -1.0, 2.0], 2).unwrap();
        let items = Items::new(vectors, &["x", "ü", "z"]).with_payloads(&["1", "", "{}"]);
        Catalogue::build(&items, Precision::Full).unwrap().bytes().to_vec()
    }

    /// The code of the error of reading these bytes; `None` if they are a valid catalogue.
    fn read_error_code(bytes: Vec<u8>) -> Option<&'static str> {
        Catalogue::from_bytes(bytes).err().map(|error| error.code())
    }

    #[test]
    fn every_truncation_is_corrupt() {
        let bytes = three_item_file();
        for length in 0..bytes.len() {
            assert_eq!(read_error_code(bytes[..length].to_vec()), Some("corrupt"), "{length}");
        }
        let longer_bytes = [&bytes[..], &[0]].concat();
        assert_eq!(read_error_code(longer_bytes), Some("corrupt"));
    }

    #[test]
    fn every_flipped_bit_is_an_error() {
        let bytes = three_item_file();
        for i in 0..bytes.len() * 8 {
            let mut altered_bytes = bytes.clone();
            altered_bytes[i / 8] ^= 1 << (i % 8);
            assert!(read_error_code(altered_bytes).is_some(), "bit {i}");
        }
    }

    #[test]
    fn a_newer_version_is_a_version_error() {
        let mut bytes = three_item_file();
        bytes[16] = 2;
        assert_eq!(read_error_code(bytes), Some("version"));
    }

    #[test]
    fn altered_bytes_with_a_valid_hash_are_an_error_or_harmless() {
        // Every byte after the version is set to boundary values, and the hash is recomputed.
        let bytes = three_item_file();
        for i in 20..bytes.len() {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut altered_bytes = bytes.clone();
                altered_bytes[i] = value;
                let hash = xxh64(&altered_bytes[16..], 0);
                altered_bytes[8..16].copy_from_slice(&hash.to_le_bytes());
                let Ok(catalogue) = Catalogue::from_bytes(altered_bytes) else { continue };
                let query = alloc::vec![1.0; catalogue.dim()];
                let query = Vectors::new(&query, catalogue.dim()).unwrap();
                let hit_lists = catalogue.search(query, 3, &[]).unwrap();
                for hit in &hit_lists[0] {
                    let id = catalogue.id(hit.row).unwrap();
                    assert_eq!(catalogue.row(id), Some(hit.row));
                    let _ = catalogue.payload(hit.row);
                }
            }
        }
    }
}
