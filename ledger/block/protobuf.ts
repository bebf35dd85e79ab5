// The little of protocol buffers that CometBFT's block types need: a writer of fields in ascending
// order and a reader of fields.
//
// Source: protobuf.dev/programming-guides/encoding; gogoproto's rule that a non-nullable embedded
// message is written even when it is empty. proto3 leaves out scalar fields that are zero or empty.

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;

/** Writes one message. Fields are to be written in ascending order, which makes it canonical. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  /** An integer field (int32, int64, uint32, uint64, enum); left out when 0. Safe integers only. */
  integer(field: number, value: number): this {
    if (value === 0) return this;
    this.#parts.push(varint(field * 8 + WIRE_VARINT), varint(value));
    return this;
  }

  /** An sfixed64 field; left out when 0. */
  fixed64(field: number, value: number): this {
    if (value === 0) return this;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    this.#parts.push(varint(field * 8 + WIRE_FIXED64), bytes);
    return this;
  }

  /** A bytes or string field; left out when empty. */
  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.message(field, value);
  }

  /** An embedded message, or an element of a repeated field: written even when empty. */
  message(field: number, value: Uint8Array): this {
    this.#parts.push(varint(field * 8 + WIRE_BYTES), varint(value.length), value);
    return this;
  }

  /** The message so far. */
  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** The message behind its own length, as CometBFT signs it. */
export function delimited(message: Uint8Array): Uint8Array {
  return Buffer.concat([varint(message.length), message]);
}

/** An integer as a varint; negative ones as 10 bytes of two's complement. */
export function varint(value: number): Uint8Array {
  if (value >= 0 && value < 0x80) return Uint8Array.of(value);
  const bytes: number[] = [];
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
  } else {
    let rest = value;
    while (rest > 0x7f) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

/** One field as read: an integer or a view of bytes. */
export type ProtobufField =
  | { field: number; integer: number; bytes?: undefined }
  | { field: number; integer?: undefined; bytes: Uint8Array };

/**
 * The fields of a message in the order of its bytes. Throws a `RangeError` where the bytes are no
 * message, or use wire types and integers that CometBFT's block types do not have.
 */
export function* readProtobuf(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const next = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('truncated varint');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const signed = Number(BigInt.asIntN(64, value));
        if (!Number.isSafeInteger(signed)) throw new RangeError('integer beyond 53 bits');
        return signed;
      }
    }
    throw new RangeError('varint of more than 10 bytes');
  };
  while (at < message.length) {
    const tag = next();
    const field = Math.floor(tag / 8);
    if (field < 1) throw new RangeError('no field number');
    if (tag % 8 === WIRE_VARINT) {
      yield { field, integer: next() };
    } else if (tag % 8 === WIRE_BYTES) {
      const length = next();
      if (length < 0 || length > message.length - at) throw new RangeError('truncated field');
      // A plain view even of a Buffer, whose methods and looks differ.
      yield { field, bytes: new Uint8Array(message.buffer, message.byteOffset + at, length) };
      at += length;
    } else {
      throw new RangeError(`wire type ${tag % 8}`);
    }
  }
}
