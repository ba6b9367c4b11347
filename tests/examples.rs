//! The examples run, and their assertions hold.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../examples/catalogue.rs"]
mod catalogue;
#[path = "../examples/profile.rs"]
mod profile;

#[test]
fn the_catalogue_example_runs() -> Result<(), pocketsage::Error> {
    catalogue::main()
}

#[test]
fn the_profile_example_runs() -> Result<(), pocketsage::Error> {
    profile::main()
}
