//! Place: strategies become prompts. See [`place`]; many trials are measured together in `measure.rs`.

mod calls;
mod draws;
mod error;
mod measure;
mod plan;
mod system;
#[cfg(test)]
mod tests;

pub use calls::calls;
pub use system::PlacePlugin;

use kernels::{Device, KernelError};
use ndarray::ArrayView2;

use crate::{
    entities::{Click, PixelBox, Regions},
    random::Draw,
    runs::RecordedPrompt,
    scenario::{Primitive, Protocol},
};
use measure::measure;
use plan::Plan;

/// What a simulated user sees: the truth, and the last answer.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The object, `[height, width]`, never empty.
    pub truth: ArrayView2<'a, bool>,
    /// The object's regions.
    pub regions: &'a Regions,
    /// Where any object of the slice is, `[height, width]`.
    pub foreground: ArrayView2<'a, bool>,
    /// The last prediction's chosen candidate; `None` counts as empty.
    pub last: Option<ArrayView2<'a, bool>>,
    /// The clicks so far, oldest first.
    pub clicked: &'a [Click],
}

/// What one prompt adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// New clicks, in the order in which they were drawn.
    pub clicks: Vec<Click>,
    /// New boxes.
    pub boxes: Vec<PixelBox>,
    /// Among how many equally good pixels the last click was drawn; 0 without a click.
    pub ties: usize,
}

/// Places the primitives of one prompt by the protocol's rules, distances measured on `device`.
/// Ties consume `draw` in the order of the primitives, and of regions from the largest on. The
/// result does not depend on the device.
///
/// # Errors
/// When the device fails.
pub fn place(
    device: &Device,
    primitives: &[Primitive],
    view: &View<'_>,
    protocol: &Protocol,
    draw: &mut dyn Draw,
) -> Result<Placed, KernelError> {
    let plans = [Plan::new(primitives, *view, protocol)];
    let measured = measure(device, &plans)?;
    let [plan] = plans;
    Ok(plan.finish(measured.into_iter().flatten().collect(), draw))
}

impl From<RecordedPrompt> for Placed {
    fn from(prompt: RecordedPrompt) -> Self {
        Self {
            clicks: prompt.clicks,
            boxes: prompt.boxes,
            ties: prompt.ties,
        }
    }
}

impl Placed {
    fn click(&mut self, click: Click, ties: usize) {
        self.clicks.push(click);
        self.ties = ties;
    }
}
