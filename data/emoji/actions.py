"""Writes the fixture of one user: eight food, eight sport and eight animal emoji over the 30 days before 2026-01-31.

    python actions.py        -> tests/fixtures/emoji-actions.jsonl and its twin emoji-actions.csv
"""

import csv
import json
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "tests/fixtures"

FOOD = ["1F355", "1F354", "1F32E", "1F32D", "1F35F", "1F96A", "1F32F", "1F357"]  # 🍕🍔🌮🌭🍟🥪🌯🍗
SPORT = ["26BD", "1F3C0", "1F3C8", "1F3BE", "1F3D0", "26BE", "1F3C9", "1F3D3"]  # ⚽🏀🏈🎾🏐⚾🏉🏓
ANIMALS = ["1F415", "1F408", "1F40E", "1F418", "1F981", "1F43B", "1F98A", "1F407"]  # 🐕🐈🐎🐘🦁🐻🦊🐇

END = 1769817600000  # 2026-01-31T00:00:00Z, in milliseconds
# Every 30 hours one of the three in turn, the last one 30 hours before END: 24 actions, 30 days.
STEP = 30 * 60 * 60 * 1000


def actions() -> list[dict]:
    items = [item for three in zip(FOOD, SPORT, ANIMALS, strict=True) for item in three]
    start = END - STEP * len(items)
    # Every fifth action is a save, the others are clicks.
    return [{"item": item, "at": start + STEP * row, "kind": "save" if row % 5 == 0 else "click"} for row, item in enumerate(items)]


def main() -> None:
    rows = actions()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    (FIXTURES / "emoji-actions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (FIXTURES / "emoji-actions.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["item", "at", "kind"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
