// Writes the golden logs beside this file, without the encoder of the package (its checksum only):
// `node tests/golden/log/make.mjs`, after `npm run build`. Existing logs must never change: every
// later version of the package opens them. tests/js/log-golden.test.mjs reads them.
import { writeFile } from "node:fs/promises";
import { withCore } from "../../../pkg/core/glue.js";
import { init } from "../../../pkg/entry/node.js";

const NOW = Date.UTC(2026, 0, 15);
const vector = [1, 0.5, -0.25, 0, 0, 0, 0, 2];
const devices = ["00112233445566ff", "8899aabbccddeeff"];

await init();

/** The log of a version with this header and these vectors. */
function log(version, header, vectors) {
  const json = Buffer.from(JSON.stringify(header));
  const padded = Math.ceil(json.length / 4) * 4;
  const prefix = version === 1 ? 16 : 20;
  const bytes = Buffer.alloc(prefix + padded + vectors.length * 4 + 4);
  bytes.write("sage.log");
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(padded, 12);
  if (version > 1) bytes.writeUInt32LE(bytes.length, 16);
  bytes.fill(" ", prefix, prefix + padded);
  json.copy(bytes, prefix);
  vectors.forEach((value, index) => bytes.writeFloatLE(value, prefix + padded + index * 4));
  const checksum = withCore((core) => core.checksum(bytes.subarray(0, -4)));
  bytes.writeUInt32LE(checksum, bytes.length - 4);
  return bytes;
}

const save = (version, header) =>
  writeFile(
    new URL(`version-${version}.sage-log`, import.meta.url),
    log(version, header, [...vector, ...vector]),
  );

await save(1, {
  dim: 8,
  items: ["food-1", "own ünïcode 🍕"],
  kinds: ["save"],
  hidden: ["animal-1"],
  actions: {
    item: [0, 0, 0, 1],
    at: [NOW, NOW, NOW - 60_000, -5.25],
    weight: [null, null, 2.5, null],
    kind: [null, null, null, 0],
    vector: [false, false, true, true],
  },
});

const after = [
  { counter: 3, device: devices[1] },
  { counter: 4, device: devices[0] },
];
const salt = "000102030405060708090a0b0c0d0e0f";
await save(2, {
  dim: 8,
  space: "example-model",
  devices,
  actions: [
    [1, 0, "food-1", NOW, null, null, 0],
    [5, 0, "own ünïcode 🍕", -5.25, null, "save", 1],
    [5, 1, "food-1", NOW - 60_000, 2.5, null, 1, after],
  ],
  hidden: [{ counter: 6, device: devices[0], item: "animal-1" }],
  tombstones: [
    {
      counter: 2,
      device: devices[0],
      time: NOW - 1000,
      all: true,
      after: [{ counter: 1, device: devices[1] }],
    },
    { counter: 3, device: devices[1], time: NOW - 900, from: null, to: NOW - 120_000 },
    { counter: 4, device: devices[0], time: NOW - 800, salt, hash: "0123456789abcdef" },
    {
      counter: 7,
      device: devices[0],
      time: NOW - 700,
      salt,
      hash: "fedcba9876543210",
      unhide: true,
    },
  ],
});
