//! The only file that knows JavaScript exists, and therefore one: convert, call, convert.
//!
//! Bulk numbers cross as typed arrays, in results that serde makes plain objects. Everything is stateless but for
//! [`CoreSession`] and [`CoreCatalogue`], which would be costly to copy. Errors are real JavaScript `Error`s with a `code`.

// Exported to JavaScript, not to Rust.
#![allow(unreachable_pub)]

use crate::text::hex16;
use crate::{
    Actions, BuildOptions, Catalogue, CatalogueBuilder, Cut, Dendrogram, Hit, Items, Medoids,
    Metric, Precision, Profile, ProfileOptions, RowSet, ScoredRow, SearchOptions, Section, Session,
    Singletons, Vectors, WirePrecision,
};
use alloc::{string::String, vec::Vec};
use js_sys::{Float32Array, Float64Array, Int32Array, Reflect, Uint8Array, Uint32Array};
use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;

#[cfg(feature = "wee_alloc")]
#[global_allocator]
static ALLOCATOR: wee_alloc::WeeAlloc<'_> = wee_alloc::WeeAlloc::INIT;

type Outcome<T> = Result<T, JsValue>;

/// Ward clustering of row-major n x dim vectors: labels, count, medoids, tree, threshold.
#[wasm_bindgen]
pub fn cluster(
    vectors: Vec<f32>,
    dim: usize,
    weights: Option<Vec<f64>>,
    options: &[f64],
) -> Outcome<JsValue> {
    let options = profile_options(options)?;
    let vectors = Vectors::new(&vectors, dim).map_err(thrown)?;
    let found = crate::cluster(vectors, weights.as_deref(), &options).map_err(thrown)?;
    plain(&[
        ("labels", Int32Array::from(&found.partition.labels[..]).into()),
        ("count", found.partition.count.into()),
        ("medoids", rows(&found.medoids).into()),
        ("tree", merges(&found.tree).into()),
        ("threshold", found.threshold.into()),
    ])
}

/// Ward clustering, the tree alone: n - 1 rows of a, b, height, size. Of the options only the memory counts.
#[wasm_bindgen]
pub fn ward(
    vectors: Vec<f32>,
    dim: usize,
    weights: Option<Vec<f64>>,
    options: &[f64],
) -> Outcome<Float64Array> {
    let memory = profile_options(options)?.memory_bytes().map_err(thrown)?;
    let vectors = Vectors::new(&vectors, dim).map_err(thrown)?;
    crate::ward_within(vectors, weights.as_deref(), memory)
        .map(|tree| merges(&tree))
        .map_err(thrown)
}

fn merges(tree: &Dendrogram) -> Float64Array {
    let merges = tree.merges().iter();
    let numbers: Vec<f64> = merges
        .flat_map(|merge| [merge.a as f64, merge.b as f64, merge.height, merge.size as f64])
        .collect();
    Float64Array::from(&numbers[..])
}

/// The interests of n actions at `now`, most important first.
#[wasm_bindgen]
pub fn profile(
    vectors: Vec<f32>,
    dim: usize,
    at: Vec<f64>,
    weights: Vec<f64>,
    now: f64,
    options: &[f64],
) -> Outcome<JsValue> {
    let options = profile_options(options)?;
    let vectors = Vectors::new(&vectors, dim).map_err(thrown)?;
    let actions = Actions::new(vectors, &at, &weights).map_err(thrown)?;
    shown(&crate::profile(&actions, now, &options).map_err(thrown)?)
}

fn shown(profile: &Profile) -> Outcome<JsValue> {
    plain(&[
        ("labels", Int32Array::from(&profile.partition.labels[..]).into()),
        ("count", profile.partition.count.into()),
        ("medoids", rows(&profile.medoids).into()),
        ("importance", Float64Array::from(&profile.importance[..]).into()),
        ("lastActive", Float64Array::from(&profile.last_active[..]).into()),
        ("threshold", profile.threshold.into()),
    ])
}

/// Which interests to query.
#[wasm_bindgen]
pub fn pick(importance: Vec<f64>, count: usize, seed: Option<f64>) -> Outcome<Uint32Array> {
    crate::pick(&importance, count, seed).map(|picked| rows(&picked)).map_err(thrown)
}

/// Blends ranked lists; list l is `keys[offsets[l]..offsets[l + 1]]`.
#[wasm_bindgen]
pub fn blend(
    keys: &[u32],
    scores: &[f32],
    offsets: &[u32],
    weights: &[f64],
    count: usize,
    exclude: &[u32],
) -> Outcome<JsValue> {
    let hit = |(&item, &score)| Hit { item, score };
    let hits: Vec<Hit> = keys.iter().zip(scores).map(hit).collect();
    let list = |ends: &[u32]| hits.get(ends[0] as usize..ends[1] as usize).map(<[Hit]>::to_vec);
    let lists: Option<Vec<Vec<Hit>>> = offsets.windows(2).map(list).collect();
    let lists = lists.ok_or_else(|| refused("option", "offsets do not ascend within the keys"))?;
    let blended = crate::blend(&lists, weights, count, exclude).map_err(thrown)?;
    let items: Vec<u32> = blended.iter().map(|b| b.hit.item).collect();
    let scores: Vec<f32> = blended.iter().map(|b| b.hit.score).collect();
    let lists: Vec<u32> = blended.iter().map(|b| b.list as u32).collect();
    plain(&[
        ("keys", Uint32Array::from(&items[..]).into()),
        ("scores", Float32Array::from(&scores[..]).into()),
        ("lists", Uint32Array::from(&lists[..]).into()),
    ])
}

/// For each of m queries the `count` rows of highest cosine; list q is `rows[ends[q - 1]..ends[q]]`.
#[wasm_bindgen]
pub fn nearest(vectors: &[f32], dim: usize, queries: &[f32], count: usize) -> Outcome<JsValue> {
    let vectors = Vectors::new(vectors, dim).map_err(thrown)?;
    let queries = Vectors::new(queries, dim).map_err(thrown)?;
    let lists = crate::nearest(vectors, queries, count).map_err(thrown)?;
    found(&lists)
}

/// Two principal components: n x 2 in [-1, 1].
#[wasm_bindgen]
pub fn project(vectors: &[f32], dim: usize) -> Outcome<Float32Array> {
    let map = crate::project(Vectors::new(vectors, dim).map_err(thrown)?);
    Ok(Float32Array::from(map.as_flattened()))
}

/// The low 32 bits of XXH64.
#[wasm_bindgen]
pub fn checksum(bytes: &[u8]) -> u32 {
    crate::checksum(bytes)
}

/// Compact medoids as bytes: ids as text with ends, vectors as n x dim; `precision` 0 is f16, 1 is i8, 2 is f32.
#[wasm_bindgen(js_name = encodeMedoids)]
pub fn encode_medoids(
    count: u32,
    ids: &[u8],
    #[wasm_bindgen(js_name = idEnds)] id_ends: &[u32],
    vectors: Vec<f32>,
    dim: usize,
    precision: u8,
) -> Outcome<Uint8Array> {
    let precision =
        [WirePrecision::F16, WirePrecision::I8, WirePrecision::F32][usize::from(precision.min(2))];
    let ids = split(ids, id_ends)?;
    let medoids = Medoids { count, ids, vectors, dim };
    medoids.encode(precision).map(|bytes| Uint8Array::from(&bytes[..])).map_err(thrown)
}

/// The medoids in these bytes: count, ids, vectors, dim.
#[wasm_bindgen(js_name = decodeMedoids)]
pub fn decode_medoids(bytes: &[u8]) -> Outcome<JsValue> {
    let medoids = Medoids::decode(bytes).map_err(thrown)?;
    plain(&[
        ("count", medoids.count.into()),
        (
            "ids",
            medoids.ids.iter().map(|id| JsValue::from_str(id)).collect::<js_sys::Array>().into(),
        ),
        ("vectors", Float32Array::from(&medoids.vectors[..]).into()),
        ("dim", medoids.dim.into()),
    ])
}

/// After a trap: `restart(true)` asks for a fresh instance, and the next call, which must pass nothing through the memory, gets it.
#[wasm_bindgen]
pub fn restart(schedule: bool) {
    if schedule {
        wasm_bindgen::handler::schedule_reinit();
    }
}

/// A catalogue in the making.
#[wasm_bindgen]
pub struct CoreBuilder(CatalogueBuilder);

#[wasm_bindgen]
impl CoreBuilder {
    /// Begins a catalogue; `metric` is 0 for cosine, 1 for inner product, 2 for L2.
    #[wasm_bindgen(constructor)]
    pub fn new(dim: usize, compact: bool, metric: u32) -> Outcome<CoreBuilder> {
        let precision = if compact { Precision::Compact } else { Precision::Full };
        let metric = [Metric::Cosine, Metric::InnerProduct, Metric::L2][metric.min(2) as usize];
        CatalogueBuilder::new(dim, BuildOptions { precision, metric }).map(Self).map_err(thrown)
    }

    /// Adds n vectors, ids and payloads, the texts concatenated and marked by their ends.
    pub fn add(
        &mut self,
        vectors: &[f32],
        dim: usize,
        ids: &[u8],
        id_ends: &[u32],
        payloads: &[u8],
        payload_ends: &[u32],
    ) -> Outcome<()> {
        let ids = split(ids, id_ends)?;
        let payloads = split(payloads, payload_ends)?;
        let vectors = Vectors::new(vectors, dim).map_err(thrown)?;
        self.0.add(&Items::new(vectors, &ids).with_payloads(&payloads)).map_err(thrown)
    }

    /// Adds rows of another catalogue as they are.
    pub fn take(&mut self, from: &CoreCatalogue, rows: &[u32]) -> Outcome<()> {
        self.0.add_rows(&from.0, rows).map_err(thrown)
    }

    /// Adds a section, one of those that are not written from the items.
    pub fn section(&mut self, kind: usize, content: Vec<u8>) -> Outcome<()> {
        self.0.set_section(section(kind)?, content);
        Ok(())
    }

    /// The catalogue.
    pub fn finish(self) -> Outcome<CoreCatalogue> {
        self.0.finish().map(CoreCatalogue).map_err(thrown)
    }

    /// The same of a delta, as bytes.
    #[wasm_bindgen(js_name = finishDelta)]
    pub fn finish_delta(self) -> Outcome<Uint8Array> {
        self.0.finish_delta().map(|bytes| Uint8Array::from(&bytes[..])).map_err(thrown)
    }
}

/// A file that comes in pieces, kept once.
#[wasm_bindgen]
pub struct CoreLoader(Vec<u8>);

#[wasm_bindgen]
impl CoreLoader {
    /// Makes room for the file that begins with these bytes, 64 at least. They must still be pushed.
    #[wasm_bindgen(constructor)]
    pub fn new(first: &[u8]) -> Outcome<CoreLoader> {
        Catalogue::file_buffer(first).map(Self).map_err(thrown)
    }

    /// Takes the next bytes; false when there are more of them than the file has.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.0.capacity() - self.0.len();
        if fits {
            self.0.extend_from_slice(bytes);
        }
        fits
    }

    /// The catalogue, once everything came.
    pub fn finish(self) -> Outcome<CoreCatalogue> {
        Catalogue::from_bytes(self.0).map(CoreCatalogue).map_err(thrown)
    }
}

/// The actions of one user, and their clusters, in wasm memory.
#[wasm_bindgen]
pub struct CoreSession(Session);

#[wasm_bindgen]
impl CoreSession {
    /// Without actions.
    #[wasm_bindgen(constructor)]
    pub fn new(dim: usize) -> Outcome<CoreSession> {
        Session::new(dim).map(Self).map_err(thrown)
    }

    /// Adds k actions after the others.
    pub fn add(&mut self, vectors: &[f32], at: &[f64], weights: &[f64]) -> Outcome<()> {
        self.0.add(vectors, at, weights).map_err(thrown)
    }

    /// Forgets the actions of these rows, given in ascending order.
    pub fn forget(&mut self, rows: &[u32]) {
        rows.iter().rev().for_each(|&row| _ = self.0.forget(row as usize));
    }

    /// Gives the action of a row another weight.
    #[wasm_bindgen(js_name = setWeight)]
    pub fn set_weight(&mut self, row: usize, weight: f64) -> Outcome<bool> {
        self.0.set_weight(row, weight).map_err(thrown)
    }

    /// The interests at `now`, most important first.
    pub fn profile(&mut self, now: f64, options: &[f64]) -> Outcome<JsValue> {
        let options = profile_options(options)?;
        shown(&self.0.profile(now, &options).map_err(thrown)?)
    }
}

/// A catalogue that lives in wasm memory.
#[wasm_bindgen]
pub struct CoreCatalogue(Catalogue);

#[wasm_bindgen]
impl CoreCatalogue {
    /// Reads the bytes of a `.sage` file, or of a delta.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: Vec<u8>, delta: bool) -> Outcome<CoreCatalogue> {
        let read = if delta { Catalogue::from_delta(bytes) } else { Catalogue::from_bytes(bytes) };
        read.map(Self).map_err(thrown)
    }

    /// The bytes of the `.sage` file.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Uint8Array {
        Uint8Array::from(self.0.bytes())
    }

    /// What there is to know: size, rows, dim, metric, precision, spread, hash, revision, byteLength, lists, probes, recall.
    pub fn facts(&self) -> Outcome<JsValue> {
        let (lists, probes, recall) = self.0.lists().unwrap_or((0, 0, 1.0));
        let full = self.0.precision() == Precision::Full;
        plain(&[
            ("size", self.0.len().into()),
            ("rows", self.0.rows().into()),
            ("dim", self.0.dim().into()),
            ("metric", (self.0.metric() as u32).into()),
            ("precision", if full { "full" } else { "compact" }.into()),
            ("spread", self.0.spread().into()),
            ("hash", hex16(self.0.hash()).into()),
            ("revision", hex16(self.0.revision()).into()),
            ("byteLength", self.0.bytes().len().into()),
            ("lists", lists.into()),
            ("probes", probes.into()),
            ("recall", recall.into()),
        ])
    }

    /// The bytes of a section, empty when there is none.
    pub fn section(&self, kind: usize) -> Outcome<Uint8Array> {
        Ok(Uint8Array::from(self.0.section(section(kind)?)))
    }

    /// The row of an id, -1 when it is unknown.
    pub fn row(&self, id: &str) -> i32 {
        self.0.row(id).map_or(-1, |row| row as i32)
    }

    /// The id of a row; undefined for a removed item.
    pub fn id(&self, row: usize) -> Option<String> {
        self.0.id(row).map(String::from)
    }

    /// The vectors of rows, row-major.
    pub fn vectors(&self, rows: &[u32]) -> Outcome<Float32Array> {
        let mut values = Vec::with_capacity(rows.len() * self.0.dim());
        for &row in rows {
            self.0.read_vector(row as usize, &mut values).map_err(thrown)?;
        }
        Ok(Float32Array::from(&values[..]))
    }

    /// The payload of a row, as JSON text.
    pub fn payload(&self, row: usize) -> Option<String> {
        self.0.payload(row).map(String::from)
    }

    /// Makes searches of many items faster, if they are not already.
    pub fn prepare(&mut self) {
        self.0.prepare();
    }

    /// The best items for each of m queries; list q is `rows[ends[q - 1]..ends[q]]`. `allowed` are rows as bits, NaN is no least score.
    #[allow(clippy::too_many_arguments)]
    pub fn search(
        &self,
        queries: &[f32],
        count: usize,
        offset: usize,
        min_score: f32,
        exclude: &[u32],
        allowed: Option<Vec<u32>>,
        exact: bool,
    ) -> Outcome<JsValue> {
        let queries = Vectors::new(queries, self.0.dim()).map_err(thrown)?;
        let allowed = allowed.map(|words| RowSet::from_words(self.0.rows(), &words));
        let min_score = (!min_score.is_nan()).then_some(min_score);
        let search =
            SearchOptions { count, offset, min_score, exclude, allowed: allowed.as_ref(), exact };
        let lists = self.0.search_with(queries, &search).map_err(thrown)?;
        // All ids as one text, because each text that crosses costs more than the search for it.
        let (mut ids, mut places) = (String::new(), Vec::new());
        let mut at = 0;
        for id in lists.iter().flatten().filter_map(|hit| self.0.id(hit.row)) {
            ids.push_str(id);
            at += id.bytes().map(units).sum::<u32>();
            places.push(at);
        }
        let [_, scores, ends] = columns(&lists);
        let text = ("ids", JsValue::from(ids));
        plain(&[text, ("idEnds", Uint32Array::from(&places[..]).into()), scores, ends])
    }
}

/// UTF-16 units that a byte of UTF-8 begins.
fn units(byte: u8) -> u32 {
    u32::from(byte & 0xC0 != 0x80) + u32::from(byte >= 0xF0)
}

fn section(kind: usize) -> Outcome<Section> {
    Section::from_number(kind).ok_or_else(|| refused("option", "there is no section of this kind"))
}

fn found(lists: &[Vec<ScoredRow>]) -> Outcome<JsValue> {
    plain(&columns(lists))
}

fn columns(lists: &[Vec<ScoredRow>]) -> [(&'static str, JsValue); 3] {
    let (mut rows, mut scores, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        rows.extend(list.iter().map(|hit| hit.row as u32));
        scores.extend(list.iter().map(|hit| hit.score));
        ends.push(rows.len() as u32);
    }
    [
        ("rows", Uint32Array::from(&rows[..]).into()),
        ("scores", Float32Array::from(&scores[..]).into()),
        ("ends", Uint32Array::from(&ends[..]).into()),
    ]
}

/// Options as ts/core/options.ts writes them: cut, its number, singletons, halfLifeDays, lambda, spread, memory; NaN where nothing was
/// given. (Reading the object here, by serde, was measured at 8 KB gzipped, most of it messages that could print any float.)
fn profile_options(options: &[f64]) -> Outcome<ProfileOptions> {
    let &[cut, number, singletons, half_life_days, lambda, spread, memory] = options else {
        return Err(refused("option", "options: expected seven numbers"));
    };
    let given = |x: f64| (!x.is_nan()).then_some(x);
    Ok(ProfileOptions {
        cut: match cut as u8 {
            0 => Cut::Auto,
            1 => Cut::Threshold(number),
            2 => Cut::Cosine(number),
            3 if number == libm::trunc(number) => Cut::Count(number as usize),
            3 => return Err(refused("option", "cut.count: expected a whole number of at least 1")),
            _ => Cut::Spread(number),
        },
        singletons: match singletons as u8 {
            0 => Singletons::Keep,
            1 => Singletons::Drop,
            _ => Singletons::Attach,
        },
        half_life_days: given(half_life_days),
        lambda: given(lambda),
        spread: given(spread),
        memory: given(memory),
    })
}

/// A result as a plain JavaScript object.
fn plain(fields: &[(&str, JsValue)]) -> Outcome<JsValue> {
    struct Kept<'a>(&'a JsValue);
    impl Serialize for Kept<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serde_wasm_bindgen::preserve::serialize(self.0, serializer)
        }
    }
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    Ok(serializer.collect_map(fields.iter().map(|(name, value)| (name, Kept(value))))?)
}

fn rows(rows: &[usize]) -> Uint32Array {
    let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
    Uint32Array::from(&rows[..])
}

fn split<'a>(texts: &'a [u8], ends: &[u32]) -> Outcome<Vec<&'a str>> {
    let mut start = 0;
    let text = |&end: &u32| {
        let text = texts.get(start..end as usize)?;
        start = end as usize;
        core::str::from_utf8(text).ok()
    };
    let texts: Option<Vec<&str>> = ends.iter().map(text).collect();
    texts.ok_or_else(|| {
        refused("option", "texts are not UTF-8, or their ends do not ascend within them")
    })
}

fn thrown(error: crate::Error) -> JsValue {
    refused(error.code(), &error.message())
}

fn refused(code: &str, message: &str) -> JsValue {
    let error = js_sys::Error::new(message);
    // Setting a property of a new Error cannot fail.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    error.into()
}
