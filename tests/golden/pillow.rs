//! Resized images and sizes against Pillow's and SAM's (section 7 of the golden README).

use kernels::pillow::{longest_side, resize};
use ndarray::{Array3, Axis, s};
use tests::golden::Golden;

#[test]
fn images_are_resized_as_by_pillow() {
    let Some(golden) = Golden::open("resize") else {
        return;
    };
    let cases = golden.metadata("cases");
    let cases = cases.as_array().expect("cases").iter();
    let cases: Vec<_> = cases.filter(|case| case["kind"] == "pillow").collect();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let key = format!("pillow_{}", case["case"]);
        let mut image = golden.u8(&format!("{key}.in"));
        if case["gray"] == true {
            image = image.insert_axis(Axis(2));
            image = ndarray::concatenate![Axis(2), image, image, image];
        }
        let image: Array3<u8> = image.into_dimensionality().expect("three axes");
        let size = serde_json::from_value(case["to"].clone()).expect("a size");
        let resized = resize(image.view(), size);
        let sum: i64 = resized.iter().map(|&value| i64::from(value)).sum();
        assert_eq!(sum, case["sum"], "{key}");
        let whole = format!("{key}.out");
        if golden.contains(&whole) {
            assert_eq!(resized.into_dyn(), golden.u8(&whole), "{key}");
        } else {
            let part = resized.slice(s![..;5, ..;7, ..]).into_dyn().to_owned();
            assert_eq!(part, golden.u8(&format!("{whole}.sub")), "{key}");
        }
    }
}

#[test]
fn sizes_are_sams() {
    let Some(golden) = Golden::open("resize") else {
        return;
    };
    let sizes: Vec<[usize; 4]> =
        serde_json::from_value(golden.metadata("sam_sizes")).expect("rows of four");
    assert_eq!(sizes.len(), 12);
    for [height, width, to_height, to_width] in sizes {
        assert_eq!(longest_side([height, width], 1024), [to_height, to_width]);
    }
}
