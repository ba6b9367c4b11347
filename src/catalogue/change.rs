//! A catalogue that becomes another: items added, replaced and removed, and the difference of two as a file of its own.
//!
//! Every change gives a new catalogue in O(bytes). Rows of removed items stay, marked, until [`Catalogue::compact`] drops them, so that the lists stay
//! as they are; rows added later are in no list and are always looked at.

use super::attributes::{Texts, describe};
use super::bits::Bits;
use super::contents::{Contents, Run};
use super::format::{self, Section};
use super::{Catalogue, Precision};
use crate::Error;
use alloc::{format, vec::Vec};

impl Catalogue {
    /// These items and those of the other catalogue, which replace those of the same id.
    ///
    /// # Errors
    /// [`Error::Dimension`] or [`Error::Option`] when the two differ in dimension, metric or precision.
    pub fn with(&self, others: &Self) -> Result<Self, Error> {
        self.replaced(others, Bits::none(self.rows()), None)
    }

    /// Without the items of these ids; those it does not have are ignored. Also says how many it had.
    ///
    /// # Errors
    /// [`Error::Memory`] when the new catalogue does not fit.
    pub fn without(&self, ids: &[&str]) -> Result<(Self, usize), Error> {
        let mut removed = Bits::none(self.rows());
        ids.iter().filter_map(|id| self.row(id)).for_each(|row| removed.insert(row));
        let count = removed.count();
        Ok((self.assemble(&[(self, &self.all_rows())], removed, None)?, count))
    }

    /// The same items without the room that removed ones took; where there are lists, they are made anew.
    ///
    /// # Errors
    /// [`Error::Memory`] when the new catalogue does not fit.
    pub fn compact(&self) -> Result<Self, Error> {
        let rows: Vec<u32> = self.all_rows().into_iter().filter(|&row| self.is_live(row as usize)).collect();
        let contents = Contents::gather(&[(self, &rows)])?;
        let compact = Contents { revision: Some(self.revision()), ..contents }.write()?;
        if self.layout.lists.is_some() { compact.grouped() } else { Ok(compact) }
    }

    /// What makes this catalogue `newer`, as a file for [`merge`](Self::merge): the items that are new or differ, and the ids that are no more.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn delta(&self, newer: &Self) -> Result<Vec<u8>, Error> {
        self.check_like(newer)?;
        let changed: Vec<u32> =
            newer.all_rows().into_iter().filter(|&row| self.differs(newer, row as usize)).collect();
        let mut dropped = Run::default();
        for id in (0..self.rows()).filter_map(|row| self.id(row)).filter(|id| newer.row(id).is_none()) {
            dropped.push("ids", id.as_bytes())?;
        }
        let contents = Contents::gather(&[(newer, &changed)])?;
        let base = Some((self.revision(), dropped));
        Ok(Contents { base, revision: Some(newer.revision()), ..contents }.write()?.bytes)
    }

    /// The catalogue that a [`delta`](Self::delta) leads to: the same items, in another order of rows.
    ///
    /// # Errors
    /// [`Error::Corrupt`] and [`Error::Version`] for bytes that are no delta; [`Error::Option`] for the delta of another catalogue.
    pub fn merge(&self, delta: Vec<u8>) -> Result<Self, Error> {
        let delta = Self { layout: format::read(&delta)?, bytes: delta };
        if !delta.layout.has(Section::Base) {
            return Err(Error::corrupt("they are a whole catalogue, expected changes to one"));
        }
        let base = u64::from_le_bytes(format::eight(delta.section(Section::Base), 0));
        if base != self.revision() {
            let problem = format!(
                "it changes revision {base:016x}, this catalogue is {:016x}; fetch the whole catalogue instead",
                self.revision()
            );
            return Err(Error::option("delta", problem));
        }
        let mut removed = Bits::none(self.rows());
        let dropped =
            Texts { ends: delta.section(Section::DroppedEnds), texts: delta.section(Section::Dropped) };
        for id in dropped.all().filter_map(|id| core::str::from_utf8(id).ok()) {
            if let Some(row) = self.row(id) {
                removed.insert(row);
            }
        }
        self.replaced(&delta, removed, Some(delta.revision()))
    }

    fn replaced(&self, others: &Self, mut removed: Bits, revision: Option<u64>) -> Result<Self, Error> {
        self.check_like(others)?;
        let coming =
            others.all_rows().into_iter().filter(|&row| others.is_live(row as usize)).collect::<Vec<u32>>();
        for id in coming.iter().filter_map(|&row| others.id(row as usize)) {
            if let Some(row) = self.row(id) {
                removed.insert(row);
            }
        }
        self.assemble(&[(self, &self.all_rows()), (others, &coming)], removed, revision)
    }

    /// All rows of this catalogue and perhaps some more, without the `removed` and those that were removed before.
    fn assemble(
        &self,
        parts: &[(&Self, &[u32])],
        removed: Bits,
        revision: Option<u64>,
    ) -> Result<Self, Error> {
        let mut live = self.layout.live.clone();
        live.subtract(&removed);
        let mut gone = Bits::all(self.rows());
        gone.subtract(&live);
        let contents = Contents::gather(parts)?;
        // Rows that came are past the words of these, or past their bits, which are 0.
        let total = parts.iter().map(|(_, rows)| rows.len()).sum();
        let removed = Some(Bits::from_words(total, gone.words().iter().copied()));
        let lists = self.section(Section::Lists).to_vec();
        Contents { removed, lists, revision, ..contents }.write()
    }

    fn check_like(&self, other: &Self) -> Result<(), Error> {
        if self.dim() != other.dim() {
            return Err(Error::Dimension {
                what: "length of the vectors",
                got: other.dim(),
                expected: self.dim(),
            });
        }
        let name = |precision| if precision == Precision::Full { "full" } else { "compact" };
        if (self.metric(), self.precision()) == (other.metric(), other.precision()) {
            return Ok(());
        }
        let (got, expected) = (name(other.precision()), name(self.precision()));
        let problem = format!("got {:?} {got}, expected {:?} {expected}", other.metric(), self.metric());
        Err(Error::option("metric and precision", problem))
    }

    /// Whether an item of `newer` is not, just so, in this catalogue.
    fn differs(&self, newer: &Self, row: usize) -> bool {
        let Some(id) = newer.id(row) else { return false };
        let Some(own) = self.row(id) else { return true };
        let vector = |catalogue: &Self, row| {
            let codes = catalogue.codes();
            let (code, residual) = codes.row(row);
            (codes.scale(row).to_bits(), code.to_vec(), residual.map(<[u8]>::to_vec))
        };
        let values = |catalogue: &Self, row| {
            describe(catalogue.section(Section::Attributes), &catalogue.layout.columns, row)
        };
        self.payload(own) != newer.payload(row)
            || vector(self, own) != vector(newer, row)
            || values(self, own) != values(newer, row)
    }

    fn all_rows(&self) -> Vec<u32> {
        (0..self.rows() as u32).collect()
    }
}
