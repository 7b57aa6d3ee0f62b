"""Writes dicom.json: what pydicom, SimpleITK, highdicom and pynrrd read from the shared DICOM files.

    pip install pydicom==3.0.2 SimpleITK==2.5.7 highdicom==0.28.2 pynrrd==1.1.3 numpy==2.4.6
    python dicom.py ../../../../shared/data > dicom.json

Arrays are [x, y, z]: x along rows, as stored. `places` is the sum of x + width * (y + height * z) over the
voxels of a mask, which no other orientation has.
"""

import json
import sys
from pathlib import Path

import highdicom
import nrrd
import numpy as np
import pydicom
import SimpleITK as sitk

DATA = Path(sys.argv[1])
SERIES = [
    "ct_dicom_seg/23x38x3/image",
    "ct_dicom_seg/24x38x3/image",
    "ct_dicom_seg/ct-3slice",
    "pet_ct_mr/dicom/STS_002/CT/image",
    "pet_ct_mr/dicom/STS_002/PET/image",
    "pet_ct_mr/dicom/STS_002/MR_T1/image",
]


def ras(image):
    """SimpleITK's left-back-top geometry as an affine map to right-front-top."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine = np.eye(4)
    affine[:3, :3] = direction * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    affine[:2] *= -1
    return affine


def numbers(array):
    rng = np.random.default_rng(1)
    voxels = [[int(rng.integers(n)) for n in array.shape] for _ in range(12)]
    return {
        "shape": list(array.shape),
        "min": float(array.min()),
        "max": float(array.max()),
        "sum": float(array.sum(dtype=np.float64)),
        "samples": [[*voxel, float(array[tuple(voxel)])] for voxel in voxels],
    }


def series(folder):
    reader = sitk.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(DATA / folder))
    reader.SetFileNames(names)
    image = reader.Execute()
    # Values by pydicom: in double precision, each slice by its own scale.
    planes, shown = [], []
    for name in names:
        data = pydicom.dcmread(name)
        slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
        stored = data.pixel_array.T.astype(float)
        planes.append(stored * slope + intercept)
        # Padding becomes the darkest value of its slice.
        is_padding = stored == data.get("PixelPaddingValue")
        shown.append(np.where(is_padding, stored[~is_padding].min(), stored) * slope + intercept)
    itk = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
    assert np.allclose(np.stack(planes, axis=2), itk, rtol=1e-6), folder
    array = np.stack(shown, axis=2)
    return {"affine": ras(image).tolist(), "spacing": list(image.GetSpacing())} | numbers(array)


def multiframe(path):
    """An enhanced file by highdicom's geometry."""
    volume = highdicom.imread(DATA / path).get_volume()
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    # highdicom's axes are plane, row, column, and its planes run down.
    assert affine[2, 0] < 0
    affine[:, 3] += affine[:, 0] * (volume.array.shape[0] - 1)
    affine[:, 0] *= -1
    array = volume.array[::-1].transpose(2, 1, 0)
    return {"affine": affine[:, [2, 1, 0, 3]].tolist()} | numbers(array)


def plain(path):
    data = pydicom.dcmread(DATA / path)
    array = data.pixel_array.T[:, :, None].astype(float)
    array = array * float(data.get("RescaleSlope", 1)) + float(data.get("RescaleIntercept", 0))
    if data.PhotometricInterpretation == "MONOCHROME1":
        array = 2**data.BitsStored - 1 - array
    row, column = data.PixelSpacing
    return {"spacing": [float(column), float(row)]} | numbers(array)


def mask(array):
    x, y, z = np.nonzero(array)
    width, height, _ = array.shape
    return {"voxels": len(x), "places": int((x + width * (y + height * z)).sum())}


def from_nrrd(path, image, label=None):
    """A label volume laid over a series by its geometry."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(DATA / image)))
    grid = reader.Execute()
    values, header = nrrd.read(str(DATA / path))
    assert "space directions" in header
    labels = sitk.ReadImage(str(DATA / path))
    labels = sitk.Resample(labels, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    array = sitk.GetArrayFromImage(labels).transpose(2, 1, 0)
    assert np.count_nonzero(array) == np.count_nonzero(values), path
    return mask(array != 0 if label is None else array == label)


ct3, small = "ct_dicom_seg/ct-3slice", "ct_dicom_seg/24x38x3/image"
print(
    json.dumps(
        {
            "series": {folder: series(folder) for folder in SERIES},
            "multiframe": {
                f"ct_dicom_seg/{size}/multiframe/mf.dcm": multiframe(f"ct_dicom_seg/{size}/multiframe/mf.dcm")
                for size in ["23x38x3", "24x38x3"]
            },
            "plain": {
                f"dicom_misc/{name}.dcm": plain(f"dicom_misc/{name}.dcm") for name in ["ct_image", "dx_image"]
            },
            "nrrd": {
                "liver": from_nrrd("ct_dicom_seg/liver_seg.nrrd", ct3),
                # Beyond its two frames, the file is filled with its padding value, 5.
                "sparse": from_nrrd("ct_dicom_seg/sparse_labelmap_ppv5_seg.nrrd", small, 1),
                **{
                    f"overlap_{label}": from_nrrd(f"ct_dicom_seg/partial_overlaps-{file}.nrrd", ct3, label)
                    for file, label in [(1, 1), (2, 2), (3, 3), (1, 4), (1, 5)]
                },
                "small": from_nrrd("ct_dicom_seg/24x38x3/nrrd/label.nrrd", small),
                "odd": from_nrrd("ct_dicom_seg/23x38x3/nrrd/label.nrrd", "ct_dicom_seg/23x38x3/image"),
            },
        },
        separators=(",", ":"),
    )
)
