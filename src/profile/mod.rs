//! From actions to interests (PinnerSage, Algorithm 1): cluster, cut, medoids (Eq. 2), importance
//! (Eq. 3).

mod cut;
mod importance;
mod interests;
mod medoid;
mod retrieval;
mod session;
mod unlike;

pub use cut::spread;
pub use importance::importance;
pub use interests::{Actions, Clustering, Profile, cluster, profile};
pub(crate) use medoid::means;
pub use medoid::medoids;
pub use retrieval::{Retrieval, RetrievalOptions, retrieval};
pub use session::Session;
