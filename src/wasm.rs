//! JavaScript bindings. Each function converts its arguments, calls the core, and converts the
//! result. No other file uses wasm-bindgen, js-sys or serde-wasm-bindgen (clippy.toml; the check
//! `rust-modules`).
//!
//! Arrays of numbers cross as typed arrays; results of several fields are plain objects. Free
//! functions are stateless. State lives in wasm memory, where copying it for each call would be
//! costly, in [`CoreSession`], [`CoreCatalogue`], [`CoreBuilder`] and [`CoreLoader`]. Errors are
//! JavaScript `Error`s with the property `code`, one of [`crate::ERROR_CODES`].
//!
//! More than 400 lines, because the bindings are one file by rule.

// Items are exported to JavaScript, not to Rust.
#![allow(unreachable_pub)]
// wasm-bindgen passes an array that is taken by value without a second copy.
#![allow(clippy::needless_pass_by_value)]
// clippy.toml disallows JavaScript values everywhere else.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::recommend::{NearestInterest, lean_to_first, mix_dense};
use crate::{
    Actions, BuildOptions, Catalogue, CatalogueBuilder, Cut, Dendrogram, Hit, Items, Metric,
    MixOptions, Mixed, Precision, Profile, ProfileOptions, RetrievalOptions, RowSet, ScoredRow,
    SearchOptions, Section, Session, Singletons, Vectors,
};
use alloc::{string::String, vec::Vec};
use js_sys::{Array, Float32Array, Float64Array, Int32Array, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

#[cfg(feature = "wee_alloc")]
#[global_allocator]
static ALLOCATOR: wee_alloc::WeeAlloc<'_> = wee_alloc::WeeAlloc::INIT;

// 1.3 KB smaller than Rust's default, gzipped (docs/decisions/0019-default-allocator.md).
#[cfg(not(feature = "wee_alloc"))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The result of an exported function; the error is thrown.
type JsResult<T> = Result<T, JsValue>;

/// Clusters n row-major vectors by Ward: `{ labels, count, medoids, tree, threshold }`.
#[wasm_bindgen]
pub fn cluster(
    vectors: Vec<f32>,
    dim: usize,
    weights: Option<Vec<f64>>,
    options: &[f64],
) -> JsResult<JsValue> {
    let options = profile_options(options)?;
    let vectors = Vectors::new(&vectors, dim).map_err(to_js_error)?;
    let clustering = crate::cluster(vectors, weights.as_deref(), &options).map_err(to_js_error)?;
    Ok(JsObject::new()
        .with("labels", Int32Array::from(&clustering.partition.labels[..]))
        .with("count", clustering.partition.count)
        .with("medoids", rows_to_js(&clustering.medoids))
        .with("tree", tree_to_js(&clustering.tree))
        .with("threshold", clustering.threshold)
        .into())
}

/// The tree of Ward clustering: n - 1 rows of a, b, height, size. Of the options only the memory
/// limit is used.
#[wasm_bindgen]
pub fn ward(
    vectors: Vec<f32>,
    dim: usize,
    weights: Option<Vec<f64>>,
    options: &[f64],
) -> JsResult<Float64Array> {
    let memory_bytes = profile_options(options)?.memory_bytes().map_err(to_js_error)?;
    let vectors = Vectors::new(&vectors, dim).map_err(to_js_error)?;
    crate::ward_within(vectors, weights.as_deref(), memory_bytes)
        .map(|tree| tree_to_js(&tree))
        .map_err(to_js_error)
}

/// The merges of a tree as n - 1 rows of a, b, height, size.
fn tree_to_js(tree: &Dendrogram) -> Float64Array {
    let mut matrix = Vec::new();
    for merge in tree.merges() {
        matrix.extend([merge.a as f64, merge.b as f64, merge.height, merge.size as f64]);
    }
    Float64Array::from(&matrix[..])
}

/// The interests of n actions at time `now`, in milliseconds since the epoch, most important first.
#[wasm_bindgen]
pub fn profile(
    vectors: Vec<f32>,
    dim: usize,
    at: Vec<f64>,
    weights: Vec<f64>,
    now: f64,
    options: &[f64],
) -> JsResult<JsValue> {
    let options = profile_options(options)?;
    let vectors = Vectors::new(&vectors, dim).map_err(to_js_error)?;
    let actions = Actions::new(vectors, &at, &weights).map_err(to_js_error)?;
    Ok(profile_to_js(&crate::profile(&actions, now, &options).map_err(to_js_error)?))
}

fn profile_to_js(profile: &Profile) -> JsValue {
    JsObject::new()
        .with("labels", Int32Array::from(&profile.partition.labels[..]))
        .with("count", profile.partition.count)
        .with("medoids", rows_to_js(&profile.medoids))
        .with("importance", Float64Array::from(&profile.importance[..]))
        .with("lastActive", Float64Array::from(&profile.last_active[..]))
        .with("threshold", profile.threshold)
        .into()
}

/// The indices of the interests to query, picked by importance.
#[wasm_bindgen]
pub fn pick(importance: Vec<f64>, count: usize, seed: Option<f64>) -> JsResult<Uint32Array> {
    crate::pick(&importance, count, seed).map(|picked| rows_to_js(&picked)).map_err(to_js_error)
}

/// Mixes ranked lists, where list l is `keys[offsets[l]..offsets[l + 1]]`, with a prior for each
/// hit or none at all. Keys number the items without large gaps. `lean` and `lengths` are those of
/// [`lean_to_first`]. Returns n x 6: the key, score, list and share of each item, and the list of
/// the nearest interest and the score there.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)] // An options object would cost more to convert.
pub fn mix(
    keys: &[u32],
    scores: &[f32],
    priors: &[f32],
    offsets: &[u32],
    weights: &[f64],
    popularity: f64,
    standardise: bool,
    count: usize,
    lean: f64,
    lengths: &[f64],
) -> JsResult<Float64Array> {
    let mut hits: Vec<Hit> =
        keys.iter().zip(scores).map(|(&item, &score)| Hit { item, score }).collect();
    hit_lists(&hits, offsets)?; // Checks the offsets.
    let nearest = lean_to_first(&mut hits, offsets, lean, lengths);
    let lists = hit_lists(&hits, offsets)?;
    let options = MixOptions { popularity, standardise };
    let mixed = mix_dense(&lists, weights, priors, options, count).map_err(to_js_error)?;
    let mut matrix = Vec::new();
    for Mixed { hit, share, list } in mixed {
        let NearestInterest { list: nearest, similarity } = nearest[hit.item as usize];
        let [item, nearest] = [f64::from(hit.item), f64::from(nearest)];
        let [score, similarity] = [hit.score, similarity].map(f64::from);
        matrix.extend([item, score, list as f64, share, nearest, similarity]);
    }
    Ok(Float64Array::from(&matrix[..]))
}

/// The hits of each list: list l holds `hits[offsets[l]..offsets[l + 1]]`.
fn hit_lists<'a>(hits: &'a [Hit], offsets: &[u32]) -> JsResult<Vec<&'a [Hit]>> {
    let mut lists = Vec::with_capacity(offsets.len());
    for bounds in offsets.windows(2) {
        let list = hits.get(bounds[0] as usize..bounds[1] as usize).ok_or_else(|| {
            js_error("option", "offsets are not in ascending order within the keys")
        })?;
        lists.push(list);
    }
    Ok(lists)
}

/// For each of m queries the `count` rows of highest cosine. Returns `[rows, scores, ends]`,
/// where the rows of query q are `rows[ends[q - 1]..ends[q]]`.
#[wasm_bindgen]
pub fn nearest(vectors: &[f32], dim: usize, queries: &[f32], count: usize) -> JsResult<JsValue> {
    let vectors = Vectors::new(vectors, dim).map_err(to_js_error)?;
    let queries = Vectors::new(queries, dim).map_err(to_js_error)?;
    let lists = crate::nearest(vectors, queries, count).map_err(to_js_error)?;
    Ok(ranking_to_js(&lists).into())
}

/// The coordinates of n vectors along their first two principal components: n x 2, in [-1, 1].
#[wasm_bindgen]
pub fn project(vectors: &[f32], dim: usize) -> JsResult<Float32Array> {
    let coordinates = crate::project(Vectors::new(vectors, dim).map_err(to_js_error)?);
    Ok(Float32Array::from(coordinates.as_flattened()))
}

/// The low 32 bits of the XXH64 of `bytes`.
#[wasm_bindgen]
pub fn checksum(bytes: &[u8]) -> u32 {
    crate::checksum(bytes)
}

/// The constants of src/limits.rs, in their order there.
#[wasm_bindgen]
pub fn limits() -> Float64Array {
    Float64Array::from(
        &[
            crate::MIN_WEIGHT,
            crate::MAX_WEIGHT,
            crate::MAX_DIM as f64,
            crate::MAX_ID_BYTES as f64,
            f64::from(crate::MAX_COMPONENT),
            crate::MAX_PRIOR,
            crate::DEFAULT_MEMORY_BYTES as f64,
            crate::MAX_MEDOIDS as f64,
            f64::from(crate::MAX_HITS),
            crate::MAX_MESSAGE_ID_BYTES as f64,
        ][..],
    )
}

/// The least memory that clustering takes per action, in bytes.
#[wasm_bindgen(js_name = bytesPerAction)]
pub fn bytes_per_action(dim: usize) -> usize {
    crate::bytes_per_action(dim)
}

/// A catalogue that is being written.
#[wasm_bindgen]
pub struct CoreBuilder(CatalogueBuilder);

#[wasm_bindgen]
impl CoreBuilder {
    /// An empty catalogue; a `metric` of 0 is cosine, 1 is inner product, 2 is L2.
    #[wasm_bindgen(constructor)]
    pub fn new(dim: usize, compact: bool, metric: usize) -> JsResult<CoreBuilder> {
        let precision = if compact { Precision::Compact } else { Precision::Full };
        let metric = choice(metric, [Metric::Cosine, Metric::InnerProduct, Metric::L2])?;
        CatalogueBuilder::new(dim, BuildOptions { precision, metric })
            .map(Self)
            .map_err(to_js_error)
    }

    /// Appends n items. Ids and payloads are concatenated, with end offsets.
    pub fn add(
        &mut self,
        vectors: &[f32],
        dim: usize,
        ids: &[u8],
        id_offsets: &[u32],
        payloads: &[u8],
        payload_offsets: &[u32],
    ) -> JsResult<()> {
        let ids = split_strings(ids, id_offsets)?;
        let payloads = split_strings(payloads, payload_offsets)?;
        let vectors = Vectors::new(vectors, dim).map_err(to_js_error)?;
        self.0.add(&Items::new(vectors, &ids).with_payloads(&payloads)).map_err(to_js_error)
    }

    /// Appends rows of another catalogue without decoding them.
    #[wasm_bindgen(js_name = addRows)]
    pub fn add_rows(&mut self, from: &CoreCatalogue, rows: &[u32]) -> JsResult<()> {
        self.0.add_rows(&from.0, rows).map_err(to_js_error)
    }

    /// Sets the content of a section that is not written from the items.
    pub fn section(&mut self, kind: usize, content: Vec<u8>) -> JsResult<()> {
        self.0.set_section(section_of_kind(kind)?, content);
        Ok(())
    }

    /// Writes the catalogue.
    pub fn finish(self) -> JsResult<CoreCatalogue> {
        self.0.finish().map(CoreCatalogue).map_err(to_js_error)
    }

    /// Writes a delta.
    #[wasm_bindgen(js_name = finishDelta)]
    pub fn finish_delta(self) -> JsResult<Uint8Array> {
        self.0.finish_delta().map(|bytes| Uint8Array::from(&bytes[..])).map_err(to_js_error)
    }
}

/// The bytes of a file that arrives in chunks. Its buffer becomes the catalogue without a copy.
#[wasm_bindgen]
pub struct CoreLoader(Vec<u8>);

#[wasm_bindgen]
impl CoreLoader {
    /// Allocates the buffer for a file that starts with `first`, at least 64 bytes. These bytes
    /// must also be pushed.
    #[wasm_bindgen(constructor)]
    pub fn new(first: &[u8]) -> JsResult<CoreLoader> {
        Catalogue::file_buffer(first).map(Self).map_err(to_js_error)
    }

    /// Appends the next bytes of the file. If they exceed its length, returns `false` and appends
    /// nothing.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.0.capacity() - self.0.len();
        if fits {
            self.0.extend_from_slice(bytes);
        }
        fits
    }

    /// A copy of the bytes pushed so far.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Uint8Array {
        Uint8Array::from(&self.0[..])
    }

    /// Reads the catalogue once all bytes are pushed.
    pub fn finish(self) -> JsResult<CoreCatalogue> {
        Catalogue::from_bytes(self.0).map(CoreCatalogue).map_err(to_js_error)
    }
}

/// The actions of one user, and their clusters.
#[wasm_bindgen]
pub struct CoreSession(Session);

#[wasm_bindgen]
impl CoreSession {
    /// A session without actions.
    #[wasm_bindgen(constructor)]
    pub fn new(dim: usize) -> JsResult<CoreSession> {
        Session::new(dim).map(Self).map_err(to_js_error)
    }

    /// Appends k actions.
    pub fn add(&mut self, vectors: &[f32], at: &[f64], weights: &[f64]) -> JsResult<()> {
        self.0.add(vectors, at, weights).map_err(to_js_error)
    }

    /// Removes the actions of these rows, which must ascend.
    pub fn forget(&mut self, rows: &[u32]) {
        rows.iter().rev().for_each(|&row| _ = self.0.forget(row as usize));
    }

    /// Replaces the weight of the action of a row. Returns false if there is no such row.
    #[wasm_bindgen(js_name = setWeight)]
    pub fn set_weight(&mut self, row: usize, weight: f64) -> JsResult<bool> {
        self.0.set_weight(row, weight).map_err(to_js_error)
    }

    /// The interests at time `now`, in milliseconds since the epoch, most important first.
    pub fn profile(&mut self, now: f64, options: &[f64]) -> JsResult<JsValue> {
        let options = profile_options(options)?;
        Ok(profile_to_js(&self.0.profile(now, &options).map_err(to_js_error)?))
    }

    /// The queries at time `now`: the interests of the retrieval cut, most important first, and the
    /// average of the history, with the decays per day of centres and of the average.
    pub fn retrieval(
        &mut self,
        now: f64,
        options: &[f64],
        recency: f64,
        average_recency: f64,
    ) -> JsResult<JsValue> {
        let profile = profile_options(options)?;
        let options = RetrievalOptions { profile, recency, average_recency };
        let retrieval = self.0.retrieval(now, &options).map_err(to_js_error)?;
        Ok(JsObject::new()
            .with("labels", Int32Array::from(&retrieval.partition.labels[..]))
            .with("members", rows_to_js(&retrieval.members))
            .with("importance", Float64Array::from(&retrieval.importance[..]))
            .with("centres", Float32Array::from(&retrieval.centres[..]))
            .with("average", Float32Array::from(&retrieval.average[..]))
            .into())
    }
}

/// A catalogue in wasm memory.
#[wasm_bindgen]
pub struct CoreCatalogue(Catalogue);

#[wasm_bindgen]
impl CoreCatalogue {
    /// Reads the bytes of a `.sage` file, or of a delta.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: Vec<u8>, delta: bool) -> JsResult<CoreCatalogue> {
        let catalogue =
            if delta { Catalogue::from_delta(bytes) } else { Catalogue::from_bytes(bytes) };
        catalogue.map(Self).map_err(to_js_error)
    }

    /// The bytes of the `.sage` file.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Uint8Array {
        Uint8Array::from(self.0.bytes())
    }

    /// The properties of the catalogue, an array: `[size, rows, dim, metric, precision, lists,
    /// probes, recall, spread, hash, revision]`, the last two as high and low 32 bits. A
    /// `precision` of 1 is compact; without inverted lists, `lists`, `probes` and `recall` are 0,
    /// 0 and 1.
    pub fn facts(&self) -> JsResult<JsValue> {
        let catalogue = &self.0;
        let (lists, probes, recall) = catalogue.lists().unwrap_or((0, 0, 1.0));
        let [hash, revision] = [catalogue.hash(), catalogue.revision()];
        Ok(serde_wasm_bindgen::to_value(&[
            catalogue.len() as f64,
            catalogue.rows() as f64,
            catalogue.dim() as f64,
            f64::from(catalogue.metric() as u32),
            f64::from(catalogue.precision() as u32),
            lists as f64,
            probes as f64,
            f64::from(recall),
            catalogue.spread(),
            f64::from((hash >> 32) as u32),
            f64::from(hash as u32),
            f64::from((revision >> 32) as u32),
            f64::from(revision as u32),
        ])?)
    }

    /// The bytes of a section; empty when the file has none.
    pub fn section(&self, kind: usize) -> JsResult<Uint8Array> {
        Ok(Uint8Array::from(self.0.section(section_of_kind(kind)?)))
    }

    /// The row of an id; -1 for an unknown one.
    pub fn row(&self, id: &str) -> i32 {
        self.0.row(id).map_or(-1, |row| row as i32)
    }

    /// The id of a row; `undefined` past the end and for a removed item.
    pub fn id(&self, row: usize) -> Option<String> {
        self.0.id(row).map(String::from)
    }

    /// The vectors of rows, row-major.
    pub fn vectors(&self, rows: &[u32]) -> JsResult<Float32Array> {
        let mut values = Vec::with_capacity(rows.len() * self.0.dim());
        for &row in rows {
            self.0.read_vector(row as usize, &mut values).map_err(to_js_error)?;
        }
        Ok(Float32Array::from(&values[..]))
    }

    /// The payload of a row, a JSON string; `undefined` if the row has none.
    pub fn payload(&self, row: usize) -> Option<String> {
        self.0.payload(row).map(String::from)
    }

    /// The scores of m queries for k rows: m x k.
    pub fn scores(&self, queries: &[f32], rows: &[u32]) -> JsResult<Float32Array> {
        let queries = Vectors::new(queries, self.0.dim()).map_err(to_js_error)?;
        let scores = self.0.scores(queries, rows).map_err(to_js_error)?;
        Ok(Float32Array::from(&scores[..]))
    }

    /// For each of m queries the best items: `[rows, scores, ends, ids, idEnds]`. The hits of
    /// query q are `ends[q - 1]..ends[q]`; the id of hit h is `ids.slice(idEnds[h - 1],
    /// idEnds[h])`.
    /// `allowed` is the bitset of the rows that may be returned; a `min_score` of NaN means none.
    /// `prepare` computes the sketches first, if the catalogue has none.
    #[allow(clippy::too_many_arguments)] // An options object would cost more to convert.
    pub fn search(
        &mut self,
        queries: &[f32],
        count: usize,
        offset: usize,
        min_score: f32,
        exclude: &[u32],
        allowed: Option<Vec<u32>>,
        exact: bool,
        prepare: bool,
    ) -> JsResult<JsValue> {
        if prepare {
            self.0.prepare();
        }
        let queries = Vectors::new(queries, self.0.dim()).map_err(to_js_error)?;
        let allowed = allowed.map(|words| RowSet::from_words(self.0.rows(), &words));
        let min_score = (!min_score.is_nan()).then_some(min_score);
        let search =
            SearchOptions { count, offset, min_score, exclude, allowed: allowed.as_ref(), exact };
        let lists = self.0.search_with(queries, &search).map_err(to_js_error)?;
        // All ids are concatenated, because passing a string to JavaScript costs more than finding
        // an item.
        let (mut ids, mut id_ends) = (String::new(), Vec::new());
        let mut end = 0;
        for id in lists.iter().flatten().filter_map(|hit| self.0.id(hit.row)) {
            ids.push_str(id);
            end += id.bytes().map(utf16_units).sum::<u32>();
            id_ends.push(end);
        }
        let ranking = ranking_to_js(&lists);
        ranking.set(3, ids.into());
        ranking.set(4, Uint32Array::from(&id_ends[..]).into());
        Ok(ranking.into())
    }
}

/// Number of UTF-16 units of the character whose first UTF-8 byte this is; 0 for other bytes.
fn utf16_units(byte: u8) -> u32 {
    u32::from(byte & 0xC0 != 0x80) + u32::from(byte >= 0xF0)
}

/// The section of a kind; an error to throw for an unknown kind.
fn section_of_kind(kind: usize) -> JsResult<Section> {
    Section::from_number(kind).ok_or_else(unknown_choice)
}

/// Ranked lists as an array `[rows, scores, ends]`: list l is hits `ends[l - 1]..ends[l]`. An
/// object would take longer, because the names of properties are decoded each time.
fn ranking_to_js(lists: &[Vec<ScoredRow>]) -> Array {
    let (mut rows, mut scores, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        rows.extend(list.iter().map(|hit| hit.row as u32));
        scores.extend(list.iter().map(|hit| hit.score));
        ends.push(rows.len() as u32);
    }
    let ranking = Array::new();
    ranking.set(0, Uint32Array::from(&rows[..]).into());
    ranking.set(1, Float32Array::from(&scores[..]).into());
    ranking.set(2, Uint32Array::from(&ends[..]).into());
    ranking
}

/// Decodes options from the seven numbers that ts/core/options.ts encodes: the cut, its value,
/// singletons, halfLifeDays, lambda, spread, memory; NaN means that an option is missing.
/// (Deserializing the options object by serde was measured to add 8 KB gzipped, mostly float
/// formatting for its messages.)
fn profile_options(options: &[f64]) -> JsResult<ProfileOptions> {
    let &[cut, cut_value, singletons, half_life_days, lambda, spread, memory] = options else {
        return Err(js_error("option", "options: expected seven numbers"));
    };
    let some_unless_nan = |x: f64| (!x.is_nan()).then_some(x);
    Ok(ProfileOptions {
        cut: match to_index(cut) {
            0 => Cut::Auto,
            1 => Cut::Threshold(cut_value),
            2 => Cut::Cosine(cut_value),
            3 if cut_value == libm::trunc(cut_value) => Cut::Count(cut_value as usize),
            3 => {
                return Err(js_error("option", "cut.count: expected a whole number of at least 1"));
            }
            4 => Cut::Spread(cut_value),
            _ => return Err(unknown_choice()),
        },
        singletons: choice(
            to_index(singletons),
            [Singletons::Keep, Singletons::Drop, Singletons::Attach],
        )?,
        half_life_days: some_unless_nan(half_life_days),
        lambda: some_unless_nan(lambda),
        spread: some_unless_nan(spread),
        memory: some_unless_nan(memory),
    })
}

/// The choice that TypeScript encodes as this number; an error to throw for an unknown number.
fn choice<T: Copy>(number: usize, choices: [T; 3]) -> JsResult<T> {
    choices.get(number).copied().ok_or_else(unknown_choice)
}

/// The number if it is an index, else one past every list.
fn to_index(number: f64) -> usize {
    let index = number as usize;
    if index as f64 == number { index } else { usize::MAX }
}

/// The error for a number that encodes no choice.
fn unknown_choice() -> JsValue {
    js_error("option", "there is no choice of this number")
}

#[wasm_bindgen]
extern "C" {
    /// A new JavaScript object: its properties can be set.
    type JsObject;

    #[wasm_bindgen(method, indexing_setter)]
    fn set(this: &JsObject, name: &str, value: JsValue);
}

impl JsObject {
    /// An object without properties.
    fn new() -> Self {
        js_sys::Object::new().unchecked_into()
    }

    /// The object with one more property.
    fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        self.set(name, value.into());
        self
    }
}

/// Rows as a `Uint32Array`.
fn rows_to_js(rows: &[usize]) -> Uint32Array {
    let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
    Uint32Array::from(&rows[..])
}

/// Splits concatenated strings at their end offsets in bytes.
fn split_strings<'a>(bytes: &'a [u8], offsets: &[u32]) -> JsResult<Vec<&'a str>> {
    let mut start = 0;
    let string = |&end: &u32| {
        let string = bytes.get(start..end as usize)?;
        start = end as usize;
        core::str::from_utf8(string).ok()
    };
    let strings: Option<Vec<&str>> = offsets.iter().map(string).collect();
    strings.ok_or_else(|| {
        js_error("option", "strings are not UTF-8, or offsets are not in ascending order")
    })
}

/// The JavaScript error of an error of the core.
fn to_js_error(error: crate::Error) -> JsValue {
    js_error(error.code(), &error.message())
}

/// A JavaScript `Error` with a property `code`.
fn js_error(code: &str, message: &str) -> JsValue {
    js_sys::Error::new(message).unchecked_into::<JsObject>().with("code", code).into()
}
