"""Times reading here and in Python, in turns, on the same processor.

    pip install nibabel==5.4.2 numpy==2.4.6 pillow==13.0.0 pydicom==3.0.2
    cargo bench -p engine --bench read --no-run        # prints the program's path
    python engine/benches/read.py PROGRAM

Makes 100 pairs of PNG files of 512 x 512 pixels (a picture with noise, a mask), packed NIfTI volumes of
512 x 512 x 300 voxels with labels, of 16 bits and in single precision, 3000 DICOM files, of which both read all but the
pixels, and a DICOM series of 300 slices of 512 x 512 pixels of 12 bits. Both sides decode the same files, which are in memory
by then, into arrays of the stored type; the volume in single precision is also brought between two percentiles, and its
slices with an object to pictures of 8 bits and their masks. Processor time, so that other programs disturb it little; one
reading of each before the clock starts.
"""
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

program = sys.argv[1]
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
random = np.random.default_rng(1)


def pictures(folder):
    y, x = np.mgrid[:512, :512]
    for n in range(100):
        disc = np.hypot(y - 200 - n, x - 256) < 80 + n
        gray = 60 + 0.2 * x + 50 * disc + random.normal(0, 6, disc.shape)
        Image.fromarray(gray.clip(0, 255).astype("uint8")).save(folder / f"{n}_image.png")
        Image.fromarray((255 * disc).astype("uint8")).save(folder / f"{n}_mask.png")


def volume(folder):
    z, y, x = np.ogrid[:300, :512, :512]
    inside = (z - 150.0) ** 2 / 4 + (y - 256.0) ** 2 / 9 + (x - 256.0) ** 2 / 9 < 60.0**2
    body = (y - 256.0) ** 2 + (x - 256.0) ** 2 < 230.0**2
    values = np.where(body, np.where(inside, 90, 40), -1000).astype("int16") + np.zeros((300, 1, 1), "int16")
    values = values + (random.normal(0, 12, values.shape) * body).astype("int16")
    affine = np.diag([0.8, 0.8, 1.0, 1.0])
    for kind, image in [("whole", values.astype("int16")), ("real", values.astype("float32") / 7)]:
        for name, array in [("images", image), ("labels", inside.astype("uint8"))]:
            (folder / kind / name).mkdir(parents=True)
            nibabel.save(nibabel.Nifti1Image(array.transpose(2, 1, 0), affine), folder / kind / name / "v.nii.gz")


def save(path, n, series, pixels, stored):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.SeriesInstanceUID, data.InstanceNumber, data.Modality = series, n, "CT"
    data.ImagePositionPatient, data.PixelSpacing = [0, 0, n], [0.7, 0.7]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    # As many attributes as a scanner writes.
    block = data.private_block(0x0009, "MAKER", create=True)
    for k in range(60):
        block.add_new(k, "LO", f"value {k}")
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored = 16, stored
    data.HighBit, data.PixelRepresentation = stored - 1, 0
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.PixelData = pixels.astype("uint16").tobytes()
    data.save_as(path, enforce_file_format=True)


def headers(folder):
    for n in range(3000):
        save(folder / f"{n}.dcm", n, f"1.2.{n // 100}", np.zeros((128, 128)), 16)


def series(folder):
    for n in range(300):
        save(folder / f"{n}.dcm", n, "1.2", random.normal(1000, 40, (512, 512)).clip(0, 4095), 12)


def read_headers(folder):
    for path in folder.iterdir():
        data = pydicom.dcmread(path, stop_before_pixels=True)
        # What is asked of every file; pydicom decodes it when it is.
        _ = data.SeriesInstanceUID, data.SOPInstanceUID, data.InstanceNumber, data.ImagePositionPatient


def read_pictures(folder):
    for path in folder.iterdir():
        np.asarray(Image.open(path))


def read_volume(path):
    np.asanyarray(nibabel.load(path).dataobj)


def read_percentiles(folder):
    values, labels = [np.asanyarray(nibabel.load(folder / name / "v.nii.gz").dataobj) for name in ("images", "labels")]
    low, high = np.percentile(values, [0.5, 99.5])
    for k in range(values.shape[2]):
        mask = labels[:, :, k] != 0
        if mask.any():
            gray = (((values[:, :, k] - low) / (high - low)).clip(0, 1) * 255).astype("uint8")
            np.repeat(gray[:, :, None], 3, axis=2)


def read_series(folder):
    slices = [pydicom.dcmread(path) for path in folder.iterdir()]
    slices.sort(key=lambda data: data.ImagePositionPatient[2])
    for data in slices:
        _ = data.pixel_array


def timed(read, path):
    before = time.process_time()
    read(path)
    return time.process_time() - before


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    (folder / "pictures").mkdir()
    pictures(folder / "pictures")
    volume(folder)
    (folder / "headers").mkdir()
    headers(folder / "headers")
    (folder / "series").mkdir()
    series(folder / "series")
    engine = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ours(what, path):
        engine.stdin.write(f"{what} {path}\n")
        engine.stdin.flush()
        return float(engine.stdout.readline())

    packed = folder / "whole/images/v.nii.gz"
    print(f"the packed volume has {packed.stat().st_size / 1e6:.0f} MB")
    for what, path, read in [
        ("pictures", folder / "pictures", read_pictures),
        ("volume", packed, read_volume),
        ("percentiles", folder / "real", read_percentiles),
        ("headers", folder / "headers", read_headers),
        ("series", folder / "series", read_series),
    ]:
        timed(read, path), ours(what, path)
        times = [(timed(read, path), ours(what, path)) for _ in range(rounds)]
        python, here = (statistics.median(column) for column in zip(*times))
        print(f"{what}: Python {python:.2f} s, engine {here:.2f} s, ratio {python / here:.2f} "
              f"(medians of {rounds}; ratio per round {', '.join(f'{a / b:.2f}' for a, b in times)})")
    ours("slices", folder / "whole")
    print(f"slices: engine {statistics.median(ours('slices', folder / 'whole') for _ in range(rounds)):.2f} s")
    engine.stdin.close()
