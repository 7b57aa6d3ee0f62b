//! What a run's memory grows with: not with its cases, nor with the volumes that it takes slices from.

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    process::Command,
    thread,
};

use dicom_core::VR;
use dicom_dictionary_std::tags;
use engine::formats::volume::Sample;
use tests::{
    dicom::{encode, put, put_number, segmentation, slice},
    volumes::{Made, Nifti},
};

/// Returns the peak of the heap of a process that plays a dataset of as many cases, five times each, in kB.
fn peak(folder: &Path, cases: u32, dataset: &str) -> u64 {
    let scenario = folder.join(format!("{cases}.ron"));
    let text = format!(
        r#"(
            name: "n{cases}",
            seed: 1,
            repeats: 5,
            datasets: [{dataset}],
            models: ["mobile_sam"],
            strategies: [(name: "box", first: [box(object)])],
        )"#
    );
    fs::write(&scenario, text).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_play-disc"))
        .args([&scenario, folder])
        .output()
        .expect("it was built");
    let said = String::from_utf8_lossy(&output.stdout);
    let peak = said
        .trim()
        .strip_suffix(" kB on the heap")
        .filter(|said| said.starts_with(&format!("{cases} cases, ")))
        .and_then(|said| said.rsplit(' ').next());
    let peak = peak.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    peak.parse().expect("a number")
}

/// When every case's name, place in the journal, rows and means were kept, thrice the cases took 3.6 MB more. What
/// happens to be in play at once makes up to 2 MB.
#[test]
fn three_times_the_cases_take_no_more() {
    let out = tempfile::tempdir().expect("a temporary folder");
    // Enough for what is kept back, to be sorted or written at once, to be as much as it becomes.
    let folder = out.path();
    let [few, many] = thread::scope(|scope| {
        [800, 2_400]
            .map(|cases| {
                let phantoms = format!(
                    r#"phantoms(name: "chest", modality: chest_xray, cases: {cases}, size: 64)"#
                );
                scope.spawn(move || peak(folder, cases, &phantoms))
            })
            .map(|run| run.join().expect("it plays"))
    });
    assert!(many < few + 2_700, "{few} kB, then {many} kB");
}

const SHAPE: [usize; 3] = [512, 512, 150];

/// Writes a volume that is 0 but for a square on two slices. It takes hardly any room on the disk.
fn write_square(path: &Path, sample: Sample) {
    let made = Made {
        shape: SHAPE,
        values: Vec::new(),
        ..Made::tilted([1; 3])
    };
    let kind = Nifti {
        sample,
        ..Nifti::default()
    };
    let header = kind.header(&made, 1);
    let [width, height, depth] = SHAPE;
    let place = |voxel: usize| (header.len() + voxel * sample.bytes()) as u64;
    let write = || {
        fs::create_dir_all(path.parent().expect("it is in a folder"))?;
        let mut file = File::create(path)?;
        file.write_all(&header)?;
        file.set_len(place(width * height * depth))?;
        for (k, j) in [90, 91]
            .into_iter()
            .flat_map(|k| (200..210).map(move |j| (k, j)))
        {
            file.seek(SeekFrom::Start(place(300 + width * (j + height * k))))?;
            file.write_all(&[1; 80][..10 * sample.bytes()])?;
        }
        Ok::<_, std::io::Error>(())
    };
    write().expect("writable");
}

/// Held as a whole, the image alone would take 79 MB, or 157 MB of single precision; the labels are as many bits.
#[test]
fn volumes_stay_in_their_files() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let peak_of = |sample, axis: usize| {
        let folder = out.path().join(format!("{sample:?}_{axis}"));
        write_square(&folder.join("images/a.nii"), sample);
        write_square(&folder.join("labels/a.nii"), Sample::U8);
        let volumes = format!(
            r#"volumes(name: "v", images: "images", labels: "labels", axis: {axis}, objects: [(name: "o")])"#
        );
        peak(&folder, 1, &volumes)
    };
    for sample in [Sample::I16, Sample::F32] {
        let plane_by_plane = peak_of(sample, 2);
        assert!(plane_by_plane < 40_000, "{plane_by_plane} kB");
    }
    // Across another axis, every slice has voxels of all planes.
    let held = peak_of(Sample::I16, 0);
    assert!(held > 79_000, "{held} kB");
}

/// Writes a CT of so many slices of 512 × 512 pixels of 16 bits, each in a file of its own or all in one, and a
/// segmentation of two of them. It takes hardly any room on the disk.
fn write_series(folder: &Path, slices: u16, is_one_file: bool) {
    let frames = if is_one_file { slices } else { 1 };
    let pixels = u32::from(frames) * 512 * 512 * 2;
    let write = |index: u16| {
        let mut data = slice(index);
        data.remove_element(tags::PIXEL_DATA);
        put_number(&mut data, tags::ROWS, 512);
        put_number(&mut data, tags::COLUMNS, 512);
        if is_one_file {
            let offsets: Vec<_> = (0..frames).map(|frame| (2 * frame).to_string()).collect();
            put(
                &mut data,
                tags::NUMBER_OF_FRAMES,
                VR::IS,
                &frames.to_string(),
            );
            put(
                &mut data,
                tags::GRID_FRAME_OFFSET_VECTOR,
                VR::DS,
                &offsets.join("\\"),
            );
        }
        let mut header = encode(&data);
        header.extend([0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
        header.extend(pixels.to_le_bytes());
        let mut file = File::create(folder.join(index.to_string()))?;
        file.write_all(&header)?;
        file.set_len(header.len() as u64 + u64::from(pixels))
    };
    fs::create_dir_all(folder).expect("writable");
    for index in (0..slices).step_by(frames.into()) {
        write(index).expect("writable");
    }
    fs::write(folder.join("seg"), encode(&segmentation(&[9, 10]))).expect("writable");
}

/// Held as a whole, ten times the slices would take 94 MB more. What does grow are the bits of the object and of
/// any object.
#[test]
fn ten_times_the_slices_of_a_series_take_no_more() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let peak_of = |slices: u16, is_one_file, axis: usize| {
        let folder = out.path().join(format!("{slices}_{is_one_file}_{axis}"));
        write_series(&folder.join("d"), slices, is_one_file);
        let bits = 2 * 512 * 512 * u64::from(slices) / 8;
        let series = format!(r#"dicom(name: "d", folder: "d", axis: {axis})"#);
        peak(&folder, 1, &series) - bits / 1000
    };
    for is_one_file in [false, true] {
        let [few, many] = [20, 200].map(|slices| peak_of(slices, is_one_file, 2));
        assert!(many < few + 3_000, "{few} kB, then {many} kB");
    }
    // Across another axis, every slice has pixels of all files.
    let held = peak_of(200, false, 0);
    assert!(held > 100_000, "{held} kB");
}
