"""Reads a `.sage` catalogue (format version 1, docs/format.md) into numpy, independently of the
Rust code."""

import json
import struct
from pathlib import Path

import numpy as np

SCALES, CODES, RESIDUALS, ID_OFFSETS, IDS, _, PAYLOAD_OFFSETS, PAYLOADS = range(1, 9)


class SageFile:
    """`ids`, `payloads` (parsed JSON or None), `vectors` (n x dim f32, exactly those that the
    catalogue returns), and `spread`."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        if content[:8] != b"SAGE-CAT" or struct.unpack_from("<I", content, 16) != (1,):
            raise SystemExit(f"{path}: not a version 1 catalogue")
        n, dim, _, self.spread, _, count = struct.unpack_from("<IIIdQI", content, 20)
        sections = {}
        for entry in range(64, 64 + 24 * count, 24):
            kind, _, offset, length = struct.unpack_from("<IIQQ", content, entry)
            sections[kind] = content[offset:offset + length]

        # code - 64 + residual / 256 is exact in f32; the product with the scale rounds once.
        values = np.frombuffer(sections[CODES], np.uint8).astype(np.float32) - np.float32(64)
        if RESIDUALS in sections:
            residuals = np.frombuffer(sections[RESIDUALS], np.int8).astype(np.float32)
            values += residuals / np.float32(256)
        scales = np.frombuffer(sections[SCALES], "<f4")
        self.vectors = values.reshape(n, dim) * scales[:, None]
        self.ids = split(sections[ID_OFFSETS], sections[IDS])
        payloads = [""] * n
        if PAYLOADS in sections:
            payloads = split(sections[PAYLOAD_OFFSETS], sections[PAYLOADS])
        self.payloads = [json.loads(text) if text else None for text in payloads]


def split(offsets: bytes, content: bytes) -> list[str]:
    """Strings stored one after the other; `offsets` (u32) are their ends."""
    bounds = [0, *np.frombuffer(offsets, "<u4").tolist()]
    return [content[start:end].decode() for start, end in zip(bounds, bounds[1:])]
