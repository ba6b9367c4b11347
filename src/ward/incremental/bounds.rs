//! Lower bounds of the Ward distances of a cluster to all live clusters of a repair: by sketches,
//! and by grid points where sketches do not exclude a cluster.

use super::state::{ActiveCluster, RepairState};
use super::tree::IncrementalTree;
use crate::math::simd::{F32x8, LANES, ROUND_DOWN, ROUND_UP, max, set_lanes, sqrt};
use alloc::vec::Vec;
use wide::{i16x8, i32x4};

/// Lower bound for a position without a live cluster: above every distance.
pub(super) const MAX_BOUND: f32 = f32::MAX;
/// Upper bound of the rounding error of a distance of sketches, in steps: a part for all, and
/// one for each dimension.
const SKETCH_ERROR_STEPS: f32 = 4.0;
const SKETCH_ERROR_STEPS_PER_DIMENSION: f32 = 0.01;
/// Bounds by sketches are replaced by those of whole grid points up to this many times the least.
const REFINED_RATIO: f32 = 1.25;

impl IncrementalTree {
    /// Computes lower bounds of the distances of a cluster to all live clusters: from sketches, and
    /// from whole grid points where these may be the least. O(n), and O(dim) for each grid point.
    pub(super) fn lower_bounds_to_all(
        &self,
        slot: usize,
        repair: &RepairState,
    ) -> Vec<[f32; LANES]> {
        let weight = self.nodes[slot].weight as f32;
        let slack = self.grid.slack()
            + SKETCH_ERROR_STEPS
            + SKETCH_ERROR_STEPS_PER_DIMENSION * self.dim as f32;
        let mut lower_bounds = Vec::with_capacity(repair.live_weights.len());
        for (slots, weights) in repair.live.chunks(LANES).zip(&repair.live_weights) {
            let bounds = sketch_distances(&self.sketches, slot, slots)
                .subtract_slack(slack)
                .mul_harmonic_mean(weight, F32x8::new(*weights))
                .mul_scalar(ROUND_DOWN);
            lower_bounds.push(bounds.to_array());
        }
        let bounds = lower_bounds.as_flattened_mut();
        bounds[repair.live.len()..].fill(MAX_BOUND);
        bounds[self.nodes[slot].position as usize] = MAX_BOUND;
        if let Some(nearest) = least_position(&lower_bounds) {
            let distance = self.distance(slot, repair.live[nearest] as usize);
            self.refine(slot, self.grid.squared_steps(distance) as f32, &mut lower_bounds, repair);
        }
        lower_bounds
    }

    /// Replaces the lower bounds of a cluster that are less than `limit` by those of whole grid
    /// points. The limit falls to the least of these, times [`REFINED_RATIO`].
    fn refine(
        &self,
        slot: usize,
        mut limit: f32,
        lower_bounds: &mut [[f32; LANES]],
        repair: &RepairState,
    ) {
        let (point, slack) = (self.point(slot), self.grid.slack());
        for (bounds, others) in lower_bounds.iter_mut().zip(repair.live.chunks(LANES)) {
            for lane in set_lanes(F32x8::new(*bounds).lt_mask(F32x8::splat(limit))) {
                let other = others[lane] as usize;
                let product = point_product(point, self.point(other));
                let squared = self.nodes[slot].norm + self.nodes[other].norm - 2 * product;
                let root = max(sqrt(squared.into()) - f64::from(slack), 0.0);
                let (w, v) = (self.nodes[slot].weight, self.nodes[other].weight);
                bounds[lane] = (root * root * (2.0 * (w * v) / (w + v))) as f32 * ROUND_DOWN;
                if bounds[lane] * REFINED_RATIO < limit {
                    limit = bounds[lane] * REFINED_RATIO;
                }
            }
        }
    }

    /// Computes lower bounds of the distances of the union of x and y to all live clusters from the
    /// bounds of x and y. `distance` is the distance between the two. O(n).
    pub(super) fn lower_bounds_of_union(
        &self,
        x: ActiveCluster,
        y: &ActiveCluster,
        distance: f64,
        repair: &RepairState,
    ) -> Vec<[f32; LANES]> {
        let distance_ab = self.grid.squared_steps(distance) as f32 * ROUND_UP;
        let factors =
            [self.nodes[x.slot].weight as f32, self.nodes[y.slot].weight as f32, distance_ab];
        let mut lower_bounds = x.lower_bounds;
        for ((x, y), weights) in
            lower_bounds.iter_mut().zip(&y.lower_bounds).zip(&repair.live_weights)
        {
            *x = F32x8::new(*x)
                .lance_williams(F32x8::new(*y), F32x8::new(*weights), factors)
                .to_array();
        }
        lower_bounds
    }
}

/// Position of the least bound; `None` if there is none below [`MAX_BOUND`].
#[inline(never)]
pub(super) fn least_position(lower_bounds: &[[f32; LANES]]) -> Option<usize> {
    let (mut least_bound, mut least_position) = (MAX_BOUND, None);
    for (panel, row) in lower_bounds.iter().enumerate() {
        if F32x8::new(*row).lt_mask(F32x8::splat(least_bound)) != 0 {
            for (lane, &bound) in row.iter().enumerate() {
                if bound < least_bound {
                    (least_bound, least_position) = (bound, Some(panel * LANES + lane));
                }
            }
        }
    }
    least_position
}

/// Squared distances of the sketch at a slot to those at up to eight others, in squared steps.
#[inline(never)]
fn sketch_distances(sketches: &[[f32; LANES]], slot: usize, others: &[u32]) -> F32x8 {
    let sketch = F32x8::new(sketches[slot]);
    let mut squares = [0.0; LANES];
    for (square, &other) in squares.iter_mut().zip(others) {
        *square = sketch.squared_distance(F32x8::new(sketches[other as usize]));
    }
    F32x8::new(squares)
}

/// Computes the dot product of two grid points. O(dim).
#[inline(never)]
fn point_product(x: &[[i16; LANES]], y: &[[i16; LANES]]) -> i32 {
    let mut sums = [i32x4::ZERO; 2];
    // Two chunks at a time: the loop itself takes as long as a product.
    for (x, y) in x.as_chunks::<2>().0.iter().zip(y.as_chunks::<2>().0) {
        for i in 0..2 {
            sums[i] += i16x8::new(x[i]).dot(i16x8::new(y[i]));
        }
    }
    (sums[0] + sums[1]).reduce_add()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vectors;
    use crate::testing::SeededNumbers;
    use crate::ward::WardRun;

    #[test]
    fn no_lower_bound_exceeds_its_distance() {
        let mut random = SeededNumbers::new(18);
        for (dim, scale) in [(1, 1.0), (7, 1e-20), (40, 1.0), (40, 1e15), (264, 1e-3)] {
            let n = 90;
            let topics: Vec<f32> = (0..5 * dim).map(|_| 3.0 * random.normal()).collect();
            let values: Vec<f32> = (0..n * dim)
                .map(|i| (topics[i % topics.len()] + random.normal()) * scale)
                .collect();
            let weights: Vec<f64> = (0..n).map(|row| [1.0, 0.3, 250.0][row % 3]).collect();
            let vectors = Vectors::new(&values, dim).unwrap();
            let run = WardRun::new(usize::MAX, vectors, Some(&weights)).unwrap();
            let mut tree = IncrementalTree::new(vectors, &run).unwrap();
            let repair = tree.start_repair(&[], &[], 0.0);
            assert_eq!(repair.live.len(), n);
            for slot in 0..n {
                let bounds = tree.lower_bounds_to_all(slot, &repair);
                for (&other, &bound) in repair.live.iter().zip(bounds.as_flattened()) {
                    let exact = tree.grid.squared_steps(tree.distance(slot, other as usize));
                    assert!(
                        f64::from(bound) <= exact || other as usize == slot,
                        "{dim} x {scale}, {slot} and {other}: {bound} > {exact}"
                    );
                }
            }
        }
    }
}
