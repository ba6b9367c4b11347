//! From interests to recommendations: which interests to query, how to blend their answers, which
//! actions explain an item, and a map of the actions.

mod blend;
mod nearest;
mod pick;
mod projection;

pub use blend::{Blended, Hit, blend};
pub use nearest::nearest;
pub use pick::pick;
pub use projection::project;
