// Packets of a load test, prepared in one memory together with the structures by which sendmmsg(2)
// sends them: while a test runs, nothing of them is made or copied.
//
//     ┌──────────────────┬──────────────────┬───────────────────────────────┐
//     │ mmsghdr, 64 B    │ iovec, 16 B      │ packet, `stride` B            │
//     │ for each packet  │ for each packet  │ for each packet               │
//     └──────────────────┴──────────────────┴───────────────────────────────┘
//
// Source: sendmmsg(2), the structures of a 64-bit Linux.

/** `struct mmsghdr`, and where in it what is set here lies. */
export const HEADER_BYTES = 64;
export const HEADER_VECTOR = 16;
export const HEADER_VECTOR_COUNT = 24;
export const HEADER_LENGTH = 56;
export const HEADER_FLAGS = 48;
/** `struct iovec`. */
export const VECTOR_BYTES = 16;
const VECTOR_LENGTH = 8;
/** Packets begin at multiples of this. */
const ALIGNMENT = 16;
/** What `SharedArrayBuffer` takes everywhere, and more than a test needs. */
const MEMORY_BYTES_MAX = 2 ** 31;

/** Packets that lie one after the other in a memory that never moves. */
export interface PacketRow {
  readonly count: number;
  /** Where the structures of packet 0 lie, for the system. */
  readonly headersAddress: number;
  /** All of the memory; the structures begin at 0. */
  readonly bytes: Uint8Array;
  /** Where packet 0 lies in `bytes`; packet n lies `n * stride` behind it. */
  readonly packetsAt: number;
  readonly stride: number;
  /** The length of every packet, where all have the same. */
  readonly uniformBytes: number | undefined;
  /** Where the vector of packet 0 lies, for the system; those of the others follow. */
  readonly vectorsAddress: number;
}

/**
 * Lays out `count` packets of up to `packetBytesMax` bytes, all with that length and filled with zeros.
 * Throws a RangeError where that is more than 2 GiB.
 *
 * @param addressOf Where a memory lies.
 */
export function layOutPackets(
  count: number,
  packetBytesMax: number,
  addressOf: (memory: SharedArrayBuffer) => number,
): PacketRow {
  const stride = Math.ceil(packetBytesMax / ALIGNMENT) * ALIGNMENT;
  const vectorsAt = count * HEADER_BYTES;
  const packetsAt = vectorsAt + count * VECTOR_BYTES;
  const size = packetsAt + count * stride;
  if (size > MEMORY_BYTES_MAX) throw new RangeError(`${count} packets do not fit into 2 GiB`);
  const memory = new SharedArrayBuffer(size);
  const headersAddress = addressOf(memory);
  const view = new DataView(memory);
  for (let at = 0; at < count; at++) {
    const vector = vectorsAt + at * VECTOR_BYTES;
    setAddress(view, vector, headersAddress + packetsAt + at * stride);
    setAddress(view, vector + VECTOR_LENGTH, packetBytesMax);
    const header = at * HEADER_BYTES;
    setAddress(view, header + HEADER_VECTOR, headersAddress + vector);
    setAddress(view, header + HEADER_VECTOR_COUNT, 1);
  }
  return {
    count,
    headersAddress,
    bytes: new Uint8Array(memory),
    packetsAt,
    stride,
    uniformBytes: packetBytesMax,
    vectorsAddress: headersAddress + vectorsAt,
  };
}

/** Lays out packets and copies these into them. */
export function preparePackets(
  packets: readonly Uint8Array[],
  addressOf: (memory: SharedArrayBuffer) => number,
): PacketRow {
  const bytesMax = packets.reduce((most, { length }) => Math.max(most, length), 0);
  const row = layOutPackets(packets.length, bytesMax, addressOf);
  const view = new DataView(row.bytes.buffer);
  const vectorsAt = row.count * HEADER_BYTES;
  packets.forEach((packet, at) => {
    row.bytes.set(packet, row.packetsAt + at * row.stride);
    setAddress(view, vectorsAt + at * VECTOR_BYTES + VECTOR_LENGTH, packet.length);
  });
  if (packets.some(({ length }) => length !== bytesMax)) return { ...row, uniformBytes: undefined };
  return row;
}

/** Writes an address, or a length of the same size: below 2^53. */
export function setAddress(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
