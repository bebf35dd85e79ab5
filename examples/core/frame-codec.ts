// Frames in which everything travels that is not HTTP: JSON with its length in front.
//
//     0           4
//     ┌───────────┬──────────────────────────────────────────────┐
//     │ length    │ JSON (RFC 8259) in UTF-8, `length` bytes:     │
//     │ u32, BE   │ {id, name, body} or {id, status, text, …}     │
//     └───────────┴──────────────────────────────────────────────┘
//
// It stands where SCTP with Diameter or MAP, NAS or SIP would: requests of one connection may be answered
// in any order, matched by `id`, as by Diameter's hop-by-hop identifier or TCAP's transaction ids.

/** Far above any message here, far below what hurts. */
export const FRAME_BYTES_MAX = 16 * 1024;
const HEAD_BYTES = 4;

export function encodeFrame(value: object): Buffer {
  const json = Buffer.from(JSON.stringify(value), 'utf8');
  const frame = Buffer.allocUnsafe(HEAD_BYTES + json.length);
  frame.writeUInt32BE(json.length);
  json.copy(frame, HEAD_BYTES);
  return frame;
}

/** Puts frames together from what a connection brings. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * The frames that are whole with this chunk, parsed; `undefined` where what comes is none: a length
   * beyond the limit, or no JSON object. Then the connection is of no use any more.
   */
  read(chunk: Buffer): Record<string, unknown>[] | undefined {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Record<string, unknown>[] = [];
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUInt32BE(0);
      if (length > FRAME_BYTES_MAX) return undefined;
      if (this.#rest.length < HEAD_BYTES + length) break;
      const value = parseObject(this.#rest.toString('utf8', HEAD_BYTES, HEAD_BYTES + length));
      if (!value) return undefined;
      frames.push(value);
      this.#rest = this.#rest.subarray(HEAD_BYTES + length);
    }
    return frames;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
