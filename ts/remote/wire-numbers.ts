/**
 * Components of vectors in a message of compact medoids: f16, i8 or f32, little-endian. The bytes
 * are those of src/wire.rs and src/math/f16.rs; tests/golden compares them.
 */

/**
 * Encoding of vector components: 2, 1 or 4 bytes each. Cosine error at 256 dimensions: 2e-8 for
 * "f16", 3e-5 for "int8".
 */
export type WirePrecision = "f16" | "int8" | "f32";

interface ComponentFormat {
  /** CBOR tag of an array of these components (RFC 8746). */
  tag: number;
  /** Bytes per component. */
  width: number;
  /** The largest magnitude of a row is scaled to this. Default: rows have unit length. */
  max?: number;
  write(view: DataView, offset: number, component: number): void;
  read(view: DataView, offset: number): number;
}

/** The formats of components by precision. */
export const COMPONENT_FORMATS: Record<WirePrecision, ComponentFormat> = {
  f16: {
    tag: 84,
    width: 2,
    write: (view, offset, component) => view.setUint16(offset, encodeFloat16(component), true),
    read: (view, offset) => decodeFloat16(view.getUint16(offset, true)),
  },
  int8: {
    tag: 72,
    width: 1,
    max: 127,
    write: (view, offset, component) => view.setInt8(offset, roundToEven(component)),
    read: (view, offset) => view.getInt8(offset),
  },
  f32: {
    tag: 85,
    width: 4,
    write: (view, offset, component) => view.setFloat32(offset, component, true),
    read: (view, offset) => view.getFloat32(offset, true),
  },
};

/** Encodes vectors of `dim` components, row by row. */
export function encodeComponents(
  vectors: readonly Float32Array[],
  dim: number,
  { width, max, write }: ComponentFormat,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(vectors.length * dim * width));
  let offset = 0;
  for (const vector of vectors) {
    const scale = max
      ? max / vector.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
      : 1 / norm(vector);
    for (const component of vector) {
      // A zero vector has no direction, and stays zero.
      write(view, offset, Number.isFinite(scale) ? Math.fround(component * scale) : component);
      offset += width;
    }
  }
  return new Uint8Array(view.buffer);
}

/** Decodes components; NaN for infinities of f16. */
export function decodeComponents(
  bytes: Uint8Array,
  { width, read }: ComponentFormat,
): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / width }, (_, index) =>
    read(view, index * width),
  );
}

/** The vector scaled to unit length; a zero vector stays zero. */
export function toUnitLength(vector: Float32Array): Float32Array {
  const length = norm(vector) || 1;
  return vector.map((component) => component / length);
}

/** Euclidean length, in double precision. */
function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, component) => sum + component * component, 0));
}

/** The nearest integer, ties to even. `value` must be within [-2^31, 2^31]. */
function roundToEven(value: number): number {
  const shift = 1.5 * 2 ** 52; // a double at 2^52 has no fraction
  return value + shift - shift;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of a value of single precision in [-1, 1], rounded to binary16, ties to even. */
function encodeFloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const magnitude = bits & 0x7fff_ffff;
  // Values of binary16 below 2^-14 are multiples of 2^-24.
  const half =
    magnitude < 0x3880_0000
      ? roundToEven(Math.abs(value) * 2 ** 24)
      : ((magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13) - (112 << 10);
  return ((bits >>> 16) & 0x8000) | half;
}

/** The value of binary16 bits; NaN for infinities. */
function decodeFloat16(bits: number): number {
  const exponent = (bits >> 10) & 31;
  if (exponent === 31) return Number.NaN;
  const fraction = (bits & 1023) / 1024 + Math.sign(exponent);
  return (bits >> 15 ? -1 : 1) * fraction * 2 ** (Math.max(exponent, 1) - 15);
}
