// Real traps in the core, for tests of crashes.

/**
 * Makes the next call of this method of any object of the class trap: an invalid pointer makes the
 * wasm access memory out of bounds. `prototype` is that of a class in pkg/wasm/core.js.
 */
export function trapNext(prototype, method) {
  const real = prototype[method];
  prototype[method] = function (...args) {
    prototype[method] = real;
    const pointer = this.__wbg_ptr;
    this.__wbg_ptr = 0xfffffff0;
    try {
      return real.apply(this, args);
    } finally {
      this.__wbg_ptr = pointer;
    }
  };
}
