// The contestants of the Ward bench, in the order of the tables. Ratios are relative to the first
// one that runs.
//
// To add one: an entry here, and its code in the program of its runtime (runner.mjs for Node,
// peers.py for Python, native/main.rs for Rust).
//   runtime       the program that runs it
//   maxRows, why  the most rows that it runs on, and the reason
//   tolerance     relative, of a squared height; undefined if it returns no heights
//   mayDiffer     a tree that differs is reported, not an error
//   onRequest     runs only if --only names it

const F64_TOLERANCE = 1e-9;
const F32_TOLERANCE = 1e-4;
const MATRIX_TOO_LARGE = "a matrix of distances is 10 GB";
const SAME_CODE_AS_OURS = "the same code as `ours`";

export const contestants = [
  {
    name: "ours",
    label: "PocketSage (wasm)",
    runtime: "node",
    maxRows: 50_000,
    tolerance: F64_TOLERANCE,
  },
  {
    name: "ours-cluster",
    label: "PocketSage, and its clusters and medoids (wasm)",
    runtime: "node",
    maxRows: 10_000,
    why: SAME_CODE_AS_OURS,
    tolerance: F64_TOLERANCE,
  },
  {
    name: "ours-profile",
    label: "PocketSage, actions to interests (wasm)",
    runtime: "node",
    maxRows: 10_000,
    why: SAME_CODE_AS_OURS,
  },
  {
    name: "ours-add",
    label: "PocketSage, one action more, to interests (wasm)",
    runtime: "node",
    maxRows: 10_000,
    why: SAME_CODE_AS_OURS,
  },
  {
    name: "ours-forget",
    label: "PocketSage, one action less, to interests (wasm)",
    runtime: "node",
    maxRows: 10_000,
    why: SAME_CODE_AS_OURS,
  },
  {
    name: "ours-native",
    label: "PocketSage (Rust)",
    runtime: "native",
    maxRows: 10_000,
    why: SAME_CODE_AS_OURS,
    tolerance: F64_TOLERANCE,
  },
  {
    name: "sgemm",
    label: "NumPy sgemm + fastcluster (C++)",
    runtime: "python",
    maxRows: 10_000,
    why: MATRIX_TOO_LARGE,
    tolerance: F32_TOLERANCE,
    // Its distances are differences of large f32 values: at n = 10,000, d = 64 rounding decides
    // near ties otherwise than f64 does.
    mayDiffer: true,
  },
  {
    name: "fastcluster",
    label: "fastcluster (C++)",
    runtime: "python",
    maxRows: 10_000,
    why: MATRIX_TOO_LARGE,
    tolerance: F64_TOLERANCE,
  },
  {
    name: "fastcluster-vector",
    label: "fastcluster, without a matrix (C++)",
    runtime: "python",
    maxRows: 10_000,
    why: "over ten minutes",
    tolerance: F64_TOLERANCE,
    onRequest: true,
  },
  {
    name: "scipy",
    label: "SciPy (C)",
    runtime: "python",
    maxRows: 10_000,
    why: MATRIX_TOO_LARGE,
    tolerance: F64_TOLERANCE,
  },
  {
    name: "kodama",
    label: "kodama (Rust)",
    runtime: "native",
    maxRows: 10_000,
    why: MATRIX_TOO_LARGE,
    tolerance: F32_TOLERANCE,
  },
  {
    name: "kodama-wasm",
    label: "kodama (wasm)",
    runtime: "node",
    maxRows: 10_000,
    why: MATRIX_TOO_LARGE,
    tolerance: F32_TOLERANCE,
  },
  {
    name: "ml-hclust",
    label: "ml-hclust (JavaScript)",
    runtime: "node",
    maxRows: 300,
    why: "seconds at n = 1,000",
    tolerance: F64_TOLERANCE,
  },
];
