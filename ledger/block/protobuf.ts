// The little of protocol buffers that CometBFT's block types need: a writer of fields in ascending
// order and a reader that takes nothing else.
//
// Source: protobuf.dev/programming-guides/encoding; gogoproto's rule that a non-nullable embedded
// message is written even when it is empty. proto3 leaves out scalar fields that are zero or empty.

import { BlockError } from './block-error.ts';

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const VARINT_BYTES_MAX = 10;
const EMPTY = new Uint8Array(0);

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

/**
 * Reads one message whose fields stand in ascending order, as {@link ProtobufWriter} writes them: the
 * caller asks for each field in turn, and {@link end} refuses what is left over.
 *
 * So there is one byte form for one content, and bytes that are none are refused at the first field
 * that does not fit: a message costs what its known fields cost, whatever a hostile sender puts in.
 * Field numbers are 1 to 15 (a tag of one byte). Every fault is a BCHF_BLOCK_MALFORMED.
 */
export class ProtobufReader {
  readonly #message: Uint8Array;
  #at = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  /** An integer field; 0 where it is left out. Safe integers only. */
  integer(field: number): number {
    if (!this.#takes(field * 8 + WIRE_VARINT)) return 0;
    const value = this.#varint();
    if (value === 0) throw malformed('a zero that is written out');
    return value;
  }

  /** A bytes or string field, a view; empty where it is left out. */
  bytes(field: number): Uint8Array {
    if (!this.#takes(field * 8 + WIRE_BYTES)) return EMPTY;
    const value = this.#delimited();
    if (value.length === 0) throw malformed('an empty field that is written out');
    return value;
  }

  /** An embedded message, a view; it is written even when it is empty. */
  message(field: number): Uint8Array {
    if (!this.#takes(field * 8 + WIRE_BYTES)) throw malformed(`field ${field} is missing`);
    return this.#delimited();
  }

  /** The elements of a repeated field, views; `refuse` is thrown where there are more than a limit. */
  messages(field: number, countMax: number, refuse: () => Error): Uint8Array[] {
    const elements: Uint8Array[] = [];
    while (this.#takes(field * 8 + WIRE_BYTES)) {
      if (elements.length === countMax) throw refuse();
      elements.push(this.#delimited());
    }
    return elements;
  }

  /** Throws where anything is left. */
  end(): void {
    if (this.#at !== this.#message.length) throw malformed('a field too many, or out of order');
  }

  #takes(tag: number): boolean {
    if (this.#message[this.#at] !== tag) return false;
    this.#at++;
    return true;
  }

  #delimited(): Uint8Array {
    const length = this.#varint();
    const message = this.#message;
    if (length < 0 || length > message.length - this.#at) throw malformed('a field is cut short');
    // A plain view even of a Buffer, whose methods and looks differ.
    const value = new Uint8Array(message.buffer, message.byteOffset + this.#at, length);
    this.#at += length;
    return value;
  }

  #varint(): number {
    const message = this.#message;
    const from = this.#at;
    let value = 0;
    let scale = 1;
    for (let length = 1; length <= VARINT_BYTES_MAX; length++) {
      const byte = message[this.#at++];
      if (byte === undefined) throw malformed('an integer is cut short');
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte >= 0x80) continue;
      if (byte === 0 && length > 1) throw malformed('an integer in more bytes than it needs');
      if (length === VARINT_BYTES_MAX) return negative(message.subarray(from, this.#at));
      if (!Number.isSafeInteger(value)) throw malformed('an integer beyond 53 bits');
      return value;
    }
    throw malformed('an integer of more than 10 bytes');
  }
}

/** Ten bytes of varint are a negative integer in two's complement, or nothing that is written here. */
function negative(bytes: Uint8Array): number {
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte & 0x7f) << BigInt(7 * index);
  const signed = Number(BigInt.asIntN(64, value));
  const isRight = bytes.at(-1) === 1 && signed < 0 && Number.isSafeInteger(signed);
  if (!isRight) throw malformed('an integer beyond 53 bits');
  return signed;
}

function malformed(reason: string): BlockError {
  return new BlockError('BCHF_BLOCK_MALFORMED', reason);
}
