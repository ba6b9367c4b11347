//! Items with ids and vectors, searchable: the local index.
//!
//! [`format`] says how the bytes are laid out, [`codes`] how a vector becomes small integers, [`scan`] how a query is answered.

mod codes;
mod format;
mod scan;

pub use codes::Precision;

use crate::order::{Match, order};
use crate::{Error, Vectors, spread};
use alloc::{format, string::String, vec, vec::Vec};
use codes::Codes;
use format::{Layout, Section};

/// A catalogue: n items, each with an id, a unit vector and perhaps a payload (a JSON text the caller gave).
///
/// It *is* its file: one buffer, read in place. Rows are 0..n in the order the items were given.
///
/// ```
/// use pocketsage::{Catalogue, Items, Precision, Vectors};
///
/// let vectors = Vectors::new(&[3.0, 0.0, 0.0, 1.0], 2)?;
/// let catalogue = Catalogue::build(&Items::new(vectors, &["pizza", "football"]), Precision::Full)?;
/// let again = Catalogue::from_bytes(catalogue.bytes().to_vec())?;
/// assert_eq!(again.row("football"), Some(1));
/// let found = again.search(Vectors::new(&[1.0, 0.2], 2)?, 1, &[])?;
/// assert_eq!(found[0][0].row, 0);
/// # Ok::<(), pocketsage::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Catalogue {
    bytes: Vec<u8>,
    layout: Layout,
}

/// What a catalogue is built from: a vector and an id each, in the same order, and perhaps a payload each.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    vectors: Vectors<'a>,
    ids: &'a [&'a str],
    payloads: &'a [&'a str],
}

impl<'a> Items<'a> {
    /// Items without payloads.
    #[must_use]
    pub fn new(vectors: Vectors<'a>, ids: &'a [&'a str]) -> Self {
        Self { vectors, ids, payloads: &[] }
    }

    /// The same items with a payload each; an empty text is none.
    #[must_use]
    pub fn with_payloads(self, payloads: &'a [&'a str]) -> Self {
        Self { payloads, ..self }
    }
}

impl Catalogue {
    /// Builds a catalogue. Vectors are brought to unit length; a zero vector stays zero and has cosine 0 to everything.
    ///
    /// O(n (dim + log n)).
    ///
    /// # Errors
    /// [`Error::Dimension`] unless there are as many ids (and payloads, if any) as vectors; [`Error::Option`] for an id that is
    /// empty, longer than 65,535 bytes or given twice, naming the rows, and for more than 2^32 - 1 bytes of ids or payloads.
    pub fn build(items: &Items<'_>, precision: Precision) -> Result<Self, Error> {
        let n = items.vectors.len();
        let expect = |what, got: usize| match got == n {
            true => Ok(()),
            false => Err(Error::Dimension { what, got, expected: n }),
        };
        expect("number of ids", items.ids.len())?;
        if !items.payloads.is_empty() {
            expect("number of payloads", items.payloads.len())?;
        }
        let order = sorted(items.ids)?;
        let codes = codes::encode(items.vectors, precision);
        let stored = codes.decode_all();
        let spread = spread(Vectors::new(&stored, items.vectors.dim())?);

        let (ids, id_ends) = concatenate("ids", items.ids)?;
        let (payloads, payload_ends) = concatenate("payloads", items.payloads)?;
        let numbers = |numbers: &[u32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut sections = vec![
            (Section::Scales, codes.scales),
            (Section::Codes, codes.codes),
            (Section::IdEnds, numbers(&id_ends)),
            (Section::Ids, ids),
            (Section::IdOrder, numbers(&order)),
        ];
        if precision == Precision::Full {
            sections.push((Section::Residuals, codes.residuals));
        }
        if !items.payloads.is_empty() {
            sections.push((Section::PayloadEnds, numbers(&payload_ends)));
            sections.push((Section::Payloads, payloads));
        }
        Self::from_bytes(format::write(n, items.vectors.dim(), spread, &sections)?)
    }

    /// Reads a catalogue from the bytes of a `.sage` file, which it keeps. Everything is checked before it is trusted. O(bytes).
    ///
    /// # Errors
    /// [`Error::Corrupt`] for bytes that are not a whole, unaltered catalogue, [`Error::Version`] for a newer format.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        let layout = format::read(&bytes)?;
        Ok(Self { bytes, layout })
    }

    /// The bytes of the `.sage` file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.n
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.n == 0
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.layout.dim
    }

    /// Mean squared distance of all pairs of items: D, the yardstick of [`crate::Cut::Auto`].
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.layout.spread
    }

    /// XXH64 of the content: equal catalogues have equal hashes.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.layout.hash
    }

    /// How finely the vectors are stored.
    #[must_use]
    pub fn precision(&self) -> Precision {
        if self.layout.has(Section::Residuals) { Precision::Full } else { Precision::Compact }
    }

    /// The row of an id. O(log n).
    #[must_use]
    pub fn row(&self, id: &str) -> Option<usize> {
        let order = |i| self.number(Section::IdOrder, i);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.text(Section::IdEnds, Section::Ids, order(middle)).cmp(id.as_bytes()) {
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Equal => return Some(order(middle)),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The id of a row; `None` past the end.
    #[must_use]
    pub fn id(&self, row: usize) -> Option<&str> {
        let id = (row < self.len()).then(|| self.text(Section::IdEnds, Section::Ids, row))?;
        core::str::from_utf8(id).ok()
    }

    /// The payload of a row; `None` past the end and where there is none.
    #[must_use]
    pub fn payload(&self, row: usize) -> Option<&str> {
        let known = row < self.len() && self.layout.has(Section::Payloads);
        let payload = known.then(|| self.text(Section::PayloadEnds, Section::Payloads, row))?;
        core::str::from_utf8(payload).ok().filter(|text| !text.is_empty())
    }

    /// Appends the vector of a row as it is stored, of unit length (or zero).
    ///
    /// # Errors
    /// [`Error::Option`] for a row past the end.
    pub fn read_vector(&self, row: usize, into: &mut Vec<f32>) -> Result<(), Error> {
        if row >= self.len() {
            let problem = format!("got {row}, expected a row below {}", self.len());
            return Err(Error::option("row", problem));
        }
        self.codes().decode(row, into);
        Ok(())
    }

    /// For each of m queries the `count` items of highest cosine, best first; of equal cosines the lowest row first.
    ///
    /// Exact: every item is scored, in `f32`, against the stored vector. `exclude` are rows never to return. A zero query has cosine
    /// 0 to everything. `count` beyond n gives all there are. O(m n dim).
    ///
    /// # Errors
    /// [`Error::Dimension`] when the queries are not of the catalogue's length; [`Error::Option`] for an excluded row past the end.
    pub fn search(
        &self,
        queries: Vectors<'_>,
        count: usize,
        exclude: &[u32],
    ) -> Result<Vec<Vec<Match>>, Error> {
        scan::search(self.codes(), queries, count, exclude)
    }

    fn codes(&self) -> Codes<'_> {
        let section = |section| self.layout.section(&self.bytes, section);
        Codes {
            dim: self.dim(),
            scales: section(Section::Scales),
            codes: section(Section::Codes),
            residuals: section(Section::Residuals),
        }
    }

    fn number(&self, section: Section, i: usize) -> usize {
        format::number(self.layout.section(&self.bytes, section), i)
    }

    fn text(&self, ends: Section, texts: Section, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.number(ends, before));
        &self.layout.section(&self.bytes, texts)[start..self.number(ends, row)]
    }
}

/// Rows in the order of their ids' bytes; refuses ids that cannot be looked up.
fn sorted(ids: &[&str]) -> Result<Vec<u32>, Error> {
    let refuse = |problem: String| Err(Error::option("id", problem));
    if let Some(row) = ids.iter().position(|id| id.is_empty() || id.len() > format::LONGEST_ID) {
        let (got, most) = (ids[row].len(), format::LONGEST_ID);
        return refuse(format!("the id of row {row} has {got} bytes, expected 1 to {most}"));
    }
    let order = order(ids.len(), &|x, y| ids[x].cmp(ids[y]));
    match order.windows(2).find(|pair| ids[pair[0]] == ids[pair[1]]) {
        Some(&[first, second]) => {
            let id = ids[first];
            refuse(format!("\"{id}\" is the id of rows {first} and {second}, expected ids to be unique"))
        }
        _ => Ok(order.into_iter().map(|row| row as u32).collect()),
    }
}

/// Texts one after the other, and where each ends.
fn concatenate(name: &'static str, texts: &[&str]) -> Result<(Vec<u8>, Vec<u32>), Error> {
    let mut bytes = Vec::with_capacity(texts.iter().map(|text| text.len()).sum());
    let mut ends = Vec::with_capacity(texts.len());
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        let end = u32::try_from(bytes.len());
        ends.push(end.map_err(|_| Error::option(name, "more than 4 GB in all; split the catalogue"))?);
    }
    Ok((bytes, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Catalogue {
        let vectors = Vectors::new(&[1.0, 0.0, 0.0, 2.0, 0.0, 0.0], 2).unwrap();
        let items = Items::new(vectors, &["é", "b", "a"]).with_payloads(&["{\"n\":1}", "", "[]"]);
        Catalogue::build(&items, Precision::Full).unwrap()
    }

    #[test]
    fn ids_and_payloads_are_found_both_ways() {
        let catalogue = small();
        for (row, id) in ["é", "b", "a"].into_iter().enumerate() {
            assert_eq!(catalogue.row(id), Some(row));
            assert_eq!(catalogue.id(row), Some(id));
        }
        assert_eq!((catalogue.row("c"), catalogue.row(""), catalogue.id(3)), (None, None, None));
        assert_eq!(catalogue.payload(0), Some("{\"n\":1}"));
        assert_eq!((catalogue.payload(1), catalogue.payload(9)), (None, None));
    }

    #[test]
    fn an_empty_catalogue_is_a_catalogue() {
        let empty = Catalogue::build(&Items::new(Vectors::new(&[], 3).unwrap(), &[]), Precision::Compact);
        let empty = Catalogue::from_bytes(empty.unwrap().bytes().to_vec()).unwrap();
        assert!(empty.is_empty());
        let found = empty.search(Vectors::new(&[1.0, 0.0, 0.0], 3).unwrap(), 5, &[]).unwrap();
        assert_eq!(found, [[]]);
    }

    #[test]
    fn ids_that_cannot_be_looked_up_are_refused_by_row() {
        let vectors = Vectors::new(&[1.0, 2.0, 3.0], 1).unwrap();
        let build = |ids: &[&str]| Catalogue::build(&Items::new(vectors, ids), Precision::Full);
        let text = |ids: &[&str]| alloc::string::ToString::to_string(&build(ids).unwrap_err());
        assert!(text(&["a", "b", "a"]).contains("rows 0 and 2"));
        assert!(text(&["a", "", "c"]).contains("row 1 has 0 bytes"));
        assert!(text(&["a", "b", &"x".repeat(65_536)]).contains("row 2 has 65536 bytes"));
        assert_eq!(build(&["a"]).unwrap_err().code(), "dimension");
    }

    #[test]
    fn equal_content_has_an_equal_hash() {
        assert_eq!(small().hash(), small().hash());
        let other = Items::new(Vectors::new(&[1.0], 1).unwrap(), &["é"]);
        assert_ne!(Catalogue::build(&other, Precision::Full).unwrap().hash(), small().hash());
    }
}
