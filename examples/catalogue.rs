//! Builds a catalogue, searches it, stores it as bytes, and loads it again.
//!
//! Run: `cargo run --example catalogue`

use pocketsage::{Catalogue, Error, Items, Precision, SearchOptions, Vectors};

const DIM: usize = 3;
const IDS: [&str; 4] = ["ramen", "gazpacho", "salad", "brownie"];
const MINUTES: [&str; 4] = ["40", "15", "10", "50"]; // Payloads are strings of any content.
const VECTORS: [f32; 4 * DIM] = [
    0.9, 0.1, 0.2, //
    0.7, 0.6, 0.1, //
    0.2, 0.9, 0.1, //
    0.1, 0.2, 0.9,
];

/// Prints the soups that a search finds, and the size of the catalogue.
///
/// # Errors
/// None for these constants; a program with real input reports them.
pub(crate) fn main() -> Result<(), Error> {
    let items = Items::new(Vectors::new(&VECTORS, DIM)?, &IDS).with_payloads(&MINUTES);
    let catalogue = Catalogue::build(&items, Precision::Full)?;

    // The best rows of each query with a cosine of at least 0.75; here there is one query.
    let soup = Vectors::new(&[1.0, 0.2, 0.0], DIM)?;
    let search = SearchOptions { count: 3, min_score: Some(0.75), ..SearchOptions::default() };
    let found = &catalogue.search_with(soup, &search)?[0];
    for hit in found {
        let (id, minutes) = (catalogue.id(hit.row), catalogue.payload(hit.row));
        println!("{}: {:.3}, {} minutes", id.unwrap_or(""), hit.score, minutes.unwrap_or("?"));
    }
    assert_eq!(found.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 1]);

    // The bytes are the file: `std::fs::write` stores them, `from_bytes` validates them.
    let loaded = Catalogue::from_bytes(catalogue.bytes().to_vec())?;
    println!("{} items, {} bytes", loaded.len(), loaded.bytes().len());
    assert_eq!(loaded.row("salad"), Some(2));
    assert_eq!(&loaded.search_with(soup, &search)?[0], found);
    Ok(())
}
