"""Embeds a JSON list of texts as data/emoji/embed.py does: n x 384 f32, row-major.

    python embed.py texts.json vectors.f32
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "data" / "emoji"))
from embed import embed  # noqa: E402  (the folder is added to the path above)


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    embed(json.loads(source.read_text(encoding="utf-8"))).tofile(target)


if __name__ == "__main__":
    main()
