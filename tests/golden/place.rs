//! Prompts against those of the study's rules and of RITM's clicker (section 4 of the golden
//! README): places, signs, numbers of ties and of draws, without tolerance.

use engine::{
    entities::{Click, PixelBox, Regions},
    random::{Draw, First, Legacy},
    scenario::{Count, Label, Preset, Primitive, Protocol, Target},
    stages::place::{Placed, View, place},
};
use kernels::Device;
use ndarray::Array2;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tests::{
    devices,
    golden::{Golden, json},
};

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("golden files have the form of their README")
}

fn points(placed: &Placed) -> Vec<[u32; 2]> {
    placed
        .clicks
        .iter()
        .map(|&Click { x, y, .. }| [x, y])
        .collect()
}

fn boxes(placed: &Placed) -> Vec<[u32; 4]> {
    let corners = |&PixelBox { x0, y0, x1, y1 }: &PixelBox| [x0, y0, x1, y1];
    placed.boxes.iter().map(corners).collect()
}

#[test]
fn regions_and_the_five_modes_are_the_studys() {
    let (Some(golden), Some(info)) = (Golden::open("distance"), json("distance")) else {
        return;
    };
    let three = Target::EachRegion(Count::try_from(3).expect("not zero"));
    let protocol = Preset::PaperCode.protocol();
    for info in info["masks"].as_array().expect("masks") {
        let name = info["name"].as_str().expect("a name");
        let mask = &golden.bitmaps(&format!("{name}.bits"), read(&info["shape"]))[0];
        let regions = Regions::of(mask.view());
        let key = format!("{name}.labels");
        if golden.contains(&key) {
            let labels = regions.labels.mapv(|label| label as i32).into_dyn();
            assert_eq!(labels, golden.i32(&key), "{key}");
        }
        let expected = &info["regions"];
        assert_eq!(
            regions.by_area.len(),
            read::<usize>(&expected["count"]),
            "{name}"
        );
        let first: Vec<_> = regions.by_area.iter().take(20).collect();
        let areas: Vec<_> = first.iter().map(|region| region.area).collect();
        assert_eq!(
            areas,
            read::<Vec<usize>>(&expected["areas_in_order"]),
            "{name}"
        );
        let labels: Vec<_> = first.iter().map(|region| region.label).collect();
        assert_eq!(
            labels,
            read::<Vec<u32>>(&expected["ids_in_order"]),
            "{name}"
        );

        let view = View {
            truth: mask.view(),
            regions: &regions,
            foreground: mask.view(),
            last: None,
            clicked: &[],
        };
        let mut draw = Legacy::new(1);
        let mut play = |primitive| {
            let placed = place(&Device::cpu(), &[primitive], &view, &protocol, &mut draw);
            placed.expect("the CPU does not fail")
        };
        let point: [u32; 2] = read(&expected["largest_point"]);
        assert_eq!(
            points(&play(Primitive::Point(Target::LargestRegion))),
            [point],
            "{name}"
        );
        let top: Vec<[u32; 2]> = read(&expected["top3_points"]);
        assert_eq!(points(&play(Primitive::Point(three))), top, "{name}");
        let largest: [u32; 4] = read(&expected["largest_box"]);
        let top: Vec<[u32; 4]> = read(&expected["top3_boxes"]);
        let whole: [u32; 4] = read(&expected["whole_box"]);
        for (target, expected) in [
            (Target::LargestRegion, vec![largest]),
            (three, top),
            (Target::Object, vec![whole]),
        ] {
            assert_eq!(boxes(&play(Primitive::Box(target))), expected, "{name}");
        }
        let state_after: usize = read(&expected["state_after"]);
        assert_eq!(
            draw.below(1 << 30),
            state_after,
            "{name}: the number of draws"
        );
    }
}

/// A label map with 1 for the task and 2 for another object, and predictions to be corrected.
struct Case {
    truth: Array2<bool>,
    foreground: Array2<bool>,
    predictions: Vec<Array2<bool>>,
    /// The expected clicks, from x and y on. RITM's end with two distances.
    clicks: Vec<Vec<f64>>,
}

/// Reads the cases of `error_clicks` with the clicks of `file`.
fn cases(file: &str) -> Option<Vec<Case>> {
    let (golden, shapes) = (Golden::open("error_clicks")?, json("error_clicks")?);
    let clicks = json(file)?;
    let shapes = shapes.as_array().expect("cases").iter();
    let cases = shapes
        .zip(clicks.as_array().expect("cases"))
        .map(|(shape, clicks)| {
            let case = &clicks["case"];
            let labels = golden.i64(&format!("case_{case}.labels"));
            let labels: Array2<i64> = labels.into_dimensionality().expect("an image");
            Case {
                truth: labels.mapv(|label| label == 1),
                foreground: labels.mapv(|label| label > 0),
                predictions: golden
                    .bitmaps(&format!("case_{case}.preds.bits"), read(&shape["shape"])),
                clicks: read(&clicks["clicks"]),
            }
        });
    let cases: Vec<_> = cases.collect();
    assert_eq!(cases.len(), 12);
    Some(cases)
}

/// Plays one click on `first` without a prediction, then one click in the error of each.
fn play(
    device: &Device,
    case: &Case,
    first: Target,
    protocol: &Protocol,
    draw: &mut dyn Draw,
) -> Vec<(Click, usize)> {
    let regions = Regions::of(case.truth.view());
    let lasts = case.predictions.iter().map(|last| Some(last.view()));
    let mut clicked = Vec::new();
    let mut ties = Vec::new();
    for last in std::iter::once(None).chain(lasts) {
        let view = View {
            truth: case.truth.view(),
            regions: &regions,
            foreground: case.foreground.view(),
            last,
            clicked: &clicked,
        };
        let target = last.map_or(first, |_| Target::ErrorRegion);
        let placed = place(device, &[Primitive::Point(target)], &view, protocol, draw);
        let placed = placed.expect("the device works");
        ties.push(placed.ties);
        clicked.extend(placed.clicks);
    }
    assert_eq!(clicked.len(), case.clicks.len());
    clicked.into_iter().zip(ties).collect()
}

#[test]
fn clicks_in_the_error_are_the_studys() {
    let Some(cases) = cases("error_clicks") else {
        return;
    };
    for device in devices() {
        for (number, case) in cases.iter().enumerate() {
            check_the_studys(&device, number, case);
        }
    }
}

fn check_the_studys(device: &Device, number: usize, case: &Case) {
    // The column of the sign under either rule. The first click is always positive.
    for (label, column) in [(Label::AnyClass, 2), (Label::Class, 4)] {
        let protocol = Protocol {
            label,
            ..Preset::PaperCode.protocol()
        };
        let draw = &mut Legacy::new(1);
        let played = play(device, case, Target::Object, &protocol, draw);
        for (round, ((click, ties), expected)) in played.iter().zip(&case.clicks).enumerate() {
            let sign = expected.get(column).unwrap_or(&1.0);
            let expected = [expected[0], expected[1], *sign, expected[3]];
            let ours = [click.x, click.y, click.positive.into(), *ties as u32];
            let expected = expected.map(|number| number as u32);
            assert_eq!(ours, expected, "case {number}, click {round}, {device:?}");
        }
    }
}

#[test]
fn clicks_are_those_of_ritms_clicker() {
    let Some(cases) = cases("ritm_clicker") else {
        return;
    };
    let protocol = Preset::RitmProtocol.protocol();
    for device in devices() {
        for (number, case) in cases.iter().enumerate() {
            let played = play(&device, case, Target::ErrorRegion, &protocol, &mut First);
            for (round, ((click, _), expected)) in played.iter().zip(&case.clicks).enumerate() {
                let ours = [click.x, click.y, click.positive.into()];
                let expected = [0, 1, 2].map(|column| expected[column] as u32);
                assert_eq!(ours, expected, "case {number}, click {round}, {device:?}");
            }
        }
    }
}
