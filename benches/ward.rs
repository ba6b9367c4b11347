//! Benchmarks of clustering and of profiles: `cargo bench --bench ward`. Each benchmark checks its
//! result once before it is timed.
//!
//! `npm run bench:ward` compares the same code with other libraries.
// A benchmark that cannot run panics.
#![allow(clippy::unwrap_used)]

mod common;

use common::{GROUPS, Shape, mixture};
use divan::{Bencher, black_box};
use pocketsage::{Actions, Cut, ProfileOptions, Session, Vectors, profile, ward};

const SHAPES: [Shape; 6] = [
    Shape(100, 256),
    Shape(300, 64),
    Shape(300, 256),
    Shape(1000, 64),
    Shape(1000, 256),
    Shape(3000, 256),
];
const HOUR_MS: f64 = 3_600_000.0;
const OPTIONS: ProfileOptions = ProfileOptions {
    cut: Cut::Count(GROUPS),
    singletons: pocketsage::Singletons::Keep,
    half_life_days: None,
    lambda: None,
    spread: None,
    memory: None,
};

fn main() {
    divan::main();
}

/// Clusters vectors: computes the whole tree.
#[divan::bench(args = SHAPES)]
fn tree(bencher: Bencher<'_, '_>, shape: Shape) {
    let values = mixture(shape, 1);
    let vectors = Vectors::new(&values, shape.1).unwrap();
    let tree = ward(vectors, None).unwrap();
    assert_eq!(tree.merges().len(), shape.0 - 1);
    assert!(tree.merges().is_sorted_by_key(|merge| merge.height));
    assert_groups(&tree.cut_into(GROUPS).labels);
    bencher.bench_local(|| ward(black_box(vectors), None));
}

/// Computes the profile of all actions, without a session.
#[divan::bench(args = SHAPES)]
fn whole_profile(bencher: Bencher<'_, '_>, shape: Shape) {
    let Columns { values, timestamps, weights, now } = Columns::new(shape);
    let actions =
        Actions::new(Vectors::new(&values, shape.1).unwrap(), &timestamps, &weights).unwrap();
    let computed_profile = profile(&actions, now, &OPTIONS).unwrap();
    assert_groups(&computed_profile.partition.labels);
    assert_eq!(computed_profile.medoids.len(), GROUPS);
    bencher.bench_local(|| profile(black_box(&actions), now, &OPTIONS));
}

/// Adds one action to a session and computes the profile. Removing the action again is not timed.
#[divan::bench(args = SHAPES)]
fn session_add(bencher: Bencher<'_, '_>, shape: Shape) {
    let Columns { values, timestamps, weights, now } = Columns::new(shape);
    let last_row = shape.0 - 1;
    let mut session = Session::new(shape.1).unwrap();
    session.add(&values, &timestamps, &weights).unwrap();
    let actions =
        Actions::new(Vectors::new(&values, shape.1).unwrap(), &timestamps, &weights).unwrap();
    let expected_profile = profile(&actions, now, &OPTIONS).unwrap();

    let session = std::cell::RefCell::new(session);
    let remove_last = || {
        let mut session = session.borrow_mut();
        session.forget(last_row);
        session.profile(now, &OPTIONS).unwrap();
    };
    let add_last = || {
        let mut session = session.borrow_mut();
        session
            .add(&values[last_row * shape.1..], &timestamps[last_row..], &weights[last_row..])
            .unwrap();
        session.profile(now, &OPTIONS).unwrap()
    };
    remove_last();
    assert_eq!(add_last(), expected_profile);
    bencher.with_inputs(remove_last).bench_local_values(|()| add_last());
}

/// Removes one action from a session and computes the profile. Adding the action again is not
/// timed.
#[divan::bench(args = SHAPES)]
fn session_remove(bencher: Bencher<'_, '_>, shape: Shape) {
    let Columns { values, timestamps, weights, now } = Columns::new(shape);
    let last_row = shape.0 - 1;
    let mut session = Session::new(shape.1).unwrap();
    session
        .add(&values[..last_row * shape.1], &timestamps[..last_row], &weights[..last_row])
        .unwrap();
    let (vectors, timestamps_before) =
        (Vectors::new(&values[..last_row * shape.1], shape.1), &timestamps[..last_row]);
    let actions = Actions::new(vectors.unwrap(), timestamps_before, &weights[..last_row]).unwrap();
    let expected_profile = profile(&actions, now, &OPTIONS).unwrap();

    let session = std::cell::RefCell::new(session);
    let add_last = || {
        let mut session = session.borrow_mut();
        session
            .add(&values[last_row * shape.1..], &timestamps[last_row..], &weights[last_row..])
            .unwrap();
        session.profile(now, &OPTIONS).unwrap();
    };
    let remove_last = || {
        let mut session = session.borrow_mut();
        session.forget(last_row);
        session.profile(now, &OPTIONS).unwrap()
    };
    add_last();
    assert_eq!(remove_last(), expected_profile);
    bencher.with_inputs(add_last).bench_local_values(|()| remove_last());
}

/// The columns of a table of actions: one action in each hour, each of weight 1.
struct Columns {
    /// Components of the vectors of all actions, row-major.
    values: Vec<f32>,
    /// Time of each action, in milliseconds.
    timestamps: Vec<f64>,
    weights: Vec<f64>,
    /// Time at which a profile is computed, in milliseconds.
    now: f64,
}

impl Columns {
    fn new(shape: Shape) -> Self {
        let timestamps: Vec<f64> = (0..shape.0).map(|row| row as f64 * HOUR_MS).collect();
        let now = shape.0 as f64 * HOUR_MS;
        Self { values: mixture(shape, 1), timestamps, weights: vec![1.0; shape.0], now }
    }
}

/// Panics unless the clusters are the Gaussian components that the rows were drawn from.
fn assert_groups(labels: &[i32]) {
    let mut label_of_group = labels[..GROUPS].to_vec();
    assert!(labels.iter().enumerate().all(|(row, &label)| label == label_of_group[row % GROUPS]));
    label_of_group.sort_unstable();
    assert!(label_of_group.iter().zip(0..).all(|(&label, expected_label)| label == expected_label));
}
