"""Writes the fixture of one user: eight food, eight sport and eight animal emoji over 30 days.

    python actions.py    writes tests/fixtures/emoji-actions.jsonl, and the same as .csv
"""

import csv
import json
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "tests/fixtures"

FOOD = ["1F355", "1F354", "1F32E", "1F32D", "1F35F", "1F96A", "1F32F", "1F357"]  # 🍕🍔🌮🌭🍟🥪🌯🍗
SPORT = ["26BD", "1F3C0", "1F3C8", "1F3BE", "1F3D0", "26BE", "1F3C9", "1F3D3"]  # ⚽🏀🏈🎾🏐⚾🏉🏓
ANIMALS = ["1F415", "1F408", "1F40E", "1F418", "1F981", "1F43B", "1F98A", "1F407"]  # 🐕🐈🐎🐘🦁🐻🦊🐇

END_MS = 1769817600000  # 2026-01-31T00:00:00Z, in milliseconds
# One action every 30 hours, of the three kinds in turn, the last one 30 hours before END_MS.
STEP_MS = 30 * 60 * 60 * 1000


def actions() -> list[dict]:
    items = [item for three in zip(FOOD, SPORT, ANIMALS, strict=True) for item in three]
    start = END_MS - STEP_MS * len(items)
    # Every fifth action is a save, the others are clicks.
    kinds = ["save" if row % 5 == 0 else "click" for row in range(len(items))]
    return [
        {"item": item, "at": start + STEP_MS * row, "kind": kind}
        for row, (item, kind) in enumerate(zip(items, kinds, strict=True))
    ]


def main() -> None:
    rows = actions()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (FIXTURES / "emoji-actions.jsonl").write_text(lines)
    with (FIXTURES / "emoji-actions.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["item", "at", "kind"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
