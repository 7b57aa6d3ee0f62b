//! Which program computed a result. See [`VERSION`] and [`CODE`].

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A hash of all sources that decide about results, and of the dependencies' versions: two builds
/// that differ in it may give different numbers.
pub const CODE: &str = env!("ENGINE_CODE");
