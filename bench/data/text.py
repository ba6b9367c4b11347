"""Embeds descriptions of the operating system's packages with the model of data/emoji: real text
for the benchmark of the catalogue.

    .tools/emoji-venv/bin/python bench/data/text.py --out vectors.f32 [--count 20100]

Writes count x 384 f32 values, row-major, unit rows, in a seeded order. The package index is that of
the machine (`apt-cache`), so the vectors differ between releases; the benchmark needs real text,
not a particular one.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "data" / "emoji"))
from embed import embed  # noqa: E402


def descriptions(count: int) -> list[str]:
    """A random sample of "name: summary", one per distinct summary."""
    # Not `apt-cache search .`, which takes minutes.
    command = ["apt-cache", "dumpavail"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    pairs = re.findall(r"^Package: (.*)$(?s:.*?)^Description(?:-en)?: (.*)$", output, re.MULTILINE)
    seen, texts = set(), []
    for name, summary in sorted(pairs):
        if summary and summary not in seen:
            seen.add(summary)
            texts.append(f"{re.sub(r'[-_.]', ' ', name)}: {summary}")
    if len(texts) < count:
        raise SystemExit(
            f"apt-cache has {len(texts)} descriptions, expected {count}: run `apt-get update` first"
        )
    sample = np.random.default_rng(1).permutation(len(texts))[:count]
    return [texts[row] for row in sample]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=20_100)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    vectors = embed(descriptions(options.count))
    options.out.write_bytes(vectors.astype("<f4").tobytes())
    print(f"{len(vectors)} descriptions -> {options.out}")


if __name__ == "__main__":
    main()
