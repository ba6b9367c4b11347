// Who takes part, in the order of the tables. The first one that runs is what the others are measured by.
//
// To add one: a line here, and what it does in the program of its runtime (runner.mjs for Node, peers.py, native/main.rs).
//   runtime     the program that runs it
//   most, why   the largest n it is asked for, and the reason
//   tolerance   of a squared height, relative; none where the heights are not asked for
//   excused     another tree is told, not an error
//   asked       runs only when --only names it

const f64 = 1e-9;
const f32 = 1e-4;
const matrix = "a matrix of distances is 10 GB";
const same = "the same code as `ours`";

export const contestants = [
  { name: "ours", label: "PocketSage (wasm)", runtime: "node", most: 50_000, tolerance: f64 },
  {
    name: "ours-cluster",
    label: "PocketSage, and its clusters and medoids (wasm)",
    runtime: "node",
    most: 10_000,
    why: same,
    tolerance: f64,
  },
  {
    name: "ours-profile",
    label: "PocketSage, actions to interests (wasm)",
    runtime: "node",
    most: 10_000,
    why: same,
  },
  {
    name: "ours-add",
    label: "PocketSage, one action more, to interests (wasm)",
    runtime: "node",
    most: 10_000,
    why: same,
  },
  {
    name: "ours-forget",
    label: "PocketSage, one action less, to interests (wasm)",
    runtime: "node",
    most: 10_000,
    why: same,
  },
  {
    name: "ours-native",
    label: "PocketSage (Rust)",
    runtime: "native",
    most: 10_000,
    why: same,
    tolerance: f64,
  },
  {
    ...{
      name: "sgemm",
      label: "NumPy sgemm + fastcluster (C++)",
      runtime: "python",
      most: 10_000,
      why: matrix,
      tolerance: f32,
    },
    excused: true, // its distances are differences of large f32: at n = 10,000, d = 64 that decides near ties otherwise than f64 does
  },
  {
    name: "fastcluster",
    label: "fastcluster (C++)",
    runtime: "python",
    most: 10_000,
    why: matrix,
    tolerance: f64,
  },
  {
    ...{
      name: "fastcluster-vector",
      label: "fastcluster, without a matrix (C++)",
      runtime: "python",
      most: 10_000,
      tolerance: f64,
    },
    ...{ why: "over ten minutes", asked: true },
  },
  {
    name: "scipy",
    label: "SciPy (C)",
    runtime: "python",
    most: 10_000,
    why: matrix,
    tolerance: f64,
  },
  {
    name: "kodama",
    label: "kodama (Rust)",
    runtime: "native",
    most: 10_000,
    why: matrix,
    tolerance: f32,
  },
  {
    name: "kodama-wasm",
    label: "kodama (wasm)",
    runtime: "node",
    most: 10_000,
    why: matrix,
    tolerance: f32,
  },
  {
    name: "ml-hclust",
    label: "ml-hclust (JavaScript)",
    runtime: "node",
    most: 300,
    why: "seconds at n = 1,000",
    tolerance: f64,
  },
];
