//! One prompt, from its primitives to its clicks and boxes: first the regions whose deepest pixels
//! decide, then, when those are measured, the clicks. See [`Plan`].

use kernels::distance::{Farthest, Metric, Query, farthest};
use ndarray::{CowArray, Ix2};

use super::{Placed, View, error};
use crate::{
    entities::{Click, PixelBox, Region, Regions},
    random::Draw,
    scenario::{Distance, ErrorRegion, Label, Primitive, Protocol, Target},
};

/// What a prompt of one trial needs to be placed. Plans of many trials can be measured together.
pub(super) struct Plan<'a, 'p> {
    view: View<'a>,
    protocol: &'p Protocol,
    steps: Vec<Step<'a>>,
    /// The pixels that may not be clicked, `[row, column]`.
    excluded: Vec<[usize; 2]>,
}

/// A part of the slice, `[height, width]`.
type Bitmap<'a> = CowArray<'a, bool, Ix2>;

/// What one primitive, or one region of it, adds.
enum Step<'a> {
    /// Boxes, which need no distances.
    Boxes(Vec<PixelBox>),
    /// A positive click at the centre of a region.
    Inside(Bitmap<'a>),
    /// A click at the centre of the error, whose sign the pixel decides.
    Wrong(Bitmap<'a>),
    /// A click at the centre of the missing or of the superfluous pixels.
    Apart([Bitmap<'a>; 2]),
}

impl<'a, 'p> Plan<'a, 'p> {
    /// Finds the regions and boxes that the primitives speak of.
    pub(super) fn new(primitives: &[Primitive], view: View<'a>, protocol: &'p Protocol) -> Self {
        let steps = primitives
            .iter()
            .flat_map(|&primitive| steps(primitive, &view, protocol));
        let clicked: &[Click] = if protocol.repeat_clicks {
            &[]
        } else {
            view.clicked
        };
        Self {
            steps: steps.collect(),
            excluded: clicked.iter().map(place_of).collect(),
            view,
            protocol,
        }
    }

    /// Returns how distances are to be measured.
    pub(super) fn metric(&self) -> Metric {
        match self.protocol.distance {
            Distance::Chamfer5 => Metric::Chamfer5,
            Distance::Chamfer3 => Metric::Chamfer3,
            Distance::Exact => Metric::Exact,
        }
    }

    /// Returns the regions whose deepest pixels decide, in the order in which [`Plan::finish`]
    /// takes them.
    pub(super) fn queries(&self) -> impl Iterator<Item = Query<'_>> {
        self.steps
            .iter()
            .flat_map(Step::regions)
            .map(|region| self.query(region, &self.excluded))
    }

    /// Returns how many pixels all regions have.
    pub(super) fn pixels(&self) -> usize {
        let regions = self.steps.iter().flat_map(Step::regions);
        regions.fold(0, |sum, region| sum + region.len())
    }

    /// Places the prompt. `measured` has the deepest pixels of [`Plan::queries`]; ties consume
    /// `draw` in the order of the primitives, and of regions from the largest on.
    pub(super) fn finish(&self, measured: Vec<Farthest>, draw: &mut dyn Draw) -> Placed {
        let mut placed = Placed::default();
        let mut measured = measured.into_iter();
        let mut deepest = |region: &Bitmap<'_>, placed: &Placed| {
            let before = measured.next().expect("there is one for each region");
            self.but(region, &placed.clicks).unwrap_or(before)
        };
        for step in &self.steps {
            match step {
                Step::Boxes(boxes) => placed.boxes.extend(boxes),
                Step::Inside(region) => {
                    let mut deepest = deepest(region, &placed);
                    if deepest.distance <= 0.0 {
                        // Every pixel was clicked before; a positive click belongs inside.
                        deepest = self.measure(region, &[]);
                    }
                    placed.click(pick(&deepest, true, draw), deepest.pixels.len());
                }
                Step::Wrong(region) => {
                    let deepest = deepest(region, &placed);
                    let mut click = pick(&deepest, true, draw);
                    let sign = match self.protocol.label {
                        Label::Class => self.view.truth,
                        Label::AnyClass => self.view.foreground,
                    };
                    click.positive = sign[place_of(&click)];
                    placed.click(click, deepest.pixels.len());
                }
                Step::Apart([missing, superfluous]) => {
                    let missing = deepest(missing, &placed);
                    let superfluous = deepest(superfluous, &placed);
                    let positive = missing.distance > superfluous.distance;
                    let chosen = if positive { missing } else { superfluous };
                    placed.click(pick(&chosen, positive, draw), chosen.pixels.len());
                }
            }
        }
        placed
    }

    /// Measures a region again if a click of this very prompt lies in it and may not be repeated.
    fn but(&self, region: &Bitmap<'_>, clicks: &[Click]) -> Option<Farthest> {
        let forbidden = !self.protocol.repeat_clicks;
        let mut places = clicks.iter().map(place_of);
        (forbidden && places.any(|place| region[place])).then(|| {
            let clicks = clicks.iter().map(place_of);
            let excluded: Vec<_> = self.excluded.iter().copied().chain(clicks).collect();
            self.measure(region, &excluded)
        })
    }

    /// Measures one region here and now.
    fn measure(&self, region: &Bitmap<'_>, excluded: &[[usize; 2]]) -> Farthest {
        let border = self.protocol.border_is_background;
        farthest(region.view(), self.metric(), border, excluded)
    }

    fn query<'b>(&self, region: &'b Bitmap<'_>, excluded: &'b [[usize; 2]]) -> Query<'b> {
        Query {
            mask: region.view(),
            border_is_background: self.protocol.border_is_background,
            excluded,
        }
    }
}

impl<'a> Step<'a> {
    fn regions(&self) -> &[Bitmap<'a>] {
        match self {
            Self::Boxes(_) => &[],
            Self::Inside(region) | Self::Wrong(region) => std::slice::from_ref(region),
            Self::Apart(regions) => regions,
        }
    }
}

/// Returns what a primitive adds.
fn steps<'a>(primitive: Primitive, view: &View<'a>, protocol: &Protocol) -> Vec<Step<'a>> {
    match primitive {
        Primitive::Point(Target::ErrorRegion) => vec![match protocol.error {
            ErrorRegion::Xor => Step::Wrong(error::region(view).into()),
            ErrorRegion::Apart => Step::Apart(error::apart(view).map(Into::into)),
        }],
        Primitive::Point(Target::Object) => vec![Step::Inside(view.truth.into())],
        Primitive::Point(target) => chosen_regions(target, view.regions)
            .iter()
            .map(|region| Step::Inside(view.regions.bitmap(region).into()))
            .collect(),
        Primitive::Box(Target::ErrorRegion) => {
            let bounds = PixelBox::around(error::region(view).view());
            vec![Step::Boxes(bounds.into_iter().collect())]
        }
        Primitive::Box(Target::Object) => {
            let bounds = PixelBox::around(view.truth);
            vec![Step::Boxes(bounds.into_iter().collect())]
        }
        Primitive::Box(target) => {
            let regions = chosen_regions(target, view.regions).iter();
            vec![Step::Boxes(regions.map(|region| region.bounds).collect())]
        }
    }
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

/// Draws one of the deepest pixels.
fn pick(deepest: &Farthest, positive: bool, draw: &mut dyn Draw) -> Click {
    let [row, column] = deepest.pixels[draw.below(deepest.pixels.len())];
    Click {
        x: column as u32,
        y: row as u32,
        positive,
    }
}

/// Returns row and column of a click.
fn place_of(click: &Click) -> [usize; 2] {
    [click.y as usize, click.x as usize]
}
