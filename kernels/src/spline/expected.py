"""Writes expected.txt, with which the tests of this folder compare: python expected.py > expected.txt

A line is: flat or not, height and width of the picture, height and width of the result, and the sum of its bytes,
each times its place modulo 9973. Made with scikit-image 0.26.0, SciPy 1.17.1 and NumPy 2.4.6.
"""

import numpy
from skimage import transform


def picture(height, width, flat):
    y, x, c = numpy.indices((height, width, 3), dtype="u8")
    i = (y // 9 * 131 + x // 14 * 7) * 3 if flat else (y * width + x) * 3 + c
    return (i * 2654435761 >> 13).astype("u1")


sizes = [
    ((512, 512), (256, 256)),
    ((300, 1024), (256, 256)),
    ((468, 564), (1024, 1024)),
    ((2000, 1333), (128, 256)),
    ((100, 200), (256, 256)),
    ((13, 7), (256, 256)),
    ((257, 256), (256, 256)),
    ((1, 5), (16, 16)),
    ((40, 1), (16, 16)),
    ((2, 3), (64, 64)),
    ((256, 255), (256, 256)),
    ((700, 30), (7, 64)),
]
for flat in (0, 1):
    for (height, width), to in sizes:
        resized = transform.resize(
            picture(height, width, flat), to, order=3, preserve_range=True, anti_aliasing=True
        ).astype("u1")
        total = (resized.ravel().astype("u8") * (numpy.arange(resized.size) % 9973 + 1).astype("u8")).sum()
        print(flat, height, width, *to, total)
