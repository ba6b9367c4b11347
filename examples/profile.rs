//! From the actions of one user to recommendations: profile, search, blend.
//!
//! Run: `cargo run --example profile`

use pocketsage::{
    Actions, Catalogue, Error, Hit, Items, Precision, ProfileOptions, Vectors, blend, profile,
};

const DAY_MS: f64 = 86_400_000.0;
const DIM: usize = 3; // How warm, sweet and crunchy a dish is.
const DISHES: [(&str, [f32; DIM]); 7] = [
    ("ramen", [1.0, 0.0, 0.1]),
    ("pho", [0.9, 0.1, 0.1]),
    ("minestrone", [1.0, 0.1, 0.2]),
    ("brownie", [0.1, 1.0, 0.1]),
    ("cheesecake", [0.0, 0.9, 0.1]),
    ("tiramisu", [0.0, 1.0, 0.0]),
    ("carrot sticks", [0.0, 0.1, 1.0]),
];
const RAMEN: usize = 0;
const PHO: usize = 1;
const BROWNIE: usize = 3;

/// Prints two interests and a recommendation for each.
///
/// # Errors
/// None for these constants; a program with real input reports them.
pub(crate) fn main() -> Result<(), Error> {
    let names = DISHES.map(|(name, _)| name);
    let values: Vec<f32> = DISHES.iter().flat_map(|(_, vector)| *vector).collect();
    let catalogue =
        Catalogue::build(&Items::new(Vectors::new(&values, DIM)?, &names), Precision::Full)?;

    // One row for each action: the vector of the chosen dish, the time of the choice, and its
    // weight.
    let chosen_dishes = [RAMEN, PHO, BROWNIE];
    let vectors: Vec<f32> = chosen_dishes.iter().flat_map(|&row| DISHES[row].1).collect();
    let now = 30.0 * DAY_MS;
    let times = [now - 2.0 * DAY_MS, now - DAY_MS, now];
    let weights = [1.0, 1.0, 1.0];
    let actions = Actions::new(Vectors::new(&vectors, DIM)?, &times, &weights)?;

    let profile = profile(&actions, now, &ProfileOptions::default())?;
    for (&medoid, importance) in profile.medoids.iter().zip(&profile.importance) {
        println!("interest: {} ({:.0} %)", names[chosen_dishes[medoid]], 100.0 * importance);
    }

    // Each medoid is a query; the blend gives each interest its share of the recommendations.
    let queries: Vec<f32> =
        profile.medoids.iter().flat_map(|&row| DISHES[chosen_dishes[row]].1).collect();
    let exclude = chosen_dishes.map(|row| row as u32);
    let lists: Vec<Vec<Hit>> = catalogue
        .search(Vectors::new(&queries, DIM)?, 4, &exclude)?
        .iter()
        .map(|list| list.iter().map(|m| Hit { item: m.row as u32, score: m.score }).collect())
        .collect();
    let recommended: Vec<&str> = blend(&lists, &profile.importance, 2, &exclude)?
        .iter()
        .map(|blended| names[blended.hit.item as usize])
        .collect();
    println!("recommended: {}", recommended.join(", "));

    assert_eq!(profile.medoids.len(), 2);
    assert_eq!(recommended, ["minestrone", "cheesecake"]);
    Ok(())
}
