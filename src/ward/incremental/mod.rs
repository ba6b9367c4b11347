//! A Ward tree that is repaired when rows are added or removed: only clusters that a change affects
//! are searched again.
//!
//! Without ties, Ward's tree is the one that merges the two nearest clusters of all, again and
//! again. So the old merges are visited in ascending order. A merge stays if both parts still exist
//! and no changed cluster is nearer to either of them. The few changed clusters are **active**: the
//! repair stores lower bounds of their distances to all clusters and merges each with its nearest.
//! When one part of an old merge no longer exists, the other part becomes active. If two distances
//! tie, or too many clusters become active, the repair fails and all rows are clustered again.
//!
//! Lower bounds have two levels. A **sketch** is a projection onto eight orthonormal axes, the
//! directions between the halves of the last merges: it excludes the clusters of other topics.
//! Those that it does not exclude are compared on the grid (`Grid`), where all dimensions count.

mod bounds;
mod repair;
mod state;
mod tree;

pub(crate) use tree::IncrementalTree;
