"""Reads a `.sage` catalogue (format version 1, described in src/catalogue/format.rs) into numpy, independently of the Rust code."""

import json
import struct
from pathlib import Path

import numpy as np

SCALES, CODES, RESIDUALS, ID_ENDS, IDS, _, PAYLOAD_ENDS, PAYLOADS = range(1, 9)


class SageFile:
    """`ids`, `payloads` (parsed JSON or None) and `vectors` (n x dim f32, exactly as the catalogue gives them)."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        if content[:8] != b"SAGE-CAT" or struct.unpack_from("<I", content, 16) != (1,):
            raise SystemExit(f"{path}: not a version 1 catalogue")
        n, dim, _, self.spread, _, count = struct.unpack_from("<IIIdQI", content, 20)
        sections = {}
        for entry in range(64, 64 + 24 * count, 24):
            kind, _, offset, length = struct.unpack_from("<IIQQ", content, entry)
            sections[kind] = content[offset:offset + length]

        # (code - 64 + residual / 256) is exact in f32; times the scale, one rounding.
        numbers = np.frombuffer(sections[CODES], np.uint8).astype(np.float32) - np.float32(64)
        if RESIDUALS in sections:
            numbers += np.frombuffer(sections[RESIDUALS], np.int8).astype(np.float32) / np.float32(256)
        scales = np.frombuffer(sections[SCALES], "<f4")
        self.vectors = numbers.reshape(n, dim) * scales[:, None]
        self.ids = texts(sections[ID_ENDS], sections[IDS])
        payloads = texts(sections[PAYLOAD_ENDS], sections[PAYLOADS]) if PAYLOADS in sections else [""] * n
        self.payloads = [json.loads(text) if text else None for text in payloads]


def texts(ends: bytes, content: bytes) -> list[str]:
    """The texts that lie one after the other, each ending where `ends` (u32) says."""
    bounds = [0, *np.frombuffer(ends, "<u4").tolist()]
    return [content[start:end].decode() for start, end in zip(bounds, bounds[1:])]
