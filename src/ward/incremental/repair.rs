//! Going through an old tree from below, with the few clusters that a change has touched.

use super::tree::{Living, NOBODY, State};
use crate::math::distance::squared_distance;
use crate::math::simd::{F32x8, LANES, ROUND_DOWN, set_lanes};
use crate::ward::chain::{Nearest, beyond};
use alloc::{vec, vec::Vec};

const FAR: f32 = f32::MAX;

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
    /// Goes through the tree from below.
    pub(super) fn repair(&mut self, fresh: &[u32], changed: &[u32]) -> Option<()> {
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
                let stands = parts
                    .iter()
                    .all(|&part| self.states[part] == State::Left && !front.is_active(part));
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
        void.extend(
            old.inspect(|&union| self.states[union] = State::Vacant).map(|union| union as u32),
        );
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
        for (place, state) in
            self.states.iter_mut().enumerate().filter(|(_, state)| **state != State::Vacant)
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
            let [to_a, to_b] =
                [a, b].map(|part| f64::from(active.bounds[part / LANES][part % LANES]));
            let bound = ((w + c) * to_a + (v + c) * to_b - c * between) / (w + v + c);
            active.bounds[union / LANES][union % LANES] =
                bound.max(to_a.min(to_b)) as f32 * ROUND_DOWN;
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
                let bound = row
                    .floats()
                    .blurred(slack)
                    .times_harmonic_mean(own, F32x8::new(self.floats[panel]));
                bounds[panel] = bound.times(ROUND_DOWN).to_array();
            }
        }
        bounds
    }

    /// The distances of the union of x and y, so far apart, to all others, from theirs. O(n).
    fn united(&self, x: Active, y: &Active, distance: f64) -> Vec<[f32; LANES]> {
        let between = self.grid.squared_steps(distance) as f32 * (2.0 - ROUND_DOWN);
        let factors = [self.weights[x.place] as f32, self.weights[y.place] as f32, between];
        let mut bounds = x.bounds;
        for ((x, y), weights) in bounds.iter_mut().zip(&y.bounds).zip(&self.floats) {
            *x = F32x8::new(*x).united(F32x8::new(*y), F32x8::new(*weights), factors).to_array();
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
        let mut active =
            Active { place, bounds, nearest: Nearest::unknown(usize::MAX, 0.0), found: 0 };
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
            let row = F32x8::new(*row).max(F32x8::new(*gone));
            if row.lt_mask(F32x8::splat(least.0)) != 0 {
                for (lane, bound) in row.to_array().into_iter().enumerate() {
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
            *bound = steps * ROUND_DOWN;
            self.grid.squared_steps(nearest.distance) as f32 * (1.0 + 4e-6)
        };
        reach = reach.min(ask(least.1, &mut bounds[least.1 / LANES][least.1 % LANES]));
        for (panel, (row, gone)) in bounds.iter_mut().zip(&front.gone).enumerate() {
            let open = F32x8::new(*row).max(F32x8::new(*gone));
            for lane in set_lanes(open.lt_mask(F32x8::splat(reach))) {
                reach = reach.min(ask(panel * LANES + lane, &mut row[lane]));
            }
        }
    }

    /// Ward's distance. The same both ways. O(dim).
    fn apart(&self, a: usize, b: usize) -> f64 {
        let (w, v) = (self.weights[a], self.weights[b]);
        2.0 * (w * v) / (w + v) * squared_distance(self.mean(a), self.mean(b))
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
            let partner = rival.place == nearest.name
                && rival.nearest.name == *place
                && rival.nearest.is_alone();
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
