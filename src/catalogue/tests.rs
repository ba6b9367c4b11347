use super::*;
use crate::Vectors;

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
