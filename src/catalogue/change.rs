//! A catalogue that becomes another: items added, replaced and removed, and the difference of two as a file of its own.
//!
//! Every change gives a new catalogue in O(bytes). Rows of removed items stay, marked, until [`Catalogue::compact`] drops them, so that the lists stay
//! as they are; rows added later are in no list and are always looked at.

use super::attributes::Texts;
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

    /// The same items without the room that removed ones took.
    ///
    /// # Errors
    /// [`Error::Memory`] when the new catalogue does not fit.
    pub fn compact(&self) -> Result<Self, Error> {
        let rows: Vec<u32> = self.all_rows().into_iter().filter(|&row| self.is_live(row as usize)).collect();
        let lists = self.layout.lists.as_ref();
        self.rewritten(
            &rows,
            lists.map_or(Vec::new(), |lists| lists.kept(self.section(Section::Lists), &rows)),
        )
    }

    /// What makes this catalogue `newer`, as a file for [`merge`](Self::merge): the rows of `newer` that are new or differ (the caller knows
    /// which), and the ids that are no more.
    ///
    /// # Errors
    /// As [`with`](Self::with); [`Error::Option`] for a row of no item.
    pub fn delta(&self, newer: &Self, changed: &[u32]) -> Result<Vec<u8>, Error> {
        self.check_like(newer)?;
        if let Some(row) = changed.iter().find(|&&row| !newer.is_live(row as usize)) {
            return Err(Error::option("changed", format!("row {row} is no item")));
        }
        let mut dropped = Run::default();
        for id in (0..self.rows()).filter_map(|row| self.id(row)).filter(|id| newer.row(id).is_none()) {
            dropped.push("ids", id.as_bytes())?;
        }
        let base = Some((self.revision(), dropped));
        let revision = Some(newer.revision());
        Ok(Contents { base, revision, ..Contents::gather(&[(newer, changed)])? }.write()?.bytes)
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
        let removed = Some(Bits::from_words(total, gone.words()));
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

    fn all_rows(&self) -> Vec<u32> {
        (0..self.rows() as u32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Attribute, Builder, Condition, Items, Metric, Settings, Values};
    use super::*;
    use crate::Vectors;
    use alloc::{string::String, vec};

    /// Items of two numbers; the payload is the id twice, "size" is the first number, "kind" the first letter.
    fn of(items: &[(&str, f32, f32)]) -> Catalogue {
        let values: Vec<f32> = items.iter().flat_map(|item| [item.1, item.2]).collect();
        let ids: Vec<&str> = items.iter().map(|item| item.0).collect();
        let payloads: Vec<String> = ids.iter().map(|id| format!("\"{id}{id}\"")).collect();
        let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
        let mut builder = Builder::new(2, Settings { metric: Metric::L2, ..Settings::default() }).unwrap();
        builder.add(&Items::new(Vectors::new(&values, 2).unwrap(), &ids).with_payloads(&payloads)).unwrap();
        let mut words: Vec<String> = ids.iter().map(|id| id[..1].into()).collect();
        words.sort();
        words.dedup();
        let place = |id: &&str| words.iter().position(|word| *word == id[..1]).unwrap() as u32;
        let labels = ids.iter().map(place).collect();
        let ends = (1..=ids.len() as u32).collect();
        builder.attribute(Attribute { name: "kind".into(), values: Values::Labels { words, ends, labels } });
        let sizes = items.iter().map(|item| item.1.into()).collect();
        builder.attribute(Attribute { name: "size".into(), values: Values::Numbers(sizes) });
        builder.finish().unwrap()
    }

    /// Everything about the items, in the order of their ids.
    fn all(catalogue: &Catalogue) -> Vec<(String, Vec<f32>, Option<String>, Vec<bool>)> {
        let rows: Vec<usize> = (0..catalogue.rows()).filter(|&row| catalogue.is_live(row)).collect();
        let kind = |kind: &str| catalogue.matching("kind", &Condition::Labels(&[kind])).unwrap();
        let (a, b, big) =
            (kind("a"), kind("b"), catalogue.matching("size", &Condition::Between(2.0, 99.0)).unwrap());
        let item = |&row: &usize| {
            let mut vector = Vec::new();
            catalogue.read_vector(row, &mut vector).unwrap();
            assert_eq!(catalogue.row(catalogue.id(row).unwrap()), Some(row));
            (
                String::from(catalogue.id(row).unwrap()),
                vector,
                catalogue.payload(row).map(String::from),
                vec![a.has(row), b.has(row), big.has(row)],
            )
        };
        let mut items: Vec<_> = rows.iter().map(item).collect();
        items.sort_by(|x, y| x.0.cmp(&y.0));
        items
    }

    fn read_again(catalogue: &Catalogue) -> Catalogue {
        Catalogue::from_bytes(catalogue.bytes().to_vec()).unwrap()
    }

    #[test]
    fn adding_replacing_and_removing_is_as_if_built_so() {
        let first = of(&[("a1", 1.0, 0.0), ("b1", 2.0, 1.0), ("a2", 3.0, 0.5)]);
        let with = read_again(&first.with(&of(&[("b2", 4.0, 4.0), ("a1", 9.0, 9.0)])).unwrap());
        let want = of(&[("a1", 9.0, 9.0), ("b1", 2.0, 1.0), ("a2", 3.0, 0.5), ("b2", 4.0, 4.0)]);
        assert_eq!(all(&with), all(&want));
        assert_eq!((with.len(), with.rows()), (4, 5));
        assert!((with.spread() - want.spread()).abs() < 1e-9);
        let (without, count) = with.without(&["b1", "ghost", "b1", "a1"]).unwrap();
        assert_eq!(count, 2);
        let want = of(&[("a2", 3.0, 0.5), ("b2", 4.0, 4.0)]);
        assert_eq!(all(&read_again(&without)), all(&want));
        let compact = without.compact().unwrap();
        assert_eq!(all(&compact), all(&want));
        assert_eq!((compact.rows(), compact.revision()), (2, without.revision()));
        let (none, _) = compact.without(&["a2", "b2"]).unwrap();
        assert!(none.is_empty() && none.compact().unwrap().is_empty());
        assert_eq!(all(&none.with(&want).unwrap()), all(&want));
    }

    #[test]
    fn a_delta_leads_from_one_to_the_other_and_the_next_one_follows() {
        let versions = [
            of(&[("a1", 1.0, 0.0), ("b1", 2.0, 1.0), ("a2", 3.0, 0.5)]),
            of(&[("b1", 2.0, 1.0), ("a2", 5.0, 0.5), ("b9", 1.0, 1.0)]),
            of(&[("b9", 1.0, 1.0)]),
            of(&[]),
            of(&[("a1", 1.0, 0.0)]),
        ];
        let mut here = read_again(&versions[0]);
        for pair in versions.windows(2) {
            let changed: Vec<u32> = (0..pair[1].rows() as u32).collect();
            let delta = pair[0].delta(&pair[1], &changed).unwrap();
            assert_eq!(Catalogue::from_bytes(delta.clone()).unwrap_err().code(), "corrupt");
            assert_eq!(pair[1].merge(delta.clone()).unwrap_err().code(), "option", "not its base");
            here = read_again(&here.merge(delta).unwrap());
            assert_eq!(here.revision(), pair[1].revision());
            if !pair[1].is_empty() {
                assert_eq!(all(&here), all(&pair[1]));
            }
        }
        assert_eq!(here.merge(here.bytes().to_vec()).unwrap_err().code(), "corrupt");
        assert_eq!(versions[0].delta(&versions[2], &[7]).unwrap_err().code(), "option");
    }

    #[test]
    fn catalogues_of_another_kind_are_refused() {
        let here = of(&[("a", 1.0, 0.0)]);
        let vectors = Vectors::new(&[1.0, 0.0], 2).unwrap();
        let other = Catalogue::build(&Items::new(vectors, &["x"]), Precision::Full).unwrap();
        assert_eq!(here.with(&other).unwrap_err().code(), "option");
        let one = Vectors::new(&[1.0], 1).unwrap();
        let other = Catalogue::build(&Items::new(one, &["x"]), Precision::Full).unwrap();
        assert_eq!(here.with(&other).unwrap_err().code(), "dimension");
    }
}
