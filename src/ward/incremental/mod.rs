//! A Ward tree that is repaired when rows are added or removed: only clusters that a change affects
//! are searched again.
//!
//! Without ties, Ward's tree is the one that merges the two nearest clusters of all, again and
//! again. So the old merges are visited in ascending order. A merge stays if both parts still exist
//! and no changed cluster is nearer to either of them. The few changed clusters are the **active**
//! ones: they have bounds of their distances to all clusters, and merge with their nearest; when a
//! part of an old merge is gone, the other part becomes active. If two choices tie, or too many
//! clusters become active, the repair gives up and the caller clusters again from the start.

mod repair;
mod tree;

pub(crate) use tree::IncrementalTree;
