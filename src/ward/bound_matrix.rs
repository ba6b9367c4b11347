//! Neighbours by a matrix of lower bounds of all distances, kept by Lance-Williams: the fastest way while it fits in memory. (The passes over its
//! rows stand below it: they share its layout, and in a module of their own they make the wasm larger, which has no room for that.)

use super::chain::{Nearest, Neighbours};
use super::clusters::Clusters;
use super::grid::Grid;
use super::pairwise::{Farthest, all_pairs};
use crate::math::simd::{Codes, F32x8, I32x8, LANES, ROUND_DOWN, set_lanes};
use alloc::{vec, vec::Vec};

/// The cells of a row are a multiple of this: two panels.
const ALIGNED: usize = 2 * LANES;
/// Unions whose new rows are told to the others together: a cache line.
const TOLD: usize = 32;
/// Panels to look at more closely, at most so many at a time.
const FOUND: usize = 8;
/// About the distance of what is worth joining, in steps.
const TOUCH: f32 = 10_000.0;

/// The cells are 16-bit codes of 1 + a lower bound of Ward's distance in units of [`Matrix::units`]; Lance-Williams is the same with and
/// without the 1.
///
/// A union changes one row and, by symmetry, one column. Writing the column at once would touch every row, most of which are never read
/// again; instead the new row is left where each of the others finds its own cell, side by side with those of the unions before and
/// after, and catches up when it is next read. And whenever two fifths of the places or fewer are not empty, the matrix moves together.
pub(crate) struct Matrix<'a> {
    clusters: Clusters<'a>,
    /// Units in a squared unit of the vectors: such that no distance reaches 2^31.
    units: f64,
    /// Cells in a row.
    width: usize,
    /// Row p belongs to the cluster at place p, as does its cell [`cell`]`(p)`. [`Codes::FAR`] on the diagonal, anything where a cluster is gone.
    cells: Vec<i16>,
    /// [`Codes::FAR`] where a cluster is gone and past the end, else 0.
    gone: Vec<i16>,
    /// Weight of each cluster, by place; anything past the last one.
    weights: Vec<f32>,
    /// The cluster at a place, in ascending order.
    names: Vec<u32>,
    /// Where a cluster is.
    places: Vec<u32>,
    /// How many unions the row at a place knows of.
    known: Vec<u32>,
    /// The cells of the unions since the matrix last moved together, and how many there are.
    unions: Vec<[u32; TOLD]>,
    count: usize,
    /// The last union at a place, counted from 1; 0 for none.
    changed: Vec<u32>,
    /// Which of every [`TOLD`] unions are the last at their places, and left, as bits.
    current: Vec<u32>,
    /// The cells of their new rows: `news[p / 8 * groups + u / TOLD][p % 8][u % TOLD]` is the distance of union u to the place p. (By panels, so
    /// that writing a union and reading those of a place both stay on few pages of memory.)
    news: Vec<News>,
    /// Of [`TOLD`] unions each, that there is room for.
    groups: usize,
}

/// The distances of some unions to the places of a panel.
type News = [[i16; TOLD]; LANES];

/// Of n places, how many are not empty when the matrix moves together.
fn left_over(n: usize) -> usize {
    2 * n / 5
}

/// Groups of unions before a matrix of n moves together.
fn groups(n: usize) -> usize {
    (n - left_over(n)).div_ceil(TOLD)
}

/// Where the cell of a place is in a row.
fn cell(place: usize) -> usize {
    place / LANES * LANES + Codes::position(place % LANES)
}

impl<'a> Matrix<'a> {
    /// Bytes of a matrix for n clusters, at most.
    pub(crate) fn bytes(n: usize) -> usize {
        let width = n.next_multiple_of(ALIGNED);
        // The rows, and the news.
        size_of::<i16>().saturating_mul(width).saturating_mul(width + groups(n) * TOLD)
    }

    /// O(n^2 dim / 2).
    #[inline(never)]
    pub(crate) fn new(clusters: Clusters<'a>, grid: &Grid) -> (Self, Farthest) {
        let n = clusters.left();
        let width = n.next_multiple_of(ALIGNED);
        let total: f64 = clusters.weights.iter().sum();
        let mut weights: Vec<f32> = clusters.weights.iter().map(|&w| w as f32).collect();
        weights.resize(width, 1.0);
        let equal = weights[..n].iter().all(|&w| w == weights[0]);
        // A lower bound of (root x - slack)^2: its tangent where root x = TOUCH, which is slope (x - slack TOUCH). Both are rounded down by more
        // than is lost on the way.
        let slack = grid.slack();
        let (slope, offset) = (1.0 - slack / TOUCH, slack * TOUCH * (2.0 - ROUND_DOWN));
        let unit = (1.0 / total) as f32;
        let steep = unit * slope * ROUND_DOWN;
        let equal = equal.then(|| [F32x8::splat(weights[0] * steep); LANES]);

        let mut cells = vec![[0; LANES]; n.next_multiple_of(LANES) * (width / LANES)];
        let mut farthest = Farthest::new(n);
        let count = n.div_ceil(LANES);
        all_pairs(grid, 0..count, 0..count, &mut |left, right, block| {
            let rows = LANES.min(n - left * LANES);
            let most = farthest.of(right);
            let mut bounds = [Codes::splat(0); LANES];
            match &equal {
                Some(factors) => bound(&block[..rows], factors, offset, &mut bounds, most),
                None => {
                    let factors = harmonic_means(left, right, &weights, steep);
                    bound(&block[..rows], &factors, offset, &mut bounds, most);
                }
            }
            let stride = width / LANES;
            write(&mut cells[left * LANES * stride + right..], stride, &bounds[..rows]);
            if left != right {
                let columns = LANES.min(n - right * LANES);
                write_across(&mut cells[right * LANES * stride + left..], stride, &bounds, columns);
            }
        });
        let mut cells = cells.into_flattened();
        let mut gone = vec![0; width];
        for place in 0..width {
            if place < n {
                cells[place * width + cell(place)] = Codes::FAR;
            } else {
                gone[cell(place)] = Codes::FAR;
            }
        }
        let matrix = Self {
            units: grid.squared_steps(1.0) * f64::from(unit),
            width,
            cells,
            gone,
            weights,
            names: (0..n as u32).collect(),
            places: (0..n as u32).collect(),
            known: vec![0; n],
            unions: Vec::new(),
            count: 0,
            changed: vec![0; n],
            current: Vec::new(),
            news: Vec::new(),
            groups: groups(n),
            clusters,
        };
        (matrix, farthest)
    }

    /// Brings the row of a place up to date with the unions it does not know of.
    fn catch_up(&mut self, place: usize) {
        let row = &mut self.cells[place * self.width..][..self.width];
        let known = self.known[place] as usize;
        if known == self.count {
            return;
        }
        let mut unknown = u32::MAX << (known % TOLD);
        let first = known / TOLD;
        let (panel, line) = (place / LANES * self.groups, place % LANES);
        let groups = self.current[first..]
            .iter()
            .zip(&self.unions[first..])
            .zip(&self.news[panel + first..]);
        for ((current, cells), news) in groups {
            for union in set_lanes(current & unknown) {
                row[cells[union % TOLD] as usize] = news[line][union % TOLD];
            }
            unknown = u32::MAX;
        }
        self.known[place] = self.count as u32;
    }

    /// Closes the gaps that joined clusters have left, so that rows are short and near each other again.
    #[inline(never)]
    fn move_together(&mut self) {
        let is_left = |place: &usize| self.clusters.is_left(self.names[*place] as usize);
        let left: Vec<usize> = (0..self.names.len()).filter(is_left).collect();
        left.iter().for_each(|&place| self.catch_up(place));
        let (from, to) = (self.width, left.len().next_multiple_of(ALIGNED));
        let mut sources = vec![0; to];
        left.iter().enumerate().for_each(|(to, &from)| sources[cell(to)] = cell(from) as u32);
        let mut old = vec![0; from];
        // In place: nothing is written beyond what has been read.
        for (row, &place) in left.iter().enumerate() {
            self.weights[row] = self.weights[place];
            self.names[row] = self.names[place];
            self.places[self.names[row] as usize] = row as u32;
            let (head, tail) = self.cells.split_at_mut(place * from);
            if let Some(target) = head.get_mut(row * to..(row + 1) * to) {
                gather(&tail[..from], &sources, target);
            } else {
                old.copy_from_slice(&tail[..from]);
                gather(&old, &sources, &mut self.cells[row * to..][..to]);
            }
        }
        let n = left.len();
        self.width = to;
        self.names.truncate(n);
        self.known.clear();
        self.known.resize(n, 0);
        self.changed.clear();
        self.changed.resize(n, 0);
        self.gone.clear();
        self.gone.resize(to, 0);
        (n..to).for_each(|place| self.gone[cell(place)] = Codes::FAR);
        self.unions.clear();
        self.count = 0;
        self.current.clear();
        self.groups = groups(n);
    }

    /// Computes the distance of a cluster to the one at a place. Returns the code of the nearest so far.
    #[inline(never)]
    fn ask(&self, cluster: usize, place: usize, nearest: &mut Nearest) -> i16 {
        let name = self.names[place] as usize;
        nearest.consider(name, || self.clusters.apart(cluster, name));
        self.code(nearest.distance)
    }

    /// The code of a distance, or a greater one.
    fn code(&self, distance: f64) -> i16 {
        Codes::code((distance * self.units + 1.0) as f32 * (2.0 - ROUND_DOWN))
    }
}

impl Neighbours for Matrix<'_> {
    fn clusters(&self) -> &Clusters<'_> {
        &self.clusters
    }

    /// O(left) for what is left of the matrix, and O(dim) for each distance that the bounds leave open.
    fn nearest(&mut self, cluster: usize, previous: usize, apart: f64) -> Nearest {
        let place = self.places[cluster] as usize;
        self.catch_up(place);
        let row = panels(&self.cells[place * self.width..][..self.width]);
        let gone = panels(&self.gone);
        let mut nearest = Nearest::unknown(previous, apart);
        // From the least bound up to the least distance; mostly they are within a hundredth of each other.
        let mut done = -1;
        let mut reach = least(row, gone).saturating_add(8);
        loop {
            let mut from = 0;
            let mut found = [(0, 0); FOUND];
            while from < row.len() {
                let count;
                (from, count) = within(row, gone, from, reach, &mut found);
                for &(two, within) in &found[..count] {
                    for position in set_lanes(within) {
                        let code = row[two].as_flattened()[position % ALIGNED];
                        if code > done && code <= reach {
                            let place = (2 * two + position / LANES) * LANES
                                + Codes::number(position % LANES);
                            reach = reach.min(self.ask(cluster, place, &mut nearest).max(done));
                        }
                    }
                }
            }
            let needed = self.code(nearest.distance);
            if needed <= reach {
                return nearest;
            }
            (done, reach) = (reach, needed);
        }
    }

    /// O(left + dim).
    fn join(&mut self, a: usize, b: usize, distance: f64) {
        let places = [a, b].map(|cluster| self.places[cluster] as usize);
        places.into_iter().for_each(|place| self.catch_up(place));
        let [at_a, at_b] = places;
        let between = (distance * self.units + 1.0) as f32 * (2.0 - ROUND_DOWN);
        let width = self.width;
        let (group, told) = (self.count / TOLD, self.count % TOLD);
        if self.news.is_empty() {
            self.news = vec![[[0; TOLD]; LANES]; width / LANES * self.groups];
        }
        if told == 0 {
            self.current.push(0);
            self.unions.push([0; TOLD]);
        }
        let (head, tail) = self.cells.split_at_mut(at_b * width);
        let factors = [self.weights[at_a], self.weights[at_b], between];
        let (to_a, to_b) = (&mut head[at_a * width..][..width], &tail[..width]);
        let news = self.news[group..].iter_mut().step_by(self.groups);
        unite(to_a, to_b, &self.weights, factors, news, told);
        self.cells[at_a * width + cell(at_a)] = Codes::FAR;
        self.gone[cell(at_b)] = Codes::FAR;
        self.clusters.join(a, b);
        self.weights[at_a] = self.clusters.weights[a] as f32;
        for place in places {
            if let Some(last) = self.changed[place].checked_sub(1) {
                self.current[last as usize / TOLD] &= !(1 << (last as usize % TOLD));
            }
        }
        self.current[group] |= 1 << told;
        self.unions[group][told] = cell(at_a) as u32;
        self.count += 1;
        self.changed[at_a] = self.count as u32;
        self.known[at_a] = self.count as u32;
        if self.clusters.left() <= left_over(self.names.len()) {
            self.move_together();
        }
    }
}

/// Bounds of these rows of squared distances, less an offset, times Ward's factors; and the largest of each column.
#[inline(never)]
fn bound(
    rows: &[I32x8],
    factors: &[F32x8; LANES],
    offset: f32,
    bounds: &mut [Codes; LANES],
    farthest: &mut [i32; LANES],
) {
    let mut most = I32x8::new(*farthest);
    for ((bound, row), factors) in bounds.iter_mut().zip(rows).zip(factors) {
        most = most.max(*row);
        *bound =
            Codes::of(row.floats().shifted(-offset, *factors).plus(1.0).max(F32x8::splat(1.0)));
    }
    *farthest = most.to_array();
}

/// Ward's factors of the vectors of two panels.
#[inline(never)]
fn harmonic_means(left: usize, right: usize, weights: &[f32], unit: f32) -> [F32x8; LANES] {
    let (weights, _) = weights.as_chunks::<LANES>();
    weights[left].map(|own| F32x8::splat(unit).times_harmonic_mean(own, F32x8::new(weights[right])))
}

/// Writes a panel of some rows.
#[inline(never)]
fn write(cells: &mut [[i16; LANES]], stride: usize, rows: &[Codes]) {
    cells.iter_mut().step_by(stride).zip(rows).for_each(|(cells, row)| *cells = row.codes());
}

/// Writes a panel of the columns of these rows.
#[inline(never)]
fn write_across(cells: &mut [[i16; LANES]], stride: usize, rows: &[Codes; LANES], columns: usize) {
    let across = Codes::transposed(*rows);
    cells
        .iter_mut()
        .step_by(stride)
        .zip(&across[..columns])
        .for_each(|(cells, column)| *cells = column.codes());
}

/// Makes the row of a the row of its union with b, and tells the others. O(n).
#[inline(never)]
fn unite<'a>(
    to_a: &mut [i16],
    to_b: &[i16],
    weights: &[f32],
    factors: [f32; 3],
    news: impl Iterator<Item = &'a mut News>,
    told: usize,
) {
    let (to_a, _) = to_a.as_chunks_mut();
    let ((to_b, _), (weights, _)) = (to_b.as_chunks(), weights.as_chunks());
    for (((to_a, to_b), weights), news) in to_a.iter_mut().zip(to_b).zip(weights).zip(news) {
        let [of_a, of_b] = [*to_a, *to_b].map(|codes| Codes::new(codes).floats());
        let codes = Codes::of(of_a.united(of_b, F32x8::new(*weights), factors)).codes();
        *to_a = codes;
        for (position, code) in codes.into_iter().enumerate() {
            news[Codes::number(position)][told % TOLD] = code;
        }
    }
}

/// The codes at these places.
#[inline(never)]
fn gather(codes: &[i16], sources: &[u32], gathered: &mut [i16]) {
    for (code, &source) in gathered.iter_mut().zip(sources) {
        *code = codes[source as usize];
    }
}

/// Two panels of codes.
type Two = [[i16; LANES]; 2];

fn panels(codes: &[i16]) -> &[Two] {
    codes.as_chunks().0.as_chunks().0
}

/// The codes of those who are not gone.
#[inline(always)]
fn left(codes: &Two, gone: &Two) -> [Codes; 2] {
    core::array::from_fn(|i| Codes::new(codes[i]).max(Codes::new(gone[i])))
}

/// The least code of a row.
#[inline(never)]
fn least(row: &[Two], gone: &[Two]) -> i16 {
    let mut least = [Codes::splat(Codes::FAR); 2];
    for (codes, gone) in row.iter().zip(gone) {
        let left = left(codes, gone);
        least = core::array::from_fn(|i| least[i].min(left[i]));
    }
    least[0].min(least[1]).least()
}

/// The next panels, by twos, that have codes up to this, and their positions, as bits; where to go on, and how many they are.
#[inline(never)]
fn within(
    row: &[Two],
    gone: &[Two],
    from: usize,
    reach: i16,
    found: &mut [(usize, u32); FOUND],
) -> (usize, usize) {
    let beyond = Codes::splat(reach.saturating_add(1));
    let mut count = 0;
    for at in from..row.len().min(gone.len()) {
        let [a, b] = left(&row[at], &gone[at]);
        if a.min(b).lt_mask(beyond) != 0 {
            found[count % FOUND] = (at, a.lt_mask(beyond) | b.lt_mask(beyond) << LANES);
            count += 1;
            if count == FOUND {
                return (at + 1, count);
            }
        }
    }
    (row.len(), count)
}
