//! Readers of files from outside meet a few hundred damaged files each. `fuzz/` gives them more.

use std::{fs, io::Cursor, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use image::{ImageFormat, Rgb, RgbImage};

use tests::{
    dicom,
    readers::READERS,
    volumes::{npy, variants},
};

use crate::weights::forge;

/// How often each seed is damaged.
const ROUNDS: u64 = 120;

/// Whole files to damage, by reader.
fn seeds(reader: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match reader {
        "rows" => &[
            "dataset,case,slice,object,model,strategy,protocol,repeat,prompts,x,y,label,ties,clicks,boxes,chosen,iou,iou_first,iou_best,iou_oracle,iou_single,dice,precision,recall,predicted_iou,area_truth,area_predicted\nchest,\"a \"\"b\"\"\",0,lung,m,s,paper_code,0,1,3,4,1,2,1,0,1,0.5,0.5,0.25,0.5,0.125,0.66,0.5,1,0.9,10,20\n",
        ],
        "predictions" => &[
            "{\"dataset\":\"chest\",\"case\":\"a\",\"slice\":0,\"object\":\"lung\",\"model\":\"m\",\"strategy\":\"s\",\"repeat\":0,\"prompts\":1,\"calls\":[{\"clicks\":[{\"x\":1,\"y\":2,\"positive\":true}],\"bounds\":null}],\"segmentation\":{\"size\":[9,7],\"counts\":\"12131\"}}\n",
        ],
        "prompts" => &[
            "{\"engine\":\"0.1.0\",\"trials\":[{\"dataset\":\"chest\",\"case\":\"a\",\"slice\":0,\"object\":\"lung\",\"model\":\"m\",\"strategy\":\"clicks\",\"repeat\":0,\"prompts\":[{\"clicks\":[{\"x\":1,\"y\":2,\"positive\":true}],\"boxes\":[{\"x0\":0,\"y0\":0,\"x1\":3,\"y1\":2}],\"ties\":1}]}]}",
        ],
        "journal" => &[
            "00000000 {\"case\":{\"key\":{\"dataset\":0,\"case\":\"a\"},\"spans\":[{\"start\":1,\"length\":2,\"crc\":3},{\"start\":1,\"length\":2,\"crc\":3},{\"start\":18446744073709551615,\"length\":18446744073709551615,\"crc\":3}],\"counts\":{\"cases\":1,\"failed\":0,\"slices\":1,\"trials\":1,\"predictions\":1}}}\n",
            "ea0e5ad1 \"sorted\"\n",
        ],
        "manifest" => &[
            "{\"engine\":\"0.1.0\",\"scenario\":{\"name\":\"a\",\"blake3\":\"\",\"text\":\"\"},\"seed\":1}",
        ],
        "cache" => &["ENGEMB01 and thirty-two bytes of hash, then content"],
        _ => &[],
    };
    let mut seeds: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    if reader == "weights" {
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        seeds.push(forge::safetensors(header, &[0; 8]));
        seeds.push(forge::six());
    }
    if reader == "dicom" {
        seeds.push(dicom::encode(&dicom::slice(1)));
        seeds.push(dicom::encode(&dicom::segmentation(&[0, 2])));
        seeds.push(dicom::encode(&dicom::structures(&[0, 1])));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/dicom/compressed.json");
        let compressed = fs::read(folder).expect("it is part of the project");
        let compressed: serde_json::Value =
            serde_json::from_slice(&compressed).expect("the script writes JSON");
        for entry in compressed.as_object().expect("by name").values() {
            let file = entry["file"].as_str().expect("in base64");
            seeds.push(STANDARD.decode(file).expect("in base64"));
        }
    }
    if reader == "scenario" {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        for entry in fs::read_dir(folder).expect("it is part of the project") {
            seeds.push(fs::read(entry.expect("readable").path()).expect("readable"));
        }
    }
    if reader == "volume" {
        let wanted = "nifti1_i16_big nifti2_f32_little pair1 series2 raw_u16_big gzip.nrrd ascii.nrrd \
            detached_raw.nhdr layers local_f64_little packed detached_packed colours c_i16 series_f half";
        let is_wanted = |name: &str| wanted.split(' ').any(|start| name.starts_with(start));
        let all = variants()
            .into_iter()
            .filter(|variant| is_wanted(&variant.name));
        seeds.extend(
            all.flat_map(|variant| variant.files)
                .map(|(_, bytes)| bytes),
        );
    }
    if reader == "picture" {
        seeds.push(npy("'|b1'", true, &[4, 4], &[1; 16]));
        seeds.push(npy("'<i8'", false, &[2, 3, 3], &[0; 144]));
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::Bmp,
            ImageFormat::Tiff,
        ] {
            let picture = RgbImage::from_fn(9, 7, |x, y| Rgb([x as u8, y as u8, 99]));
            let mut bytes = Cursor::new(Vec::new());
            picture
                .write_to(&mut bytes, format)
                .expect("memory can be written");
            seeds.push(bytes.into_inner());
        }
    }
    seeds.push(Vec::new());
    seeds
}

/// A journal's line with its right checksum, so that what it says is believed.
fn sealed(line: &str) -> Vec<u8> {
    let json = line
        .split_once(' ')
        .map_or(line, |(_, json)| json)
        .trim_end();
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).into_bytes()
}

/// Flips, cuts, doubles or overwrites a part.
fn damage(bytes: &[u8], mut number: u64) -> Vec<u8> {
    let mut draw = |limit: usize| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) as usize % limit.max(1)
    };
    let mut bytes = bytes.to_vec();
    for _ in 0..=draw(4) {
        let at = draw(bytes.len());
        let end = (at + 1 + draw(16)).min(bytes.len());
        match draw(5) {
            0 => bytes.truncate(at),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << draw(8);
                }
            }
            2 => {
                let part = bytes[at.min(end)..end].to_vec();
                bytes.extend(part);
            }
            3 => {
                for byte in &mut bytes[at.min(end)..end] {
                    *byte = b'9';
                }
            }
            _ => {
                bytes.drain(at.min(end)..end);
            }
        }
    }
    bytes
}

#[test]
fn no_reader_panics_on_damaged_files() {
    for (name, read) in READERS {
        for seed in seeds(name) {
            read(&seed);
            for round in 0..ROUNDS {
                read(&damage(&seed, round));
            }
            if name == "journal" {
                for round in 0..ROUNDS {
                    let line = damage(&seed, round);
                    read(&sealed(&String::from_utf8_lossy(&line)));
                }
            }
        }
    }
}
