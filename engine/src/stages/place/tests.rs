//! Properties of placed prompts, over random objects and predictions.

use kernels::Device;
use ndarray::Array2;
use proptest::prelude::*;

use super::{Placed, View, calls};
use crate::{
    entities::{Click, History, PixelBox, Regions},
    random::{Draw, Legacy},
    scenario::{
        Count, Distance, ErrorRegion, Label, PassedPoints, Preset, Primitive, Protocol, Target,
    },
};

/// Places a prompt with distances from the CPU.
fn place(
    primitives: &[Primitive],
    view: &View<'_>,
    protocol: &Protocol,
    draw: &mut dyn Draw,
) -> Placed {
    super::place(&Device::cpu(), primitives, view, protocol, draw).expect("the CPU does not fail")
}

/// An object with at least one pixel, what else is in the slice, and a prediction.
#[derive(Clone, Debug)]
struct Scene {
    truth: Array2<bool>,
    foreground: Array2<bool>,
    last: Array2<bool>,
    regions: Regions,
}

impl Scene {
    fn view<'a>(&'a self, clicked: &'a [Click]) -> View<'a> {
        View {
            truth: self.truth.view(),
            regions: &self.regions,
            foreground: self.foreground.view(),
            last: Some(self.last.view()),
            clicked,
        }
    }

    fn is_wrong(&self, click: &Click) -> bool {
        at(&self.truth, click) != at(&self.last, click)
    }

    fn wrong_pixels(&self) -> usize {
        let pairs = self.truth.iter().zip(&self.last);
        pairs.filter(|(truth, last)| truth != last).count()
    }
}

fn at(bitmap: &Array2<bool>, click: &Click) -> bool {
    bitmap[[click.y as usize, click.x as usize]]
}

fn scenes() -> impl Strategy<Value = Scene> {
    let size = 1_usize..14;
    (size.clone(), size)
        .prop_flat_map(|(height, width)| {
            let pixels = proptest::collection::vec(0_u8..6, height * width);
            (Just((height, width)), pixels, 0..height * width)
        })
        .prop_map(|(shape, pixels, seed)| {
            let pixels = Array2::from_shape_vec(shape, pixels).expect("as many as the shape says");
            let mut truth = pixels.mapv(|pixel| pixel < 3);
            truth[[seed / shape.1, seed % shape.1]] = true;
            let foreground = ndarray::Zip::from(&pixels)
                .and(&truth)
                .map_collect(|&pixel, &truth| truth || pixel == 4);
            Scene {
                regions: Regions::of(truth.view()),
                last: pixels.mapv(|pixel| pixel % 2 == 0),
                truth,
                foreground,
            }
        })
}

fn protocols() -> impl Strategy<Value = Protocol> {
    let distance = prop_oneof![
        Just(Distance::Chamfer3),
        Just(Distance::Chamfer5),
        Just(Distance::Exact)
    ];
    let error = prop_oneof![Just(ErrorRegion::Xor), Just(ErrorRegion::Apart)];
    let label = prop_oneof![Just(Label::Class), Just(Label::AnyClass)];
    let rules = (distance, error, label, any::<bool>(), any::<bool>());
    rules.prop_map(
        |(distance, error, label, border_is_background, repeat_clicks)| Protocol {
            distance,
            border_is_background,
            error,
            label,
            repeat_clicks,
            ..Preset::PaperCode.protocol()
        },
    )
}

fn targets() -> impl Strategy<Value = (Target, usize)> {
    let each = (1_u32..5).prop_map(|count| {
        let target = Target::EachRegion(Count::try_from(count).expect("not zero"));
        (target, count as usize)
    });
    prop_oneof![
        Just((Target::Object, 1)),
        Just((Target::LargestRegion, 1)),
        each
    ]
}

proptest! {
    #[test]
    fn points_lie_inside_their_target(
        scene in scenes(),
        protocol in protocols(),
        (target, count) in targets(),
        seed: u32,
    ) {
        let point = Primitive::Point(target);
        let draw = &mut Legacy::new(seed);
        let placed = place(&[point, point], &scene.view(&[]), &protocol, draw);
        let regions = &scene.regions.by_area;
        let count = count.min(regions.len());
        prop_assert_eq!(placed.clicks.len(), 2 * count);
        prop_assert!(placed.ties > 0);
        for (index, click) in placed.clicks.iter().enumerate() {
            prop_assert!(click.positive && at(&scene.truth, click));
            if target != Target::Object {
                let label = scene.regions.labels[[click.y as usize, click.x as usize]];
                prop_assert_eq!(label, regions[index % count].label);
            }
        }
    }

    #[test]
    fn boxes_are_tight(scene in scenes(), (target, count) in targets()) {
        let protocol = Protocol::default();
        let draw = &mut Legacy::new(0);
        let placed = place(&[Primitive::Box(target)], &scene.view(&[]), &protocol, draw);
        prop_assert_eq!(placed.boxes.len(), count.min(scene.regions.by_area.len()));
        prop_assert_eq!(draw.next_u32(), Legacy::new(0).next_u32(), "a box draws nothing");
        for (index, bounds) in placed.boxes.iter().enumerate() {
            let label = (target != Target::Object).then(|| scene.regions.by_area[index].label);
            let pixels: Vec<_> = scene
                .regions
                .labels
                .indexed_iter()
                .filter(|&(_, &found)| found > 0 && label.is_none_or(|label| label == found))
                .map(|((y, x), _)| (x as u32, y as u32))
                .collect();
            let (xs, ys) = (pixels.iter().map(|p| p.0), pixels.iter().map(|p| p.1));
            let tight = PixelBox {
                x0: xs.clone().min().expect("a region has a pixel"),
                y0: ys.clone().min().expect("a region has a pixel"),
                x1: xs.max().expect("a region has a pixel"),
                y1: ys.max().expect("a region has a pixel"),
            };
            prop_assert_eq!(*bounds, tight);
        }
    }

    #[test]
    fn clicks_in_the_error_are_where_something_is_wrong(
        scene in scenes(),
        protocol in protocols(),
        seed: u32,
    ) {
        let draw = &mut Legacy::new(seed);
        let error = [Primitive::Point(Target::ErrorRegion)];
        let placed = place(&error, &scene.view(&[]), &protocol, draw);
        let click = placed.clicks[0];
        if scene.wrong_pixels() == 0 {
            prop_assert_eq!(placed.ties, scene.truth.len());
        } else {
            prop_assert!(scene.is_wrong(&click));
            prop_assert!(placed.ties <= scene.wrong_pixels());
        }
        let sign = match (protocol.error, protocol.label) {
            (ErrorRegion::Xor, Label::AnyClass) => at(&scene.foreground, &click),
            (ErrorRegion::Xor, Label::Class) => at(&scene.truth, &click),
            (ErrorRegion::Apart, _) => at(&scene.truth, &click) && !at(&scene.last, &click),
        };
        prop_assert_eq!(click.positive, sign);
    }

    #[test]
    fn clicks_that_may_not_be_repeated_use_up_the_error(scene in scenes(), seed: u32) {
        let protocol = Protocol { repeat_clicks: false, ..Protocol::default() };
        let error = [Primitive::Point(Target::ErrorRegion)];
        let draw = &mut Legacy::new(seed);
        let mut clicks: Vec<Click> = Vec::new();
        for _ in 0..scene.wrong_pixels() {
            let placed = place(&error, &scene.view(&clicks), &protocol, draw);
            prop_assert!(scene.is_wrong(&placed.clicks[0]));
            prop_assert!(!clicks.contains(&placed.clicks[0]));
            clicks.extend(placed.clicks);
        }
        // The same in one prompt.
        let several = vec![error[0]; scene.wrong_pixels()];
        let placed = place(&several, &scene.view(&[]), &protocol, &mut Legacy::new(seed));
        prop_assert_eq!(placed.clicks, clicks);
    }
}

fn click(x: u32) -> Click {
    Click {
        x,
        y: 0,
        positive: true,
    }
}

#[test]
fn each_box_is_a_call_with_all_clicks() {
    let bounds = |x1| PixelBox {
        x0: 0,
        y0: 0,
        x1,
        y1: 0,
    };
    let newest = Placed {
        clicks: vec![click(2)],
        ..Placed::default()
    };
    let history = History {
        rounds: 2,
        clicks: vec![click(1), click(2)],
        boxes: vec![bounds(1), bounds(2)],
    };
    let protocol = Protocol::default();
    let called = calls(&history, &newest, &protocol);
    assert_eq!(called.len(), 2);
    assert!(called.iter().all(|call| call.clicks == history.clicks));
    assert_eq!(called[1].bounds, Some(bounds(2)));

    let last = Protocol {
        points: PassedPoints::Last,
        ..protocol
    };
    let called = calls(&history, &newest, &last);
    assert!(called.iter().all(|call| call.clicks == [click(2)]));
}

#[test]
fn without_a_prediction_all_of_the_object_is_missing() {
    let mut truth = Array2::from_elem((3, 4), false);
    truth[[1, 2]] = true;
    let regions = Regions::of(truth.view());
    let view = View {
        truth: truth.view(),
        regions: &regions,
        foreground: truth.view(),
        last: None,
        clicked: &[],
    };
    for error in [ErrorRegion::Xor, ErrorRegion::Apart] {
        let protocol = Protocol {
            error,
            ..Protocol::default()
        };
        let primitives = [Target::ErrorRegion].map(Primitive::Point);
        let placed = place(&primitives, &view, &protocol, &mut Legacy::new(0));
        let only = Click {
            x: 2,
            y: 1,
            positive: true,
        };
        assert_eq!((placed.clicks, placed.ties), (vec![only], 1));
    }
}
