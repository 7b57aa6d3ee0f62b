//! Random draws that can be repeated. See [`Draw`].

mod keyed;
mod legacy;

pub use keyed::{DrawKey, Keyed};
pub use legacy::Legacy;

/// Chooses one of several equally good things.
pub trait Draw {
    /// Returns the generator's next 32 bits.
    fn next_u32(&mut self) -> u32;

    /// Returns a number below `count`, each equally likely; one thing to choose from consumes nothing.
    ///
    /// Bits above the needed ones are masked off and too large a number is drawn again, as NumPy's
    /// legacy `randint` does.
    ///
    /// # Panics
    /// When `count` is 0 or above 2³².
    fn below(&mut self, count: usize) -> usize {
        let largest = count.checked_sub(1).expect("there is something to choose");
        let largest = u32::try_from(largest).expect("an image has fewer than 2^32 pixels");
        let Some(mask) = u32::MAX.checked_shr(largest.leading_zeros()) else {
            return 0;
        };
        loop {
            let drawn = self.next_u32() & mask;
            if drawn <= largest {
                return drawn as usize;
            }
        }
    }
}

/// No chance: always the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct First;

impl Draw for First {
    fn next_u32(&mut self) -> u32 {
        0
    }
}
