"""What nibabel, pynrrd, SimpleITK and NumPy read from volume files: writes volumes.json.

    python3 -m venv venv && venv/bin/pip install -r tests/golden/volumes/requirements.txt
    VOLUMES_OUT=/tmp/variants cargo test --workspace --test golden -- volumes
    venv/bin/python tests/golden/volumes/read.py /tmp/variants ../shared/data > tests/golden/volumes/volumes.json

Values are summed with the first axis fastest; world coordinates are RAS, in millimetres.
"""

import json
import sys
import zlib
from pathlib import Path

import nibabel
import nrrd
import numpy
import SimpleITK

LPS = numpy.diag([-1.0, -1.0, 1.0])


def itk_place(path):
    """Spacing and affine map as SimpleITK reads them, turned to RAS."""
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    spacing = numpy.array(reader.GetSpacing()[:3])
    direction = numpy.array(reader.GetDirection()).reshape(reader.GetDimension(), -1)[:3, :3]
    origin = numpy.array(reader.GetOrigin()[:3])
    affine = numpy.column_stack([LPS @ (direction * spacing), LPS @ origin])
    return spacing, affine


def read(path, frame):
    """Values as [i, j, k], spacing and affine map."""
    name = path.name
    if name.endswith((".nii", ".nii.gz", ".hdr")):
        image = nibabel.load(path)
        values = numpy.asanyarray(image.dataobj)
        if frame is not None:
            values = values[..., frame]
        return values, image.header.get_zooms()[:3], image.affine[:3]
    if name.endswith(".npy"):
        values = numpy.load(path, allow_pickle=False)
        if values.ndim == 4:
            values = values[frame]
        return values, None, None
    spacing, affine = itk_place(path)
    if name.endswith((".nrrd", ".nhdr")):
        values, _ = nrrd.read(str(path), index_order="F")
        if frame is not None:
            values = values[frame]
    else:
        values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
        if frame is not None:
            values = values[..., frame]
        values = values.transpose(2, 1, 0)
    return values, spacing, affine


def describe(path, frame=None):
    values, spacing, affine = read(path, frame)
    shape = (list(values.shape) + [1, 1])[:3]
    flat = values.ravel(order="F").astype("float64")
    weights = numpy.arange(flat.size) % 65521 + 1.0
    return {
        "shape": shape,
        "spacing_mm": None if spacing is None else [float(x) for x in spacing],
        "affine": None if affine is None else numpy.asarray(affine, "float64").tolist(),
        "nonzero": int(numpy.count_nonzero(flat)),
        "least": float(flat.min()),
        "largest": float(flat.max()),
        "sum": float(flat.sum()),
        "weighted": float((flat * weights).sum()),
    }


def resampled(image_path, label_path):
    """Voxels of the labels on the image's grid, per slice of the third axis of the image."""
    image, labels = (SimpleITK.ReadImage(str(path)) for path in (image_path, label_path))
    moved = SimpleITK.Resample(
        labels, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor
    )
    values = SimpleITK.GetArrayFromImage(moved)
    # Where voxels are matters, not only how many: rows and columns are counted too, either way.
    inside = values != 0
    return {
        "slices": inside.sum(axis=(1, 2)).tolist(),
        "rows": sorted(inside.sum(axis=(0, 2)).tolist()),
        "columns": sorted(inside.sum(axis=(0, 1)).tolist()),
    }


def main(variants, shared):
    variants, shared = Path(variants), Path(shared)
    index = json.loads((variants / "index.json").read_text())
    made = {}
    for name, entry in sorted(index.items()):
        data = b"".join((variants / file).read_bytes() for file in entry["files"])
        made[name] = {"crc32": zlib.crc32(data), **describe(variants / name, entry["frame"])}
    kinds = ("*.nii", "*.nii.gz", "*.nrrd")
    files = sorted(path for kind in kinds for path in shared.rglob(kind))
    found = {path.relative_to(shared).as_posix(): describe(path) for path in files}
    pairs = {}
    for folder in sorted((shared / "pet_ct_mr/nifti").iterdir()):
        for image, labels in [("PET", "CT"), ("CT", "PET"), ("MR_T1", "PET")]:
            pairs[f"{folder.name} {image} {labels}"] = resampled(
                folder / f"{image}_image.nii.gz", folder / f"{labels}_mask.nii.gz"
            )
    pairs["made"] = resampled(variants / "resample_image.nii", variants / "resample_labels.nii")
    # One line per file.
    groups = []
    for group, entries in [("made", made), ("shared", found), ("resampled", pairs)]:
        lines = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
        groups.append(f'"{group}": {{\n' + ",\n".join(lines) + "\n}")
    print("{" + ",\n".join(groups) + "}")


main(*sys.argv[1:])
