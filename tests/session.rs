//! A session against its reference: the profile of the same actions, computed from the start.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::SeededNumbers;
use pocketsage::{
    Actions, Cut, ProfileOptions, RetrievalOptions, Session, Singletons, Vectors, profile,
    retrieval,
};

const DAY: f64 = 86_400_000.0;

/// A session, and the same actions as plain columns.
struct SessionAndColumns {
    dim: usize,
    session: Session,
    values: Vec<f32>,
    at: Vec<f64>,
    weights: Vec<f64>,
}

/// Distribution of the vectors.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Groups,
    /// Without topics, so that one change affects many clusters.
    Noise,
    /// On a coarse grid, so that distances tie and vectors are equal.
    Ties,
    /// Some of them up to 10^5 times as far from the origin.
    Outliers,
}

impl SessionAndColumns {
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

    /// One random change: an action added, removed, repeated, or given another weight.
    fn change(&mut self, rng: &mut SeededNumbers, kind: Kind) {
        let n = self.at.len();
        match (rng.below(12), n) {
            (0..=2, 1..) => self.forget(rng.below(n)),
            (3, 1..) => {
                let from = rng.below(100) as f64 * DAY;
                self.forget_between(from, from + DAY / 2.0);
            }
            (4, 1..) => self.set_weight(rng.below(n), [0.25, 1.0, 3.0][rng.below(3)]),
            (5, 1..) => {
                let row = rng.below(n);
                let copy = self.values[row * self.dim..(row + 1) * self.dim].to_vec();
                self.add(&copy, rng.below(100) as f64 * DAY, 1.0);
            }
            _ => {
                let topic = match kind {
                    Kind::Noise => 0.0,
                    _ => rng.below(4) as f32 * 2.0,
                };
                let scale = if matches!(kind, Kind::Outliers) {
                    10f32.powi(rng.below(6) as i32)
                } else {
                    1.0
                };
                let component = |_| {
                    let x = (topic + rng.uniform()) * scale;
                    if matches!(kind, Kind::Ties) { (x * 2.0).round() / 2.0 } else { x }
                };
                let vector: Vec<f32> = (0..self.dim).map(component).collect();
                let weight = if rng.below(4) == 0 { 2.5 } else { 1.0 };
                self.add(&vector, rng.below(100) as f64 * DAY, weight);
            }
        }
    }

    fn assert_equal(&mut self, options: &ProfileOptions, context: &str) {
        let vectors = Vectors::new(&self.values, self.dim).unwrap();
        let from_scratch =
            profile(&Actions::new(vectors, &self.at, &self.weights).unwrap(), 100.0 * DAY, options)
                .unwrap();
        let incremental = self.session.profile(100.0 * DAY, options).unwrap();
        // As strings, so that floats are compared to the bit.
        assert_eq!(format!("{incremental:?}"), format!("{from_scratch:?}"), "{context}");
        assert_eq!(self.session.len(), self.at.len());
        let retrieval_options = RetrievalOptions::default();
        let actions = Actions::new(vectors, &self.at, &self.weights).unwrap();
        let from_scratch = retrieval(&actions, 100.0 * DAY, &retrieval_options).unwrap();
        let incremental = self.session.retrieval(100.0 * DAY, &retrieval_options).unwrap();
        assert_eq!(format!("{incremental:?}"), format!("{from_scratch:?}"), "{context}");
    }
}

#[test]
fn after_any_changes_the_profile_equals_that_of_the_present_actions() {
    let cuts = [Cut::Auto, Cut::Count(5), Cut::Threshold(8.0)];
    for seed in 0..1_200u64 {
        let mut rng = SeededNumbers(seed);
        let kind = [Kind::Groups, Kind::Noise, Kind::Ties, Kind::Outliers][rng.below(4)];
        let options = ProfileOptions { cut: cuts[rng.below(3)], ..Default::default() };
        let mut pair = SessionAndColumns::new(1 + rng.below(20));
        let max_changes = if seed % 100 == 0 { 600 } else { 120 };
        for _ in 0..rng.below(max_changes) {
            pair.change(&mut rng, kind);
        }
        for step in 0..12 {
            for _ in 0..[1, 1, 1, 2, 9][rng.below(5)] {
                pair.change(&mut rng, kind);
            }
            pair.assert_equal(&options, &format!("seed {seed}, step {step}, {kind:?}"));
        }
    }
}

#[test]
fn histories_of_hundreds_of_actions_change_one_by_one() {
    for (seed, kind) in
        [Kind::Groups, Kind::Noise, Kind::Ties, Kind::Outliers].into_iter().enumerate()
    {
        let mut rng = SeededNumbers(7_000 + seed as u64);
        let mut pair = SessionAndColumns::new(40);
        while pair.at.len() < 500 {
            pair.change(&mut rng, kind);
        }
        let options = ProfileOptions { cut: Cut::Count(12), ..Default::default() };
        let mut options_of_step = [ProfileOptions::default(), options].into_iter().cycle();
        for step in 0..60 {
            pair.change(&mut rng, kind);
            pair.assert_equal(&options_of_step.next().unwrap(), &format!("step {step}, {kind:?}"));
        }
    }
}

#[test]
fn a_session_grows_from_empty_and_shrinks_to_empty() {
    let mut rng = SeededNumbers(5);
    let mut pair = SessionAndColumns::new(7);
    let options = ProfileOptions { singletons: Singletons::Attach, ..Default::default() };
    pair.assert_equal(&options, "empty");
    for step in 0..200 {
        let vector = rng.vectors(1, 7);
        pair.add(&vector, f64::from(step), 1.0);
        pair.assert_equal(&options, &format!("{step} added"));
    }
    while !pair.session.is_empty() {
        pair.forget(rng.below(pair.at.len()));
        pair.assert_equal(&options, &format!("{} left", pair.at.len()));
    }
}

#[test]
fn a_rejected_call_changes_nothing() {
    let mut session = Session::new(2).unwrap();
    session.add(&[1.0, 0.0, 0.0, 1.0], &[0.0, 1.0], &[1.0, 1.0]).unwrap();
    let before = session.profile(1.0, &ProfileOptions::default()).unwrap();
    let code = |result: Result<(), pocketsage::Error>| result.unwrap_err().code();
    assert_eq!(code(session.add(&[1.0], &[0.0], &[1.0])), "dimension");
    assert_eq!(code(session.add(&[1.0, f32::NAN], &[0.0], &[1.0])), "not-finite");
    assert_eq!(code(session.add(&[1.0, 1.0], &[], &[1.0])), "dimension");
    assert_eq!(code(session.add(&[1.0, 1.0], &[0.0], &[-1.0])), "option");
    assert_eq!(session.set_weight(0, f64::NAN).unwrap_err().code(), "option");
    assert_eq!(
        session.profile(f64::NAN, &ProfileOptions::default()).unwrap_err().code(),
        "not-finite"
    );
    let one_byte = ProfileOptions { memory: Some(1.0), ..Default::default() };
    assert_eq!(Session::new(0).err().map(|error| error.code()), Some("option"));
    assert!(!session.forget(2));
    assert!(!session.set_weight(2, 1.0).unwrap());
    assert_eq!(session.profile(1.0, &ProfileOptions::default()).unwrap(), before);
    session.add(&[2.0, 2.0], &[0.0], &[1.0]).unwrap();
    let _ = session.profile(1.0, &one_byte);
    assert_eq!(session.profile(1.0, &ProfileOptions::default()).unwrap().partition.labels.len(), 3);
}
