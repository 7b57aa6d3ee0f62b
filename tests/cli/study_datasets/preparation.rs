//! Declared steps between files and models, on pictures and on volumes alike.

use super::{open, planted, read, refusal, trees::LAYOUTS};
use engine::datasets::SliceData;

/// One dataset of volumes with several objects, and one of pictures: declaration and tree.
const BRAIN: usize = 3;
const CHEST: usize = 4;

fn prepared(layout: usize, prepare: &str) -> Vec<(String, Vec<SliceData>)> {
    let layout = &LAYOUTS[layout];
    let root = planted(layout);
    let declaration = layout.declaration.trim_end_matches(')');
    let dataset = open(
        &format!("{declaration}, prepare: ({prepare}))"),
        root.path(),
    );
    read(&*dataset.expect("it is recognised"))
}

/// Index and objects of each slice of the first case.
fn slices(prepare: &str) -> Vec<(usize, Vec<usize>)> {
    let cases = prepared(BRAIN, prepare);
    let slices = cases[0].1.iter();
    slices
        .map(|slice| {
            (
                slice.index,
                slice.masks.iter().map(|mask| mask.object).collect(),
            )
        })
        .collect()
}

#[test]
fn slices_are_chosen() {
    // Core (9 pixels), edema and enhancing (4) in slice 1; more edema in slice 2.
    assert_eq!(slices(""), [(1, vec![0, 1, 2]), (2, vec![1])]);
    assert_eq!(slices("slices: every(2)"), [(1, vec![0, 1, 2])]);
    assert_eq!(slices("slices: largest"), [(1, vec![0, 2]), (2, vec![1])]);
    assert_eq!(slices("min_pixels: 5"), [(1, vec![0, 1]), (2, vec![1])]);
    assert_eq!(slices("min_pixels: 40"), [(2, vec![1])]);
    let drawn: Vec<_> = (0..20)
        .map(|seed| slices(&format!("slices: sample(count: 1, seed: {seed})")))
        .collect();
    assert!(drawn.iter().all(|slices| slices.len() == 1));
    assert!(drawn.iter().any(|slices| slices[0].0 == 1));
    assert!(drawn.iter().any(|slices| slices[0].0 == 2));
    assert_eq!(drawn[7], slices("slices: sample(count: 1, seed: 7)"));
}

#[test]
fn slices_are_cropped() {
    for layout in [BRAIN, CHEST] {
        let shape = |prepare: &str| {
            let cases = prepared(layout, prepare);
            let slice = &cases[0].1[0];
            let (height, width, _) = slice.pixels.dim();
            assert_eq!(slice.foreground.dim(), (height, width));
            assert!(
                slice
                    .masks
                    .iter()
                    .all(|mask| mask.bitmap.dim() == (height, width))
            );
            (height, width)
        };
        assert_eq!(shape(""), (14, 16));
        assert_eq!(shape("crop: centre(10, 12)"), (10, 12));
        assert_eq!(
            shape("crop: rectangle(top: 2, left: 3, height: 50, width: 8)"),
            (12, 8)
        );
        assert_eq!(shape("crop: objects(margin: 1)"), (9, 9));
    }
}

#[test]
fn cases_are_drawn() {
    let all: Vec<String> = names(&prepared(2, ""));
    let some = names(&prepared(2, "cases: sample(count: 3, seed: 1)"));
    let more = names(&prepared(2, "cases: sample(count: 4, seed: 1)"));
    assert_eq!((all.len(), some.len(), more.len()), (6, 3, 4));
    assert!(some.iter().all(|name| more.contains(name)));
    assert!(more.is_sorted());
    assert_eq!(names(&prepared(2, "cases: sample(count: 100)")), all);
    assert_eq!(names(&prepared(2, "cases: all")), all);
    let draws: std::collections::BTreeSet<_> = (0..9)
        .map(|seed| {
            names(&prepared(
                2,
                &format!("cases: sample(count: 3, seed: {seed})"),
            ))
        })
        .collect();
    assert!(draws.len() > 3, "{draws:?}");
}

fn names(cases: &[(String, Vec<SliceData>)]) -> Vec<String> {
    cases.iter().map(|(name, _)| name.clone()).collect()
}

#[test]
fn a_case_of_which_nothing_is_left_fails_or_is_passed_over() {
    for (layout, pixels) in [(BRAIN, 49), (CHEST, 49)] {
        let layout = &LAYOUTS[layout];
        let root = planted(layout);
        let declaration = layout.declaration.trim_end_matches(')');
        for prepare in [
            "min_pixels: 60",
            "crop: rectangle(top: 0, left: 0, height: 2, width: 2)",
        ] {
            let failing = open(
                &format!("{declaration}, prepare: ({prepare}))"),
                root.path(),
            );
            let failing = failing.expect("it is recognised");
            let error = failing.read(0, &mut |_| std::ops::ControlFlow::Continue(()));
            let error = error.expect_err("nothing is left").to_string();
            let expected = format!(
                "its objects have at most {pixels} pixels in a slice, and `prepare` leaves none"
            );
            assert!(error.contains(&expected), "{error}");
            let skipping = open(
                &format!("{declaration}, prepare: ({prepare}, empty: skip))"),
                root.path(),
            );
            let cases = read(&*skipping.expect("it is recognised"));
            assert!(cases.iter().all(|(_, slices)| slices.is_empty()));
        }
    }
}

/// Of volumes that are DICOM.
const PET: usize = 10;

#[test]
fn windows_of_headers_are_used_where_there_are_headers() {
    for layout in [BRAIN, CHEST] {
        let layout = &LAYOUTS[layout];
        let root = planted(layout);
        let declaration = layout.declaration.trim_end_matches(')');
        for step in ["header_window", "suv"] {
            let refusal = refusal(&format!("{declaration}, normalise: [{step}])"), root.path());
            let expected = format!("`normalise: [{step}]` needs the header of DICOM images");
            assert!(refusal.contains(&expected), "{refusal}");
        }
    }
    let layout = &LAYOUTS[PET];
    let root = planted(layout);
    let pet = |normalise: &str| {
        let declaration = layout.declaration.trim_end_matches(')');
        open(
            &format!("{declaration}, normalise: [{normalise}])"),
            root.path(),
        )
        .expect("it is recognised")
    };
    // From −1024 to −925: the first slice's values begin there, the third's are all above.
    let bytes = |normalise: &str| {
        let slices = read(&*pet(normalise)).remove(0).1;
        slices
            .iter()
            .map(|slice| slice.pixels[[0, 0, 0]])
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes("header_window"), [0, 255]);
    assert_eq!(bytes("min_max(volume)"), [0, 222]);
    let told = |normalise: &str| {
        let error = pet(normalise).read(0, &mut |_| std::ops::ControlFlow::Continue(()));
        error.expect_err("the header lacks something").to_string()
    };
    let error = told("suv, window(centre: 5, width: 10)");
    assert!(
        error.contains("SUV needs") && error.contains("that need no header"),
        "{error}"
    );
    let alone = refusal(
        r#"pet_liver(folder: "data/pet_liver", normalise: [suv])"#,
        root.path(),
    );
    assert!(alone.contains("expected a step after it"), "{alone}");
}
