"""Prints how often an emoji's five nearest neighbours share its group, for f32 vectors and for 7-bit codes.

    python quality.py [.tools/emoji/items.jsonl]
"""

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
NEIGHBOURS = 5


def load(path: Path) -> tuple[np.ndarray, list[dict]]:
    """The vectors (n x 384 f32) and the items without them."""
    items = [json.loads(line) for line in path.open(encoding="utf-8")]
    return np.array([item.pop("vector") for item in items], dtype=np.float32), items


def same_group(vectors: np.ndarray, groups: np.ndarray) -> float:
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBOURS]
    return float((groups[nearest] == groups[:, None]).mean())


def seven_bits(vectors: np.ndarray) -> np.ndarray:
    """The vectors as 128 even steps per dimension would keep them, at unit length."""
    low, high = vectors.min(axis=0), vectors.max(axis=0)
    step = (high - low) / 127
    kept = np.round((vectors - low) / step) * step + low
    return kept / np.linalg.norm(kept, axis=1, keepdims=True)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".tools/emoji/items.jsonl"
    vectors, items = load(path)
    groups = np.array([item["group"] for item in items])
    shares = np.unique(groups, return_counts=True)[1] / len(groups)
    print(f"items                 {len(items)}")
    print(f"same group, f32       {same_group(vectors, groups):.4f}")
    print(f"same group, 7 bits    {same_group(seven_bits(vectors), groups):.4f}")
    print(f"same group, by chance {float((shares**2).sum()):.4f}")
    print(f"spread D              {2 - 2 * float(np.square(vectors.mean(axis=0, dtype=np.float64)).sum()):.4f}")


if __name__ == "__main__":
    main()
