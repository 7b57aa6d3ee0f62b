//! Downloads that are incomplete or broken: every layout names the file, and plays the rest.

use std::{fs, ops::ControlFlow, path::Path};

use super::{
    open, planted, refusal,
    trees::{LAYOUTS, Layout},
};

/// Layouts whose files are known by their names. What DICOM folders do to broken files is tested in
/// `bad_input_data`.
fn named() -> impl Iterator<Item = &'static Layout> {
    LAYOUTS.iter().filter(|layout| !layout.is_dicom())
}

/// Damages the first case's image, and returns what is said of it: why the dataset does not open, or
/// why its case cannot be read.
fn told(layout: &Layout, damage: impl Fn(&Path)) -> String {
    let root = planted(layout);
    let whole = open(layout.declaration, root.path()).expect("it is recognised");
    let image = whole.case(0).path;
    damage(&image);
    let dataset = match open(layout.declaration, root.path()) {
        Ok(dataset) => dataset,
        Err(error) => return error.to_string(),
    };
    let mut said = Vec::new();
    for case in 0..dataset.case_count() {
        if let Err(error) = dataset.read(case, &mut |_| ControlFlow::Continue(())) {
            said.push(error.to_string());
        }
    }
    let of_it = |message: &String| message.starts_with(&image.display().to_string());
    let message = said
        .iter()
        .position(of_it)
        .map(|index| said.swap_remove(index));
    message.unwrap_or_else(|| panic!("{}: {said:?}", layout.declaration))
}

#[test]
fn broken_images_cost_their_case() {
    for layout in named() {
        let cut = |path: &Path| {
            let bytes = fs::read(path).expect("it was written");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("writable");
        };
        let message = told(layout, cut);
        assert!(message.contains("restore"), "{message}");
        let message = told(layout, |path| fs::write(path, b"").expect("writable"));
        let says_why = ["truncated", "its content is none of"];
        assert!(
            says_why.iter().any(|why| message.contains(why)),
            "{message}"
        );
        let page = b"<html>please log in to download</html>";
        let message = told(layout, |path| fs::write(path, page).expect("writable"));
        let ways_out = ["restore", "convert"];
        assert!(
            ways_out.iter().any(|way| message.contains(way)),
            "{message}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_in_circles_cost_their_case() {
    for layout in named() {
        let message = told(layout, |path| {
            fs::remove_file(path).expect("it was written");
            let name = path.file_name().expect("a file");
            std::os::unix::fs::symlink(name, path).expect("writable");
        });
        // Where there is no other case, nothing is left to recognise.
        let is_only = layout.cases == 1;
        let expected = if is_only {
            "does not look like"
        } else {
            "cannot be listed: "
        };
        assert!(message.contains(expected), "{message}");

        // A folder within itself is entered no deeper than the files of the layout lie.
        let root = planted(layout);
        let folder = root.path().join(layout.folder());
        std::os::unix::fs::symlink(".", folder.join("again")).expect("writable");
        let dataset = open(layout.declaration, root.path()).expect("it is recognised");
        assert_eq!(dataset.case_count(), layout.cases, "{}", layout.declaration);
    }
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read_cost_their_case() {
    use std::os::unix::fs::PermissionsExt as _;

    for layout in named() {
        let forbid = |path: &Path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("it is ours");
        };
        let probe = tempfile::NamedTempFile::new().expect("a temporary file");
        forbid(probe.path());
        if fs::read(probe.path()).is_ok() {
            // The superuser may read anything.
            return;
        }
        let message = told(layout, forbid);
        assert!(
            message.contains("check that it is there and that you may read it"),
            "{message}"
        );
    }
}

#[test]
fn partners_that_are_missing() {
    for layout in named() {
        let root = planted(layout);
        let whole = open(layout.declaration, root.path()).expect("it is recognised");
        let image = whole.case(0).path;
        fs::remove_file(&image).expect("it was written");
        let says = |unpaired: &str| {
            let declaration = layout.declaration.trim_end_matches(')');
            let dataset = open(
                &format!("{declaration}, unpaired: {unpaired})"),
                root.path(),
            );
            let dataset = match dataset {
                Ok(dataset) => dataset,
                Err(error) => return (0, error.to_string()),
            };
            let outcomes = (0..dataset.case_count())
                .filter_map(|case| dataset.read(case, &mut |_| ControlFlow::Continue(())).err());
            let said: Vec<_> = outcomes.map(|error| error.to_string()).collect();
            (dataset.case_count() - said.len(), said.join("\n"))
        };
        let (played, message) = says("fail");
        if layout.cases == 1 {
            assert!(message.contains("does not look like"), "{message}");
            continue;
        }
        assert_eq!(played, layout.cases - 1, "{message}");
        // Where an image may be called like a mask, the mask is taken for one.
        let expected = [
            "is the mask of no image: expected `",
            "has no mask: expected `",
        ];
        assert!(
            expected.iter().any(|part| message.contains(part)),
            "{message}"
        );
        let (played, message) = says("skip");
        assert_eq!((played, message), (layout.cases - 1, String::new()));
    }
}

#[test]
fn masks_of_another_grid_are_refused_with_both_geometries() {
    // A volume and its labels, and a picture and its mask.
    let heart = &LAYOUTS[1];
    let root = planted(heart);
    let folder = root.path().join(heart.folder());
    let labels = folder.join("labelsTr/la_003.nii.gz");
    super::trees::volume_of([16, 14, 5], &labels);
    let dataset = open(heart.declaration, root.path()).expect("it is recognised");
    let error = dataset.read(0, &mut |_| ControlFlow::Continue(()));
    let error = error.expect_err("five slices are not four").to_string();
    let expected = [
        "labelsTr/la_003.nii.gz is 16×14×5 voxels of 1.00×1.00×3.00 mm, RAS, from (0.0, 0.0, 0.0), but its image ",
        "imagesTr/la_003.nii.gz is 16×14×4 voxels of 1.00×1.00×3.00 mm, RAS, from (0.0, 0.0, 0.0)",
    ];
    assert!(expected.iter().all(|part| error.contains(part)), "{error}");

    let kidney = &LAYOUTS[7];
    let root = planted(kidney);
    let mask = root.path().join(kidney.folder()).join("mask/mask/1.png");
    image::GrayImage::new(8, 7).save(mask).expect("writable");
    let dataset = open(kidney.declaration, root.path()).expect("it is recognised");
    let error = dataset.read(0, &mut |_| ControlFlow::Continue(()));
    let error = error.expect_err("of another size").to_string();
    assert!(
        error.contains("is 8×7 pixels") && error.contains("is 16×14 pixels"),
        "{error}"
    );
}

#[test]
fn an_empty_folder_says_what_belongs_there() {
    for layout in LAYOUTS {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(root.path().join(layout.folder())).expect("writable");
        let refusal = refusal(layout.declaration, root.path());
        assert!(refusal.contains("does not look like"), "{refusal}");
    }
}
