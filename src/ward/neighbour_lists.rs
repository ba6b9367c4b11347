//! Neighbours without a matrix: every cluster knows a few others by name, or nobody at all, and looks around on the grid when that is not
//! enough. O(n dim) memory.
//!
//! Ward's distance of a union to a third cluster follows from those of its parts and grows with them (Lance-Williams), so bounds of the
//! parts give a bound of the union; and it is never below both of them (reducibility), so who was far stays far whoever joins whom.

use super::candidates::{FAR, Gathering, Near, below};
use super::chain::{Nearest, Neighbours};
use super::clusters::Clusters;
use super::grid::Grid;
use super::pairwise::{Farthest, all_pairs};
use crate::math::simd::{F32x8, LANES, ROUND_DOWN, sqrt};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Panels along the side of a square of the matrix of distances: so much is computed before anybody looks at it (512 x 512).
const SIDE: usize = 64;

pub(crate) struct Names<'a> {
    clusters: Clusters<'a>,
    grid: Grid,
    /// What each cluster knows, by name. Empty when nobody knows anybody.
    near: Vec<Near>,
    /// Who lies at a place of the grid, and where a cluster lies. Those that are left lie at the first places.
    names: Vec<u32>,
    places: Vec<u32>,
    /// By place, for every place of a panel.
    weights: Vec<f32>,
    lightest: f64,
    heaviest: f64,
    /// Distances to everybody, by place. (Scratch.)
    distances: Vec<[f32; LANES]>,
    /// Where a name stands in a list, counted from 1. (Scratch, all 0.)
    listed: Vec<u8>,
}

impl<'a> Names<'a> {
    /// Bytes for n clusters, besides the clusters and their grid, at most; with names, and without.
    pub(crate) fn bytes(n: usize, named: bool) -> usize {
        let square = 2 * (SIDE * LANES).min(n).pow(2) * size_of::<f32>();
        let each = 4 * size_of::<u32>() + 1;
        n.saturating_mul(if named { each + size_of::<Near>() } else { each })
            .saturating_add(if named { square } else { 0 })
    }

    /// O(n^2 dim / 2).
    #[inline(never)]
    pub(crate) fn new(clusters: Clusters<'a>, grid: Grid, named: bool) -> (Self, Farthest) {
        let n = clusters.left();
        let mut weights: Vec<f32> = clusters.weights.iter().map(|&w| w as f32).collect();
        weights.resize(n.next_multiple_of(2 * LANES), 1.0);
        let mut names = Self {
            near: Vec::new(),
            names: (0..n as u32).collect(),
            places: (0..n as u32).collect(),
            distances: vec![[0.0; LANES]; weights.len() / LANES],
            weights,
            lightest: clusters.weights.iter().copied().fold(f64::INFINITY, f64::min),
            heaviest: clusters.weights.iter().copied().fold(0.0, f64::max),
            listed: vec![0; n],
            clusters,
            grid,
        };
        let mut farthest = Farthest::new(n);
        if named {
            names.near = vec![Near::NOBODY; n];
            introduce(&names.grid, &names.weights, &mut names.near, &mut farthest);
            for cluster in 0..n {
                let slack = names.slack(cluster);
                names.near[cluster].blur(slack);
            }
        } else {
            let count = n.div_ceil(LANES);
            all_pairs(&names.grid, 0..count, 0..count, &mut |left, right, block| {
                farthest.look(right, &block[..LANES.min(n - left * LANES)]);
            });
        }
        (names, farthest)
    }

    pub(crate) fn grid(&self) -> &Grid {
        &self.grid
    }

    /// How much nearer than on the grid a cluster may truly be to another, in the root of Ward's distance in squared steps.
    fn slack(&self, cluster: usize) -> f32 {
        let w = self.clusters.weights[cluster];
        let factor = 2.0 * w * self.heaviest / (w + self.heaviest);
        sqrt(factor) as f32 * self.grid.slack() * (2.0 - ROUND_DOWN)
    }

    fn is_certain(&self, nearest: &Nearest, near: &Near) -> bool {
        self.grid.squared_steps(nearest.distance) < f64::from(near.others)
    }

    /// Computes the distances to those names whose bounds leave it open whether they are nearest. O(dim) for each.
    fn ask_named(&mut self, cluster: usize, near: &mut Near, nearest: &mut Nearest) {
        let (clusters, grid) = (&mut self.clusters, &self.grid);
        near.ask(|asked, name| {
            let name = clusters.find(name);
            // Not the cluster itself, and nobody with two names here twice.
            let now = (name != cluster && !asked.contains(&(name as u32))).then(|| {
                let distance = nearest.consider(name, || clusters.apart(cluster, name));
                (name as u32, below(grid.squared_steps(distance)))
            });
            (now, grid.squared_steps(nearest.distance))
        });
    }

    /// Looks at everybody on the grid, and knows the nearest by name afterwards. O(left dim).
    fn look_around(&mut self, cluster: usize) -> Near {
        let place = self.places[cluster] as usize;
        let left = self.clusters.left();
        let own = self.weights[place];
        let (weights, _) = self.weights.as_chunks::<LANES>();
        for two in 0..left.div_ceil(2 * LANES) {
            for (panel, row) in (2 * two..).zip(self.grid.row(place, two)) {
                let distances = row.floats().times_harmonic_mean(own, F32x8::new(weights[panel]));
                self.distances[panel] = distances.to_array();
            }
        }
        let distances = &mut self.distances[..left.div_ceil(LANES)];
        distances.as_flattened_mut()[place] = FAR;
        distances.as_flattened_mut()[left..].fill(FAR);
        let mut gathering = Gathering::new();
        gathering.add_nearest(distances, |place| self.names[place]);
        let mut near = gathering.finish();
        near.blur(self.slack(cluster));
        near
    }

    /// More are as near as the nearest than can be known by name. (After [`look_around`](Self::look_around).)
    #[cold]
    fn ask_everybody(&mut self, cluster: usize, nearest: &mut Nearest) {
        let slack = self.slack(cluster);
        for place in 0..self.clusters.left() {
            let reach =
                sqrt(self.grid.squared_steps(nearest.distance)) as f32 * (1.0 + 8e-6) + slack;
            let name = self.names[place] as usize;
            if name != cluster && self.distances[place / LANES][place % LANES] <= reach * reach {
                nearest.consider(name, || self.clusters.apart(cluster, name));
            }
        }
    }

    /// What the union of a and b, so far apart, knows of others from what both know.
    fn united(&mut self, a: usize, b: usize, distance: f64) -> Near {
        let between = self.grid.squared_steps(distance);
        let (w, v) = (self.clusters.weights[a], self.clusters.weights[b]);
        let lance_williams = |to_a: f32, to_b: f32, c: f64| {
            ((w + c) * f64::from(to_a) + (v + c) * f64::from(to_b) - c * between) / (w + v + c)
        };
        let [of_a, of_b] = [a, b].map(|cluster| self.renamed(cluster));
        let bounds_of_b: Vec<(u32, f32)> = of_b.named().collect();
        for (at, &(name, _)) in bounds_of_b.iter().enumerate() {
            self.listed[name as usize] = at as u8 + 1;
        }
        let mut gathering = Gathering::new();
        let mut add = |name: u32, to_a: f32, to_b: f32| {
            let bound = lance_williams(to_a, to_b, self.clusters.weights[name as usize]);
            gathering.add(name, below(bound.max(to_a.min(to_b).into())));
        };
        for (name, to_a) in of_a.named() {
            let twin = usize::from(core::mem::take(&mut self.listed[name as usize]));
            let to_b = if twin > 0 { bounds_of_b[twin - 1].1 } else { of_b.others };
            if name != b as u32 {
                add(name, to_a, to_b);
            }
        }
        for (name, to_b) in bounds_of_b {
            if core::mem::take(&mut self.listed[name as usize]) > 0 && name != a as u32 {
                add(name, of_a.others, to_b);
            }
        }
        let mut near = gathering.finish();
        // For those without a name it lies between what it is for the lightest and what it tends to for the heaviest.
        let (to_a, to_b) = (f64::from(of_a.others), f64::from(of_b.others));
        let others =
            lance_williams(of_a.others, of_b.others, self.lightest).min(to_a + to_b - between);
        near.know_no_more_than(below(others.max(to_a.min(to_b))));
        near
    }

    /// What a cluster knows, under the names of now, each once.
    #[inline(never)]
    fn renamed(&mut self, cluster: usize) -> Near {
        let known = self.near[cluster];
        let mut gathering = Gathering::new();
        for (name, bound) in known.named() {
            let name = self.clusters.find(name);
            if name != cluster {
                gathering.add_or_lower(name as u32, bound, &mut self.listed[name]);
            }
        }
        let near = gathering.finish_with(known.others);
        near.named().for_each(|(name, _)| self.listed[name as usize] = 0);
        near
    }

    /// The last one takes the place of one that has been joined. O(dim).
    fn leave(&mut self, cluster: usize) {
        let (place, last) = (self.places[cluster] as usize, self.clusters.left());
        self.grid.copy(last, place);
        self.weights[place] = self.weights[last];
        let name = self.names[last];
        self.names[place] = name;
        self.places[name as usize] = place as u32;
    }
}

impl Neighbours for Names<'_> {
    fn clusters(&self) -> &Clusters<'_> {
        &self.clusters
    }

    /// O(dim) for each distance that the bounds leave open, and O(left dim) when names are not enough.
    fn nearest(&mut self, cluster: usize, previous: usize, apart: f64) -> Nearest {
        let mut nearest = Nearest::unknown(previous, apart);
        if let Some(&(mut near)) = self.near.get(cluster) {
            self.ask_named(cluster, &mut near, &mut nearest);
            self.near[cluster] = near;
            if self.is_certain(&nearest, &near) {
                return nearest;
            }
        }
        let mut near = self.look_around(cluster);
        self.ask_named(cluster, &mut near, &mut nearest);
        if !self.is_certain(&nearest, &near) {
            self.ask_everybody(cluster, &mut nearest);
        }
        if let Some(known) = self.near.get_mut(cluster) {
            *known = near;
        }
        nearest
    }

    /// O(dim).
    fn join(&mut self, a: usize, b: usize, distance: f64) {
        if !self.near.is_empty() {
            self.near[a] = self.united(a, b, distance);
        }
        self.clusters.join(a, b);
        self.heaviest = self.heaviest.max(self.clusters.weights[a]);
        let place = self.places[a] as usize;
        if let Some(mean) = self.clusters.mean(a) {
            self.grid.put(place, mean);
        }
        self.weights[place] = self.clusters.weights[a] as f32;
        self.leave(b);
    }
}

/// Introduces everybody at places 0..n to everybody, by their distances on the grid. O(n^2 dim / 2).
#[inline(never)]
fn introduce(grid: &Grid, weights: &[f32], near: &mut [Near], farthest: &mut Farthest) {
    let n = near.len();
    let count = n.div_ceil(LANES);
    let (weights, _) = weights.as_chunks::<LANES>();
    let side = count.min(SIDE);
    let mut square = Square { side, distances: vec![[FAR; LANES]; side * side * LANES] };
    let mut mirror = Square { side, distances: square.distances.clone() };
    let squares =
        |from: usize| (from..count).step_by(SIDE).map(|first| first..count.min(first + SIDE));
    for rows in squares(0) {
        for columns in squares(rows.start) {
            let same = rows == columns;
            all_pairs(grid, rows.clone(), columns.clone(), &mut |left, right, block| {
                farthest.look(right, &block[..LANES.min(n - left * LANES)]);
                let mut distances = [[FAR; LANES]; LANES];
                for (i, row) in block.iter().enumerate() {
                    distances[i] = row
                        .floats()
                        .times_harmonic_mean(weights[left][i], F32x8::new(weights[right]))
                        .to_array();
                    if left == right {
                        // Nobody is their own neighbour.
                        distances[i][i] = FAR;
                    }
                    if n < (right + 1) * LANES {
                        distances[i][n % LANES..].fill(FAR);
                    }
                }
                square.write(left - rows.start, right - columns.start, &distances);
                if left != right {
                    let across =
                        core::array::from_fn(|j| core::array::from_fn(|i| distances[i][j]));
                    let target = if same { &mut square } else { &mut mirror };
                    target.write(right - columns.start, left - rows.start, &across);
                }
            });
            let places = |panels: &Range<usize>| panels.start * LANES..n.min(panels.end * LANES);
            square.look(&mut near[places(&rows)], &columns);
            if !same {
                mirror.look(&mut near[places(&columns)], &rows);
            }
        }
    }
}

/// A part of the matrix of distances.
struct Square {
    /// Panels in a row.
    side: usize,
    /// Row by row.
    distances: Vec<[f32; LANES]>,
}

impl Square {
    fn write(&mut self, left: usize, right: usize, block: &[[f32; LANES]; LANES]) {
        for (i, row) in block.iter().enumerate() {
            self.distances[(left * LANES + i) * self.side + right] = *row;
        }
    }

    /// Everybody of these looks at their row.
    fn look(&self, near: &mut [Near], panels: &Range<usize>) {
        for (near, row) in near.iter_mut().zip(self.distances.chunks_exact(self.side)) {
            let mut gathering = Gathering::from(near);
            gathering.add_nearest(&row[..panels.len()], |at| (panels.start * LANES + at) as u32);
            *near = gathering.finish();
        }
    }
}
