//! Exact search: every item scored, the best kept.

use super::codes::{Codes, number};
use crate::order::{Best, Match};
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};

/// Independent sums of a dot product, so that the compiler can use vector registers. Part of the summation order.
const LANES: usize = 8;

pub(super) fn search(
    codes: Codes<'_>,
    queries: Vectors<'_>,
    count: usize,
    exclude: &[u32],
) -> Result<Vec<Vec<Match>>, Error> {
    if queries.dim() != codes.dim {
        return Err(Error::Dimension {
            what: "length of the query",
            got: queries.dim(),
            expected: codes.dim,
        });
    }
    let mut excluded = vec![false; codes.len()];
    for &row in exclude {
        match excluded.get_mut(row as usize) {
            Some(excluded) => *excluded = true,
            None => {
                let problem = alloc::format!("got row {row}, expected rows below {}", codes.len());
                return Err(Error::option("exclude", problem));
            }
        }
    }
    Ok(queries.rows().map(|query| best(&codes, &unit(query), count, &excluded)).collect())
}

/// The query at unit length; zero stays zero.
fn unit(query: &[f32]) -> Vec<f32> {
    let squares: f64 = query.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let scale = if squares > 0.0 { 1.0 / libm::sqrt(squares) } else { 0.0 };
    query.iter().map(|&x| (f64::from(x) * scale) as f32).collect()
}

fn best(codes: &Codes<'_>, query: &[f32], count: usize, excluded: &[bool]) -> Vec<Match> {
    let mut best = Best::new(count);
    for row in (0..codes.len()).filter(|&row| !excluded[row]) {
        best.offer(row, cosine(codes, row, query));
    }
    best.finish()
}

/// Dot product of a unit query with a stored unit vector.
fn cosine(codes: &Codes<'_>, row: usize, query: &[f32]) -> f32 {
    let dot = match codes.row(row) {
        (codes, None) => dot(query, codes.iter().map(|&code| number(code, 0))),
        (codes, Some(residuals)) => {
            dot(query, codes.iter().zip(residuals).map(|(&code, &residual)| number(code, residual)))
        }
    };
    // + 0.0 turns -0 into 0, which total_cmp would order below it.
    (dot * codes.scale(row)).clamp(-1.0, 1.0) + 0.0
}

fn dot(query: &[f32], stored: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0.0; LANES];
    for (i, (q, x)) in query.iter().zip(stored).enumerate() {
        lanes[i % LANES] += q * x;
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, Items, Precision};
    use super::*;
    use crate::testing::Numbers;
    use alloc::{format, string::String};

    fn catalogue(values: &[f32], dim: usize, precision: Precision) -> Catalogue {
        let vectors = Vectors::new(values, dim).unwrap();
        let ids: Vec<String> = (0..vectors.len()).map(|i| format!("item {i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        Catalogue::build(&Items::new(vectors, &ids), precision).unwrap()
    }

    #[test]
    fn equals_sorting_every_cosine_of_the_stored_vectors() {
        let mut numbers = Numbers::new(11);
        for (n, dim) in [(1, 1), (7, 3), (100, 20), (333, 65)] {
            let values: Vec<f32> = (0..n * dim).map(|_| numbers.normal()).collect();
            for precision in [Precision::Full, Precision::Compact] {
                let catalogue = catalogue(&values, dim, precision);
                let query: Vec<f32> = (0..dim).map(|_| numbers.normal()).collect();
                let length = query.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
                let oracle: Vec<f64> = (0..n)
                    .map(|row| {
                        let mut stored = Vec::new();
                        catalogue.read_vector(row, &mut stored).unwrap();
                        let pairs = stored.iter().zip(&query);
                        pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() / length
                    })
                    .collect();
                let found = catalogue.search(Vectors::new(&query, dim).unwrap(), 10, &[]).unwrap();
                assert_eq!(found[0].len(), n.min(10));
                let mut sorted = oracle.clone();
                sorted.sort_by(|a, b| b.total_cmp(a));
                for (hit, want) in found[0].iter().zip(sorted) {
                    assert!((f64::from(hit.score) - want).abs() < 1e-5);
                    assert!((oracle[hit.row] - want).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn ties_exclusions_and_counts() {
        let catalogue = catalogue(&[1., 0., 1., 0., 0., 1., 1., 0., 0., 0.], 2, Precision::Full);
        let rows = |count, exclude: &[u32]| -> Vec<usize> {
            let query = Vectors::new(&[9.0, 0.0], 2).unwrap();
            catalogue.search(query, count, exclude).unwrap()[0].iter().map(|hit| hit.row).collect()
        };
        assert_eq!(rows(9, &[]), [0, 1, 3, 2, 4]);
        assert_eq!(rows(2, &[0, 3]), [1, 2]);
        assert!(rows(0, &[]).is_empty());
        let query = Vectors::new(&[0.0, 0.0], 2).unwrap();
        assert!(catalogue.search(query, 5, &[]).unwrap()[0].iter().all(|hit| hit.score == 0.0));
        assert_eq!(catalogue.search(query, 5, &[5]).unwrap_err().code(), "option");
        let short = Vectors::new(&[1.0], 1).unwrap();
        assert_eq!(catalogue.search(short, 5, &[]).unwrap_err().code(), "dimension");
    }
}
