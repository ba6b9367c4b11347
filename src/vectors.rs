//! [`Vectors`]: n vectors of one dimension, validated at construction.

use crate::Error;
use crate::limits::MAX_DIM;
use crate::math::simd::{F32x8, LANES};
use crate::text::message;
use nalgebra::{DMatrixView, DVectorView};

/// n x dim finite `f32`, row-major: the vectors of actions, items or queries.
///
/// Shape and finiteness are checked by [`Vectors::new`] and not again. As nalgebra matrix:
/// dim x n, one vector per column (row-major n x dim and column-major dim x n are the same bytes).
///
/// ```
/// use pocketsage::Vectors;
///
/// let two = Vectors::new(&[1.0, 0.0, 0.0, 1.0], 2)?;
/// assert_eq!((two.len(), two.dim()), (2, 2));
/// assert_eq!(two.row(1), &[0.0, 1.0]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Vectors<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> Vectors<'a> {
    /// Validates `values` as n x `dim`, row-major. Empty `values` are n = 0. O(n dim).
    ///
    /// # Errors
    /// [`Error::Option`] when `dim` is 0 or above [`MAX_DIM`](crate::MAX_DIM),
    /// [`Error::Dimension`] when the number of values is no multiple of `dim`,
    /// [`Error::NotFinite`] with the row of a NaN or infinity.
    pub fn new(values: &'a [f32], dim: usize) -> Result<Self, Error> {
        check_dim(dim)?;
        if !values.len().is_multiple_of(dim) {
            return Err(Error::Dimension {
                what: "number of values (expected a whole number of rows of `dim`)",
                got: values.len(),
                expected: values.len().next_multiple_of(dim),
            });
        }
        if !all_finite(values)
            && let Some(i) = values.iter().position(|x| !x.is_finite())
        {
            return Err(Error::NotFinite {
                what: "the vector",
                row: i / dim,
                got: values[i].into(),
            });
        }
        Ok(Self { values, dim })
    }

    /// Vectors whose shape and finiteness have been validated already.
    pub(crate) fn new_unchecked(values: &'a [f32], dim: usize) -> Self {
        Self { values, dim }
    }

    /// Number of vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether n is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of dimensions.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vector of `row`.
    ///
    /// # Panics
    /// When `row` is not below [`len`](Self::len).
    #[must_use]
    pub fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.dim..(row + 1) * self.dim]
    }

    /// The vectors, in order.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [f32]> + use<'a> {
        self.values.chunks_exact(self.dim)
    }

    /// All components, row-major.
    #[must_use]
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The vector of `row` as a nalgebra view.
    ///
    /// # Panics
    /// When `row` is not below [`len`](Self::len).
    #[must_use]
    pub fn column(&self, row: usize) -> DVectorView<'a, f32> {
        DVectorView::from_slice(self.row(row), self.dim)
    }

    /// All vectors as a nalgebra view: dim x n, one vector per column.
    #[must_use]
    pub fn columns(&self) -> DMatrixView<'a, f32> {
        DMatrixView::from_slice(self.values, self.dim, self.len())
    }
}

/// [`Error::Option`] unless `dim` is from 1 to [`MAX_DIM`].
#[inline(never)]
pub(crate) fn check_dim(dim: usize) -> Result<(), Error> {
    if (1..=MAX_DIM).contains(&dim) {
        return Ok(());
    }
    Err(Error::option("dim", message!["got ", dim, ", expected 1 to ", MAX_DIM]))
}

/// Whether all values are finite. O(n).
///
/// A finite sum proves that all values are finite. A sum of finite values may overflow, so each
/// value is checked if the sum is not finite. `inline(never)`: wasm runtimes optimise whole
/// functions, and this loop is hot.
#[inline(never)]
fn all_finite(values: &[f32]) -> bool {
    // Four independent sums hide the latency of the additions.
    let (chunks, last_values) = values.as_chunks::<{ 4 * LANES }>();
    let mut sums = [F32x8::splat(0.0); 4];
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk.as_chunks().0) {
            *sum = sum.add_scaled(F32x8::new(x), 1.0);
        }
    }
    let [a, b, c, d] = sums;
    let sum = a.add_scaled(b, 1.0).add_scaled(c.add_scaled(d, 1.0), 1.0);
    let sum = sum.to_array().iter().chain(last_values).sum::<f32>();
    sum.is_finite() || values.iter().all(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn no_rows_are_valid() {
        let no_vectors = Vectors::new(&[], 3).unwrap();
        assert!(no_vectors.is_empty());
        assert_eq!(no_vectors.rows().len(), 0);
    }

    #[test]
    fn wrong_shapes_and_non_finite_values_are_errors() {
        assert_eq!(Vectors::new(&[1.0], 0).unwrap_err().code(), "option");
        assert!(Vectors::new(&vec![1.0; MAX_DIM], MAX_DIM).is_ok());
        assert_eq!(Vectors::new(&[], MAX_DIM + 1).unwrap_err().code(), "option");
        let ragged_error = Vectors::new(&[1.0, 2.0, 3.0], 2).unwrap_err();
        assert!(matches!(ragged_error, Error::Dimension { got: 3, expected: 4, .. }));
        let nan_error = Vectors::new(&[0.0, 0.0, 1.0, f32::NAN], 2).unwrap_err();
        assert!(matches!(nan_error, Error::NotFinite { row: 1, .. }));
        let infinity_error = Vectors::new(&[f32::NEG_INFINITY, 0.0], 2).unwrap_err();
        assert!(matches!(infinity_error, Error::NotFinite { row: 0, .. }));
        let mixed_error =
            Vectors::new(&[0.0, f32::INFINITY, f32::NEG_INFINITY, 0.0], 1).unwrap_err();
        assert!(matches!(mixed_error, Error::NotFinite { row: 1, .. }));
    }

    #[test]
    fn finite_values_with_an_infinite_sum_are_valid() {
        assert!(Vectors::new(&[f32::MAX; 100], 10).is_ok());
    }

    #[test]
    fn nalgebra_views_have_the_same_values() {
        let vectors = Vectors::new(&[1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert_eq!(vectors.columns()[(0, 1)], 3.0);
        assert_eq!(vectors.column(1).as_slice(), vectors.row(1));
    }
}
