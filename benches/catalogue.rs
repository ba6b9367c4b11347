//! Benchmarks of building, reading and searching a catalogue: `cargo bench --bench catalogue`. Each
//! benchmark checks its result once before it is timed.
//!
//! `npm run bench:catalogue` compares the same code with other vector indexes.
// A benchmark that cannot run panics.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Shape, mixture};
use divan::{Bencher, black_box};
use pocketsage::{Catalogue, Items, Precision, Vectors};

const SHAPES: [Shape; 3] = [Shape(2000, 384), Shape(5000, 256), Shape(20_000, 256)];
/// Number of hits of a search.
const HIT_COUNT: usize = 10;

fn main() {
    divan::main();
}

/// Builds a catalogue from vectors and ids.
#[divan::bench(args = SHAPES, sample_count = 20)]
fn build(bencher: Bencher<'_, '_>, shape: Shape) {
    let (values, ids) = (mixture(shape, 1), ids(shape.0));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let items = Items::new(Vectors::new(&values, shape.1).unwrap(), &ids);
    let catalogue = Catalogue::build(&items, Precision::Full).unwrap();
    assert_eq!((catalogue.len(), catalogue.row(ids[shape.0 - 1])), (shape.0, Some(shape.0 - 1)));
    bencher.bench_local(|| Catalogue::build(black_box(&items), Precision::Full));
}

/// Reads a catalogue from its bytes. Copying the bytes is not timed.
#[divan::bench(args = SHAPES)]
fn from_bytes(bencher: Bencher<'_, '_>, shape: Shape) {
    let catalogue = catalogue(shape);
    let bytes = catalogue.bytes();
    assert_eq!(Catalogue::from_bytes(bytes.to_vec()).unwrap().hash(), catalogue.hash());
    bencher.with_inputs(|| bytes.to_vec()).bench_local_values(Catalogue::from_bytes);
}

/// Searches the ten nearest items of one query.
#[divan::bench(args = SHAPES)]
fn search(bencher: Bencher<'_, '_>, shape: Shape) {
    let mut catalogue = catalogue(shape);
    catalogue.prepare();
    let query = mixture(Shape(1, shape.1), 2);
    let query = Vectors::new(&query, shape.1).unwrap();
    let hit_lists = catalogue.search(query, HIT_COUNT, &[]).unwrap();
    let rows: Vec<usize> = hit_lists[0].iter().map(|hit| hit.row).collect();
    assert_eq!(rows, nearest_by_definition(&catalogue, &mixture(Shape(1, shape.1), 2)));
    bencher.bench_local(|| catalogue.search(black_box(query), HIT_COUNT, &[]));
}

/// The rows of the ten largest inner products with the query, computed for all rows in `f64`.
fn nearest_by_definition(catalogue: &Catalogue, query: &[f32]) -> Vec<usize> {
    let mut vector = Vec::new();
    let mut scored_rows: Vec<(f64, usize)> = (0..catalogue.rows())
        .map(|row| {
            vector.clear();
            catalogue.read_vector(row, &mut vector).unwrap();
            let products = vector.iter().zip(query).map(|(&x, &y)| f64::from(x) * f64::from(y));
            (products.sum(), row)
        })
        .collect();
    scored_rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored_rows.into_iter().take(HIT_COUNT).map(|(_, row)| row).collect()
}

/// A catalogue of seeded vectors of this shape.
fn catalogue(shape: Shape) -> Catalogue {
    let (values, ids) = (mixture(shape, 1), ids(shape.0));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let items = Items::new(Vectors::new(&values, shape.1).unwrap(), &ids);
    Catalogue::build(&items, Precision::Full).unwrap()
}

/// Ids of n items.
fn ids(n: usize) -> Vec<String> {
    (0..n).map(|row| format!("item {row}")).collect()
}
