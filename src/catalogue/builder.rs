//! Writing a catalogue: from items that come in batches, or from rows of other catalogues.

use super::bitset::RowSet;
use super::bytes::{little_endian, without};
use super::codes::{Codes, Encoded, Precision};
use super::format::{self, Layout};
use super::header::{Header, LONGEST_ID, MOST_DIMENSIONS, Section};
use super::index::Catalogue;
use super::items::Items;
use super::metric::Metric;
use super::string_table::StringTableBuilder;
use crate::Error;
use crate::math::distance::{add_scaled, squared_distance};
use crate::math::sort::argsort;
use crate::text::message;
use alloc::{vec, vec::Vec};

/// How a catalogue is built.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildOptions {
    /// How finely vectors are stored.
    pub precision: Precision,
    /// How nearness is measured.
    pub metric: Metric,
}

/// A catalogue in the making: items come in batches, of vectors or from other catalogues, and only their codes are kept.
pub struct CatalogueBuilder {
    dim: usize,
    settings: BuildOptions,
    encoded: Encoded,
    ids: StringTableBuilder,
    payloads: StringTableBuilder,
    sections: Vec<(Section, Vec<u8>)>,
}

impl Catalogue {
    /// Builds a catalogue of cosines. Vectors are brought to unit length; a zero vector stays zero and has cosine 0 to everything.
    /// [`CatalogueBuilder`] knows more.
    ///
    /// O(n (dim + log n)).
    ///
    /// # Errors
    /// [`Error::Dimension`] unless there are as many ids (and payloads, if any) as vectors; [`Error::Option`] for an id that is
    /// empty, longer than 65,535 bytes or given twice, naming the rows, and for more than 2^32 - 1 bytes of ids or payloads.
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
    /// Begins a catalogue of vectors of `dim` numbers.
    ///
    /// # Errors
    /// [`Error::Option`] for a `dim` of 0 or above 32,768.
    pub fn new(dim: usize, settings: BuildOptions) -> Result<Self, Error> {
        if !(1..=MOST_DIMENSIONS).contains(&dim) {
            return Err(Error::option(
                "dim",
                message!["got ", dim, ", expected 1 to ", MOST_DIMENSIONS],
            ));
        }
        let (encoded, ids, payloads) =
            (Encoded::default(), StringTableBuilder::default(), StringTableBuilder::default());
        Ok(Self { dim, settings, encoded, ids, payloads, sections: Vec::new() })
    }

    /// Adds items. O(n dim).
    ///
    /// # Errors
    /// [`Error::Dimension`] for vectors of another length, or unless there are as many ids (and payloads, if any) as vectors;
    /// [`Error::Option`] for an id that is empty or longer than 65,535 bytes, naming the row.
    #[inline(never)]
    pub fn add(&mut self, items: &Items<'_>) -> Result<(), Error> {
        let n = items.vectors.len();
        expect("length of the vectors", items.vectors.dim(), self.dim)?;
        expect("number of ids", items.ids.len(), n)?;
        if !items.payloads.is_empty() {
            expect("number of payloads", items.payloads.len(), n)?;
        }
        self.encoded.extend(items.vectors, self.settings.metric, self.settings.precision);
        for row in 0..n {
            let id = items.ids[row];
            if !(1..=LONGEST_ID).contains(&id.len()) {
                let row = self.ids.len();
                let problem = message![
                    "the id of row ",
                    row,
                    " has ",
                    id.len(),
                    " bytes, expected 1 to ",
                    LONGEST_ID
                ];
                return Err(Error::option("id", problem));
            }
            let payload = items.payloads.get(row).map_or("", |text| text);
            self.text(id.as_bytes(), payload.as_bytes())?;
        }
        Ok(())
    }

    /// Adds these rows of another catalogue as they are, removed ones included. O(rows dim).
    ///
    /// # Errors
    /// [`Error::Dimension`] or [`Error::Option`] for a catalogue of another dimension, metric or precision, and for a row past its end.
    #[inline(never)]
    pub fn take(&mut self, from: &Catalogue, rows: &[u32]) -> Result<(), Error> {
        expect("length of the vectors", from.dim(), self.dim)?;
        if (from.metric(), from.precision()) != (self.settings.metric, self.settings.precision) {
            return Err(Error::option("catalogue", "the two differ in metric or precision"));
        }
        let (codes, norms) = (from.codes(), from.norms());
        let reach = from.layout.header.reach.known(&codes);
        self.encoded.reach.include(reach);
        for &row in rows {
            let row = row as usize;
            from.check_row(row)?;
            let (own, residuals) = codes.row(row);
            let four = row * 4..row * 4 + 4;
            let encoded = &mut self.encoded;
            encoded.codes.extend_from_slice(own);
            encoded.residuals.extend_from_slice(residuals.unwrap_or(&[]));
            encoded.scales.extend_from_slice(&codes.scales[four.clone()]);
            encoded.norms.extend_from_slice(norms.get(four).unwrap_or(&[]));
            self.text(from.ids().get(row), from.payloads().get(row))?;
        }
        Ok(())
    }

    fn text(&mut self, id: &[u8], payload: &[u8]) -> Result<(), Error> {
        self.ids.push("ids", id)?;
        self.payloads.push("payloads", payload)
    }

    /// Adds a section that is not written from the items, [`Section::Attributes`] or one after it. The last of a kind counts.
    pub fn section(&mut self, section: Section, content: Vec<u8>) {
        self.sections.retain(|(known, _)| *known != section);
        self.sections.push((section, content));
    }

    /// The catalogue. O(n (dim + log n)).
    ///
    /// # Errors
    /// [`Error::Option`] for an id given twice, naming the rows; [`Error::Corrupt`] for added sections that do not fit.
    pub fn finish(self) -> Result<Catalogue, Error> {
        let (bytes, layout) = self.write()?;
        match layout.has(Section::Base) {
            true => Err(format::is_delta()),
            false => Ok(Catalogue { bytes, layout, sketches: None }),
        }
    }

    /// The same for a delta, whose bytes are no catalogue of their own.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_delta(self) -> Result<Vec<u8>, Error> {
        Ok(self.write()?.0)
    }

    #[inline(never)]
    fn write(self) -> Result<(Vec<u8>, Layout), Error> {
        let n = self.ids.len();
        let removed = self.sections.iter().find(|(section, _)| *section == Section::Removed);
        let live = without(n, removed.map_or(&[], |(_, words)| words));
        let id_order = self.id_order(&live)?;
        let Encoded { scales, codes, residuals, norms, reach } = self.encoded;
        let stored = Codes { dim: self.dim, scales: &scales, codes: &codes, residuals: &residuals };
        let spread = spread(&stored, &live);
        let BuildOptions { metric, precision } = self.settings;
        let header = Header { n, dim: self.dim, metric, spread, reach };
        let mut sections = vec![
            (Section::Scales, scales),
            (Section::Codes, codes),
            (Section::IdOffsets, little_endian(&self.ids.ends)),
            (Section::Ids, self.ids.texts),
            (Section::IdOrder, little_endian(&id_order)),
        ];
        if precision == Precision::Full {
            sections.push((Section::Residuals, residuals));
        }
        if !self.payloads.texts.is_empty() {
            sections.push((Section::PayloadOffsets, little_endian(&self.payloads.ends)));
            sections.push((Section::Payloads, self.payloads.texts));
        }
        if metric == Metric::L2 {
            sections.push((Section::Norms, norms));
        }
        sections.extend(self.sections);
        format::write(&header, &sections)
    }

    /// Live rows in the order of their ids' bytes; refuses ids that are there twice.
    #[inline(never)]
    fn id_order(&self, live: &RowSet) -> Result<Vec<u32>, Error> {
        let rows: Vec<usize> = (0..self.ids.len()).filter(|&row| live.has(row)).collect();
        // By their first eight bytes; by all, where those are equal.
        let starts: Vec<u64> = rows.iter().map(|&row| start(self.ids.get(row))).collect();
        let whole = |x: usize, y: usize| self.ids.get(rows[x]).cmp(self.ids.get(rows[y]));
        let order = argsort(&starts, &whole);
        let order: Vec<u32> = order.into_iter().map(|at| rows[at] as u32).collect();
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

/// The first eight bytes as a number of the same order; zeros after the last.
#[inline(never)]
fn start(id: &[u8]) -> u64 {
    id.iter()
        .take(8)
        .enumerate()
        .fold(0, |start, (at, &byte)| start | u64::from(byte) << (56 - 8 * at))
}

fn expect(what: &'static str, got: usize, expected: usize) -> Result<(), Error> {
    match got == expected {
        true => Ok(()),
        false => Err(Error::Dimension { what, got, expected }),
    }
}

/// Mean squared distance of all pairs of live rows, as [`crate::spread`] has it, without keeping more than one vector.
#[inline(never)]
fn spread(codes: &Codes<'_>, live: &RowSet) -> f64 {
    let n = live.count() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mut vector = Vec::with_capacity(codes.dim);
    let mut each = |visit: &mut dyn FnMut(&[f32])| {
        for row in (0..codes.len()).filter(|&row| live.has(row)) {
            vector.clear();
            codes.decode(row, &mut vector);
            visit(&vector);
        }
    };
    let mut mean = vec![0.0; codes.dim];
    each(&mut |vector| add_scaled(&mut mean, vector, 1.0));
    mean.iter_mut().for_each(|sum| *sum /= n);
    let mut within = 0.0;
    each(&mut |vector| within += squared_distance(vector, &mean));
    2.0 * within / (n - 1.0)
}
