"""Times reading here and in Python, in turns, on the same processor.

    pip install nibabel==5.4.2 numpy==2.4.6 pillow==13.0.0 pydicom==3.0.2
    cargo bench -p engine --bench read --no-run        # prints the program's path
    python engine/benches/read.py PROGRAM

Makes 100 pairs of PNG files of 512 x 512 pixels (a picture with noise, a mask), a packed NIfTI volume of
512 x 512 x 300 voxels of 16 bits with labels, and 3000 DICOM files, of which both read all but the pixels. Both sides decode the same files, which are in memory by then, into
arrays of the stored type. Processor time, so that other programs disturb it little; one reading of each before the
clock starts.
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
    for name, array in [("images", values.astype("int16")), ("labels", inside.astype("uint8"))]:
        (folder / name).mkdir()
        nibabel.save(nibabel.Nifti1Image(array.transpose(2, 1, 0), affine), folder / name / "v.nii.gz")


def headers(folder):
    for n in range(3000):
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
        data.SeriesInstanceUID, data.InstanceNumber, data.Modality = f"1.2.{n // 100}", n, "CT"
        data.ImagePositionPatient, data.PixelSpacing = [0, 0, n], [0.7, 0.7]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        # As many attributes as a scanner writes.
        block = data.private_block(0x0009, "MAKER", create=True)
        for k in range(60):
            block.add_new(k, "LO", f"value {k}")
        data.Rows = data.Columns = 128
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 0
        data.PixelData = bytes(2 * 128 * 128)
        data.save_as(folder / f"{n}.dcm", enforce_file_format=True)


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
    engine = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ours(what, path):
        engine.stdin.write(f"{what} {path}\n")
        engine.stdin.flush()
        return float(engine.stdout.readline())

    packed = folder / "images/v.nii.gz"
    print(f"the packed volume has {packed.stat().st_size / 1e6:.0f} MB")
    for what, path, read in [
        ("pictures", folder / "pictures", read_pictures),
        ("volume", packed, read_volume),
        ("headers", folder / "headers", read_headers),
    ]:
        timed(read, path), ours(what, path)
        times = [(timed(read, path), ours(what, path)) for _ in range(rounds)]
        python, here = (statistics.median(column) for column in zip(*times))
        print(f"{what}: Python {python:.2f} s, engine {here:.2f} s, ratio {python / here:.2f} "
              f"(medians of {rounds}; ratio per round {', '.join(f'{a / b:.2f}' for a, b in times)})")
    ours("slices", folder)
    print(f"slices: engine {statistics.median(ours('slices', folder) for _ in range(rounds)):.2f} s")
    engine.stdin.close()
