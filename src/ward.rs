//! Ward clustering by the nearest-neighbour chain (PinnerSage, Algorithm 1; Murtagh 1983).

use crate::dendrogram::{Dendrogram, Step};
use crate::distances::{ALIGNED, Distances, squared_distances};
use crate::options::check_weights;
use crate::{Error, Vectors};
use alloc::{vec, vec::Vec};

/// Clusters n vectors bottom up, always joining the two clusters whose union adds least to the within-cluster variance.
///
/// `sizes` are the weights of the rows (a row of size 2 is two equal rows already joined), one a row, from 1e-6 to 1e6; `None` means
/// 1 each.
///
/// Heights are 2 |A||B| / (|A| + |B|) ||c_A - c_B||^2, so that two single rows join at their squared distance; they are
/// the squares of SciPy's. The chain runs on an `f32` matrix updated by Lance-Williams,
/// d(A∪B, C) = ((|A|+|C|) d(A,C) + (|B|+|C|) d(B,C) - |C| d(A,B)) / (|A|+|B|+|C|),
/// and the heights are then computed anew from the centroids in `f64`.
///
/// **Ties.** A cluster stands where its lowest row stood. The chain starts at the lowest cluster; of several equally near
/// neighbours, the one the chain came from is preferred (that is what ends it), else the lowest.
///
/// O(n^2 dim) time; 4 n^2 + 8 n dim bytes. No rows, or one, give a tree without merges.
///
/// # Errors
/// [`Error::Memory`] when the matrix cannot be had; nothing is kept. [`Error::Dimension`] and [`Error::Option`] for sizes.
///
/// ```
/// use pocketsage::{Vectors, ward};
///
/// // Two on the left, one on the right. Lance-Williams: ((1+1) 100 + (1+1) 121 - 1) / 3 = 147.
/// let tree = ward(Vectors::new(&[0.0, 1.0, 11.0], 1)?, None)?;
/// let heights: Vec<f64> = tree.merges().iter().map(|merge| merge.height).collect();
/// assert_eq!(heights[0], 1.0);
/// assert!((heights[1] - (2.0 * 100.0 + 2.0 * 121.0 - 1.0) / 3.0).abs() < 1e-9);
/// assert_eq!(tree.cut_at(10.0).labels, [0, 0, 1]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub fn ward(vectors: Vectors<'_>, sizes: Option<&[f64]>) -> Result<Dendrogram, Error> {
    check_weights(vectors.len(), sizes)?;
    Ok(tree_and_diameter(vectors, sizes)?.0)
}

/// The tree, and the largest squared distance between two rows.
pub(crate) fn tree_and_diameter(
    vectors: Vectors<'_>,
    sizes: Option<&[f64]>,
) -> Result<(Dendrogram, f64), Error> {
    let distances = squared_distances(vectors)?;
    let diameter = distances.diameter;
    let pairs = Chain::new(distances, vectors.len(), sizes).run();
    let steps = measure(vectors, sizes, &pairs);
    Ok((Dendrogram::from_steps(vectors.len(), &steps), diameter))
}

/// The state of the chain: which clusters are left, and how far apart they are.
///
/// A union changes one row and, by symmetry, one column. Writing the column at once would touch a cache line in every row, most of which are
/// never read again; instead every row remembers when it was last brought up to date, and catches up with the unions since then
/// from their own rows when it is next read. And whenever half of the places are empty, the matrix moves together.
struct Chain {
    /// Cells in a row.
    width: usize,
    /// Row and column p belong to the cluster at place p. Infinite on the diagonal and where a cluster is gone, so that a scan
    /// needs no mask.
    cells: Vec<f32>,
    /// Weight of each cluster; anything past the last place.
    size: Vec<f32>,
    /// In ascending order of their lowest rows.
    places: Vec<Place>,
    /// The unions since the matrix last moved together, by place: the second joined the first.
    unions: Vec<(usize, usize)>,
    /// Clusters left.
    left: usize,
}

/// A cluster and what its row of the matrix knows.
#[derive(Clone, Copy)]
struct Place {
    /// The lowest row of the cluster.
    lowest: usize,
    alive: bool,
    /// How many unions its row knows of.
    known: usize,
    /// Number of the last union that changed it, counted from 1; 0 for none.
    changed: usize,
}

impl Place {
    fn fresh(lowest: usize) -> Self {
        Self { lowest, alive: true, known: 0, changed: 0 }
    }
}

impl Chain {
    fn new(distances: Distances, n: usize, sizes: Option<&[f64]>) -> Self {
        let Distances { width, mut cells, .. } = distances;
        let mut size: Vec<f32> =
            sizes.map_or_else(|| vec![1.0; n], |sizes| sizes.iter().map(|&w| w as f32).collect());
        if sizes.is_some() {
            for (row, &a) in cells.chunks_exact_mut(width).zip(&size) {
                for (d, &b) in row.iter_mut().zip(&size) {
                    *d *= 2.0 * a * b / (a + b);
                }
            }
        }
        size.resize(width, 1.0);
        let places = (0..n).map(Place::fresh).collect();
        Self { width, cells, size, places, unions: Vec::new(), left: n }
    }

    /// The n - 1 unions, each named by the lowest rows of its two clusters (lower first), children before parents.
    fn run(mut self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::with_capacity(self.left);
        let mut chain: Vec<usize> = Vec::new();
        while self.left > 1 {
            // Rounding may leave a cluster on the chain that has been joined since.
            while chain.pop_if(|top| !self.places[*top].alive).is_some() {}
            let Some(&top) = chain.last() else {
                chain.extend(self.places.iter().position(|place| place.alive));
                continue;
            };
            self.catch_up(top);
            let row = &self.cells[top * self.width..(top + 1) * self.width];
            let nearest = minimum(row);
            let previous = chain.len().checked_sub(2).map(|at| chain[at]);
            match previous.filter(|&previous| row[previous] == nearest) {
                Some(previous) => {
                    chain.truncate(chain.len() - 2);
                    let (a, b) = (top.min(previous), top.max(previous));
                    pairs.push((self.places[a].lowest, self.places[b].lowest));
                    self.catch_up(previous);
                    self.join(a, b);
                    if self.left * 2 <= self.places.len() {
                        self.move_together(&mut chain);
                    }
                }
                None => chain.extend(position(row, nearest)),
            }
        }
        pairs
    }

    /// Brings the row of a place up to date with the unions it does not know of. (The place itself is in none of them.)
    fn catch_up(&mut self, place: usize) {
        let row = place * self.width;
        let unions = self.unions.iter().enumerate().skip(self.places[place].known);
        for (at, &(a, b)) in unions {
            self.cells[row + b] = f32::INFINITY;
            // What has been joined again, or has gone, is told by a later union.
            if self.places[a].changed == at + 1 && self.places[a].alive {
                self.cells[row + a] = self.cells[a * self.width + place];
            }
        }
        self.places[place].known = self.unions.len();
    }

    /// Joins b into a (a < b) by Lance-Williams. Both rows are up to date.
    fn join(&mut self, a: usize, b: usize) {
        let width = self.width;
        let (head, tail) = self.cells.split_at_mut(b * width);
        let (row_a, row_b) = (&mut head[a * width..(a + 1) * width], &tail[..width]);
        let (size_a, size_b, between) = (self.size[a], self.size[b], row_a[b]);
        let rows = row_a.as_chunks_mut::<ALIGNED>().0.iter_mut().zip(row_b.as_chunks::<ALIGNED>().0);
        for ((to_a, to_b), size) in rows.zip(self.size.as_chunks::<ALIGNED>().0) {
            for lane in 0..ALIGNED {
                let sum = (size_a + size[lane]) * to_a[lane] + (size_b + size[lane]) * to_b[lane]
                    - size[lane] * between;
                to_a[lane] = sum / (size_a + size_b + size[lane]);
            }
        }
        self.size[a] += size_b;
        self.left -= 1;
        self.unions.push((a, b));
        self.places[b].alive = false;
        self.places[a].changed = self.unions.len();
        self.places[a].known = self.unions.len();
    }

    /// Closes the gaps that joined clusters have left, so that rows are short and near each other again.
    fn move_together(&mut self, chain: &mut Vec<usize>) {
        let left: Vec<usize> = (0..self.places.len()).filter(|&place| self.places[place].alive).collect();
        left.iter().for_each(|&place| self.catch_up(place));
        // The chain without the clusters that have gone, by their new places.
        chain.retain(|&place| self.places[place].alive);
        chain.iter_mut().for_each(|place| *place = left.partition_point(|other| other < place));
        // In place: nothing is written beyond what has been read.
        let (from, to) = (self.width, left.len().next_multiple_of(ALIGNED));
        for (row, &place) in left.iter().enumerate() {
            self.size[row] = self.size[place];
            self.places[row] = Place::fresh(self.places[place].lowest);
            for (column, &other) in left.iter().enumerate() {
                self.cells[row * to + column] = self.cells[place * from + other];
            }
            self.cells[row * to + left.len()..(row + 1) * to].fill(f32::INFINITY);
        }
        self.width = to;
        self.places.truncate(left.len());
        self.unions.clear();
    }
}

/// The least number of a row. The lanes are independent, so the compiler can use vector registers.
fn minimum(row: &[f32]) -> f32 {
    let lesser = |x: f32, y: f32| if y < x { y } else { x };
    let mut lanes = [f32::INFINITY; ALIGNED];
    for chunk in row.as_chunks().0 {
        lanes = core::array::from_fn(|lane: usize| {
            let chunk: &[f32; ALIGNED] = chunk;
            lesser(lanes[lane], chunk[lane])
        });
    }
    lanes.into_iter().fold(f32::INFINITY, lesser)
}

/// Where a number first stands in a row.
fn position(row: &[f32], number: f32) -> Option<usize> {
    let here = |chunk: &&[f32; ALIGNED]| chunk.iter().fold(false, |here, &d| here | (d == number));
    let (at, chunk) = row.as_chunks().0.iter().enumerate().find(|(_, chunk)| here(chunk))?;
    Some(at * ALIGNED + chunk.iter().position(|&d| d == number)?)
}

/// The heights of the unions, from the centroids, in f64. A union is never lower than its parts. O(n dim).
fn measure(vectors: Vectors<'_>, sizes: Option<&[f64]>, pairs: &[(usize, usize)]) -> Vec<Step> {
    let dim = vectors.dim();
    let mut size = sizes.map_or_else(|| vec![1.0; vectors.len()], <[f64]>::to_vec);
    // Weighted sums, not means: sums of equal f32 are exact in f64, and exact duplicates then join at exactly 0.
    let mut sums: Vec<f64> = vectors.values().iter().map(|&x| x.into()).collect();
    if sizes.is_some() {
        for (sum, w) in sums.chunks_exact_mut(dim).zip(&size) {
            sum.iter_mut().for_each(|x| *x *= w);
        }
    }
    let mut highest = vec![0.0f64; vectors.len()];
    pairs
        .iter()
        .map(|&(a, b)| {
            let (head, tail) = sums.split_at_mut(b * dim);
            let (sum_a, sum_b) = (&mut head[a * dim..(a + 1) * dim], &tail[..dim]);
            let (size_a, size_b) = (size[a], size[b]);
            let mut apart = 0.0;
            for (x, y) in sum_a.iter_mut().zip(sum_b) {
                let difference = *x / size_a - y / size_b;
                apart += difference * difference;
                *x += y;
            }
            size[a] += size_b;
            let height = 2.0 * size_a * size_b / (size_a + size_b) * apart;
            highest[a] = height.max(highest[a]).max(highest[b]);
            Step { a, b, height: highest[a] }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(values: &[f32], dim: usize) -> Vec<(usize, usize, f64)> {
        let tree = ward(Vectors::new(values, dim).unwrap(), None).unwrap();
        tree.merges().iter().map(|m| (m.a, m.b, m.height)).collect()
    }

    #[test]
    fn ties_go_to_the_lowest_row() {
        // Four corners of a square: every side ties.
        let square = tree(&[0., 0., 0., 1., 1., 1., 1., 0.], 2);
        assert_eq!(square, [(0, 1, 1.0), (2, 3, 1.0), (4, 5, 2.0)]);
        // Five equal rows: all at distance 0, joined in the order of the rows.
        let equal = tree(&[3.0; 5], 1);
        assert_eq!(equal, [(0, 1, 0.0), (2, 5, 0.0), (3, 6, 0.0), (4, 7, 0.0)]);
    }

    #[test]
    fn all_equal_rows_of_awkward_numbers_join_at_exactly_zero() {
        let values: Vec<f32> = (0..40).flat_map(|_| [0.1, -0.7, 1.0 / 3.0]).collect();
        assert!(tree(&values, 3).iter().all(|merge| merge.2 == 0.0));
    }

    #[test]
    fn orthogonal_rows_end_the_chain() {
        let n = 33;
        let mut values = vec![0.0; n * n];
        (0..n).for_each(|i| values[i * n + i] = 1.0);
        let tree = tree(&values, n);
        assert_eq!(tree.len(), n - 1);
        assert!(tree.iter().all(|merge| (merge.2 - 2.0).abs() < 1e-9));
    }

    #[test]
    fn huge_and_tiny_vectors_have_the_tree_of_ordinary_ones() {
        let values = [0.0f32, 1.0, 3.0, 7.0, 15.0, 31.0];
        let shape = |scale: f64| {
            let scaled: Vec<f32> = values.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
            tree(&scaled, 1).iter().map(|m| (m.0, m.1)).collect::<Vec<_>>()
        };
        for scale in [1e18, 1e37, 1e-20, 1e-40] {
            assert_eq!(shape(scale), shape(1.0), "scale {scale}");
        }
    }
}
