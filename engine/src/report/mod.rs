//! From rows to figures and a page. No model is needed, and no data: everything is made from run
//! folders. See [`Collection`] and [`write()`].

mod cases;
mod change;
mod collection;
mod effort;
mod figures;
mod page;
mod pairs;
mod published;
mod statistics;
mod strata;
mod write;

pub use cases::{Step, TypicalCase, typical_cases};
pub use change::{Change, changes};
pub use collection::{Collection, Curve, Panel, Point, Run, Series};
pub use effort::Effort;
pub use figures::{Drawing, Pictures, draw, sheets};
pub use pairs::{Pair, pairs};
pub use published::{Published, published, published_images};
pub use statistics::{Cluster, Interval, SignedRank, holm, intervals, signed_rank};
pub use strata::{Strata, Stratum, Trait};
pub use write::{Written, write};
