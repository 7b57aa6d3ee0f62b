"""Writes medsam.json, with which medsam.rs compares: python medsam.py > medsam.json

MedSAM's published steps (MedSAM_Inference.py of github.com/bowang-lab/MedSAM) on Segment Anything with formula weights
(section 1 of the shared golden folder's README) and an encoder small enough for a test. Made with torch 2.8.0,
segment-anything 1.0, scikit-image 0.26.0, SciPy 1.17.1 and NumPy 2.4.6, one thread.
"""

import base64
import json
import math
import re
import sys
from functools import partial

import numpy
import torch
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, TwoWayTransformer
from skimage import transform
from torch.nn import functional

torch.set_num_threads(1)


def uniform(name, count):
    """Numbers in [-1, 1), drawn by name."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    z = numpy.arange(count, dtype="u8") + numpy.uint64(state) + numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9
    z = (z ^ z >> 27) * 0x94D049BB133111EB
    z = z ^ z >> 31
    return 2 * ((z >> 40).astype("f8") / 2**24) - 1


def weights(name, shape):
    mean, deviation = 0.0, 0.0
    if name.endswith("positional_encoding_gaussian_matrix"):
        deviation = 1
    elif re.search(r"(pos_embed|rel_pos_h|rel_pos_w)$", name):
        deviation = 0.1
    elif re.search(r"(_embed|_token|_tokens|point_embeddings\.\d+)\.weight$", name):
        deviation = 0.5
    elif len(shape) >= 2:
        deviation = math.sqrt(3 / math.prod(shape[1:]))
    elif name.endswith("bias"):
        deviation = 0.02
    else:
        mean, deviation = 1, 0.1
    values = mean + deviation * uniform(name, math.prod(shape))
    return torch.from_numpy(values.astype("f4").reshape(shape))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.image_encoder = ImageEncoderViT(
            img_size=1024, patch_size=16, embed_dim=32, depth=2, num_heads=2, mlp_ratio=4, out_chans=256, qkv_bias=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), use_rel_pos=True, window_size=14, global_attn_indexes=[1],
        )
        self.prompt_encoder = PromptEncoder(256, (64, 64), (1024, 1024), 16)
        self.mask_decoder = MaskDecoder(
            num_multimask_outputs=3, transformer_dim=256, iou_head_depth=3, iou_head_hidden_dim=256,
            transformer=TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8),
        )


def picture(height, width):
    """Gray: stripes, and a bright ellipse."""
    y, x = numpy.mgrid[:height, :width]
    inside = (2 * y - height) ** 2 * width**2 + (2 * x - width) ** 2 * height**2 * 2 < height**2 * width**2
    return ((x * 3 + y * 2) % 97 + 20 + 110 * inside).astype("u1")


@torch.no_grad()
def main():
    model = Model().eval()
    model.load_state_dict({name: weights(name, tuple(old.shape)) for name, old in model.state_dict().items()})
    cases = []
    for height, width, boxes in [
        (97, 143, [[20, 30, 100, 80], [0, 0, 142, 96], [71, 40, 90, 41]]),
        (1100, 76, [[10, 300, 60, 800], [5, 900, 70, 1090]]),
    ]:
        image = numpy.repeat(picture(height, width)[:, :, None], 3, axis=-1)
        resized = transform.resize(image, (1024, 1024), order=3, preserve_range=True, anti_aliasing=True)
        resized = resized.astype(numpy.uint8)
        scaled = (resized - resized.min()) / numpy.clip(resized.max() - resized.min(), a_min=1e-8, a_max=None)
        frame = torch.tensor(scaled).float().permute(2, 0, 1).unsqueeze(0)
        embedding = model.image_encoder(frame)
        masks = []
        for box in boxes:
            in_frame = numpy.array([box]) / numpy.array([width, height, width, height]) * 1024
            corners = torch.as_tensor(in_frame, dtype=torch.float)[:, None, :]
            sparse, dense = model.prompt_encoder(points=None, boxes=corners, masks=None)
            logits, score = model.mask_decoder(
                image_embeddings=embedding, image_pe=model.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense, multimask_output=False,
            )
            probabilities = functional.interpolate(
                torch.sigmoid(logits), size=(height, width), mode="bilinear", align_corners=False
            ).squeeze().numpy()
            mask = probabilities > 0.5
            masks.append({
                "box": box,
                "score": score.item(),
                "area": int(mask.sum()),
                "near_half": int((abs(probabilities - 0.5) < 1e-4).sum()),
                "bits": base64.b64encode(numpy.packbits(mask).tobytes()).decode(),
            })
            print(box, mask.sum(), mask.size, masks[-1]["near_half"], file=sys.stderr)
        cases.append({
            "size": [height, width],
            "embedding": embedding[0, ::32, ::16, ::16].reshape(-1).tolist(),
            "masks": masks,
        })
    json.dump(cases, sys.stdout, indent=0)
    print()


main()
