/** The type of a `.wasm` import in a Worker: a compiled module. */
declare module "*.wasm" {
  const compiled: WebAssembly.Module;
  export default compiled;
}
