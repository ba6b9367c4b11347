/** Options of the readers of item files that change nothing and report to nobody. */
const ignore = () => {};
export const READ_OPTIONS = {
  id: "id",
  vector: "vector",
  attributes: [],
  length: 0,
  onItem: ignore,
  onProgress: ignore,
  onNote: ignore,
};
