use super::*;
use crate::Vectors;

fn small() -> Catalogue {
    let vectors = Vectors::new(&[1.0, 0.0, 0.0, 2.0, 0.0, 0.0], 2).unwrap();
    let items = Items::new(vectors, &["é", "b", "a"]).with_payloads(&["{\"n\":1}", "", "[]"]);
    Catalogue::build(&items, Precision::Full).unwrap()
}

#[test]
fn ids_and_payloads_are_found_both_ways() {
    let catalogue = small();
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
    let empty =
        Catalogue::build(&Items::new(Vectors::new(&[], 3).unwrap(), &[]), Precision::Compact);
    let empty = Catalogue::from_bytes(empty.unwrap().bytes().to_vec()).unwrap();
    assert!(empty.is_empty());
    let found = empty.search(Vectors::new(&[1.0, 0.0, 0.0], 3).unwrap(), 5, &[]).unwrap();
    assert_eq!(found, [[]]);
}

#[test]
fn empty_long_and_duplicate_ids_are_errors_that_name_the_row() {
    let vectors = Vectors::new(&[1.0, 2.0, 3.0], 1).unwrap();
    let build = |ids: &[&str]| Catalogue::build(&Items::new(vectors, ids), Precision::Full);
    let text = |ids: &[&str]| alloc::string::ToString::to_string(&build(ids).unwrap_err());
    assert!(text(&["a", "b", "a"]).contains("rows 0 and 2"));
    assert!(text(&["a", "", "c"]).contains("row 1 has 0 bytes"));
    assert!(text(&["a", "b", &"x".repeat(65_536)]).contains("row 2 has 65536 bytes"));
    assert_eq!(build(&["a"]).unwrap_err().code(), "dimension");
}

#[test]
fn equal_content_has_an_equal_hash() {
    assert_eq!(small().hash(), small().hash());
    let other = Items::new(Vectors::new(&[1.0], 1).unwrap(), &["é"]);
    assert_ne!(Catalogue::build(&other, Precision::Full).unwrap().hash(), small().hash());
}
