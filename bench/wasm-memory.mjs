// The linear memory of the package. Its functions are in a bundle, so the memory cannot be
// imported.
const { instantiate } = WebAssembly;
/** The instance that was created last. */
let wasmInstance;
WebAssembly.instantiate = async (...parameters) => {
  const result = await instantiate(...parameters);
  wasmInstance = result.instance ?? result;
  return result;
};

/** Bytes of linear memory of the wasm instance that was created last; it must exist. */
export function wasmMemory() {
  return wasmInstance.exports.memory.buffer.byteLength;
}
