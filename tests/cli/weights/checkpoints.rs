//! Checkpoints that are what they say: both formats, every element type, views, nesting.

use std::collections::BTreeMap;

use engine::{
    models,
    weights::{Architecture, Checkpoint, Setting, WeightSource as _, WeightsError},
};

use super::forge::{self, SIX, SIX_VALUES, Tensor, archive, dict, file, nested, six_bytes};

#[test]
fn official_checkpoints_open() {
    for (name, tensors, elements) in [
        ("weights/mobile_sam.pt", 439, 10_140_204),
        ("weights/lite_medsam.pth", 435, 9_801_412),
    ] {
        let Some(path) = tests::shared(name) else {
            return;
        };
        let checkpoint = Checkpoint::open(&path).expect("the publisher's file opens");
        assert_eq!(checkpoint.shapes().count(), tensors, "{name}");
        let read: usize = checkpoint
            .shapes()
            .filter(|(tensor, _)| !tensor.ends_with("num_batches_tracked"))
            .map(|(tensor, shape)| {
                let values = checkpoint.tensor(tensor, shape).expect("a parameter");
                assert_eq!(values.len(), shape.iter().product::<usize>());
                values.len()
            })
            .sum();
        assert_eq!(read, elements, "{name}");
        checkpoint
            .tensor("prompt_encoder.point_embeddings.0.weight", &[1, 256])
            .expect("the official names");
    }
}

#[test]
fn views_read_row_major() {
    let column = Tensor {
        name: "column",
        offset: 1,
        shape: &[2],
        strides: &[3],
        ..SIX
    };
    let transposed = Tensor {
        name: "transposed",
        shape: &[3, 1, 2],
        strides: &[1, 77, 3],
        ..SIX
    };
    let scalar = Tensor {
        name: "scalar",
        offset: 5,
        shape: &[],
        strides: &[],
        ..SIX
    };
    let empty = Tensor {
        name: "empty",
        shape: &[0, 3],
        ..SIX
    };
    let bytes = archive(
        &dict(&[SIX, column, transposed, scalar, empty]),
        &[&six_bytes()],
    );
    let (_folder, path) = file("views.pt", &bytes);
    let checkpoint = Checkpoint::open(&path).expect("views are valid");
    let read = |name, shape: &[usize]| checkpoint.tensor(name, shape).expect("it is there");
    assert_eq!(read("head.weight", &[2, 3]), SIX_VALUES);
    assert_eq!(read("column", &[2]), [-1.0, -4.0]);
    assert_eq!(
        read("transposed", &[3, 1, 2]),
        [0.5, 3.25, -1.0, -4.0, 2.0, 5.0]
    );
    assert_eq!(read("scalar", &[]), [5.0]);
    assert_eq!(read("empty", &[0, 3]), [0.0; 0]);
}

#[test]
fn every_float_type_becomes_f32() {
    // 1.5 and -2 in each type.
    let doubles: Vec<u8> = [1.5_f64, -2.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let halves = [0x00, 0x3e, 0x00, 0xc0];
    let brains = [0xc0, 0x3f, 0x00, 0xc0];
    let pair = Tensor {
        count: 2,
        shape: &[2],
        strides: &[1],
        ..SIX
    };
    for (class, bytes) in [
        ("DoubleStorage", doubles.as_slice()),
        ("HalfStorage", &halves),
        ("BFloat16Storage", &brains),
    ] {
        let bytes = archive(&dict(&[Tensor { class, ..pair }]), &[bytes]);
        let (_folder, path) = file("pair.pt", &bytes);
        let checkpoint = Checkpoint::open(&path).expect("a valid file");
        assert_eq!(
            checkpoint.tensor(SIX.name, &[2]).expect("it is there"),
            [1.5, -2.0],
            "{class}"
        );
    }
    for (dtype, bytes) in [
        ("F64", doubles.as_slice()),
        ("F16", &halves),
        ("BF16", &brains),
    ] {
        let header = format!(
            r#"{{"head.weight":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,{}]}}}}"#,
            bytes.len()
        );
        let (_folder, path) = file("pair.bin", &forge::safetensors(&header, bytes));
        let checkpoint = Checkpoint::open(&path).expect("a valid file");
        assert_eq!(
            checkpoint.tensor(SIX.name, &[2]).expect("it is there"),
            [1.5, -2.0],
            "{dtype}"
        );
    }
}

#[test]
fn nested_and_prefixed_state_dicts_are_found() {
    let wrapped = Tensor {
        name: "module.model.head.weight",
        ..SIX
    };
    for pickle in [
        nested("state_dict", &dict(&[SIX])),
        nested("model", &nested("state_dict", &dict(&[SIX]))),
        nested("model", &dict(&[wrapped])),
        dict(&[wrapped]),
    ] {
        let (_folder, path) = file("nested.pth", &archive(&pickle, &[&six_bytes()]));
        let checkpoint = Checkpoint::open(&path).expect("a valid file");
        let values = checkpoint.tensor("head.weight", &[2, 3]).expect("found");
        assert_eq!(values, SIX_VALUES);
    }
}

#[test]
fn another_models_checkpoint_is_named() {
    let (_folder, path) = file("six.pt", &forge::six());
    let checkpoint = Checkpoint::open(&path).expect("a valid file");
    let missing = checkpoint.tensor("neck.weight", &[2, 3]);
    assert!(matches!(missing, Err(WeightsError::Missing { .. })));
    let wrong = checkpoint.tensor("head.weight", &[3, 2]);
    assert!(matches!(wrong, Err(WeightsError::Shape { .. })));
    for error in [missing.expect_err("above"), wrong.expect_err("above")] {
        let message = error.to_string();
        assert!(
            message.contains("six.pt") && message.contains("another model"),
            "{message}"
        );
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut bytes = six_bytes();
        bytes[16..20].copy_from_slice(&poison.to_le_bytes());
        let (_folder, path) = file("poison.pt", &archive(&dict(&[SIX]), &[&bytes]));
        let checkpoint = Checkpoint::open(&path).expect("the index is valid");
        let error = checkpoint.tensor("head.weight", &[2, 3]);
        assert!(matches!(
            error,
            Err(WeightsError::NonFinite { index: 4, .. })
        ));
    }
}

/// The class of RITM's models.
const RITM: &str = "isegm.model.is_hrnet_model.HRNetModel";

#[test]
fn what_a_checkpoint_says_of_its_model_is_read() {
    let arguments: [(&str, &[u8]); 6] = [
        ("width", b"K\x12"),
        ("small", b"\x88"),
        ("use_rgb_conv", b"\x89"),
        ("clicks_groups", b"N"),
        ("norm_layer", b"X\x02\x00\x00\x00bn"),
        ("norm_mean_std", b"]"),
    ];
    let pickle = forge::ritm(&dict(&[SIX]), RITM, &arguments);
    let (_folder, path) = file("a.pth", &archive(&pickle, &[&six_bytes()]));
    let checkpoint = Checkpoint::open(&path).expect("it is whole");
    let values = checkpoint.tensor("head.weight", &[2, 3]);
    assert_eq!(values.expect("the state dict"), SIX_VALUES);
    let config = checkpoint.config().expect("it has one");
    assert_eq!(config.class, RITM);
    let expected = [
        ("width", Setting::Number(18)),
        ("small", Setting::Flag(true)),
        ("use_rgb_conv", Setting::Flag(false)),
        ("clicks_groups", Setting::Nothing),
        ("norm_layer", Setting::Text("bn".to_owned())),
        ("norm_mean_std", Setting::Other),
    ];
    let expected = expected.map(|(name, setting)| (name.to_owned(), setting));
    assert_eq!(config.parameters, BTreeMap::from(expected));

    let (_folder, path) = file("b.pth", &forge::six());
    assert!(
        Checkpoint::open(&path)
            .expect("it is whole")
            .config()
            .is_none()
    );
}

#[test]
fn a_checkpoint_of_another_variant_is_refused_by_name() {
    let large: [(&str, &[u8]); 3] = [
        ("width", b"K\x20"),
        ("ocr_width", b"K\x80"),
        ("small", b"\x89"),
    ];
    for (class, arguments, problem) in [
        (RITM, &large[..], "is ritm_h32"),
        ("isegm.model.DeeplabModel", &large, "DeeplabModel"),
        (RITM, &large[..1], "does not say"),
    ] {
        let pickle = forge::ritm(&dict(&[SIX]), class, arguments);
        let (_folder, path) = file("small.pth", &archive(&pickle, &[&six_bytes()]));
        let checkpoint = Checkpoint::open(&path).expect("it is whole");
        let device = kernels::Device::cpu();
        let opened = models::open(
            "ritm_h18s",
            Architecture::RitmHrnet18s,
            &checkpoint,
            &device,
        );
        let error = opened.err().expect("another variant").to_string();
        assert!(
            error.contains("small.pth") && error.contains(problem),
            "{error}"
        );
    }
}
