"""Makes bridge.json, the twin of ts/sage/migrate/ in NumPy: singular values instead of rotations.

    python make.py
"""

import json
from pathlib import Path

import numpy as np

ITEMS, FROM_DIM, TO_DIM = 150, 6, 5
PENALTIES = [0.1, 1, 10, 100, 1000]


def orthogonal_factor(matrix: np.ndarray) -> np.ndarray:
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def fit(x: np.ndarray, y: np.ndarray, orthogonal: np.ndarray, penalty: float):
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    square, cross = (x - x_mean).T @ (x - x_mean), (x - x_mean).T @ (y - y_mean)
    scale = (orthogonal * cross).sum() / (orthogonal * (square @ orthogonal)).sum()
    linear = np.linalg.solve(
        square + penalty * np.eye(len(square)), cross + penalty * scale * orthogonal
    )

    def convert(vectors: np.ndarray) -> np.ndarray:
        image = (vectors - x_mean) @ linear + y_mean
        return image / np.linalg.norm(image, axis=1, keepdims=True)

    return convert


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    random = np.random.default_rng(17)
    x = unit(random.normal(size=(ITEMS, FROM_DIM)) + 0.3)
    y = unit(x @ random.normal(size=(FROM_DIM, TO_DIM)) + 0.2 * random.normal(size=(ITEMS, TO_DIM)))
    part = np.arange(ITEMS) % 5
    fitted, validation = part < 3, part == 3
    centred_x, centred_y = (rows[fitted] - rows[fitted].mean(axis=0) for rows in (x, y))
    orthogonal = orthogonal_factor(centred_x.T @ centred_y)
    cosines = [
        (fit(x[fitted], y[fitted], orthogonal, penalty)(x[validation]) * y[validation]).sum()
        for penalty in PENALTIES
    ]
    penalty = PENALTIES[int(np.argmax(cosines))]
    convert = fit(x[part < 4], y[part < 4], orthogonal, penalty)
    matrices = [random.normal(size=shape) for shape in [(5, 5), (3, 7), (7, 3)]]
    square = random.normal(size=(6, 6))
    right = random.normal(size=(6, 2))
    positive = square @ square.T + np.eye(6)
    golden = {
        "orthogonal": [
            {"matrix": matrix.tolist(), "factor": orthogonal_factor(matrix).tolist()}
            for matrix in matrices
        ],
        "solve": {
            "matrix": positive.tolist(),
            "right": right.tolist(),
            "solution": np.linalg.solve(positive, right).tolist(),
        },
        "bridge": {
            "from": np.float32(x).round(6).tolist(),
            "to": np.float32(y).round(6).tolist(),
            "penalty": penalty,
            "converted": convert(x[:10]).tolist(),
        },
    }
    path = Path(__file__).with_name("bridge.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path.name, path.stat().st_size, "bytes; penalty", penalty)


if __name__ == "__main__":
    main()
