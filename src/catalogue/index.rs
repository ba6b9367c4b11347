//! [`Catalogue`]: lookups and searches over the bytes of a `.sage` file. Of equal scores the lowest
//! row comes first.

use super::bytes::{eight_bytes_at, u32_at};
use super::codes::{Precision, StoredVectors};
use super::format::{self, Layout};
use super::header::Section;
use super::metric::Metric;
use super::priors;
use super::scan;
use super::search::SearchOptions;
use super::sketch::Sketches;
use super::string_table::StringTable;
use crate::math::top_k::ScoredRow;
use crate::text::message;
use crate::{Error, Vectors};
use alloc::vec::Vec;

/// Minimal number of rows of a catalogue that is sketched: fewer rows are scanned fast enough.
const MIN_ROWS_FOR_SKETCHES: usize = 8192;
/// Minimal number of allowed rows for each requested one: with fewer, sketches exclude so few rows
/// that a scan without them is faster.
const MIN_ROWS_PER_SKETCHED_HIT: usize = 128;
/// Minimum expected number of allowed rows in the probed lists, for each requested hit: a search
/// for many hits, or with a filter that few rows pass, probes more lists.
const MIN_PROBED_ROWS_PER_HIT: f64 = 64.0;

/// A searchable set of items, each with an id, a vector and optionally a payload (a JSON string
/// given by the caller) and attributes.
///
/// A catalogue is the bytes of its `.sage` file, read in place. Rows are
/// 0..[`rows`](Self::rows) in the order of the file, those of removed items included.
///
/// ```
/// use pocketsage::{Catalogue, Items, Precision, Vectors};
///
/// let vectors = Vectors::new(&[3.0, 0.0, 0.0, 1.0], 2)?;
/// let items = Items::new(vectors, &["pizza", "football"]);
/// let catalogue = Catalogue::build(&items, Precision::Full)?;
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
    /// Reads a catalogue from the bytes of a `.sage` file and takes ownership of them. Length,
    /// hash, section table and every offset are checked. O(bytes).
    ///
    /// # Errors
    /// [`Error::Corrupt`] for bytes that are not a complete, unaltered catalogue,
    /// [`Error::Version`] for a newer format.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        let catalogue = Self::from_delta(bytes)?;
        match catalogue.layout.has(Section::Base) {
            true => Err(format::delta_error()),
            false => Ok(catalogue),
        }
    }

    /// Reads a delta, as written by
    /// [`CatalogueBuilder::finish_delta`](super::CatalogueBuilder::finish_delta): the added items,
    /// with [`Section::Base`] and [`Section::Dropped`]. Also reads a catalogue. O(bytes).
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn from_delta(bytes: Vec<u8>) -> Result<Self, Error> {
        let layout = format::read(&bytes)?;
        Ok(Self { bytes, layout, sketches: None })
    }

    /// An empty buffer with capacity for a whole file, whose length is read from `first`, its
    /// first bytes (64 or more). The caller appends all bytes, `first` included, and passes the
    /// buffer to [`from_bytes`](Self::from_bytes).
    ///
    /// # Errors
    /// [`Error::Corrupt`] and [`Error::Version`] as far as the first 64 bytes show them;
    /// [`Error::Memory`] when the allocation fails.
    pub fn file_buffer(first: &[u8]) -> Result<Vec<u8>, Error> {
        let length = format::file_length(first)?;
        format::allocate(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// The bytes of the `.sage` file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of items, removed ones not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.size
    }

    /// Whether the catalogue has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.size == 0
    }

    /// Number of rows, removed items included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.layout.header.n
    }

    /// Whether the row holds an item: not removed and not past the end.
    #[must_use]
    pub fn is_live(&self, row: usize) -> bool {
        self.layout.live.contains(row)
    }

    /// Number of dimensions.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.layout.header.dim
    }

    /// How similarity is measured.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.layout.header.metric
    }

    /// Mean squared distance of all pairs of items; 0 for fewer than two. It is the D of
    /// [`crate::Cut::Auto`] and [`crate::Cut::Spread`].
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.layout.header.spread
    }

    /// XXH64 of the file after the hash field: equal files have equal hashes.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.layout.hash
    }

    /// Identifies the set of items, independent of the order of rows: the content of
    /// [`Section::Revision`] (in a merged catalogue the hash of the catalogue that the delta
    /// leads to), otherwise the hash.
    #[must_use]
    pub fn revision(&self) -> u64 {
        match self.section(Section::Revision) {
            [] => self.hash(),
            bytes => u64::from_le_bytes(eight_bytes_at(bytes, 0)),
        }
    }

    /// Precision of the stored vectors.
    #[must_use]
    pub fn precision(&self) -> Precision {
        if self.layout.has(Section::Residuals) { Precision::Full } else { Precision::Compact }
    }

    /// `(lists, probes, recall)` of a catalogue with inverted lists: their number, the least number
    /// that a search probes, and the recall@10 measured when they were built. `None` without lists.
    #[must_use]
    pub fn lists(&self) -> Option<(usize, usize, f32)> {
        self.layout.lists.as_ref().map(|lists| (lists.len(), lists.probes, lists.recall))
    }

    /// The row of an id; `None` for an unknown or removed one. O(log n) comparisons.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<usize> {
        let (order, ids) = (self.section(Section::IdOrder), self.ids());
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let row = u32_at(order, middle);
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

    /// The payload of a row; `None` past the end, for a removed item and for one without payload.
    #[must_use]
    pub fn payload(&self, row: usize) -> Option<&str> {
        let payload = self.is_live(row).then(|| self.payloads().get(row))?;
        core::str::from_utf8(payload).ok().filter(|text| !text.is_empty())
    }

    /// Appends the stored vector of a row to `out`: `dim` components, for cosines of unit length
    /// (or zero). Reads removed rows, too. O(dim).
    ///
    /// # Errors
    /// [`Error::Option`] for a row past the end.
    pub fn read_vector(&self, row: usize, out: &mut Vec<f32>) -> Result<(), Error> {
        self.check_row(row)?;
        self.codes().decode(row, out);
        Ok(())
    }

    /// [`Error::Option`] for a row past the end.
    pub(super) fn check_row(&self, row: usize) -> Result<(), Error> {
        match row < self.rows() {
            true => Ok(()),
            false => Err(Error::option(
                "row",
                message!["got ", row, ", expected a row below ", self.rows()],
            )),
        }
    }

    /// For each of m queries the `count` best items, best first; of equal scores the lowest row
    /// first. Rows of `exclude` are never returned. See [`search_with`](Self::search_with).
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
    /// The result equals scoring every stored vector in `f32`, with two exceptions that
    /// [`SearchOptions::exact`] switches off: a catalogue with [`lists`](Self::lists) is searched
    /// in the probed lists, and one that was [`prepare`](Self::prepare)d by sketches, which miss
    /// a result with a small probability.
    ///
    /// A zero query has cosine 0 to every item. A `count` above the number of allowed items
    /// returns all of them. At most O(m n dim) integer multiplications, about 2 ns for 64 of them.
    ///
    /// # Errors
    /// [`Error::Dimension`] when queries and catalogue differ in dimension; [`Error::Option`] for
    /// an excluded row past the end and, except with [`Metric::Cosine`], for a component beyond
    /// [`MAX_COMPONENT`](crate::MAX_COMPONENT).
    pub fn search_with(
        &self,
        queries: Vectors<'_>,
        search: &SearchOptions<'_>,
    ) -> Result<Vec<Vec<ScoredRow>>, Error> {
        scan::check_query_dim(queries, self.dim())?;
        self.metric().check_components(queries)?;
        let n = self.rows();
        let mut allowed = self.layout.live.clone();
        if let Some(rows) = search.allowed {
            allowed.intersect(rows);
        }
        for &row in search.exclude {
            self.check_row(row as usize)?;
            allowed.remove(row as usize);
        }
        let (allowed_count, wanted_count) =
            (allowed.count(), search.offset.saturating_add(search.count));
        let header = &self.layout.header;
        let error_bound = header.error_bound.or_worst_case(&self.codes());
        let prepared_queries: Vec<scan::Query> = queries
            .rows()
            .map(|query| scan::Query::new(query, header.metric, error_bound))
            .collect();
        let scan_parts = match &self.layout.lists {
            Some(lists) if !search.exact => {
                let min_rows = MIN_PROBED_ROWS_PER_HIT * wanted_count as f64;
                let min_share = (min_rows / allowed_count.max(1) as f64).min(1.0);
                let lists_section = self.section(Section::Lists);
                lists.probed_parts(lists_section, &prepared_queries, header, min_share)
            }
            _ => scan::single_part(n, queries.len()),
        };
        let rows = scan::RowData {
            codes: self.codes(),
            norms: self.norms(),
            header,
            allowed: &allowed,
            sketches: self.sketches.as_ref().filter(|_| {
                !search.exact
                    && wanted_count < allowed_count / MIN_ROWS_PER_SKETCHED_HIT
                    && allowed_count > n / 8
            }),
        };
        Ok(scan::search(&rows, prepared_queries, &scan_parts, search))
    }

    /// The scores of m queries for k rows, m x k: those that an exact search returns. O(m k dim).
    ///
    /// # Errors
    /// As [`Catalogue::search_with`]; [`Error::Option`] for a row past the end.
    pub fn scores(&self, queries: Vectors<'_>, rows: &[u32]) -> Result<Vec<f32>, Error> {
        scan::check_query_dim(queries, self.dim())?;
        self.metric().check_components(queries)?;
        rows.iter().try_for_each(|&row| self.check_row(row as usize))?;
        let data = scan::RowData {
            codes: self.codes(),
            norms: self.norms(),
            header: &self.layout.header,
            allowed: &self.layout.live,
            sketches: None,
        };
        Ok(scan::score_rows(&data, queries, rows))
    }

    /// Makes searches of a large catalogue several times faster, at the cost of `dim / 8 + 12`
    /// bytes of memory for each row: stores sketches of the rows, one bit for each dimension. Later
    /// searches use the sketches to exclude most rows before reading their codes.
    ///
    /// Has no effect on a prepared catalogue, on one of fewer than `MIN_ROWS_FOR_SKETCHES`
    /// (src/catalogue/index.rs) rows, for [`Metric::L2`], above `MAX_SKETCH_DIMENSIONS`
    /// (src/catalogue/sketch.rs) dimensions, and when the allocation fails. O(n dim).
    ///
    /// A row is excluded when its score would have to exceed its estimate by more than
    /// `PREFILTER_DEVIATIONS` (src/catalogue/scan.rs) standard deviations to be among the best.
    /// The deviation is measured for each query on a sample of rows, so a search is no longer
    /// proven exact; [`SearchOptions::exact`] bypasses the sketches.
    pub fn prepare(&mut self) {
        if self.sketches.is_none()
            && self.rows() >= MIN_ROWS_FOR_SKETCHES
            && self.metric() != Metric::L2
        {
            self.sketches = Sketches::new(&self.codes());
        }
    }

    /// Whether the file has priors. Without them, every prior is 0.
    #[must_use]
    pub fn has_priors(&self) -> bool {
        self.layout.has(Section::Priors)
    }

    /// ln(1 + prior) of a row, rounded to binary16; 0 for a row without a prior, and past the end.
    ///
    /// ```
    /// use pocketsage::{BuildOptions, CatalogueBuilder, Items, Vectors};
    ///
    /// let vectors = Vectors::new(&[3.0, 0.0, 0.0, 1.0], 2)?;
    /// let mut builder = CatalogueBuilder::new(2, BuildOptions::default())?;
    /// builder.add(&Items::new(vectors, &["pizza", "football"]))?;
    /// builder.set_log_priors(&[41.0_f32.ln_1p(), 0.0])?;
    /// let catalogue = builder.finish()?;
    /// assert!((catalogue.log_prior(0).exp_m1() - 41.0).abs() < 0.1);
    /// # Ok::<(), pocketsage::Error>(())
    /// ```
    #[must_use]
    pub fn log_prior(&self, row: usize) -> f32 {
        priors::log_prior(self.section(Section::Priors), row)
    }

    /// The squared lengths of the stored vectors for L2; empty for other metrics, whose section of
    /// this kind, if any, is not validated.
    pub(super) fn norms(&self) -> &[u8] {
        if self.metric() == Metric::L2 { self.section(Section::Norms) } else { &[] }
    }

    /// The stored vectors, as codes, residuals and scales.
    pub(super) fn codes(&self) -> StoredVectors<'_> {
        StoredVectors {
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

    /// The ids by row.
    pub(super) fn ids(&self) -> StringTable<'_> {
        StringTable { offsets: self.section(Section::IdOffsets), bytes: self.section(Section::Ids) }
    }

    /// The payloads by row.
    pub(super) fn payloads(&self) -> StringTable<'_> {
        StringTable {
            offsets: self.section(Section::PayloadOffsets),
            bytes: self.section(Section::Payloads),
        }
    }
}
