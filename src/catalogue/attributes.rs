//! Attributes: what filters look at. A column has for every row a number (or none), or any number of labels, each from a small vocabulary.

use super::bits::Bits;
use super::format::{eight, little_endian, number};
use crate::Error;
use alloc::{format, string::String, vec::Vec};
use core::ops::{Range, RangeInclusive};

/// A column of a catalogue in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// What filters call it.
    pub name: String,
    /// A value for every row.
    pub values: Values,
}

/// The values of an [`Attribute`].
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// A number for every row; NaN for none.
    Numbers(Vec<f64>),
    /// The labels of row r are `labels[ends[r - 1]..ends[r]]`, each a place in `words`.
    Labels {
        /// The vocabulary, ascending.
        words: Vec<String>,
        /// n ascending ends.
        ends: Vec<u32>,
        /// Places in the vocabulary.
        labels: Vec<u32>,
    },
}

/// More columns than anyone filters by; the check that names differ compares all pairs.
const MOST_COLUMNS: usize = 1024;

/// What rows of an attribute must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition<'a> {
    /// A number within these bounds, both included.
    Between(f64, f64),
    /// One of these numbers.
    Numbers(&'a [f64]),
    /// At least one of these labels.
    Labels(&'a [&'a str]),
}

/// Where a column is in the section of attributes.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: Range<usize>,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Numbers(Range<usize>),
    Labels { word_ends: Range<usize>, words: Range<usize>, ends: Range<usize>, labels: Range<usize> },
}

/// Texts one after the other, and where each ends.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) ends: &'a [u8],
    pub(super) texts: &'a [u8],
}

impl<'a> Texts<'a> {
    /// Text i. The ends were checked.
    #[inline(never)]
    pub(super) fn get(self, i: usize) -> &'a [u8] {
        let start = i.checked_sub(1).map_or(0, |before| number(self.ends, before));
        &self.texts[start..number(self.ends, i)]
    }

    pub(super) fn all(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.ends.len() / 4).map(move |i| self.get(i))
    }

    /// Are the ends ascending, on character boundaries of UTF-8, the lengths within these, and is everything covered?
    #[inline(never)]
    pub(super) fn check(self, lengths: RangeInclusive<usize>) -> Result<(), String> {
        let Ok(texts) = core::str::from_utf8(self.texts) else {
            return Err("the bytes are not UTF-8".into());
        };
        let mut start = 0;
        for i in 0..self.ends.len() / 4 {
            let end = number(self.ends, i);
            let length = end.checked_sub(start);
            if !length.is_some_and(|length| lengths.contains(&length)) || !texts.is_char_boundary(end) {
                return Err(format!("row {i} is {start}..{end}"));
            }
            start = end;
        }
        match start == texts.len() {
            true => Ok(()),
            false => Err(format!("there are {} bytes, the rows end at {start}", texts.len())),
        }
    }
}

/// Bytes that were checked to be UTF-8.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// The section: the number of columns, then each: kind, lengths, and its parts, each at a multiple of 8.
pub(super) fn write(columns: &[Attribute]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let head = |bytes: &mut Vec<u8>, numbers: [usize; 4]| {
        for x in numbers {
            let problem = || format!("got a part of {x}, expected below 2^32");
            bytes.extend(u32::try_from(x).map_err(|_| Error::option("attributes", problem()))?.to_le_bytes());
        }
        Ok(())
    };
    head(&mut bytes, [columns.len(), 0, 0, 0])?;
    for Attribute { name, values } in columns {
        match values {
            Values::Numbers(numbers) => {
                head(&mut bytes, [0, name.len(), 0, 0])?;
                part(&mut bytes, name.as_bytes());
                for x in numbers {
                    part(&mut bytes, &x.to_le_bytes());
                }
            }
            Values::Labels { words, ends, labels } => {
                let text: String = words.concat();
                head(&mut bytes, [1, name.len(), words.len(), text.len()])?;
                let mut end = 0;
                let mut word_ends = Vec::with_capacity(words.len());
                for word in words {
                    end += word.len() as u32;
                    word_ends.push(end);
                }
                part(&mut bytes, name.as_bytes());
                part(&mut bytes, &little_endian(&word_ends));
                part(&mut bytes, text.as_bytes());
                part(&mut bytes, &little_endian(ends));
                part(&mut bytes, &little_endian(labels));
            }
        }
    }
    Ok(bytes)
}

#[inline(never)]
fn part(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}

/// Checks the section and tells where the columns are. An absent section has none.
pub(super) fn read(bytes: &[u8], n: usize) -> Result<Vec<Column>, Error> {
    let wrong = |what: &str| Error::corrupt(format!("the attributes have {what}"));
    let mut at = 0usize;
    let mut take = |length: usize| -> Result<Range<usize>, Error> {
        let range = at..at.saturating_add(length);
        if range.end > bytes.len() {
            return Err(wrong("parts beyond their end"));
        }
        at = range.end.next_multiple_of(8).min(bytes.len());
        Ok(range)
    };
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let count = number(&bytes[take(16)?], 0);
    if count > MOST_COLUMNS {
        return Err(wrong("too many columns"));
    }
    let mut columns: Vec<Column> = Vec::new();
    for _ in 0..count {
        let head = &bytes[take(16)?];
        let [kind, name, words, text] = [0, 1, 2, 3].map(|i| number(head, i));
        let name = take(name)?;
        if core::str::from_utf8(&bytes[name.clone()]).is_err() {
            return Err(wrong("a name that is not UTF-8"));
        }
        if columns.iter().any(|column| bytes[column.name.clone()] == bytes[name.clone()]) {
            return Err(wrong("a name twice"));
        }
        let place = match kind {
            0 => Place::Numbers(take(n.saturating_mul(8))?),
            1 => {
                let word_ends = take(words.saturating_mul(4))?;
                let text = take(text)?;
                let ends = take(n.saturating_mul(4))?;
                let (mut last, all) = (0, &bytes[ends.clone()]);
                for row in 0..n {
                    let end = number(all, row);
                    if end < last {
                        return Err(wrong("ends that do not ascend"));
                    }
                    last = end;
                }
                let labels = take(last.saturating_mul(4))?;
                let vocabulary = Texts { ends: &bytes[word_ends.clone()], texts: &bytes[text.clone()] };
                vocabulary.check(0..=usize::MAX).map_err(|problem| wrong(&format!("words: {problem}")))?;
                let sorted = (1..words).all(|i| vocabulary.get(i - 1) < vocabulary.get(i));
                if !sorted || (0..last).any(|i| number(&bytes[labels.clone()], i) >= words) {
                    return Err(wrong("labels or words out of order"));
                }
                Place::Labels { word_ends, words: text, ends, labels }
            }
            _ => return Err(wrong("a kind this version does not know")),
        };
        columns.push(Column { name, place });
    }
    Ok(columns)
}

/// The columns' names, and whether each holds numbers.
pub(super) fn names<'a>(bytes: &'a [u8], columns: &'a [Column]) -> impl Iterator<Item = (&'a str, bool)> {
    columns.iter().filter_map(|column| {
        let name = core::str::from_utf8(&bytes[column.name.clone()]).ok()?;
        Some((name, matches!(column.place, Place::Numbers(_))))
    })
}

/// The rows whose attribute meets the condition.
pub(super) fn matching(
    bytes: &[u8],
    columns: &[Column],
    n: usize,
    name: &str,
    condition: &Condition<'_>,
) -> Result<Bits, Error> {
    let Some(column) = columns.iter().find(|column| &bytes[column.name.clone()] == name.as_bytes()) else {
        let known: Vec<&str> = names(bytes, columns).map(|(name, _)| name).collect();
        let known = if known.is_empty() {
            "none; build the catalogue with attributes".into()
        } else {
            known.join(", ")
        };
        return Err(Error::option("filter", format!("there is no attribute \"{name}\". Known: {known}")));
    };
    let refuse = |expected: &str| Err(Error::option("filter", format!("\"{name}\" holds {expected}")));
    let mut rows = Bits::none(n);
    match (&column.place, condition) {
        (Place::Numbers(numbers), Condition::Between(..) | Condition::Numbers(_)) => {
            let numbers = &bytes[numbers.clone()];
            let value = |row| f64::from_le_bytes(eight(numbers, row * 8));
            let meets = |x: f64| match condition {
                Condition::Between(low, high) => (*low..=*high).contains(&x),
                Condition::Numbers(wanted) => wanted.contains(&x),
                Condition::Labels(_) => false,
            };
            (0..n).filter(|&row| meets(value(row))).for_each(|row| rows.insert(row));
        }
        (Place::Labels { word_ends, words, ends, labels }, Condition::Labels(wanted)) => {
            let vocabulary = Texts { ends: &bytes[word_ends.clone()], texts: &bytes[words.clone()] };
            let sought: Vec<bool> =
                vocabulary.all().map(|word| wanted.iter().any(|w| w.as_bytes() == word)).collect();
            let (ends, labels, mut at) = (&bytes[ends.clone()], &bytes[labels.clone()], 0);
            for row in 0..n {
                let end = number(ends, row);
                if (at..end).any(|i| sought[number(labels, i)]) {
                    rows.insert(row);
                }
                at = end;
            }
        }
        (Place::Numbers(_), _) => return refuse("numbers, not labels: compare it with a number, min or max"),
        (Place::Labels { .. }, _) => return refuse("labels, not numbers: compare it with a text"),
    }
    Ok(rows)
}

/// The columns, their rows taken from these parts: (section, columns, rows to take). A column that a part lacks has no values there.
pub(super) fn gather(parts: &[(&[u8], &[Column], &[u32])]) -> Result<Vec<Attribute>, Error> {
    let mut gathered: Vec<Attribute> = Vec::new();
    for (bytes, columns, _) in parts {
        for (name, numeric) in names(bytes, columns) {
            match gathered.iter().find(|known| known.name == name) {
                Some(known) if matches!(known.values, Values::Numbers(_)) == numeric => {}
                Some(_) => {
                    let problem = format!("\"{name}\" holds numbers in one part and labels in the other");
                    return Err(Error::option("attributes", problem));
                }
                None => {
                    let labels = Values::Labels { words: Vec::new(), ends: Vec::new(), labels: Vec::new() };
                    let values = if numeric { Values::Numbers(Vec::new()) } else { labels };
                    gathered.push(Attribute { name: name.into(), values });
                }
            }
        }
    }
    for Attribute { name, values } in &mut gathered {
        for (bytes, columns, rows) in parts {
            let place = columns.iter().find(|column| &bytes[column.name.clone()] == name.as_bytes());
            match (&mut *values, place.map(|column| &column.place)) {
                (Values::Numbers(numbers), Some(Place::Numbers(range))) => {
                    let value =
                        |&row: &u32| f64::from_le_bytes(eight(&bytes[range.clone()], row as usize * 8));
                    numbers.extend(rows.iter().map(value));
                }
                (Values::Numbers(numbers), _) => numbers.extend(rows.iter().map(|_| f64::NAN)),
                (
                    Values::Labels { words, ends, labels },
                    Some(Place::Labels { word_ends, words: text, ends: old, labels: from }),
                ) => {
                    let vocabulary = Texts { ends: &bytes[word_ends.clone()], texts: &bytes[text.clone()] };
                    let (old, from, before) = (&bytes[old.clone()], &bytes[from.clone()], words.len() as u32);
                    // Words of different parts may be equal: sorted out below.
                    words.extend(vocabulary.all().map(|word| String::from(self::text(word))));
                    for &row in *rows {
                        let start = (row as usize).checked_sub(1).map_or(0, |above| number(old, above));
                        labels.extend(
                            (start..number(old, row as usize)).map(|i| before + number(from, i) as u32),
                        );
                        ends.push(labels.len() as u32);
                    }
                }
                (Values::Labels { ends, labels, .. }, _) => {
                    ends.extend(rows.iter().map(|_| labels.len() as u32))
                }
            }
        }
        if let Values::Labels { words, labels, .. } = values {
            sort_words(words, labels);
        }
    }
    Ok(gathered)
}

/// Sorts the vocabulary, each word once, without those nobody uses.
fn sort_words(words: &mut Vec<String>, labels: &mut [u32]) {
    let mut used = Bits::none(words.len());
    labels.iter().for_each(|&label| used.insert(label as usize));
    let order = crate::order::order(words.len(), &|x, y| words[x].cmp(&words[y]));
    let mut sorted: Vec<String> = Vec::new();
    let mut places: Vec<u32> = words.iter().map(|_| 0).collect();
    for at in order.into_iter().filter(|&at| used.has(at)) {
        if sorted.last() != Some(&words[at]) {
            sorted.push(core::mem::take(&mut words[at]));
        }
        places[at] = sorted.len() as u32 - 1;
    }
    labels.iter_mut().for_each(|label| *label = places[*label as usize]);
    *words = sorted;
}

/// Refuses columns that do not fit n rows.
pub(super) fn check(columns: &[Attribute], n: usize) -> Result<(), Error> {
    for (at, Attribute { name, values }) in columns.iter().enumerate() {
        let refuse = |problem: &str| Err(Error::option("attributes", format!("\"{name}\" {problem}")));
        let (got, good) = match values {
            Values::Numbers(numbers) => (numbers.len(), true),
            Values::Labels { words, ends, labels } => (
                ends.len(),
                ends.is_sorted()
                    && ends.last().copied().unwrap_or(0) as usize == labels.len()
                    && labels.iter().all(|&label| (label as usize) < words.len())
                    && words.is_sorted_by(|a, b| a < b),
            ),
        };
        if got != n {
            return Err(Error::Dimension { what: "number of values of an attribute", got, expected: n });
        }
        if !good {
            return refuse("has labels outside its words, or words that do not ascend");
        }
        if columns[..at].iter().any(|other| other.name == *name) {
            return refuse("is there twice");
        }
    }
    Ok(())
}
