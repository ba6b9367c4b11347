/**
 * Binary HTTP (RFC 9292), the plaintext of OHTTP, in known-length form. Messages are padded with
 * zeros to a power of two, so that ciphertexts have few lengths.
 */

/** A request or a reply without trailers and informational replies. Field names: lower case. */
export interface BinaryMessage {
  /** Of a request: method, scheme, authority, path. Of a reply: the status. */
  readonly control: readonly [string, string, string, string] | number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

const REQUEST = 0;
const RESPONSE = 1;
const MIN_BYTES = 256;
const MAX_TWO_BYTES = 0x3fff;
const encoder = new TextEncoder();

/** Encodes a message, padded to a power of two, at least 256 bytes less `overhead`. */
export function encodeMessage(
  { control, fields, body }: BinaryMessage,
  overhead: number,
): Uint8Array<ArrayBuffer> {
  const isRequest = typeof control !== "number";
  const fieldBytes = fields.flatMap((field) => field.flatMap(lengthPrefixed));
  const head = isRequest
    ? [REQUEST, ...control.flatMap(lengthPrefixed)]
    : [RESPONSE, ...variableInteger(control)];
  const start = Uint8Array.from([
    ...head,
    ...variableInteger(fieldBytes.length),
    ...fieldBytes,
    ...variableInteger(body.length),
  ]);
  const needed = start.length + body.length + 1 + overhead;
  const total = Math.max(MIN_BYTES, 2 ** Math.ceil(Math.log2(needed)));
  const bytes = new Uint8Array(total - overhead);
  bytes.set(start);
  bytes.set(body, start.length);
  // The trailer section has length 0, and padding is zeros.
  return bytes;
}

/** Decodes a message. Throws a RangeError that names what is malformed. */
export function decodeMessage(bytes: Uint8Array): BinaryMessage {
  let offset = 0;
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - offset) throw new RangeError("it ends too early");
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const readInteger = (): number => {
    const [first] = take(1);
    let value = first! & 0x3f;
    for (const byte of take((1 << (first! >> 6)) - 1)) value = value * 256 + byte;
    return value;
  };
  const readText = (): string =>
    new TextDecoder("utf-8", { fatal: true }).decode(take(readInteger()));
  const indicator = readInteger();
  if (indicator !== REQUEST && indicator !== RESPONSE)
    throw new RangeError(`its framing is ${indicator}, expected a known length`);
  const control: BinaryMessage["control"] =
    indicator === REQUEST ? [readText(), readText(), readText(), readText()] : readInteger();
  if (typeof control === "number" && (control < 200 || control > 599))
    throw new RangeError(`its status is ${control}`);
  // Sections of length 0 at the end can be missing (RFC 9292, section 3.8).
  const readLength = (): number => (offset < bytes.length ? readInteger() : 0);
  const fieldsEnd = readLength() + offset;
  const fields: [string, string][] = [];
  while (offset < fieldsEnd) fields.push([readText(), readText()]);
  if (offset !== fieldsEnd) throw new RangeError("its fields have another length");
  const body = take(readLength());
  if (bytes.subarray(offset).some((byte) => byte !== 0))
    throw new RangeError("it has trailers, or its padding is not zeros");
  return { control, fields, body };
}

function lengthPrefixed(text: string): number[] {
  const bytes = encoder.encode(text);
  return [...variableInteger(bytes.length), ...bytes];
}

/** A variable-length integer of QUIC (RFC 9000, section 16). */
function variableInteger(value: number): number[] {
  if (value < 0x40) return [value];
  if (value <= MAX_TWO_BYTES) return [0x40 | (value >> 8), value & 0xff];
  return [0x80 | (value >>> 24), (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}
