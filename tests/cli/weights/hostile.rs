//! Checkpoints that are broken or hostile: an error that names the file and the way out; no
//! panic, no execution, no allocation beyond the file's size.

use engine::weights::{Checkpoint, Flaw, WeightSource as _, WeightsError};
use proptest::prelude::*;
use zip::CompressionMethod;

use super::forge::{
    self, SIX, Tensor, archive, archive_with, dict, file, nested, safetensors, six, six_bytes,
};

/// Returns why a file is refused, after checking that the message names it.
fn flaw(bytes: &[u8]) -> Flaw {
    let (_folder, path) = file("weights.pt", bytes);
    let error = Checkpoint::open(&path).map_or_else(Some, |checkpoint| {
        let shapes: Vec<_> = checkpoint.shapes().collect();
        shapes
            .iter()
            .find_map(|(name, shape)| checkpoint.tensor(name, shape).err())
    });
    let error = error.expect("the file must be refused");
    let message = error.to_string();
    assert!(message.contains("weights.pt"), "{message}");
    match error {
        WeightsError::File { flaw, .. } => flaw,
        other => panic!("{other} is no flaw of the file"),
    }
}

#[test]
fn code_is_refused_by_name() {
    let marker = std::env::temp_dir().join(format!("ran-{}", std::process::id()));
    let command = format!("touch {}", marker.display());
    let mut argument = Vec::new();
    forge::text(&mut argument, &command);

    let global = [b"cos\nsystem\n".as_slice(), &argument, b"\x85R"].concat();
    let mut stack_global = Vec::new();
    forge::text(&mut stack_global, "os");
    forge::text(&mut stack_global, "system");
    stack_global.extend([b"\x93".as_slice(), &argument, b"\x85R"].concat());
    let inst = [b"(".as_slice(), &argument, b"ios\nsystem\n"].concat();
    let never_called = b"cos\nsystem\n".to_vec();
    for pickle in [global, stack_global, inst, never_called] {
        for pickle in [nested("state_dict", &pickle), pickle] {
            match flaw(&archive(&pickle, &[])) {
                Flaw::ForbiddenGlobal { global } => assert_eq!(global, "os.system"),
                other => panic!("{other}"),
            }
        }
    }
    assert!(!marker.exists(), "the pickle's command ran");
}

#[test]
fn foreign_files_say_what_was_expected() {
    for bytes in [
        b"<!DOCTYPE html><html>".as_slice(),
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\x80\x02}.",
        b"P",
    ] {
        assert!(matches!(flaw(bytes), Flaw::Foreign { .. }));
    }
    assert!(matches!(flaw(b""), Flaw::Empty));
    let legacy = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.";
    assert!(matches!(flaw(legacy), Flaw::Legacy));

    let folder = tempfile::tempdir().expect("a temporary folder");
    for path in [folder.path().to_owned(), folder.path().join("none.pt")] {
        let error = Checkpoint::open(&path).expect_err("there is no file");
        assert!(matches!(
            error,
            WeightsError::File {
                flaw: Flaw::Io(_),
                ..
            }
        ));
        assert!(error.to_string().contains(&path.display().to_string()));
    }
}

#[test]
fn every_truncation_is_refused() {
    let header = r#"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
    for whole in [six(), safetensors(header, &six_bytes())] {
        for length in 0..whole.len() {
            flaw(&whole[..length]);
        }
    }
}

#[test]
fn a_flipped_bit_in_a_parameter_is_noticed() {
    let mut bytes = six();
    let needle = six_bytes();
    let start = bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .expect("stored uncompressed");
    bytes[start + 1] ^= 4;
    assert!(matches!(flaw(&bytes), Flaw::Checksum(tensor) if tensor == "head.weight"));
}

#[test]
fn lying_tensors_are_refused() {
    let lies = [
        Tensor { count: 7, ..SIX },
        Tensor {
            count: i32::MAX,
            ..SIX
        },
        Tensor { count: -1, ..SIX },
        Tensor { offset: 1, ..SIX },
        Tensor { offset: -1, ..SIX },
        Tensor {
            shape: &[3, 3],
            ..SIX
        },
        Tensor {
            strides: &[4, 1],
            ..SIX
        },
        Tensor {
            strides: &[i32::MAX, i32::MAX],
            ..SIX
        },
        Tensor {
            strides: &[1],
            ..SIX
        },
        Tensor {
            shape: &[-2, 3],
            ..SIX
        },
        // An expanded view: one float of the file, four billion in memory.
        Tensor {
            shape: &[65536, 65536],
            strides: &[0, 0],
            ..SIX
        },
        Tensor {
            shape: &[i32::MAX; 3],
            strides: &[0; 3],
            ..SIX
        },
        Tensor {
            shape: &[1; 9],
            strides: &[1; 9],
            ..SIX
        },
        Tensor {
            class: "DoubleStorage",
            ..SIX
        },
        Tensor { key: "1", ..SIX },
        Tensor {
            key: "../../../../etc/passwd",
            ..SIX
        },
        Tensor {
            class: "LongStorage",
            count: 3,
            shape: &[3],
            strides: &[1],
            ..SIX
        },
    ];
    for (index, lie) in lies.into_iter().enumerate() {
        let flaw = flaw(&archive(&dict(&[lie]), &[&six_bytes()]));
        assert!(
            matches!(
                flaw,
                Flaw::Layout { .. }
                    | Flaw::Pickle { .. }
                    | Flaw::MissingMember(_)
                    | Flaw::Element { .. }
            ),
            "lie {index}: {flaw}"
        );
    }
}

#[test]
fn lying_safetensors_headers_are_refused() {
    let data = six_bytes();
    for header in [
        r#"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,28]}}"#,
        r#"{"w":{"dtype":"F32","shape":[2,4],"data_offsets":[0,24]}}"#,
        r#"{"w":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]}}"#,
        r#"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[24,0]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,24]}}"#,
        r#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,24]}}"#,
        r#"{"w":{"dtype":"F99","shape":[6],"data_offsets":[0,24]}}"#,
        r#"{"w":"#,
    ] {
        let flaw = flaw(&safetensors(header, &data));
        assert!(
            matches!(flaw, Flaw::Header(_) | Flaw::BeyondEnd { .. }),
            "{header}: {flaw}"
        );
    }
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend(b"{}");
    assert!(matches!(flaw(&huge), Flaw::BeyondEnd { .. }));
}

#[test]
fn bombs_are_not_unpacked() {
    let zeros = vec![0; 1 << 20];
    let large = Tensor {
        count: 1 << 18,
        shape: &[1 << 18],
        strides: &[1],
        ..SIX
    };
    let bomb = archive_with(&dict(&[large]), &[&zeros], CompressionMethod::Deflated);
    assert!(bomb.len() < 10_000);
    assert!(matches!(flaw(&bomb), Flaw::Compressed(_)));

    let long = vec![b'N'; 3 << 20];
    assert!(matches!(
        flaw(&archive(&long, &[])),
        Flaw::HugePickle { .. }
    ));
    // Nested deeper than any thread's stack.
    let deep = [b")".as_slice(), &vec![0x85; 1 << 20]].concat();
    assert!(matches!(
        flaw(&archive(&deep, &[])),
        Flaw::NoStateDict { .. }
    ));
    // A dict inside itself.
    let mut cycle = b"}q\0".to_vec();
    forge::text(&mut cycle, "model");
    cycle.extend(b"h\0s");
    assert!(matches!(
        flaw(&archive(&cycle, &[])),
        Flaw::NoStateDict { .. }
    ));
}

#[test]
fn an_archive_of_something_else_is_refused() {
    let config = nested("epoch", b"K\x03");
    match flaw(&archive(&config, &[])) {
        Flaw::NoStateDict { keys } => assert_eq!(keys, ["epoch"]),
        other => panic!("{other}"),
    }
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .add_directory("word", zip::write::SimpleFileOptions::default())
        .expect("memory takes it");
    let bytes = writer.finish().expect("memory takes it").into_inner();
    assert!(matches!(flaw(&bytes), Flaw::MissingMember(_)));
}

proptest! {
    /// Whatever bytes change, opening and reading end in values or an error.
    #[test]
    fn no_damage_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        is_safetensors in any::<bool>(),
    ) {
        let header = r#"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
        let mut bytes = if is_safetensors { safetensors(header, &six_bytes()) } else { six() };
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let (_folder, path) = file("damaged.pt", &bytes);
        if let Ok(checkpoint) = Checkpoint::open(&path) {
            for (name, shape) in checkpoint.shapes() {
                if let Ok(values) = checkpoint.tensor(name, shape) {
                    prop_assert!(values.len() <= bytes.len());
                }
            }
        }
    }

    /// The same for pickles of random opcodes, which reach further into the machine.
    #[test]
    fn no_pickle_panics(
        opcodes in prop::collection::vec(
            prop::sample::select(b"KMJ()0tauesbRQhqN}]X.1\x85\x86\x87\x88\x8a\x8c\x93\x94\x00\x01".to_vec()),
            0..40,
        ),
    ) {
        let pickle = [dict(&[SIX]), opcodes].concat();
        let (_folder, path) = file("random.pt", &archive(&pickle, &[&six_bytes()]));
        drop(Checkpoint::open(&path));
    }
}
