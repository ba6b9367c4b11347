//! The examples run, and their assertions hold.
#![cfg(not(target_arch = "wasm32"))]

use std::error::Error;

#[path = "../examples/catalogue.rs"]
mod catalogue;
#[path = "../examples/profile.rs"]
mod profile;
#[allow(dead_code, reason = "`main` reads the arguments of the example, not those of the test")]
#[path = "../examples/recommend.rs"]
mod recommend;

#[test]
fn the_catalogue_example_runs() -> Result<(), pocketsage::Error> {
    catalogue::main()
}

#[test]
fn the_profile_example_runs() -> Result<(), pocketsage::Error> {
    profile::main()
}

#[test]
fn the_recommend_example_names_the_interest_of_each_item() -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read("www/public/emoji.sage")?;
    let catalogue = pocketsage::Catalogue::from_bytes(bytes)?;
    let history = ["1F355", "26BD", "1F436"].map(String::from); // Pizza, football, dog.
    let recommended = recommend::recommend(&catalogue, &history)?;
    assert_eq!(recommended.len(), 5);
    let reasons: Vec<_> = recommended.iter().map(|&(_, row)| catalogue.id(row)).collect();
    for item in &history {
        assert!(reasons.contains(&Some(item)), "{item} is no reason");
        assert!(!recommended.iter().any(|&(row, _)| catalogue.id(row) == Some(item)));
    }
    let unknown = recommend::recommend(&catalogue, &["tea".to_owned()]);
    assert!(unknown.is_err_and(|error| error.to_string() == "no item tea"));
    Ok(())
}
