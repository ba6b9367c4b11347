use super::*;
use crate::Vectors;
use alloc::{string::String, vec::Vec};

fn three_item_catalogue() -> Catalogue {
    let vectors = Vectors::new(&[1.0, 0.0, 0.0, 2.0, 0.0, 0.0], 2).unwrap();
    let items = Items::new(vectors, &["é", "b", "a"]).with_payloads(&["{\"n\":1}", "", "[]"]);
    Catalogue::build(&items, Precision::Full).unwrap()
}

#[test]
fn ids_and_payloads_are_found_both_ways() {
    let catalogue = three_item_catalogue();
    for (row, id) in ["é", "b", "a"].into_iter().enumerate() {
        assert_eq!(catalogue.row(id), Some(row));
        assert_eq!(catalogue.id(row), Some(id));
    }
    assert_eq!((catalogue.row("c"), catalogue.row(""), catalogue.id(3)), (None, None, None));
    assert_eq!(catalogue.payload(0), Some("{\"n\":1}"));
    assert_eq!((catalogue.payload(1), catalogue.payload(9)), (None, None));
}

#[test]
fn an_empty_catalogue_is_a_catalogue() {
    let empty_catalogue =
        Catalogue::build(&Items::new(Vectors::new(&[], 3).unwrap(), &[]), Precision::Compact);
    let empty_catalogue = Catalogue::from_bytes(empty_catalogue.unwrap().bytes().to_vec()).unwrap();
    assert!(empty_catalogue.is_empty());
    let hit_lists =
        empty_catalogue.search(Vectors::new(&[1.0, 0.0, 0.0], 3).unwrap(), 5, &[]).unwrap();
    assert_eq!(hit_lists, [[]]);
}

#[test]
fn empty_long_and_duplicate_ids_are_errors_that_name_the_row() {
    let vectors = Vectors::new(&[1.0, 2.0, 3.0], 1).unwrap();
    let build_with_ids =
        |ids: &[&str]| Catalogue::build(&Items::new(vectors, ids), Precision::Full);
    let error_message =
        |ids: &[&str]| alloc::string::ToString::to_string(&build_with_ids(ids).unwrap_err());
    assert!(error_message(&["a", "b", "a"]).contains("rows 0 and 2"));
    assert!(error_message(&["a", "", "c"]).contains("row 1 has 0 bytes"));
    assert!(error_message(&["a", "b", &"x".repeat(65_536)]).contains("row 2 has 65536 bytes"));
    assert_eq!(build_with_ids(&["a"]).unwrap_err().code(), "dimension");
}

#[test]
fn equal_content_has_an_equal_hash() {
    assert_eq!(three_item_catalogue().hash(), three_item_catalogue().hash());
    let other_items = Items::new(Vectors::new(&[1.0], 1).unwrap(), &["é"]);
    assert_ne!(
        Catalogue::build(&other_items, Precision::Full).unwrap().hash(),
        three_item_catalogue().hash()
    );
}

#[test]
fn scores_of_rows_are_those_of_an_exact_search() {
    let mut random = crate::testing::SeededNumbers::new(7);
    let (n, dim) = (40, 11);
    let values: Vec<f32> = (0..n * dim).map(|_| random.normal()).collect();
    let queries: Vec<f32> = (0..3 * dim).map(|_| random.normal()).collect();
    let ids: Vec<String> = (0..n).map(|row| alloc::format!("{row}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
        let options = BuildOptions { metric, ..Default::default() };
        let mut builder = CatalogueBuilder::new(dim, options).unwrap();
        builder.add(&Items::new(Vectors::new(&values, dim).unwrap(), &ids)).unwrap();
        let catalogue = builder.finish().unwrap();
        let queries = Vectors::new(&queries, dim).unwrap();
        let lists = catalogue.search(queries, n, &[]).unwrap();
        let rows: Vec<u32> = lists.iter().flatten().map(|hit| hit.row as u32).collect();
        for (query, list) in lists.iter().enumerate() {
            let scores = catalogue.scores(queries, &rows[query * n..(query + 1) * n]).unwrap();
            let expected: Vec<f32> = list.iter().map(|hit| hit.score).collect();
            assert_eq!(scores[query * n..(query + 1) * n], expected[..]);
        }
        assert_eq!(catalogue.scores(queries, &[40]).unwrap_err().code(), "option");
        assert!(catalogue.scores(queries, &[]).unwrap().is_empty());
    }
}
