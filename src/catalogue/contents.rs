//! Writing a catalogue: from items that come in batches, or from rows of other catalogues.

use super::attributes::{self, Attribute};
use super::bits::Bits;
use super::codes::{Codes, Encoded, Precision};
use super::format::{self, Header, LONGEST_ID, MOST_DIMENSIONS, Section, little_endian};
use super::{Catalogue, Items, Metric};
use crate::Error;
use crate::exact::squared_distance;
use crate::order::order;
use alloc::{format, vec, vec::Vec};

/// How a catalogue is built.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// How finely vectors are stored.
    pub precision: Precision,
    /// How nearness is measured.
    pub metric: Metric,
}

/// A catalogue in the making: items come in batches, and only their codes are kept.
pub struct Builder {
    settings: Settings,
    contents: Contents,
}

impl Builder {
    /// Begins a catalogue of vectors of `dim` numbers.
    ///
    /// # Errors
    /// [`Error::Option`] for a `dim` of 0 or above 32,768.
    pub fn new(dim: usize, settings: Settings) -> Result<Self, Error> {
        if !(1..=MOST_DIMENSIONS).contains(&dim) {
            return Err(Error::option("dim", format!("got {dim}, expected 1 to {MOST_DIMENSIONS}")));
        }
        let full = settings.precision == Precision::Full;
        Ok(Self { settings, contents: Contents::empty(dim, settings.metric, full) })
    }

    /// Adds items. O(n dim).
    ///
    /// # Errors
    /// [`Error::Dimension`] for vectors of another length, or unless there are as many ids (and payloads, if any) as vectors;
    /// [`Error::Option`] for an id that is empty or longer than 65,535 bytes, naming the row.
    pub fn add(&mut self, items: &Items<'_>) -> Result<(), Error> {
        let n = items.vectors.len();
        let expect = |what, got: usize, expected: usize| match got == expected {
            true => Ok(()),
            false => Err(Error::Dimension { what, got, expected }),
        };
        expect("length of the vectors", items.vectors.dim(), self.contents.dim)?;
        expect("number of ids", items.ids.len(), n)?;
        if !items.payloads.is_empty() {
            expect("number of payloads", items.payloads.len(), n)?;
        }
        let contents = &mut self.contents;
        for (row, id) in items.ids.iter().enumerate() {
            if !(1..=LONGEST_ID).contains(&id.len()) {
                let row = contents.ids.len() + row;
                let problem =
                    format!("the id of row {row} has {} bytes, expected 1 to {LONGEST_ID}", id.len());
                return Err(Error::option("id", problem));
            }
        }
        contents.encoded.extend(items.vectors, self.settings.metric, self.settings.precision);
        for row in 0..n {
            contents.ids.push("ids", items.ids[row].as_bytes())?;
            contents
                .payloads
                .push("payloads", items.payloads.get(row).map_or(&[], |text| text.as_bytes()))?;
        }
        Ok(())
    }

    /// Adds what filters look at, for all the items.
    pub fn attribute(&mut self, attribute: Attribute) {
        self.contents.attributes.push(attribute);
    }

    /// The catalogue. O(n (dim + log n)).
    ///
    /// # Errors
    /// [`Error::Option`] for an id given twice, naming the rows; [`Error::Dimension`] for attributes of another number of rows.
    pub fn finish(self) -> Result<Catalogue, Error> {
        attributes::check(&self.contents.attributes, self.contents.ids.len())?;
        self.contents.write()
    }
}

/// Texts in the making.
#[derive(Default)]
pub(super) struct Run {
    texts: Vec<u8>,
    ends: Vec<u32>,
}

impl Run {
    #[inline(never)]
    pub(super) fn push(&mut self, name: &'static str, text: &[u8]) -> Result<(), Error> {
        self.texts.extend_from_slice(text);
        let end = u32::try_from(self.texts.len());
        self.ends.push(end.map_err(|_| Error::option(name, "more than 4 GB in all; split the catalogue"))?);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, i: usize) -> &[u8] {
        &self.texts[i.checked_sub(1).map_or(0, |before| self.ends[before] as usize)..self.ends[i] as usize]
    }
}

/// Everything a file is written from.
pub(super) struct Contents {
    pub(super) dim: usize,
    pub(super) metric: Metric,
    pub(super) full: bool,
    pub(super) encoded: Encoded,
    pub(super) ids: Run,
    pub(super) payloads: Run,
    pub(super) attributes: Vec<Attribute>,
    pub(super) removed: Option<Bits>,
    pub(super) lists: Vec<u8>,
    pub(super) revision: Option<u64>,
    /// For a delta: the revision it applies to, and the ids that are no more.
    pub(super) base: Option<(u64, Run)>,
}

impl Contents {
    fn empty(dim: usize, metric: Metric, full: bool) -> Self {
        Self {
            dim,
            metric,
            full,
            encoded: Encoded::default(),
            ids: Run::default(),
            payloads: Run::default(),
            attributes: Vec::new(),
            removed: None,
            lists: Vec::new(),
            revision: None,
            base: None,
        }
    }

    /// These rows of these catalogues, which agree in dimension, metric and precision.
    pub(super) fn gather(parts: &[(&Catalogue, &[u32])]) -> Result<Self, Error> {
        let first = parts[0].0;
        let mut all = Self::empty(first.dim(), first.metric(), first.precision() == Precision::Full);
        for (catalogue, rows) in parts {
            let (codes, norms) = (catalogue.codes(), catalogue.section(Section::Norms));
            let encoded = &mut all.encoded;
            for &row in *rows {
                let row = row as usize;
                let (own, residuals) = codes.row(row);
                encoded.codes.extend_from_slice(own);
                encoded.residuals.extend_from_slice(residuals.unwrap_or(&[]));
                encoded.scales.extend_from_slice(&codes.scales[row * 4..row * 4 + 4]);
                encoded.norms.extend_from_slice(norms.get(row * 4..row * 4 + 4).unwrap_or(&[]));
                all.ids.push("ids", catalogue.ids().get(row))?;
                let has = !catalogue.section(Section::PayloadEnds).is_empty();
                all.payloads.push("payloads", if has { catalogue.payloads().get(row) } else { &[] })?;
            }
            let reach = catalogue.layout.header.reach.known(&codes);
            encoded.reach.codes = encoded.reach.codes.max(reach.codes);
            encoded.reach.residuals = encoded.reach.residuals.max(reach.residuals);
        }
        let columns: Vec<_> = parts
            .iter()
            .map(|(catalogue, rows)| {
                (catalogue.section(Section::Attributes), &catalogue.layout.columns[..], *rows)
            })
            .collect();
        all.attributes = attributes::gather(&columns)?;
        Ok(all)
    }

    #[inline(never)]
    pub(super) fn write(self) -> Result<Catalogue, Error> {
        let n = self.ids.len();
        let mut live = Bits::all(n);
        if let Some(removed) = &self.removed {
            live.subtract(removed);
        }
        let id_order = self.id_order(&live)?;
        let Encoded { scales, codes, residuals, norms, reach } = self.encoded;
        let stored = Codes { dim: self.dim, scales: &scales, codes: &codes, residuals: &residuals };
        let spread = spread(&stored, &live);
        let header = Header { n, dim: self.dim, metric: self.metric, spread, reach };
        let mut sections = vec![
            (Section::Scales, scales),
            (Section::Codes, codes),
            (Section::IdEnds, little_endian(&self.ids.ends)),
            (Section::Ids, self.ids.texts),
            (Section::IdOrder, little_endian(&id_order)),
        ];
        let mut add = |wanted: bool, section, content| {
            if wanted {
                sections.push((section, content));
            }
        };
        add(self.full, Section::Residuals, residuals);
        let payloads = !self.payloads.texts.is_empty();
        add(payloads, Section::PayloadEnds, little_endian(&self.payloads.ends));
        add(payloads, Section::Payloads, self.payloads.texts);
        add(self.metric == Metric::L2, Section::Norms, norms);
        add(!self.attributes.is_empty(), Section::Attributes, attributes::write(&self.attributes)?);
        if let Some(removed) = self.removed.filter(|removed| removed.count() > 0) {
            add(true, Section::Removed, little_endian(removed.words()));
        }
        add(!self.lists.is_empty(), Section::Lists, self.lists);
        if let Some(revision) = self.revision {
            add(true, Section::Revision, revision.to_le_bytes().to_vec());
        }
        if let Some((base, dropped)) = self.base {
            add(true, Section::Base, base.to_le_bytes().to_vec());
            add(true, Section::DroppedEnds, little_endian(&dropped.ends));
            add(true, Section::Dropped, dropped.texts);
        }
        let (bytes, layout) = format::write(&header, &sections)?;
        Ok(Catalogue { bytes, layout })
    }

    /// Live rows in the order of their ids' bytes; refuses ids that are there twice.
    #[inline(never)]
    fn id_order(&self, live: &Bits) -> Result<Vec<u32>, Error> {
        let rows: Vec<usize> = (0..self.ids.len()).filter(|&row| live.has(row)).collect();
        let order = order(rows.len(), &|x, y| self.ids.get(rows[x]).cmp(self.ids.get(rows[y])));
        let order: Vec<u32> = order.into_iter().map(|at| rows[at] as u32).collect();
        let id = |row: u32| self.ids.get(row as usize);
        match order.windows(2).find(|pair| id(pair[0]) == id(pair[1])) {
            Some(&[first, second]) => {
                let id = core::str::from_utf8(id(first)).unwrap_or_default();
                let problem =
                    format!("\"{id}\" is the id of rows {first} and {second}, expected ids to be unique");
                Err(Error::option("id", problem))
            }
            _ => Ok(order),
        }
    }
}

impl Catalogue {
    /// These rows alone, with this section of lists.
    pub(super) fn rewritten(&self, rows: &[u32], lists: Vec<u8>) -> Result<Self, Error> {
        let revision = Some(self.revision());
        Contents { lists, revision, ..Contents::gather(&[(self, rows)])? }.write()
    }
}

/// Mean squared distance of all pairs of live rows, as [`crate::spread`] has it, without keeping more than one vector.
#[inline(never)]
fn spread(codes: &Codes<'_>, live: &Bits) -> f64 {
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
    each(&mut |vector| mean.iter_mut().zip(vector).for_each(|(sum, &x)| *sum += f64::from(x)));
    mean.iter_mut().for_each(|sum| *sum /= n);
    let mut within = 0.0;
    each(&mut |vector| within += squared_distance(vector, &mean));
    2.0 * within / (n - 1.0)
}
