//! RITM's network with formula weights against `golden/ritm_*_net.safetensors`, and its predictor
//! click by click against `golden/ritm_*_clicks.safetensors` (section 6 of their README).

use engine::{
    entities::{Click, Regions},
    models::{
        State,
        ritm::{ClickInInput, ClickNetwork, RitmConfig, RitmNetwork, THRESHOLD, conclude, look},
    },
    random::First,
    scenario::{Preset, Primitive, Target},
    stages::place::{View, place},
    weights::{Architecture, Formula, WeightSource, WeightsError},
};
use kernels::{
    Device, Tensor,
    resize::{Resize, resize_bilinear},
};
use ndarray::{Array2, ArrayView2, s};
use serde_json::Value;
use tests::{devices, golden::Golden, shared};

use crate::{
    compare::{assert_close, channels_first},
    mobile_sam::pixels,
};

/// Formula weights whose last layer is rescaled, as the metadata of a golden file says.
struct Rescaled {
    gain: f32,
    shifts: Vec<f32>,
}

impl Rescaled {
    fn new(golden: &Golden, shifts: &[&str]) -> Self {
        let number = |key: &str| golden.metadata(key).as_f64().expect("a number") as f32;
        Self {
            gain: number("cls_head_gain"),
            shifts: shifts.iter().map(|key| number(key)).collect(),
        }
    }
}

impl WeightSource for Rescaled {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let mut values = Formula::default().tensor(name, shape)?;
        if name.starts_with("feature_extractor.cls_head.") {
            for value in &mut values {
                *value *= self.gain;
            }
        }
        if name == "feature_extractor.cls_head.bias" {
            values[0] = self
                .shifts
                .iter()
                .fold(values[0], |bias, shift| bias + shift);
        }
        Ok(values)
    }
}

fn network(device: &Device, architecture: Architecture, source: &Rescaled) -> RitmNetwork {
    let config = RitmConfig::of(architecture).expect("a RITM");
    RitmNetwork::load(config, source, device).expect("formula weights fit")
}

/// Returns the golden input: picture and mask before, `[1, 160, 240, 4]`; or with an empty mask before.
fn input(device: &Device, golden: &Golden, has_before: bool) -> Tensor {
    let (height, width) = (160, 240);
    let picture = Formula::default().picture("golden.picture", 3, height, width);
    let before = Formula::default().signed("golden.prev_mask", &[1, 1, height, width]);
    let image = picture.iter().map(|x| (x + 3.0) / 7.0);
    let strength = if has_before { 0.5 } else { 0.0 };
    let planes: Vec<f32> = image
        .chain(before.iter().map(|x| (x + 1.0) * strength))
        .collect();
    let pixels = height * width;
    let values = (0..4 * pixels).map(|i| planes[i % 4 * pixels + i / 4]);
    let shape = [1, height, width, 4];
    let input = Tensor::from_vec(device, &shape, values.collect()).expect("it fits");
    if has_before {
        let corner = channels_first(&input);
        let corner = corner.slice(s![.., .., ..4, ..4]).to_owned().into_dyn();
        assert_close(
            "input",
            &corner,
            &[1; 4],
            &golden.f32("image4.corner"),
            1e-6,
        );
    }
    input
}

fn check_network(name: &str, architecture: Architecture) {
    let Some(golden) = Golden::open(&format!("ritm_{name}_net")) else {
        return;
    };
    for device in devices() {
        check_network_on(&device, &golden, name, architecture);
    }
}

fn check_network_on(device: &Device, golden: &Golden, name: &str, architecture: Architecture) {
    const TOLERANCE: f64 = 1e-4;
    let network = network(
        device,
        architecture,
        &Rescaled::new(golden, &["cls_head_shift"]),
    );
    let (input, empty) = (input(device, golden, true), input(device, golden, false));
    let clicks: Vec<[f32; 3]> =
        serde_json::from_value(golden.metadata("clicks")).expect("row, column, sign");
    let clicks = clicks.iter().map(|&[row, column, sign]| ClickInInput {
        row,
        column,
        positive: sign > 0.0,
    });
    let mut clicks = vec![clicks.collect::<Vec<_>>()];
    let mut seen = 0;
    let mut visit = |stage: &str, tensor: &Tensor| {
        let ours = channels_first(tensor);
        seen += 1;
        if stage == "disks" {
            assert_eq!(ours.mapv(|x| x as u8), golden.u8("coord_raw"), "{name}");
            return;
        }
        let is_large = ours.shape()[3] > 8 && ours.shape()[1] > 1;
        let strides = match (stage.starts_with("stage"), is_large) {
            (true, _) => [1, 6, 4, 4],
            (false, true) => [1, 8, 4, 4],
            (false, false) => [1; 4],
        };
        let theirs = golden.f32(&format!("{stage}.sub"));
        assert_close(
            &format!("{name}, {stage}"),
            &ours,
            &strides,
            &theirs,
            TOLERANCE,
        );
    };
    // The intermediate results that were kept are those of an empty mask before.
    let features = network.click_features(&empty, &clicks);
    let features = channels_first(&features.expect("the device works"));
    let theirs = golden.f32("coord_features.sub");
    assert_close(
        "coord_features",
        &features,
        &[1, 4, 4, 4],
        &theirs,
        TOLERANCE,
    );

    let upscaled = |logits: &Tensor| {
        let whole = resize_bilinear(logits, Resize::to([160, 240]).align_corners());
        channels_first(&whole.expect("it has pixels"))
    };
    let logits = network.logits_visiting(&empty, &clicks, &mut visit);
    logits.expect("the device works");
    assert_eq!(seen, 1 + 1 + 9 + 5, "every stage was compared");
    let logits = network.logits(&input, &clicks);
    let logits = upscaled(&logits.expect("the device works"));
    assert_close(name, &logits, &[1; 4], &golden.f32("instances"), TOLERANCE);

    (clicks[0][2].row, clicks[0][2].column) = (40.0, 15.0);
    let moved = network.logits(&input, &clicks).expect("the device works");
    let theirs = golden.f32("instances_moved_click.sub");
    assert_close(name, &upscaled(&moved), &[1, 1, 4, 4], &theirs, TOLERANCE);
}

#[test]
fn the_network_of_hrnet_18s_equals_the_reference() {
    check_network("hrnet18s", Architecture::RitmHrnet18s);
}

#[test]
fn the_network_of_hrnet_18_equals_the_reference() {
    check_network("hrnet18", Architecture::RitmHrnet18);
}

#[test]
fn the_network_of_hrnet_32_equals_the_reference() {
    check_network("hrnet32", Architecture::RitmHrnet32);
}

/// One recorded call: the click, and the rectangle kept after it.
pub(crate) fn recorded(row: &Value) -> (Click, Option<[u32; 4]>) {
    let at: [u32; 2] = serde_json::from_value(row["click_row_col"].clone()).expect("row, column");
    let click = Click {
        x: at[1],
        y: at[0],
        positive: row["positive"].as_bool().expect("a sign"),
    };
    let zoom = serde_json::from_value(row["roi_rmin_rmax_cmin_cmax"].clone());
    (click, zoom.expect("a rectangle or null"))
}

/// Compares what a call left with the recorded rectangle and every `step`-th probability.
pub(crate) fn check_state(
    what: &str,
    state: &State,
    zoom: Option<[u32; 4]>,
    theirs: ndarray::ArrayD<f32>,
    step: isize,
    tolerance: f32,
) {
    let ours = state.zoom.map(|b| [b.y0, b.y1, b.x0, b.x1]);
    assert_eq!(ours, zoom, "{what}");
    let theirs: Array2<f32> = theirs.into_dimensionality().expect("an image");
    let ours = state.probabilities.slice(s![..;step, ..;step]);
    assert_eq!(ours.dim(), theirs.dim(), "{what}");
    let differences = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f32::max);
    assert!(largest <= tolerance, "{what}: differs by {largest}");
}

/// Where RITM's own clicker clicks next.
fn next_click(truth: ArrayView2<'_, bool>, last: Option<&State>, clicked: &[Click]) -> Click {
    let regions = Regions::of(truth);
    let last = last.map(|state| state.probabilities.mapv(|p| p > THRESHOLD));
    let view = View {
        truth,
        regions: &regions,
        foreground: truth,
        last: last.as_ref().map(|last| last.view()),
        clicked,
    };
    let protocol = Preset::RitmProtocol.protocol();
    let error = [Primitive::Point(Target::ErrorRegion)];
    let placed = place(&Device::cpu(), &error, &view, &protocol, &mut First);
    placed.expect("the CPU does not fail").clicks[0]
}

fn check_clicks(name: &str, architecture: Architecture) {
    let (Some(golden), Some(pixels), Some(mask)) = (
        Golden::open(&format!("ritm_{name}_clicks")),
        pixels("xray_hip/images/image_054.png"),
        shared("golden/study/xray_hip/masks/image_054.png"),
    ) else {
        return;
    };
    let mask = image::open(mask).expect("a picture").to_luma8();
    let truth = Array2::from_shape_fn((pixels.dim().0, pixels.dim().1), |(y, x)| {
        mask.get_pixel(x as u32, y as u32).0[0] > 0
    });
    let shifts = ["cls_head_shift", "cls_head_second_shift"];
    let network = network(
        &Device::cpu(),
        architecture,
        &Rescaled::new(&golden, &shifts),
    );
    let (height, width, _) = pixels.dim();
    let image = pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let image = Tensor::from_vec(&Device::cpu(), &[1, height, width, 3], image);
    let image = image.expect("three channels");
    for series in ["steps", "script"] {
        let (mut state, mut clicks) = (None, Vec::new());
        let rows = golden.metadata(series);
        for (step, row) in rows.as_array().expect("a list").iter().enumerate() {
            let (click, zoom) = recorded(row);
            if series == "steps" {
                let ours = next_click(truth.view(), state.as_ref(), &clicks);
                assert_eq!(ours, click, "{name}, click {step}");
            }
            clicks.push(click);
            let looked = look(&network, &image, &clicks, state.as_ref());
            let looked = looked.expect("the CPU does not fail");
            let left = conclude(&looked, [height, width]).expect("the CPU does not fail");
            let key = format!("{}_{step}.probs.sub", series.trim_end_matches('s'));
            let what = format!("{name}, {key}");
            check_state(&what, &left, zoom, golden.f32(&key), 4, 1e-3);
            state = Some(left);
        }
    }
}

#[test]
fn clicks_on_hrnet_18s_equal_the_reference() {
    check_clicks("hrnet18s", Architecture::RitmHrnet18s);
}

#[test]
fn clicks_on_hrnet_18_equal_the_reference() {
    check_clicks("hrnet18", Architecture::RitmHrnet18);
}

#[test]
fn clicks_on_hrnet_32_equal_the_reference() {
    check_clicks("hrnet32", Architecture::RitmHrnet32);
}
