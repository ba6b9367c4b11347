//! A tree that lives on when rows come and go: only what a change touches is clustered again.
//!
//! Without ties Ward's tree is the one that joins the two nearest clusters of all, again and again. So the old unions are gone through once
//! more, lowest first. Where both parts still are what they were, the union stands, unseen, unless a cluster that the change has made or
//! left over is nearer to one of them. Those few, the **active** ones, know their distances to all, and join whom they are nearest to; and
//! a union that has lost a part leaves the other part active. Where two choices tie, or too much is touched, it is given up, and everything
//! is clustered again.

mod repair;
mod tree;

pub(crate) use tree::Living;
