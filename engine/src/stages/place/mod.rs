//! Place: strategies become prompts. One file per primitive; see [`place`].

mod bounds;
mod calls;
mod centre;
mod draws;
mod error;
mod system;
#[cfg(test)]
mod tests;

pub use calls::calls;
pub use system::PlacePlugin;

use ndarray::ArrayView2;

use crate::{
    entities::{Click, PixelBox, Region, Regions},
    random::Draw,
    scenario::{Primitive, Protocol, Target},
};

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

/// Places primitives by the protocol's rules. Ties consume `draw` in the order of the primitives,
/// and of regions from the largest on.
pub fn place(
    primitives: &[Primitive],
    view: &View<'_>,
    protocol: &Protocol,
    draw: &mut dyn Draw,
) -> Placed {
    let mut placed = Placed::default();
    for primitive in primitives {
        // The clicks of this very prompt were made before, too.
        let clicked = [view.clicked, &placed.clicks].concat();
        let view = &View {
            clicked: &clicked,
            ..*view
        };
        match *primitive {
            Primitive::Point(Target::ErrorRegion) => {
                placed.click(error::click(view, protocol, draw));
            }
            Primitive::Point(Target::Object) => {
                placed.click(centre::click(view.truth, view, protocol, draw));
            }
            Primitive::Point(target) => {
                for region in chosen_regions(target, view.regions) {
                    let bitmap = view.regions.bitmap(region);
                    placed.click(centre::click(bitmap.view(), view, protocol, draw));
                }
            }
            Primitive::Box(Target::ErrorRegion) => {
                placed
                    .boxes
                    .extend(bounds::around(error::region(view).view()));
            }
            Primitive::Box(Target::Object) => placed.boxes.extend(bounds::around(view.truth)),
            Primitive::Box(target) => {
                let regions = chosen_regions(target, view.regions).iter();
                placed.boxes.extend(regions.map(|region| region.bounds));
            }
        }
    }
    placed
}

/// Returns the regions that a target names, largest first.
fn chosen_regions(target: Target, regions: &Regions) -> &[Region] {
    let count = match target {
        Target::LargestRegion => 1,
        Target::EachRegion(count) => count.get() as usize,
        Target::Object | Target::ErrorRegion => regions.by_area.len(),
    };
    &regions.by_area[..count.min(regions.by_area.len())]
}

impl Placed {
    fn click(&mut self, (click, ties): (Click, usize)) {
        self.clicks.push(click);
        self.ties = ties;
    }
}
