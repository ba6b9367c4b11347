//! What a cluster knows of its neighbours: a few of them by name, each with a lower bound of its distance, and one lower bound for all others.

use crate::math::simd::{F32x8, LANES, ROUND_DOWN, set_lanes, sqrt};

/// Neighbours that a cluster knows by name, at most.
pub(crate) const KEPT: usize = 24;
/// And if there are more: at least so many of the nearest.
const WANTED: usize = 16;
/// In place of a name.
pub(crate) const NOBODY: u32 = u32::MAX;
/// Farther than anybody.
pub(crate) const FAR: f32 = f32::MAX;

/// Ward's distances, in squared steps of the grid.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    /// Nobody is nearer than their bound, and no bound is above `others`, but for [`FAR`] where there is nobody.
    bounds: [f32; KEPT],
    names: [u32; KEPT],
    /// Nobody without a name here is nearer than this.
    pub(crate) others: f32,
}

impl Near {
    /// There is nobody.
    pub(crate) const NOBODY: Self =
        Self { bounds: [FAR; KEPT], names: [NOBODY; KEPT], others: FAR };

    /// Those who are known by name.
    pub(crate) fn named(&self) -> impl Iterator<Item = (u32, f32)> {
        self.names.into_iter().zip(self.bounds).filter(|(name, _)| *name != NOBODY)
    }

    /// Somebody without a name may be as near as this, and may join anybody: what is known beyond is of no use.
    pub(crate) fn know_no_more_than(&mut self, others: f32) {
        self.others = self.others.min(others);
        for (bound, _) in
            self.bounds.iter_mut().zip(&self.names).filter(|(_, name)| **name != NOBODY)
        {
            *bound = bound.min(self.others);
        }
    }

    /// Turns distances on the grid into lower bounds of the true ones, which may be up to `slack` nearer (before squaring).
    pub(crate) fn blur(&mut self, slack: f32) {
        for bound in self.bounds.iter_mut().chain([&mut self.others]).filter(|bound| **bound < FAR)
        {
            let root = (sqrt(f64::from(*bound)) as f32 * ROUND_DOWN - slack).max(0.0);
            *bound = root * root * ROUND_DOWN;
        }
    }

    /// Asks those who are known by name, from the least bound on: `ask` gives the name of now and the distance, or nothing of who need not be
    /// known any more, and says how far to go on.
    pub(crate) fn ask(&mut self, mut ask: impl FnMut(&[u32], u32) -> (Option<(u32, f32)>, f64)) {
        let mut open = self.bounds;
        let mut asked = 0;
        let mut reach = f64::INFINITY;
        loop {
            let mut least = FAR;
            let mut at = KEPT;
            for (place, &bound) in open.iter().enumerate() {
                if bound < least {
                    (least, at) = (bound, place);
                }
            }
            if at == KEPT || f64::from(least) > reach {
                return;
            }
            let (now, next) = ask(&self.names[..asked], self.names[at]);
            reach = next;
            open[at] = FAR;
            match now {
                None => (self.bounds[at], self.names[at]) = (FAR, NOBODY),
                Some((name, distance)) => {
                    (self.bounds[at], self.names[at]) = (distance.min(self.others), name);
                    // Those who have been asked stand first.
                    self.names.swap(at, asked);
                    self.bounds.swap(at, asked);
                    open.swap(at, asked);
                    asked += 1;
                }
            }
        }
    }
}

/// `x` as `f32`, or a little less.
pub(crate) fn below(x: f64) -> f32 {
    x as f32 * ROUND_DOWN
}

/// Panels of candidates that there is room for.
const ROOM: usize = 8;

/// Finds the nearest of many.
pub(crate) struct Gathering {
    /// [`FAR`] where there is nobody.
    bounds: [[f32; LANES]; ROOM],
    names: [u32; ROOM * LANES],
    count: usize,
    /// Nobody who has been left out is nearer than this.
    others: f32,
}

impl Gathering {
    pub(crate) fn new() -> Self {
        Self { bounds: [[FAR; LANES]; ROOM], names: [NOBODY; ROOM * LANES], count: 0, others: FAR }
    }

    /// Begins with those who are known.
    pub(crate) fn from(near: &Near) -> Self {
        let mut gathering = Self::new();
        near.named().for_each(|(name, bound)| gathering.add(name, bound));
        gathering.others = near.others;
        gathering
    }

    /// Adds somebody, unless somebody as near has been left out.
    #[inline(always)]
    pub(crate) fn add(&mut self, name: u32, bound: f32) {
        if self.count == ROOM * LANES {
            self.shrink();
        }
        if bound < self.others {
            self.bounds.as_flattened_mut()[self.count] = bound;
            self.names[self.count] = name;
            self.count += 1;
        }
    }

    /// Adds somebody, or lowers the bound of the one who stands at `place`, counted from 1; tells where somebody stands now. (At most [`KEPT`].)
    pub(crate) fn add_or_lower(&mut self, name: u32, bound: f32, place: &mut u8) {
        if let Some(at) = place.checked_sub(1) {
            let known = &mut self.bounds.as_flattened_mut()[usize::from(at)];
            *known = known.min(bound);
        } else {
            self.add(name, bound);
            *place = self.count as u8;
        }
    }

    /// Adds the nearest of many, or all, by their places. O(n).
    pub(crate) fn add_nearest(&mut self, distances: &[[f32; LANES]], name: impl Fn(usize) -> u32) {
        let limit = if self.others < FAR { self.others } else { nearly_nearest(distances) };
        for (panel, distances) in distances.iter().enumerate() {
            for lane in set_lanes(F32x8::new(*distances).lt_mask(F32x8::splat(limit))) {
                self.add(name(panel * LANES + lane), distances[lane]);
            }
        }
        self.others = self.others.min(limit);
    }

    /// Leaves out all but the nearest.
    #[inline(never)]
    fn shrink(&mut self) {
        let limit = limit(&self.bounds);
        self.others = self.others.min(limit);
        let bounds = self.bounds.as_flattened_mut();
        let mut kept = 0;
        for at in 0..self.count {
            let bound = bounds[at];
            if bound < limit && kept < KEPT {
                (bounds[kept], self.names[kept]) = (bound, self.names[at]);
                kept += 1;
            } else {
                // (Of equals not all can be kept.)
                self.others = self.others.min(bound);
            }
        }
        bounds[kept..].fill(FAR);
        self.count = kept;
    }

    /// What is known by now, and of all others.
    pub(crate) fn finish_with(mut self, others: f32) -> Near {
        self.others = others;
        self.finish()
    }

    #[inline(never)]
    pub(crate) fn finish(mut self) -> Near {
        if self.count > KEPT {
            self.shrink();
        }
        self.names[self.count..].fill(NOBODY);
        let bounds = self.bounds.as_flattened();
        let mut near = Near {
            bounds: core::array::from_fn(|at| bounds[at]),
            names: core::array::from_fn(|at| self.names[at]),
            others: self.others,
        };
        near.know_no_more_than(self.others);
        near
    }
}

/// A distance below which there are at least [`WANTED`] of these, and seldom many more; [`FAR`] when there are no more.
fn nearly_nearest(distances: &[[f32; LANES]]) -> f32 {
    // The nearest of each of many groups are as many who are near.
    let mut groups = [[FAR; LANES]; ROOM];
    for panels in distances.chunks(ROOM) {
        for (group, panel) in groups.iter_mut().zip(panels) {
            *group = F32x8::new(*group).min(F32x8::new(*panel)).to_array();
        }
    }
    limit(&groups)
}

#[inline(never)]
fn count_below(numbers: &[[f32; LANES]; ROOM], limit: f32) -> usize {
    let less = |panel: &[f32; LANES]| F32x8::new(*panel).lt_mask(F32x8::splat(limit)).count_ones();
    numbers.iter().map(less).sum::<u32>() as usize
}

/// A number below which there are at least [`WANTED`] of these, at most [`KEPT`] if ties allow; [`FAR`] when there are no more.
fn limit(numbers: &[[f32; LANES]; ROOM]) -> f32 {
    let below = |limit: f32| count_below(numbers, limit);
    if below(FAR) <= KEPT {
        return FAR;
    }
    let least = numbers.iter().flatten().fold(FAR, |least, &x| least.min(x));
    // Positive numbers are in the order of their bits. Seldom is the sixteenth more than twice as far as the first.
    let (mut few, mut enough) = (least.to_bits(), FAR.to_bits());
    let mut middle = (4.0 * least).min(FAR).to_bits();
    while enough - few > 1 {
        let count = below(f32::from_bits(middle));
        if count < WANTED {
            few = middle;
        } else {
            enough = middle;
            if count <= KEPT {
                break;
            }
        }
        middle = few.midpoint(enough);
    }
    f32::from_bits(enough)
}
