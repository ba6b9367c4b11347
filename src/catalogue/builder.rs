//! [`CatalogueBuilder`]: writes a catalogue from batches of items or from rows of other catalogues.
//!
//! `inline(never)` functions run once for each batch or file: one copy of each keeps the wasm file
//! small.

use super::bitset::RowSet;
use super::bytes::{live_rows, u32s_to_bytes};
use super::codes::{Precision, StoredVectors, VectorEncoder};
use super::format::{self, Layout};
use super::header::{Header, Section};
use super::index::Catalogue;
use super::items::Items;
use super::metric::Metric;
use super::priors;
use super::string_table::StringTableBuilder;
use crate::Error;
use crate::limits::MAX_ID_BYTES;
use crate::math::distance::{add_scaled, squared_distance};
use crate::math::sort::argsort;
use crate::text::message;
use crate::vectors::check_dim;
use alloc::{vec, vec::Vec};

/// Options of a [`CatalogueBuilder`].
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildOptions {
    /// Precision of the stored vectors.
    pub precision: Precision,
    /// How similarity is measured.
    pub metric: Metric,
}

/// A catalogue that is being written, in batches. Holds codes, ids and payloads, not the vectors.
#[derive(Debug)]
pub struct CatalogueBuilder {
    dim: usize,
    settings: BuildOptions,
    encoder: VectorEncoder,
    ids: StringTableBuilder,
    payloads: StringTableBuilder,
    sections: Vec<(Section, Vec<u8>)>,
}

impl Catalogue {
    /// Builds a catalogue for [`Metric::Cosine`] from all its items. Vectors are stored at unit
    /// length; a zero vector stays zero and has cosine 0 to every query. Other metrics and batches:
    /// [`CatalogueBuilder`]. O(n (dim + log n)).
    ///
    /// # Errors
    /// [`Error::Dimension`] when the numbers of vectors, ids and payloads (if any) differ;
    /// [`Error::Option`] for an id that is empty, longer than 65,535 bytes or given twice, with the
    /// rows, and for more than 2^32 - 1 bytes of ids or payloads.
    pub fn build(items: &Items<'_>, precision: Precision) -> Result<Self, Error> {
        let mut builder = CatalogueBuilder::new(
            items.vectors.dim(),
            BuildOptions { precision, ..BuildOptions::default() },
        )?;
        builder.add(items)?;
        builder.finish()
    }
}

impl CatalogueBuilder {
    /// An empty catalogue of `dim` dimensions.
    ///
    /// # Errors
    /// [`Error::Option`] for a `dim` of 0 or above 32,768.
    pub fn new(dim: usize, settings: BuildOptions) -> Result<Self, Error> {
        check_dim(dim)?;
        let (encoder, ids, payloads) = (
            VectorEncoder::default(),
            StringTableBuilder::default(),
            StringTableBuilder::default(),
        );
        Ok(Self { dim, settings, encoder, ids, payloads, sections: Vec::new() })
    }

    /// Appends items. O(n dim).
    ///
    /// # Errors
    /// [`Error::Dimension`] for vectors of another dimension and when the numbers of vectors, ids
    /// and payloads (if any) differ; [`Error::Option`] for an id that is empty or longer than
    /// 65,535 bytes, with its row, and, except with [`Metric::Cosine`], for a component beyond
    /// [`MAX_COMPONENT`](crate::MAX_COMPONENT). The builder is not usable after an error.
    #[inline(never)]
    pub fn add(&mut self, items: &Items<'_>) -> Result<(), Error> {
        let n = items.vectors.len();
        check_equal("length of the vectors", items.vectors.dim(), self.dim)?;
        check_equal("number of ids", items.ids.len(), n)?;
        if !items.payloads.is_empty() {
            check_equal("number of payloads", items.payloads.len(), n)?;
        }
        self.settings.metric.check_components(items.vectors)?;
        self.encoder.extend(items.vectors, self.settings.metric, self.settings.precision);
        for row in 0..n {
            let id = items.ids[row];
            if !(1..=MAX_ID_BYTES).contains(&id.len()) {
                let row = self.ids.len();
                let problem = message![
                    "the id of row ",
                    row,
                    " has ",
                    id.len(),
                    " bytes, expected 1 to ",
                    MAX_ID_BYTES
                ];
                return Err(Error::option("id", problem));
            }
            let payload = items.payloads.get(row).map_or("", |text| text);
            self.push_strings(id.as_bytes(), payload.as_bytes())?;
        }
        Ok(())
    }

    /// Appends rows of another catalogue without decoding them; rows of removed items, too.
    /// O(rows dim).
    ///
    /// # Errors
    /// [`Error::Dimension`] for a catalogue of another dimension; [`Error::Option`] for another
    /// metric or precision, and for a row past its end. The builder is not usable after an error.
    #[inline(never)]
    pub fn add_rows(&mut self, source: &Catalogue, rows: &[u32]) -> Result<(), Error> {
        check_equal("length of the vectors", source.dim(), self.dim)?;
        if (source.metric(), source.precision()) != (self.settings.metric, self.settings.precision)
        {
            return Err(Error::option("catalogue", "the two differ in metric or precision"));
        }
        let (codes, norms) = (source.codes(), source.norms());
        let error_bound = source.layout.header.error_bound.or_worst_case(&codes);
        self.encoder.error_bound.merge(error_bound);
        for &row in rows {
            let row = row as usize;
            source.check_row(row)?;
            let (row_codes, row_residuals) = codes.row(row);
            let bytes_of_f32 = row * 4..row * 4 + 4;
            let encoder = &mut self.encoder;
            encoder.codes.extend_from_slice(row_codes);
            encoder.residuals.extend_from_slice(row_residuals.unwrap_or(&[]));
            encoder.scales.extend_from_slice(&codes.scales[bytes_of_f32.clone()]);
            encoder.norms.extend_from_slice(norms.get(bytes_of_f32).unwrap_or(&[]));
            self.push_strings(source.ids().get(row), source.payloads().get(row))?;
        }
        Ok(())
    }

    /// Appends the id and the payload of an item.
    fn push_strings(&mut self, id: &[u8], payload: &[u8]) -> Result<(), Error> {
        self.ids.push("ids", id)?;
        self.payloads.push("payloads", payload)
    }

    /// Sets the content of a section that is not written from the items ([`Section::Attributes`] or
    /// a later one). Content that was set for this section before is replaced.
    pub fn set_section(&mut self, section: Section, content: Vec<u8>) {
        self.sections.retain(|(existing, _)| *existing != section);
        self.sections.push((section, content));
    }

    /// Sets ln(1 + prior) of every row; [`finish`](Self::finish) expects as many as there are rows.
    ///
    /// # Errors
    /// [`Error::Option`] for a value that is negative or NaN, or above ln(1 +
    /// [`MAX_PRIOR`](crate::MAX_PRIOR)).
    pub fn set_log_priors(&mut self, log_priors: &[f32]) -> Result<(), Error> {
        self.set_section(Section::Priors, priors::encode(log_priors)?);
        Ok(())
    }

    /// Writes the catalogue. O(n (dim + log n)).
    ///
    /// # Errors
    /// [`Error::Option`] for an id given twice, with the rows; [`Error::Corrupt`] for content of
    /// [`set_section`](Self::set_section) that does not pass the checks of a reader;
    /// [`Error::Memory`] when the allocation fails.
    pub fn finish(self) -> Result<Catalogue, Error> {
        let (bytes, layout) = self.write()?;
        match layout.has(Section::Base) {
            true => Err(format::delta_error()),
            false => Ok(Catalogue { bytes, layout, sketches: None }),
        }
    }

    /// Writes a delta, with sections [`Section::Base`] and [`Section::Dropped`]. Its bytes are
    /// read by [`Catalogue::from_delta`].
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_delta(self) -> Result<Vec<u8>, Error> {
        Ok(self.write()?.0)
    }

    /// The bytes of the file, of a catalogue or a delta, and their validated layout.
    #[inline(never)]
    fn write(self) -> Result<(Vec<u8>, Layout), Error> {
        let n = self.ids.len();
        let removed_section =
            self.sections.iter().find(|(section, _)| *section == Section::Removed);
        let live = live_rows(n, removed_section.map_or(&[], |(_, words)| words));
        let id_order = self.id_order(&live)?;
        let VectorEncoder { scales, codes, residuals, norms, error_bound } = self.encoder;
        let stored_vectors =
            StoredVectors { dim: self.dim, scales: &scales, codes: &codes, residuals: &residuals };
        let spread = spread(&stored_vectors, &live);
        let BuildOptions { metric, precision } = self.settings;
        let header = Header { n, dim: self.dim, metric, spread, error_bound };
        let mut sections = vec![
            (Section::Scales, scales),
            (Section::Codes, codes),
            (Section::IdOffsets, u32s_to_bytes(&self.ids.offsets)),
            (Section::Ids, self.ids.bytes),
            (Section::IdOrder, u32s_to_bytes(&id_order)),
        ];
        if precision == Precision::Full {
            sections.push((Section::Residuals, residuals));
        }
        if !self.payloads.bytes.is_empty() {
            sections.push((Section::PayloadOffsets, u32s_to_bytes(&self.payloads.offsets)));
            sections.push((Section::Payloads, self.payloads.bytes));
        }
        if metric == Metric::L2 {
            sections.push((Section::Norms, norms));
        }
        sections.extend(self.sections);
        format::write(&header, &sections)
    }

    /// The live rows in ascending order of the bytes of their ids. [`Error::Option`] if two ids are
    /// equal.
    #[inline(never)]
    fn id_order(&self, live: &RowSet) -> Result<Vec<u32>, Error> {
        let rows: Vec<usize> = (0..self.ids.len()).filter(|&row| live.contains(row)).collect();
        // The first eight bytes are compared as integers, because most ids differ in them.
        let prefixes: Vec<u64> =
            rows.iter().map(|&row| first_eight_bytes(self.ids.get(row))).collect();
        let compare_whole_ids =
            |x: usize, y: usize| self.ids.get(rows[x]).cmp(self.ids.get(rows[y]));
        let order = argsort(&prefixes, &compare_whole_ids);
        let order: Vec<u32> = order.into_iter().map(|index| rows[index] as u32).collect();
        let id = |row: u32| self.ids.get(row as usize);
        match order.windows(2).find(|pair| id(pair[0]) == id(pair[1])) {
            Some(&[first, second]) => {
                let id = core::str::from_utf8(id(first)).unwrap_or_default();
                let problem = message![
                    "\"",
                    id,
                    "\" is the id of rows ",
                    first,
                    " and ",
                    second,
                    ", expected ids to be unique"
                ];
                Err(Error::option("id", problem))
            }
            _ => Ok(order),
        }
    }
}

/// The first eight bytes of an id, padded with zeros, as an integer that sorts as the bytes do.
#[inline(never)]
fn first_eight_bytes(id: &[u8]) -> u64 {
    id.iter()
        .take(8)
        .enumerate()
        .fold(0, |prefix, (index, &byte)| prefix | u64::from(byte) << (56 - 8 * index))
}

/// [`Error::Dimension`] unless a length is the expected one.
fn check_equal(what: &'static str, got: usize, expected: usize) -> Result<(), Error> {
    match got == expected {
        true => Ok(()),
        false => Err(Error::Dimension { what, got, expected }),
    }
}

/// Mean squared distance of all pairs of live rows, as [`crate::spread`] computes it, but with one
/// decoded vector at a time: 2 / (n - 1) times the sum of squared distances from the mean.
#[inline(never)]
fn spread(codes: &StoredVectors<'_>, live: &RowSet) -> f64 {
    let n = live.count() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mut vector = Vec::with_capacity(codes.dim);
    let mut for_each_live_vector = |visit: &mut dyn FnMut(&[f32])| {
        for row in (0..codes.len()).filter(|&row| live.contains(row)) {
            vector.clear();
            codes.decode(row, &mut vector);
            visit(&vector);
        }
    };
    let mut mean = vec![0.0; codes.dim];
    for_each_live_vector(&mut |vector| add_scaled(&mut mean, vector, 1.0));
    mean.iter_mut().for_each(|sum| *sum /= n);
    let mut sum_of_squares = 0.0;
    for_each_live_vector(&mut |vector| sum_of_squares += squared_distance(vector, &mean));
    2.0 * sum_of_squares / (n - 1.0)
}
