//! The local index: items with ids and vectors, searchable.

use super::codes::{Codes, Precision};
use super::format::{self, Layout};
use super::header::Section;
use super::metric::Metric;
use super::scan;
use super::search::SearchOptions;
use super::sketch::Sketches;
use super::string_table::StringTable;
use super::{bytes::eight, bytes::number};
use crate::math::top_k::ScoredRow;
use crate::text::message;
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// Rows that are worth sketches.
const WORTH: usize = 8192;

/// A catalogue: n items, each with an id, a vector and perhaps a payload (a JSON text the caller gave) and attributes.
///
/// It *is* its file: one buffer, read in place. Rows are 0..[`rows`](Self::rows) in the order of the file, those of removed items included.
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
    pub(super) bytes: Vec<u8>,
    pub(super) layout: Layout,
    pub(super) sketches: Option<Sketches>,
}

impl Catalogue {
    /// Reads a catalogue from the bytes of a `.sage` file, which it keeps. Everything is checked before it is trusted. O(bytes).
    ///
    /// # Errors
    /// [`Error::Corrupt`] for bytes that are not a whole, unaltered catalogue, [`Error::Version`] for a newer format.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        let catalogue = Self::from_delta(bytes)?;
        match catalogue.layout.has(Section::Base) {
            true => Err(format::is_delta()),
            false => Ok(catalogue),
        }
    }

    /// The same for a delta, as [`CatalogueBuilder::finish_delta`] writes it: the items that came, with [`Section::Base`] and what was dropped.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn from_delta(bytes: Vec<u8>) -> Result<Self, Error> {
        let layout = format::read(&bytes)?;
        Ok(Self { bytes, layout, sketches: None })
    }

    /// Room for a file that comes in pieces, by the first of them (64 bytes at least): what came is appended to it, and
    /// [`from_bytes`](Self::from_bytes) checks the whole.
    ///
    /// # Errors
    /// As `from_bytes`, of what the first bytes can tell; [`Error::Memory`] when the file does not fit.
    pub fn reserve(first: &[u8]) -> Result<Vec<u8>, Error> {
        let length = format::announced(first)?;
        format::reserve(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// The bytes of the `.sage` file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.size
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.size == 0
    }

    /// Number of rows: items and removed items.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.layout.header.n
    }

    /// Whether the row is that of an item, neither removed nor past the end.
    #[must_use]
    pub fn is_live(&self, row: usize) -> bool {
        self.layout.live.has(row)
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.layout.header.dim
    }

    /// How nearness is measured.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.layout.header.metric
    }

    /// Mean squared distance of all pairs of items: D, the yardstick of [`crate::Cut::Auto`].
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.layout.header.spread
    }

    /// XXH64 of the content: equal catalogues have equal hashes.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.layout.hash
    }

    /// Names the items, wherever they lie: the hash, or what [`Section::Revision`] says (the hash of the catalogue that a delta led to).
    #[must_use]
    pub fn revision(&self) -> u64 {
        match self.section(Section::Revision) {
            [] => self.hash(),
            bytes => u64::from_le_bytes(eight(bytes, 0)),
        }
    }

    /// How finely the vectors are stored.
    #[must_use]
    pub fn precision(&self) -> Precision {
        if self.layout.has(Section::Residuals) { Precision::Full } else { Precision::Compact }
    }

    /// `(lists, probed, recall)` where there are lists: how many, how many a search looks into, and the share of the 10 nearest neighbours
    /// found so when it was built.
    #[must_use]
    pub fn lists(&self) -> Option<(usize, usize, f32)> {
        self.layout.lists.as_ref().map(|lists| (lists.len(), lists.probes, lists.recall))
    }

    /// The row of an id. O(log n).
    #[must_use]
    pub fn row(&self, id: &str) -> Option<usize> {
        let (order, ids) = (self.section(Section::IdOrder), self.ids());
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let row = number(order, middle);
            match ids.get(row).cmp(id.as_bytes()) {
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Equal => return Some(row),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The id of a row; `None` past the end and for a removed item.
    #[must_use]
    pub fn id(&self, row: usize) -> Option<&str> {
        let id = self.is_live(row).then(|| self.ids().get(row))?;
        core::str::from_utf8(id).ok()
    }

    /// The payload of a row; `None` past the end, for a removed item and where there is none.
    #[must_use]
    pub fn payload(&self, row: usize) -> Option<&str> {
        let payload = self.is_live(row).then(|| self.payloads().get(row))?;
        core::str::from_utf8(payload).ok().filter(|text| !text.is_empty())
    }

    /// Appends the vector of a row as it is stored: for cosines of unit length (or zero).
    ///
    /// # Errors
    /// [`Error::Option`] for a row past the end.
    pub fn read_vector(&self, row: usize, into: &mut Vec<f32>) -> Result<(), Error> {
        self.check_row(row)?;
        self.codes().decode(row, into);
        Ok(())
    }

    pub(super) fn check_row(&self, row: usize) -> Result<(), Error> {
        match row < self.rows() {
            true => Ok(()),
            false => Err(Error::option(
                "row",
                message!["got ", row, ", expected a row below ", self.rows()],
            )),
        }
    }

    /// For each of m queries the `count` best items, best first; of equal scores the lowest row first. `exclude` are rows never to
    /// return. See [`search_with`](Self::search_with).
    ///
    /// # Errors
    /// As `search_with`.
    pub fn search(
        &self,
        queries: Vectors<'_>,
        count: usize,
        exclude: &[u32],
    ) -> Result<Vec<Vec<ScoredRow>>, Error> {
        self.search_with(queries, &SearchOptions { count, exclude, ..SearchOptions::default() })
    }

    /// For each of m queries the best items, best first; of equal scores the lowest row first.
    ///
    /// Exact, unless the catalogue has [`lists`](Self::lists) or is [`prepare`](Self::prepare)d and `exact` is not asked for: the result is
    /// that of scoring every stored vector in `f32`. A zero query has cosine 0 to everything. `count` beyond n gives all there are. O(m n dim) small integer
    /// multiplications at most, and about 2 ns for each 64 of them.
    ///
    /// # Errors
    /// [`Error::Dimension`] when the queries are not of the catalogue's length; [`Error::Option`] for an excluded row past the end.
    pub fn search_with(
        &self,
        queries: Vectors<'_>,
        search: &SearchOptions<'_>,
    ) -> Result<Vec<Vec<ScoredRow>>, Error> {
        scan::check(queries, self.dim())?;
        let n = self.rows();
        let mut allowed = self.layout.live.clone();
        if let Some(rows) = search.allowed {
            allowed.intersect(rows);
        }
        for &row in search.exclude {
            self.check_row(row as usize)?;
            allowed.remove(row as usize);
        }
        let parts = match &self.layout.lists {
            Some(lists) if !search.exact => {
                lists.parts(self.section(Section::Lists), queries, self.metric(), n)
            }
            _ => scan::everything(n, queries.len()),
        };
        let (count, wanted) = (allowed.count(), search.offset.saturating_add(search.count));
        let rows = scan::Rows {
            codes: self.codes(),
            norms: self.norms(),
            header: &self.layout.header,
            allowed: &allowed,
            sketches: self
                .sketches
                .as_ref()
                .filter(|_| !search.exact && wanted < count / 16 && count > n / 8),
        };
        Ok(scan::search(&rows, queries, &parts, search))
    }

    /// Makes searches of many items several times faster, at the price of `dim / 8 + 12` bytes a row: by a sketch of each row, a bit a
    /// dimension, a search then rules out most rows before it looks at them. Does nothing the second time, for few rows, for
    /// [`Metric::L2`] and where there is no room.
    ///
    /// A row is ruled out where it would have to be six standard deviations above its estimate to be among the best, by the error that the
    /// search measures on 64 rows. That is no proof; [`Search::exact`] asks for one. O(n dim).
    pub fn prepare(&mut self) {
        if self.sketches.is_none() && self.rows() >= WORTH && self.metric() != Metric::L2 {
            self.sketches = Sketches::new(&self.codes());
        }
    }

    /// Squared lengths, of use and checked for L2 alone; another file may have the section, too.
    pub(super) fn norms(&self) -> &[u8] {
        if self.metric() == Metric::L2 { self.section(Section::Norms) } else { &[] }
    }

    pub(super) fn codes(&self) -> Codes<'_> {
        Codes {
            dim: self.dim(),
            scales: self.section(Section::Scales),
            codes: self.section(Section::Codes),
            residuals: self.section(Section::Residuals),
        }
    }

    /// The bytes of a section, empty when the file has none.
    #[must_use]
    pub fn section(&self, section: Section) -> &[u8] {
        self.layout.section(&self.bytes, section)
    }

    pub(super) fn ids(&self) -> StringTable<'_> {
        StringTable { ends: self.section(Section::IdOffsets), texts: self.section(Section::Ids) }
    }

    pub(super) fn payloads(&self) -> StringTable<'_> {
        StringTable {
            ends: self.section(Section::PayloadOffsets),
            texts: self.section(Section::Payloads),
        }
    }
}
