//! A session against its twin: the profile of the same actions, found from the beginning.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::Numbers;
use pocketsage::{Actions, Cut, ProfileOptions, Session, Singletons, Vectors, profile};

const DAY: f64 = 86_400_000.0;

/// A session, and the same actions as plain columns.
struct Twins {
    dim: usize,
    session: Session,
    values: Vec<f32>,
    at: Vec<f64>,
    weights: Vec<f64>,
}

/// How vectors are made.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Groups,
    /// On a coarse grid, so that distances tie and vectors are equal.
    Ties,
    /// Each ten times as far out as the one before, now and then.
    Outliers,
}

impl Twins {
    fn new(dim: usize) -> Self {
        let (values, at, weights) = (Vec::new(), Vec::new(), Vec::new());
        Self { dim, session: Session::new(dim).unwrap(), values, at, weights }
    }

    fn add(&mut self, vector: &[f32], at: f64, weight: f64) {
        self.session.add(vector, &[at], &[weight]).unwrap();
        self.values.extend_from_slice(vector);
        self.at.push(at);
        self.weights.push(weight);
    }

    fn forget(&mut self, row: usize) {
        assert!(self.session.forget(row));
        self.values.drain(row * self.dim..(row + 1) * self.dim);
        self.at.remove(row);
        self.weights.remove(row);
    }

    fn forget_between(&mut self, from: f64, to: f64) {
        let rows: Vec<usize> =
            (0..self.at.len()).filter(|&row| (from..=to).contains(&self.at[row])).collect();
        assert_eq!(self.session.forget_between(from, to), rows.len());
        for &row in rows.iter().rev() {
            self.values.drain(row * self.dim..(row + 1) * self.dim);
            self.at.remove(row);
            self.weights.remove(row);
        }
    }

    fn set_weight(&mut self, row: usize, weight: f64) {
        assert!(self.session.set_weight(row, weight).unwrap());
        self.weights[row] = weight;
    }

    /// One random change.
    fn change(&mut self, numbers: &mut Numbers, kind: Kind) {
        let n = self.at.len();
        match (numbers.below(12), n) {
            (0..=2, 1..) => self.forget(numbers.below(n)),
            (3, 1..) => {
                let from = numbers.below(100) as f64 * DAY;
                self.forget_between(from, from + DAY / 2.0);
            }
            (4, 1..) => self.set_weight(numbers.below(n), [0.25, 1.0, 3.0][numbers.below(3)]),
            (5, 1..) => {
                let row = numbers.below(n);
                let again = self.values[row * self.dim..(row + 1) * self.dim].to_vec();
                self.add(&again, numbers.below(100) as f64 * DAY, 1.0);
            }
            _ => {
                let topic = numbers.below(4) as f32 * 2.0;
                let far = if matches!(kind, Kind::Outliers) {
                    10f32.powi(numbers.below(6) as i32)
                } else {
                    1.0
                };
                let number = |_| {
                    let x = (topic + numbers.signed()) * far;
                    if matches!(kind, Kind::Ties) { (x * 2.0).round() / 2.0 } else { x }
                };
                let vector: Vec<f32> = (0..self.dim).map(number).collect();
                let weight = if numbers.below(4) == 0 { 2.5 } else { 1.0 };
                self.add(&vector, numbers.below(100) as f64 * DAY, weight);
            }
        }
    }

    fn assert_equal(&mut self, options: &ProfileOptions, place: &str) {
        let vectors = Vectors::new(&self.values, self.dim).unwrap();
        let anew =
            profile(&Actions::new(vectors, &self.at, &self.weights).unwrap(), 100.0 * DAY, options)
                .unwrap();
        let followed = self.session.profile(100.0 * DAY, options).unwrap();
        // As text, so that numbers are equal to the bit.
        assert_eq!(format!("{followed:?}"), format!("{anew:?}"), "{place}");
        assert_eq!(self.session.len(), self.at.len());
    }
}

#[test]
fn whatever_comes_and_goes_the_profile_is_that_of_what_is_there() {
    let cuts = [Cut::Auto, Cut::Count(5), Cut::Threshold(8.0)];
    for seed in 0..1_200u64 {
        let mut numbers = Numbers(seed);
        let kind = [Kind::Groups, Kind::Groups, Kind::Ties, Kind::Outliers][numbers.below(4)];
        let options = ProfileOptions { cut: cuts[numbers.below(3)], ..Default::default() };
        let mut twins = Twins::new(1 + numbers.below(20));
        let many = if seed % 100 == 0 { 600 } else { 120 };
        for _ in 0..numbers.below(many) {
            twins.change(&mut numbers, kind);
        }
        for step in 0..12 {
            for _ in 0..[1, 1, 1, 2, 9][numbers.below(5)] {
                twins.change(&mut numbers, kind);
            }
            twins.assert_equal(&options, &format!("seed {seed}, step {step}, {kind:?}"));
        }
    }
}

#[test]
fn a_session_may_grow_from_nothing_and_shrink_to_nothing() {
    let mut numbers = Numbers(5);
    let mut twins = Twins::new(7);
    let options = ProfileOptions { singletons: Singletons::Attach, ..Default::default() };
    twins.assert_equal(&options, "empty");
    for step in 0..200 {
        let vector = numbers.vectors(1, 7);
        twins.add(&vector, f64::from(step), 1.0);
        twins.assert_equal(&options, &format!("{step} added"));
    }
    while !twins.session.is_empty() {
        twins.forget(numbers.below(twins.at.len()));
        twins.assert_equal(&options, &format!("{} left", twins.at.len()));
    }
}

#[test]
fn what_is_wrong_changes_nothing() {
    let mut session = Session::new(2).unwrap();
    session.add(&[1.0, 0.0, 0.0, 1.0], &[0.0, 1.0], &[1.0, 1.0]).unwrap();
    let before = session.profile(1.0, &ProfileOptions::default()).unwrap();
    let wrong = |result: Result<(), pocketsage::Error>| result.unwrap_err().code();
    assert_eq!(wrong(session.add(&[1.0], &[0.0], &[1.0])), "dimension");
    assert_eq!(wrong(session.add(&[1.0, f32::NAN], &[0.0], &[1.0])), "not-finite");
    assert_eq!(wrong(session.add(&[1.0, 1.0], &[], &[1.0])), "dimension");
    assert_eq!(wrong(session.add(&[1.0, 1.0], &[0.0], &[-1.0])), "option");
    assert_eq!(session.set_weight(0, f64::NAN).unwrap_err().code(), "option");
    assert_eq!(
        session.profile(f64::NAN, &ProfileOptions::default()).unwrap_err().code(),
        "not-finite"
    );
    let little = ProfileOptions { memory: Some(1.0), ..Default::default() };
    assert_eq!(Session::new(0).err().map(|error| error.code()), Some("option"));
    assert!(!session.forget(2));
    assert!(!session.set_weight(2, 1.0).unwrap());
    assert_eq!(session.profile(1.0, &ProfileOptions::default()).unwrap(), before);
    session.add(&[2.0, 2.0], &[0.0], &[1.0]).unwrap();
    let _ = session.profile(1.0, &little);
    assert_eq!(session.profile(1.0, &ProfileOptions::default()).unwrap().partition.labels.len(), 3);
}
