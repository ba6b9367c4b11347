//! The fuzz target: reading any bytes gives an error or a catalogue on which every method works.

use pocketsage::{
    BuildOptions, Catalogue, CatalogueBuilder, Metric, RowSet, SearchOptions, Section, Vectors,
    checksum64,
};

/// Maximum number of rows that are checked one by one.
const MAX_CHECKED_ROWS: usize = 4096;

/// Reads the bytes as given and, with corrected length and hash, as a delta; without the correction
/// every mutation would fail these two checks. Returns whether either was readable.
pub(crate) fn exercise(data: &[u8]) -> bool {
    let mut bytes = data.to_vec();
    let _ = Catalogue::file_buffer(&bytes[..bytes.len().min(64)]);
    let as_given = Catalogue::from_bytes(bytes.clone());
    if bytes.len() >= 64 {
        let length = bytes.len() as u64;
        bytes[40..48].copy_from_slice(&length.to_le_bytes());
        let hash = checksum64(&bytes[16..]);
        bytes[8..16].copy_from_slice(&hash.to_le_bytes());
    }
    let mut readable = false;
    for catalogue in [as_given, Catalogue::from_delta(bytes)].into_iter().flatten() {
        exercise_catalogue(&catalogue);
        readable = true;
    }
    readable
}

fn exercise_catalogue(catalogue: &Catalogue) {
    let (rows, dim) = (catalogue.rows(), catalogue.dim());
    assert!(catalogue.len() <= rows && (0.0..=f64::MAX).contains(&catalogue.spread()));
    let mut found = 0;
    for row in 0..rows.min(MAX_CHECKED_ROWS) {
        let Some(id) = catalogue.id(row) else {
            assert!(!catalogue.is_live(row));
            continue;
        };
        assert!(catalogue.is_live(row));
        assert_eq!(catalogue.row(id), Some(row));
        let _ = catalogue.payload(row);
        assert!((0.0..=34.531_25).contains(&catalogue.log_prior(row)));
        found += 1;
    }
    assert!(rows > MAX_CHECKED_ROWS || found == catalogue.len());
    assert_eq!((catalogue.id(rows), catalogue.row("")), (None, None));
    // Also a kind below the first and one past the last.
    for kind in 0..=21 {
        let _ = Section::from_number(kind).map(|section| catalogue.section(section).len());
    }

    let mut query = Vec::new();
    match catalogue.read_vector(0, &mut query) {
        Ok(()) => assert_eq!(query.len(), dim),
        Err(_) => query.resize(dim, 1.0),
    }
    query.iter_mut().for_each(|x| *x = if x.is_finite() { *x } else { 0.0 });
    let mut allowed = RowSet::all(rows);
    allowed.remove(rows / 2);
    let exclude = [0];
    let exclude: &[u32] = if rows > 0 { &exclude } else { &[] };
    for (exact, allowed, offset) in [(true, None, 0), (false, Some(&allowed), 0), (false, None, 2)]
    {
        let search =
            SearchOptions { count: 5, offset, exclude, allowed, exact, ..SearchOptions::default() };
        let Ok(queries) = Vectors::new(&query, dim) else { continue };
        let Ok(lists) = catalogue.search_with(queries, &search) else { continue };
        for hit in &lists[0] {
            assert!(catalogue.is_live(hit.row) && (rows == 0 || hit.row != 0));
            assert!(allowed.is_none_or(|allowed| allowed.contains(hit.row)));
            assert!(catalogue.metric() != Metric::Cosine || hit.score.abs() <= 1.0);
        }
        assert!(lists[0].windows(2).all(|pair| pair[0].score >= pair[1].score));
    }

    // As applying a delta does: copy the rows and sections to another catalogue.
    let settings = BuildOptions { metric: catalogue.metric(), precision: catalogue.precision() };
    let Ok(mut builder) = CatalogueBuilder::new(dim, settings) else { return };
    let every: Vec<u32> = (0..rows.min(MAX_CHECKED_ROWS) as u32).collect();
    if builder.add_rows(catalogue, &every).is_ok() {
        for section in [Section::Attributes, Section::Removed, Section::Lists, Section::Priors] {
            let content = catalogue.section(section);
            if !content.is_empty() {
                builder.set_section(section, content.to_vec());
            }
        }
        let again = builder.finish();
        assert!(rows > MAX_CHECKED_ROWS || again.is_ok_and(|again| again.len() == catalogue.len()));
    }
}
