//! Laws that hold for every input; each test is named after its law. The seed is fixed, so a
//! failure repeats; proptest prints the smallest input that breaks a law.
#![cfg(not(target_arch = "wasm32"))]

use pocketsage::{
    Actions, Catalogue, Cut, Hit, Items, Precision, ProfileOptions, Singletons, Vectors, blend,
    cluster, importance, pick, profile, project, ward,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const DAY: f64 = 86_400_000.0;

/// A dimension, and the components of 1 to `max_rows - 1` vectors in [-1, 1).
fn matrix(max_rows: usize) -> impl Strategy<Value = (usize, Vec<f32>)> {
    (1usize..12, 1..max_rows).prop_flat_map(|(dim, n)| (Just(dim), vec(-1.0f32..1.0, n * dim)))
}

/// The same, with a time within 100 days and a weight for each vector.
fn actions(max_rows: usize) -> impl Strategy<Value = (usize, Vec<f32>, Vec<f64>, Vec<f64>)> {
    matrix(max_rows).prop_flat_map(|(dim, values)| {
        let n = values.len() / dim;
        (Just(dim), Just(values), vec(0.0..100.0 * DAY, n), vec(0.1f64..5.0, n))
    })
}

fn options(cut: Cut) -> ProfileOptions {
    ProfileOptions { cut, ..Default::default() }
}

fn cuts() -> impl Strategy<Value = Cut> {
    prop_oneof![
        Just(Cut::Auto),
        (0.0f64..4.0).prop_map(Cut::Threshold),
        (-1.0f64..1.0).prop_map(Cut::Cosine),
        (1usize..9).prop_map(Cut::Count),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        rng_seed: RngSeed::Fixed(2020),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn heights_never_decrease((dim, values) in matrix(60)) {
        let tree = ward(Vectors::new(&values, dim).unwrap(), None).unwrap();
        prop_assert!(tree.merges().windows(2).all(|pair| pair[0].height <= pair[1].height));
        prop_assert_eq!(tree.merges().last().map_or(1, |merge| merge.size), values.len() / dim);
    }

    #[test]
    fn a_finer_cut_refines_a_coarser_one((dim, values) in matrix(40), count in 1usize..20) {
        let tree = ward(Vectors::new(&values, dim).unwrap(), None).unwrap();
        let (coarse, fine) = (tree.cut_into(count), tree.cut_into(count + 1));
        for (row, label) in fine.labels.iter().enumerate() {
            let first = fine.labels.iter().position(|other| other == label).unwrap();
            prop_assert_eq!(coarse.labels[row], coarse.labels[first]);
        }
    }

    #[test]
    fn scaling_by_two_to_the_k_scales_heights_by_its_square_exactly(
        (dim, values) in matrix(40),
        k in -90i32..90,
    ) {
        let scale = 2f32.powi(k);
        let scaled: Vec<f32> = values.iter().map(|x| x * scale).collect();
        // Scaling down to subnormal numbers loses digits: those are other vectors.
        prop_assume!(scaled.iter().zip(&values).all(|(s, v)| s / scale == *v));
        let tree = |values: &[f32]| ward(Vectors::new(values, dim).unwrap(), None).unwrap();
        let (before, after) = (tree(&values), tree(&scaled));
        for (x, y) in before.merges().iter().zip(after.merges()) {
            prop_assert_eq!(
                (x.a, x.b, x.height * f64::from(scale) * f64::from(scale)),
                (y.a, y.b, y.height)
            );
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        (dim, values) in matrix(40),
        count in 1usize..6,
        seed in 0usize..1000,
    ) {
        let n = values.len() / dim;
        // A stride coprime to n visits every row once.
        let stride = (1..=n).map(|i| seed + i).find(|s| gcd(*s, n) == 1).unwrap();
        let order: Vec<usize> = (0..n).map(|i| i * stride % n).collect();
        let shuffled: Vec<f32> =
            order.iter().flat_map(|&row| values[row * dim..(row + 1) * dim].to_vec()).collect();
        let clustering = |values: &[f32]| {
            cluster(Vectors::new(values, dim).unwrap(), None, &options(Cut::Count(count))).unwrap()
        };
        let (before, after) = (clustering(&values), clustering(&shuffled));
        // Ties may be broken differently in another order; then the cut is not unique.
        let heights: Vec<f64> = before.tree.merges().iter().map(|merge| merge.height).collect();
        prop_assume!(heights.windows(2).all(|pair| pair[1] - pair[0] > 1e-6));
        for i in 0..n {
            for j in 0..n {
                let together =
                    before.partition.labels[order[i]] == before.partition.labels[order[j]];
                prop_assert_eq!(together, after.partition.labels[i] == after.partition.labels[j]);
            }
        }
    }

    #[test]
    fn a_weight_equals_repeated_actions(
        (dim, values) in matrix(14),
        repeats in vec(1usize..4, 14),
        cut in cuts(),
    ) {
        let n = values.len() / dim;
        let weights: Vec<f64> = repeats[..n].iter().map(|&w| w as f64).collect();
        let repeated: Vec<f32> = (0..n)
            .flat_map(|row| values[row * dim..(row + 1) * dim].repeat(repeats[row]))
            .collect();
        // A count of interests counts rows, so it must not exceed the number of distinct ones.
        let cut = if let Cut::Count(count) = cut { Cut::Count(count.min(n)) } else { cut };
        let weighted =
            cluster(Vectors::new(&values, dim).unwrap(), Some(&weights), &options(cut)).unwrap();
        let plain = cluster(Vectors::new(&repeated, dim).unwrap(), None, &options(cut)).unwrap();
        let firsts: Vec<usize> = (0..n).map(|row| repeats[..row].iter().sum()).collect();
        let close =
            |height: f64| (height - weighted.threshold).abs() < 1e-6 * (1.0 + weighted.threshold);
        prop_assume!(
            !plain.tree.merges().iter().any(|merge| merge.height > 0.0 && close(merge.height))
                || matches!(cut, Cut::Count(_))
        );
        let labels: Vec<i32> = firsts.iter().map(|&row| plain.partition.labels[row]).collect();
        prop_assert_eq!(labels, weighted.partition.labels);
        let medoids: Vec<usize> = weighted.medoids.iter().map(|&row| firsts[row]).collect();
        prop_assert_eq!(medoids, plain.medoids);
    }

    #[test]
    fn weights_that_are_all_multiplied_leave_the_shown_cut(
        (dim, values, _, weights) in actions(30),
        power in -8i32..8,
    ) {
        let labels = |factor: f64| {
            let weights: Vec<f64> = weights.iter().map(|w| w * factor).collect();
            let vectors = Vectors::new(&values, dim).unwrap();
            cluster(vectors, Some(&weights), &options(Cut::Auto)).unwrap().partition.labels
        };
        prop_assert_eq!(labels(1.0), labels(2f64.powi(power)));
    }

    #[test]
    fn an_interest_of_the_shown_cut_is_a_branch_of_the_tree((dim, values) in matrix(40)) {
        let vectors = Vectors::new(&values, dim).unwrap();
        let found = cluster(vectors, None, &options(Cut::Auto)).unwrap();
        let n = values.len() / dim;
        // By node: its interest if all rows below it have one.
        let mut interests: Vec<Option<i32>> =
            found.partition.labels.iter().copied().map(Some).collect();
        for merge in found.tree.merges() {
            let (a, b) = (interests[merge.a], interests[merge.b]);
            interests.push(a.filter(|_| a == b));
        }
        let whole = (n..interests.len()).filter(|&node| interests[node].is_some()).count();
        prop_assert_eq!(whole, n - found.partition.count);
    }

    #[test]
    fn the_shown_cut_merges_two_unit_vectors_by_their_cosine(
        (dim, values) in matrix(3),
        spread in 1.7f64..9.0,
    ) {
        prop_assume!(values.len() == 2 * dim && dim > 1);
        let length = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>().sqrt();
        let (a, b) = values.split_at(dim);
        prop_assume!(length(a) > 0.1 && length(b) > 0.1);
        let unit: Vec<f32> = a
            .iter()
            .map(|x| x / length(a))
            .chain(b.iter().map(|x| x / length(b)))
            .collect();
        let cosine: f32 = (0..dim).map(|k| unit[k] * unit[dim + k]).sum();
        let options = ProfileOptions { spread: Some(spread), ..options(Cut::Auto) };
        let found = cluster(Vectors::new(&unit, dim).unwrap(), None, &options).unwrap();
        // The squared distance is 1.185 at a cosine of 0.4074.
        prop_assert!(cosine >= 0.406 || found.partition.count == 2);
        prop_assert!(cosine <= 0.409 || found.partition.count == 1);
    }

    #[test]
    fn vectors_of_any_scale_and_weight_have_a_tree(
        (dim, values) in matrix(30),
        up in -120i32..127,
        heavy in vec(any::<bool>(), 30),
    ) {
        let scaled: Vec<f32> = values.iter().map(|x| x * 2f32.powi(up)).collect();
        let weights: Vec<f64> = heavy[..values.len() / dim]
            .iter()
            .map(|&heavy| if heavy { 1e6 } else { 1e-6 })
            .collect();
        let tree = ward(Vectors::new(&scaled, dim).unwrap(), Some(&weights)).unwrap();
        prop_assert!(
            tree.merges().iter().all(|merge| merge.height.is_finite() && merge.height >= 0.0)
        );
        prop_assert_eq!(tree.cut_into(1).count, 1);
    }

    #[test]
    fn a_medoid_is_a_member((dim, values) in matrix(50), cut in cuts()) {
        let found = cluster(Vectors::new(&values, dim).unwrap(), None, &options(cut)).unwrap();
        for (label, &medoid) in found.medoids.iter().enumerate() {
            prop_assert_eq!(found.partition.labels[medoid], label as i32);
        }
    }

    #[test]
    fn importance_sums_to_one_and_is_descending(
        (dim, values, at, weights) in actions(40),
        cut in cuts(),
        lambda in 0.0f64..2.0,
    ) {
        let actions = Actions::new(Vectors::new(&values, dim).unwrap(), &at, &weights).unwrap();
        let options = ProfileOptions { lambda: Some(lambda), ..options(cut) };
        let profile = profile(&actions, 100.0 * DAY, &options).unwrap();
        prop_assert!((profile.importance.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(profile.importance.windows(2).all(|pair| pair[0] >= pair[1]));
        prop_assert_eq!(profile.importance.len(), profile.partition.count);
    }

    #[test]
    fn importance_does_not_change_without_new_actions(
        (dim, values, at, weights) in actions(30),
        later in 0.0f64..1000.0,
    ) {
        let found = cluster(
            Vectors::new(&values, dim).unwrap(),
            Some(&weights),
            &ProfileOptions::default(),
        )
        .unwrap();
        let shares = |now| importance(&at, &weights, &found.partition, now, 0.01);
        for (x, y) in shares(100.0 * DAY).iter().zip(shares((100.0 + later) * DAY)) {
            prop_assert!((x - y).abs() < 1e-9);
        }
    }

    #[test]
    fn the_same_input_gives_the_same_profile(
        (dim, values, at, weights) in actions(30),
        cut in cuts(),
    ) {
        let actions = Actions::new(Vectors::new(&values, dim).unwrap(), &at, &weights).unwrap();
        let once = profile(&actions, 100.0 * DAY, &options(cut)).unwrap();
        prop_assert_eq!(once, profile(&actions, 100.0 * DAY, &options(cut)).unwrap());
    }

    #[test]
    fn attached_singletons_leave_no_interest_of_one(
        (dim, values) in matrix(40),
        count in 1usize..9,
    ) {
        let partition = |singletons| {
            let options = ProfileOptions { singletons, ..options(Cut::Count(count)) };
            cluster(Vectors::new(&values, dim).unwrap(), None, &options).unwrap().partition
        };
        let (kept, dropped, attached) = (
            partition(Singletons::Keep),
            partition(Singletons::Drop),
            partition(Singletons::Attach),
        );
        let several = kept.sizes().into_iter().filter(|&size| size > 1).count();
        prop_assert_eq!(dropped.count, several);
        prop_assert_eq!(attached.count, if several == 0 { kept.count } else { several });
        prop_assert!(several == 0 || attached.sizes().into_iter().all(|size| size > 1));
        prop_assert!(attached.labels.iter().all(|&label| label >= 0));
    }

    #[test]
    fn a_shorter_blend_begins_a_longer_one(
        lists in lists(),
        weights in vec(0.0f64..1.0, 5),
        count in 0usize..40,
    ) {
        let weights = &weights[..lists.len()];
        let long = blend(&lists, weights, count + 1, &[]).unwrap();
        let short = blend(&lists, weights, count, &[]).unwrap();
        prop_assert_eq!(&long[..short.len()], &short[..]);
    }

    #[test]
    fn a_blend_has_each_item_once_and_no_excluded_one(
        lists in lists(),
        count in 0usize..60,
        exclude in vec(0u32..50, 0..20),
    ) {
        let blended = blend(&lists, &vec![1.0; lists.len()], count, &exclude).unwrap();
        let mut expected: Vec<u32> = lists
            .iter()
            .flatten()
            .map(|hit| hit.item)
            .filter(|item| !exclude.contains(item))
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let mut items: Vec<u32> = blended.iter().map(|b| b.hit.item).collect();
        prop_assert_eq!(items.len(), count.min(expected.len()));
        items.sort_unstable();
        items.dedup();
        prop_assert_eq!(items.len(), blended.len());
        prop_assert!(items.iter().all(|item| expected.contains(item)));
        for b in &blended {
            let best = lists[b.list]
                .iter()
                .filter(|hit| hit.item == b.hit.item)
                .map(|hit| hit.score)
                .fold(-2.0, f32::max);
            prop_assert_eq!(b.hit.score, best);
        }
    }

    #[test]
    fn a_sample_has_distinct_interests(
        shares in vec(0.0f64..1.0, 0..20),
        count in 0usize..25,
        seed in 0u32..1000,
    ) {
        let mut sample = pick(&shares, count, Some(f64::from(seed))).unwrap();
        let positive = shares.iter().filter(|share| **share > 0.0).count();
        prop_assert_eq!(sample.len(), count.min(positive));
        sample.sort_unstable();
        sample.dedup();
        prop_assert_eq!(sample.len(), count.min(positive));
    }

    #[test]
    fn a_catalogue_is_read_back_from_its_bytes(
        (dim, values) in matrix(30),
        compact in any::<bool>(),
    ) {
        let ids: Vec<String> =
            (0..values.len() / dim).map(|row| format!("{:x}é", row * 7919)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let precision = if compact { Precision::Compact } else { Precision::Full };
        let built =
            Catalogue::build(&Items::new(Vectors::new(&values, dim).unwrap(), &ids), precision)
                .unwrap();
        let read = Catalogue::from_bytes(built.bytes().to_vec()).unwrap();
        prop_assert_eq!((read.hash(), read.len(), read.dim()), (built.hash(), ids.len(), dim));
        for (row, id) in ids.iter().enumerate() {
            prop_assert_eq!(read.row(id), Some(row));
            prop_assert_eq!(read.id(row), Some(*id));
        }
        let query = Vectors::new(&values[..dim], dim).unwrap();
        prop_assert_eq!(read.search(query, 5, &[]).unwrap(), built.search(query, 5, &[]).unwrap());
    }

    #[test]
    fn excluding_a_hit_moves_the_others_up((dim, values) in matrix(40)) {
        let ids: Vec<String> = (0..values.len() / dim).map(|row| row.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let vectors = Vectors::new(&values, dim).unwrap();
        let catalogue = Catalogue::build(&Items::new(vectors, &ids), Precision::Full).unwrap();
        let query = Vectors::new(&values[..dim], dim).unwrap();
        let all = &catalogue.search(query, 6, &[]).unwrap()[0];
        let without = &catalogue.search(query, 5, &[all[0].row as u32]).unwrap()[0];
        prop_assert_eq!(&all[1..], &without[..]);
    }

    #[test]
    fn bytes_that_are_not_a_catalogue_are_an_error(
        mut bytes in vec(any::<u8>(), 0..300),
        with_magic in any::<bool>(),
    ) {
        if with_magic && bytes.len() >= 8 {
            bytes[..8].copy_from_slice(b"SAGE-CAT");
        }
        let code = Catalogue::from_bytes(bytes).unwrap_err().code();
        prop_assert!(code == "corrupt" || code == "version");
    }

    #[test]
    fn map_coordinates_are_within_one((dim, values) in matrix(40)) {
        let map = project(Vectors::new(&values, dim).unwrap());
        prop_assert_eq!(map.len(), values.len() / dim);
        prop_assert!(map.iter().flatten().all(|x| x.abs() <= 1.0));
    }
}

fn lists() -> impl Strategy<Value = Vec<Vec<Hit>>> {
    let hit = (0u32..50, -1.0f32..1.0).prop_map(|(item, score)| Hit { item, score });
    vec(vec(hit, 0..20), 1..5)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
