//! Recommends from a catalogue file, as `pocketsage build` writes it, because of some of its items.
//!
//! Run: `cargo run --example recommend -- items.sage tea-0 tea-6 bike-1`

use pocketsage::{Actions, Catalogue, Hit, RetrievalOptions, Vectors, blend, retrieval};
use std::error::Error;

const DAY_MS: f64 = 86_400_000.0;
const COUNT: usize = 5;

/// Prints the recommendations, each with its payload and the item that led to it.
///
/// # Errors
/// If the file is missing or no catalogue, or an item is not in it.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: FILE ITEM...")?;
    let history: Vec<String> = arguments.collect();
    let catalogue = Catalogue::from_bytes(std::fs::read(file)?)?;
    for (row, because) in recommend(&catalogue, &history)? {
        let [id, reason] = [row, because].map(|row| catalogue.id(row).unwrap_or_default());
        println!("{id} because of {reason}: {}", catalogue.payload(row).unwrap_or_default());
    }
    Ok(())
}

/// Rows of recommended items, best first, each with the row of the item of the history that stands
/// for its interest. The items of the history are one day apart, the newest last.
pub(crate) fn recommend(
    catalogue: &Catalogue,
    history: &[String],
) -> Result<Vec<(usize, usize)>, Box<dyn Error>> {
    let dim = catalogue.dim();
    let mut rows = Vec::new();
    let mut vectors = Vec::new();
    for id in history {
        let row = catalogue.row(id).ok_or_else(|| format!("no item {id}"))?;
        catalogue.read_vector(row, &mut vectors)?;
        rows.push(row);
    }
    let times: Vec<f64> = (0..rows.len()).map(|day| day as f64 * DAY_MS).collect();
    let weights = vec![1.0; rows.len()];
    let actions = Actions::new(Vectors::new(&vectors, dim)?, &times, &weights)?;
    let mut options = RetrievalOptions::default();
    options.profile.spread = Some(catalogue.spread());
    let interests = retrieval(&actions, rows.len() as f64 * DAY_MS, &options)?;

    // Each interest is a query; the blend gives each its share of the recommendations.
    let seen: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
    let lists: Vec<Vec<Hit>> = catalogue
        .search(Vectors::new(&interests.centres, dim)?, COUNT, &seen)?
        .iter()
        .map(|list| list.iter().map(|m| Hit { item: m.row as u32, score: m.score }).collect())
        .collect();
    let blended = blend(&lists, &interests.importance, COUNT, &seen)?;
    let reason = |list: usize| rows[interests.members[list]];
    Ok(blended.iter().map(|b| (b.hit.item as usize, reason(b.list))).collect())
}
