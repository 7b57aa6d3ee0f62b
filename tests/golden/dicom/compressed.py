"""Writes compressed.json: small DICOM files in every compression that is read, and their pixels.

    pip install pydicom==3.0.2 pyjpegls==1.5.1 pylibjpeg==2.1.0 pylibjpeg-openjpeg==2.6.0 pylibjpeg-libjpeg==2.5.0 \\
        imagecodecs==2026.3.6 numpy==2.4.6
    python compressed.py > compressed.json

Each entry has the file in base64 and a checksum of what pydicom reads from it, row by row in 32 bits; of a
compression whose decoders may differ, the pixels themselves and by how much.
"""

import base64
import io
import json
import zlib

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

# OpenJPEG refuses less.
ROWS, COLUMNS = 33, 32


def picture(bits, signed, frames=1, samples=1):
    """Waves with a little noise, over the whole range."""
    rng = np.random.default_rng(bits + 100 * signed + 1000 * samples)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    planes = [
        np.sin(x / 3 + k) + np.cos(y / 4 - k) + 0.05 * rng.standard_normal((ROWS, COLUMNS))
        for k in range(frames * samples)
    ]
    array = np.stack(planes, axis=-1)
    array = (array - array.min()) / (array.max() - array.min()) * (2**bits - 1)
    array = np.round(array) - (2 ** (bits - 1) if signed else 0)
    kind = f"{'int' if signed else 'uint'}{8 if bits <= 8 else 16}"
    return array.reshape(ROWS, COLUMNS, frames, samples).transpose(2, 0, 1, 3).squeeze().astype(kind)


def file(array, bits, photometric="MONOCHROME2"):
    samples = 3 if array.ndim > 2 and array.shape[-1] == 3 else 1
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7.3")
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = UID("1.2.3.4")
    data.SeriesInstanceUID = UID("1.2.3")
    data.Modality = "OT"
    data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, samples
    if samples == 3:
        data.PlanarConfiguration = 0
    if array.ndim == 3 and samples == 1:
        data.NumberOfFrames = array.shape[0]
    data.PhotometricInterpretation = photometric
    data.BitsAllocated, data.BitsStored = array.itemsize * 8, bits
    data.HighBit = bits - 1
    data.PixelRepresentation = int(array.dtype.kind == "i")
    data.PixelData = array.tobytes()
    return data


def entry(data, slack=0):
    bytes_ = io.BytesIO()
    data.save_as(bytes_, enforce_file_format=True)
    data.convert_pixel_data()
    pixels = data.pixel_array
    if pixels.shape[-1] == 3:
        # Luminance, as ITU-R BT.601 has it.
        pixels = np.floor(pixels @ [0.299, 0.587, 0.114] + 0.5).astype(int)
    pixels = pixels.ravel()
    found = {"file": base64.b64encode(bytes_.getvalue()).decode(), "slack": slack}
    if slack:
        return found | {"pixels": pixels.tolist()}
    return found | {"crc": zlib.crc32(pixels.astype("<i4").tobytes())}


def packed(array, bits, syntax, slack=0, **options):
    data = file(array, bits)
    data.compress(syntax, generate_instance_uid=False, **options)
    return entry(data, slack)


def by_imagecodecs(array, bits, syntax, encode, slack=0, photometric="MONOCHROME2"):
    data = file(array, bits, photometric)
    data.PixelData = encapsulate([encode(array)])
    data["PixelData"].is_undefined_length = True
    data.file_meta.TransferSyntaxUID = syntax
    return entry(data, slack)


def deflated(array, bits):
    data = file(array, bits)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return entry(data)


def lossless_jpeg(array):
    return imagecodecs.ljpeg_encode(array)


rgb = file(picture(8, False, samples=3), 8, "RGB")
rgb.compress(RLELossless, generate_instance_uid=False)
out = {
    "rle_8": packed(picture(8, False), 8, RLELossless),
    "rle_16_signed": packed(picture(16, True), 16, RLELossless),
    "rle_12_frames": packed(picture(12, False, frames=3), 12, RLELossless),
    "rle_rgb": entry(rgb),
    "jpeg_ls_8": packed(picture(8, False), 8, JPEGLSLossless),
    "jpeg_ls_12": packed(picture(12, False), 12, JPEGLSLossless),
    "jpeg_ls_16_signed": packed(picture(16, True), 16, JPEGLSLossless),
    "jpeg_ls_frames": packed(picture(10, False, frames=3), 10, JPEGLSLossless),
    "jpeg_ls_near": packed(picture(12, False), 12, JPEGLSNearLossless, jls_error=3),
    "jpeg_2000_8": packed(picture(8, False), 8, JPEG2000Lossless),
    "jpeg_2000_12": packed(picture(12, False), 12, JPEG2000Lossless),
    "jpeg_2000_16_signed": packed(picture(16, True), 16, JPEG2000Lossless),
    "jpeg_2000_lossy": packed(picture(12, False), 12, JPEG2000, slack=2, j2k_cr=[8]),
    "jpeg_lossless_8": by_imagecodecs(picture(8, False), 8, JPEGLosslessSV1, lossless_jpeg),
    "jpeg_lossless_16": by_imagecodecs(picture(16, False), 16, JPEGLosslessSV1, lossless_jpeg),
    "jpeg_lossless_16_signed": by_imagecodecs(
        picture(16, True), 16, JPEGLosslessSV1, lambda array: lossless_jpeg(array.view("uint16"))
    ),
    "jpeg_8": by_imagecodecs(
        picture(8, False), 8, JPEGBaseline8Bit, lambda array: imagecodecs.jpeg8_encode(array, level=95), slack=2
    ),
    "deflated": deflated(picture(12, False, frames=3), 12),
}
print(json.dumps(out, separators=(",", ":")))
