//! A tree that lives on when rows come and go: only what a change touches is clustered again.
//!
//! Without ties Ward's tree is the one that joins the two nearest clusters of all, again and again. So the old unions are gone through once
//! more, lowest first. Where both parts still are what they were, the union stands, unseen, unless a cluster that the change has made or
//! left over is nearer to one of them. Those few, the **active** ones, know their distances to all, and join whom they are nearest to; and
//! a union that has lost a part leaves the other part active. Where two choices tie, or too much is touched, it is given up, and everything
//! is clustered again.

use super::Grown;
use super::chain::{Nearest, beyond};
use super::grid::Grid;
use crate::Vectors;
use crate::dendrogram::{Dendrogram, Step};
use crate::exact::{move_towards, squared_distance};
use crate::lanes::{Floats, LANES, SAFELY, Wholes, lanes};
use alloc::{vec, vec::Vec};

const NOBODY: u32 = u32::MAX;
const FAR: f32 = f32::MAX;
/// How far beyond the vectors of now those to come may lie.
const MARGIN: f64 = 1.25;

/// What a node is, at one height of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is no node at this place.
    Vacant,
    /// A union higher up.
    Waiting,
    /// A cluster.
    Left,
    /// Part of a cluster.
    Joined,
}

/// Every node has a place: on the grid, and in each of the columns.
pub(crate) struct Living {
    dim: usize,
    grid: Grid,
    means: Vec<f64>,
    weights: Vec<f64>,
    /// By place, for every place of a panel.
    floats: Vec<[f32; LANES]>,
    heights: Vec<f64>,
    lowest: Vec<u32>,
    /// [`NOBODY`] for a leaf.
    children: Vec<[u32; 2]>,
    states: Vec<State>,
    vacant: Vec<u32>,
    /// The unions, ascending.
    unions: Vec<u32>,
    /// The leaf of each row; equal rows share one.
    leaves: Vec<u32>,
    /// Leaves that a row has left, or that weigh something else now.
    touched: Vec<u32>,
    /// For every leaf, the squared distance that no other leaf is beyond, but for those that know it of this one.
    farthest: Vec<f64>,
    /// The two leaves that are farthest apart, and how far (squared).
    ends: [u32; 2],
    diameter: f64,
}

/// A cluster that knows its distances to all.
struct Active {
    place: usize,
    /// Lower bounds of Ward's distance to every place, in squared steps; [`FAR`] to itself.
    bounds: Vec<[f32; LANES]>,
    nearest: Nearest,
    /// How many unions there were when it was found. A later one has made nothing nearer.
    found: usize,
}

/// What the change has touched so far.
#[derive(Default)]
struct Front {
    active: Vec<Active>,
    /// By place: [`FAR`] where there is no cluster, else 0.
    gone: Vec<[f32; LANES]>,
    /// Clusters in each panel.
    members: Vec<u8>,
    /// The unions of the new tree.
    unions: Vec<u32>,
    left: usize,
    activated: usize,
}

impl Living {
    /// Bytes for n rows.
    pub(crate) fn bytes(n: usize, dim: usize) -> usize {
        let node = dim.saturating_mul(size_of::<f64>() + size_of::<i16>()) + 64;
        places(n).saturating_mul(node)
    }

    /// A tree of these rows; nothing when it could not be repaired. O(n dim).
    pub(crate) fn new(vectors: Vectors<'_>, grown: &Grown) -> Option<Self> {
        let distinct = &grown.distinct;
        let n = distinct.rows.len();
        if !grown.certain || n < 2 {
            return None;
        }
        let (dim, places) = (vectors.dim(), places(n));
        let mut living = Self {
            dim,
            grid: Grid::around(distinct.vectors(vectors), MARGIN, places),
            means: vec![0.0; places * dim],
            weights: vec![1.0; places],
            floats: vec![[1.0; LANES]; places / LANES],
            heights: vec![0.0; places],
            lowest: vec![0; places],
            children: vec![[NOBODY; 2]; places],
            states: vec![State::Vacant; places],
            vacant: (0..places as u32).rev().collect(),
            unions: Vec::with_capacity(n),
            leaves: vec![0; vectors.len()],
            touched: Vec::new(),
            farthest: vec![0.0; places],
            ends: [NOBODY; 2],
            diameter: grown.diameter,
        };
        for (leaf, &row) in distinct.rows.iter().enumerate() {
            living.put_leaf(vectors.row(row), distinct.weights[leaf])?;
            living.farthest[leaf] = grown.farthest[leaf] * grown.farthest[leaf];
            living.leaves[row] = leaf as u32;
        }
        for step in &distinct.steps {
            living.leaves[step.b] = living.leaves[step.a];
        }
        // Nodes of the dendrogram are in the order of the places.
        let tree = Dendrogram::from_steps(n, &grown.steps);
        living.lowest[..n].iter_mut().zip(&distinct.rows).for_each(|(lowest, &row)| *lowest = row as u32);
        for merge in tree.merges() {
            let union = living.put_union(merge.a, merge.b, merge.height)?;
            living.unions.push(union as u32);
        }
        Some(living)
    }

    /// A row will be gone, and those after it one lower.
    pub(crate) fn forget(&mut self, row: usize) {
        self.reweigh(row);
        if row < self.leaves.len() {
            self.leaves.remove(row);
        }
    }

    /// A row will weigh something else.
    pub(crate) fn reweigh(&mut self, row: usize) {
        self.touched.extend(self.leaves.get(row));
    }

    /// Makes this the tree of these rows: those that were not forgotten, and new ones after them. Nothing when it has been given up, and
    /// is of no more use. O(n dim) for every cluster that is touched, and O(n^2) in all.
    pub(crate) fn follow(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<()> {
        let fresh = self.receive(vectors, weights)?;
        let mut totals = vec![0.0; self.states.len()];
        for (row, &leaf) in self.leaves.iter().enumerate().rev() {
            self.lowest[leaf as usize] = row as u32;
        }
        self.leaves.iter().zip(weights).for_each(|(&leaf, weight)| totals[leaf as usize] += weight);
        let (mut changed, mut lost) = (Vec::new(), Vec::new());
        for leaf in core::mem::take(&mut self.touched) {
            let list = if totals[leaf as usize] > 0.0 { &mut changed } else { &mut lost };
            if !list.contains(&leaf) {
                list.push(leaf);
            }
        }
        for &leaf in fresh.iter().chain(&changed) {
            self.weigh(leaf as usize, totals[leaf as usize]);
        }
        for &leaf in &lost {
            self.states[leaf as usize] = State::Vacant;
        }
        self.repair(&fresh, &changed)?;
        self.vacant.extend(lost);
        self.measure(&fresh);
        Some(())
    }

    /// The largest squared distance between two rows.
    pub(crate) fn diameter(&self) -> f64 {
        self.diameter
    }

    /// The n - 1 unions of the rows, children before parents.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let lowest = |place: u32| self.lowest[place as usize] as usize;
        let rows = self.leaves.iter().enumerate();
        let equal = rows.filter(|(row, leaf)| lowest(**leaf) < *row);
        let equal = equal.map(|(row, &leaf)| Step { a: lowest(leaf), b: row, height: 0.0 });
        let unions = self.unions.iter().map(|&union| {
            let [x, y] = self.children[union as usize].map(lowest);
            Step { a: x.min(y), b: x.max(y), height: self.heights[union as usize] }
        });
        equal.chain(unions).collect()
    }

    /// Finds the leaf of every new row, or makes one. Returns the new leaves.
    fn receive(&mut self, vectors: Vectors<'_>, weights: &[f64]) -> Option<Vec<u32>> {
        let known = self.leaves.len();
        let mut fresh = Vec::new();
        for (row, vector) in vectors.rows().enumerate().skip(known) {
            let equal = (0..row).find(|&other| vectors.row(other) == vector);
            if let Some(leaf) = equal.map(|other| self.leaves[other]) {
                self.leaves.push(leaf);
                self.touched.push(leaf);
            } else {
                let leaf = self.put_leaf(vector, weights[row])? as u32;
                self.leaves.push(leaf);
                fresh.push(leaf);
            }
        }
        // A new one that is there twice is new, and not touched.
        self.touched.retain(|leaf| !fresh.contains(leaf));
        Some(fresh)
    }

    /// Goes through the tree from below.
    fn repair(&mut self, fresh: &[u32], changed: &[u32]) -> Option<()> {
        let mut front = self.front();
        let most = 8 + (front.left / 16).min(120);
        for &leaf in fresh.iter().chain(changed) {
            let bounds = self.survey(leaf as usize, &front);
            self.activate(leaf as usize, bounds, &mut front);
        }
        let old = core::mem::take(&mut self.unions);
        let mut old = old.iter().map(|&union| union as usize).peekable();
        let mut void = Vec::new();
        while front.left > 1 {
            if front.active.len() > most || front.activated > 2 * most {
                return None;
            }
            let (first, distance) = front.first();
            if let Some(&union) = old.peek() {
                let parts = self.children[union].map(|part| part as usize);
                let stands =
                    parts.iter().all(|&part| self.states[part] == State::Left && !front.is_active(part));
                if !stands {
                    // (Its parts may be vacant by now, never taken anew.)
                    for part in parts {
                        if self.states[part] == State::Left && !front.is_active(part) {
                            let bounds = self.survey(part, &front);
                            self.activate(part, bounds, &mut front);
                        }
                    }
                    self.states[union] = State::Vacant;
                    void.push(union as u32);
                    old.next();
                    continue;
                }
                if beyond(distance, self.heights[union]) {
                    let [a, b] = parts;
                    self.unite(a, b, union, &mut front);
                    old.next();
                    continue;
                }
            }
            let first = first?;
            if self.refresh(first, &mut front) {
                continue;
            }
            // It is the nearest of all, if nobody ties with it.
            let active = &front.active[first];
            let (place, other) = (active.place, active.nearest.name);
            let next = old.peek().map_or(f64::INFINITY, |&union| self.heights[union]);
            if !active.nearest.is_alone() || !beyond(next, distance) {
                return None;
            }
            if let Some(rival) = front.rival(first) {
                if self.refresh(rival, &mut front) {
                    continue;
                }
                return None;
            }
            let height = distance.max(self.heights[place]).max(self.heights[other]);
            let union = self.put_union(place, other, height)?;
            let parts = [place, other].map(|part| front.remove(part));
            self.unite(place, other, union, &mut front);
            let bounds = match parts {
                [Some(x), Some(y)] => self.united(x, &y, distance),
                _ => self.survey(union, &front),
            };
            self.activate(union, bounds, &mut front);
        }
        void.extend(old.inspect(|&union| self.states[union] = State::Vacant).map(|union| union as u32));
        self.vacant.extend(void);
        self.unions = front.unions;
        Some(())
    }

    /// Before the first union.
    fn front(&mut self) -> Front {
        let mut front = Front {
            gone: vec![[FAR; LANES]; self.floats.len()],
            members: vec![0; self.floats.len()],
            ..Front::default()
        };
        for (place, state) in self.states.iter_mut().enumerate().filter(|(_, state)| **state != State::Vacant)
        {
            *state = State::Waiting;
            if self.children[place][0] == NOBODY {
                *state = State::Left;
                front.members[place / LANES] += 1;
                front.gone[place / LANES][place % LANES] = 0.0;
                front.left += 1;
            }
        }
        front
    }

    /// Two clusters become a third, and the active ones know how far it is from them by Lance-Williams.
    fn unite(&mut self, a: usize, b: usize, union: usize, front: &mut Front) {
        let (w, v) = (self.weights[a], self.weights[b]);
        let between = self.grid.squared_steps(self.heights[union]);
        for active in &mut front.active {
            let c = self.weights[active.place];
            let [to_a, to_b] = [a, b].map(|part| f64::from(active.bounds[part / LANES][part % LANES]));
            let bound = ((w + c) * to_a + (v + c) * to_b - c * between) / (w + v + c);
            active.bounds[union / LANES][union % LANES] = bound.max(to_a.min(to_b)) as f32 * SAFELY;
        }
        for part in [a, b] {
            self.states[part] = State::Joined;
            front.gone[part / LANES][part % LANES] = FAR;
            front.members[part / LANES] -= 1;
        }
        self.states[union] = State::Left;
        front.members[union / LANES] += 1;
        front.gone[union / LANES][union % LANES] = 0.0;
        self.lowest[union] = self.lowest[a].min(self.lowest[b]);
        front.unions.push(union as u32);
        front.left -= 1;
    }

    /// The distances of a cluster to all. O(n dim).
    fn survey(&self, place: usize, front: &Front) -> Vec<[f32; LANES]> {
        let mut bounds = vec![[FAR; LANES]; self.floats.len()];
        let (own, slack) = (self.weights[place] as f32, self.grid.slack());
        for (two, members) in front.members.chunks_exact(2).enumerate() {
            if members == [0, 0] {
                continue;
            }
            for (panel, row) in (2 * two..).zip(self.grid.row(place, two)) {
                let bound =
                    row.floats().blurred(slack).times_harmonic_mean(own, Floats::new(self.floats[panel]));
                bounds[panel] = bound.times(SAFELY).numbers();
            }
        }
        bounds
    }

    /// The distances of the union of x and y, so far apart, to all others, from theirs. O(n).
    fn united(&self, x: Active, y: &Active, distance: f64) -> Vec<[f32; LANES]> {
        let between = self.grid.squared_steps(distance) as f32 * (2.0 - SAFELY);
        let factors = [self.weights[x.place] as f32, self.weights[y.place] as f32, between];
        let mut bounds = x.bounds;
        for ((x, y), weights) in bounds.iter_mut().zip(&y.bounds).zip(&self.floats) {
            *x = Floats::new(*x).united(Floats::new(*y), Floats::new(*weights), factors).numbers();
        }
        bounds
    }

    /// Makes a cluster active.
    fn activate(&mut self, place: usize, mut bounds: Vec<[f32; LANES]>, front: &mut Front) {
        bounds[place / LANES][place % LANES] = FAR;
        for active in &mut front.active {
            let bound = bounds[active.place / LANES][active.place % LANES];
            active.bounds[place / LANES][place % LANES] = bound;
        }
        let mut active = Active { place, bounds, nearest: Nearest::unknown(usize::MAX, 0.0), found: 0 };
        self.look(&mut active, front);
        front.active.push(active);
        front.activated += 1;
    }

    /// Finds the nearest of an active cluster again, if it is not certain that it is still the nearest.
    fn refresh(&mut self, at: usize, front: &mut Front) -> bool {
        if front.active[at].found == front.unions.len() {
            return false;
        }
        let mut active = front.active.swap_remove(at);
        self.look(&mut active, front);
        front.active.push(active);
        let last = front.active.len() - 1;
        front.active.swap(at, last);
        true
    }

    /// Finds the nearest of an active cluster. O(n), and O(dim) for every distance that the bounds leave open.
    fn look(&self, active: &mut Active, front: &Front) {
        let Active { place, bounds, nearest, found } = active;
        *nearest = Nearest::unknown(usize::MAX, 0.0);
        *found = front.unions.len();
        let mut least = (FAR, usize::MAX);
        for (panel, (row, gone)) in bounds.iter().zip(&front.gone).enumerate() {
            let row = Floats::new(*row).max(Floats::new(*gone));
            if row.less(Floats::splat(least.0)) != 0 {
                for (lane, bound) in row.numbers().into_iter().enumerate() {
                    if bound < least.0 {
                        least = (bound, panel * LANES + lane);
                    }
                }
            }
        }
        if least.1 == usize::MAX {
            return;
        }
        let mut reach = FAR;
        let mut ask = |other: usize, bound: &mut f32| {
            let distance = nearest.consider(other, || self.apart(*place, other));
            let steps = self.grid.squared_steps(distance) as f32;
            *bound = steps * SAFELY;
            self.grid.squared_steps(nearest.distance) as f32 * (1.0 + 4e-6)
        };
        reach = reach.min(ask(least.1, &mut bounds[least.1 / LANES][least.1 % LANES]));
        for (panel, (row, gone)) in bounds.iter_mut().zip(&front.gone).enumerate() {
            let open = Floats::new(*row).max(Floats::new(*gone));
            for lane in lanes(open.less(Floats::splat(reach))) {
                reach = reach.min(ask(panel * LANES + lane, &mut row[lane]));
            }
        }
    }

    /// Ward's distance. The same both ways. O(dim).
    fn apart(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.weights[a], self.weights[b]);
        2.0 * (w * v) / (w + v) * squared_distance(self.mean(a), self.mean(b))
    }

    fn mean(&self, place: usize) -> &[f64] {
        &self.means[place * self.dim..][..self.dim]
    }

    fn weigh(&mut self, place: usize, weight: f64) {
        self.weights[place] = weight;
        self.floats[place / LANES][place % LANES] = weight as f32;
    }

    /// A new leaf, where there is a place and the grid reaches. O(dim).
    fn put_leaf(&mut self, vector: &[f32], weight: f64) -> Option<usize> {
        let place = self.vacant.pop()? as usize;
        let mean = &mut self.means[place * self.dim..][..self.dim];
        mean.iter_mut().zip(vector).for_each(|(mean, &x)| *mean = x.into());
        if !self.grid.reaches(mean) {
            return None;
        }
        self.grid.put(place, mean);
        self.weigh(place, weight);
        self.heights[place] = 0.0;
        self.children[place] = [NOBODY; 2];
        self.states[place] = State::Left;
        Some(place)
    }

    /// The union of two nodes, where there is a place. O(dim).
    fn put_union(&mut self, x: usize, y: usize, height: f64) -> Option<usize> {
        let place = self.vacant.pop()? as usize;
        let (a, b) = if self.lowest[x] < self.lowest[y] { (x, y) } else { (y, x) };
        let (dim, weight) = (self.dim, self.weights[a] + self.weights[b]);
        self.means.copy_within(a * dim..(a + 1) * dim, place * dim);
        let share = self.weights[b] / weight;
        let (head, tail) = self.means.split_at_mut(place.max(b) * dim);
        let (mean, other) = if place > b {
            (&mut tail[..dim], &head[b * dim..][..dim])
        } else {
            (&mut head[place * dim..][..dim], &tail[..dim])
        };
        move_towards(mean, other, share);
        self.grid.put(place, &self.means[place * dim..][..dim]);
        self.weigh(place, weight);
        self.heights[place] = height;
        self.lowest[place] = self.lowest[a];
        self.children[place] = [a as u32, b as u32];
        self.states[place] = State::Waiting;
        Some(place)
    }

    /// Finds the diameter after a change. O(n dim) for every new leaf, and for every leaf that may be an end when one has been lost.
    fn measure(&mut self, fresh: &[u32]) {
        for &leaf in fresh {
            self.farthest[leaf as usize] = f64::INFINITY;
        }
        if self.ends.iter().any(|end| !self.leaves.contains(end)) {
            self.diameter = 0.0;
        }
        let rows = self.leaves.iter().enumerate();
        let first = rows.filter(|(row, leaf)| self.lowest[**leaf as usize] == *row as u32);
        let leaves: Vec<usize> = first.map(|(_, &leaf)| leaf as usize).collect();
        loop {
            // Farthest first.
            let farther = |x: &usize, y: &usize| self.farthest[*x].total_cmp(&self.farthest[*y]);
            match leaves.iter().copied().max_by(farther) {
                Some(leaf) if self.farthest[leaf] > self.diameter => self.look_far(leaf, &leaves),
                _ => return,
            }
        }
    }

    /// Is this leaf an end of the diameter? O(n dim).
    fn look_far(&mut self, leaf: usize, leaves: &[usize]) {
        let mut farthest: f64 = 0.0;
        let mut row = (usize::MAX, [[0; LANES]; 2]);
        for &other in leaves {
            let two = other / (2 * LANES);
            if row.0 != two {
                row = (two, self.grid.row(leaf, two).map(Wholes::numbers));
            }
            let at_most = self.grid.at_most(row.1.as_flattened()[other % (2 * LANES)]);
            let mut squared = at_most * at_most;
            if squared > self.diameter {
                squared = squared_distance(self.mean(leaf), self.mean(other));
                if squared > self.diameter {
                    (self.diameter, self.ends) = (squared, [leaf as u32, other as u32]);
                }
            }
            farthest = farthest.max(squared);
        }
        self.farthest[leaf] = farthest;
    }
}

impl Front {
    /// The active cluster that is nearest to any, and how near at least.
    fn first(&self) -> (Option<usize>, f64) {
        let mut first = (None, f64::INFINITY);
        for (at, active) in self.active.iter().enumerate() {
            if active.nearest.distance < first.1 {
                first = (Some(at), active.nearest.distance);
            }
        }
        first
    }

    /// Another active cluster that may be as near to any as this one to its nearest, unless the two are each other's.
    fn rival(&self, first: usize) -> Option<usize> {
        let Active { place, nearest, .. } = &self.active[first];
        let is_rival = |at: &usize| {
            let rival = &self.active[*at];
            let partner =
                rival.place == nearest.name && rival.nearest.name == *place && rival.nearest.is_alone();
            *at != first && !partner && !beyond(rival.nearest.distance, nearest.distance)
        };
        (0..self.active.len()).find(is_rival)
    }

    fn remove(&mut self, place: usize) -> Option<Active> {
        let at = self.active.iter().position(|active| active.place == place)?;
        Some(self.active.swap_remove(at))
    }

    fn is_active(&self, place: usize) -> bool {
        self.active.iter().any(|active| active.place == place)
    }
}

/// Places for the nodes of n rows and some more.
fn places(n: usize) -> usize {
    (2 * n + n / 4 + 64).next_multiple_of(2 * LANES)
}
