// Frames on a stream of bytes:
//
//     ┌────────────┬──────────────────┐
//     │ length u32 │ length bytes     │  big-endian, and so on to the end of the stream
//     └────────────┴──────────────────┘

const LENGTH_BYTES = 4;

export function encodeFrame(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}

/**
 * Cuts chunks of any size into frames. Takes what has come without copying it until a frame is whole,
 * so that a frame of many chunks costs one copy. Throws a `RangeError` where a frame is longer than
 * `frameBytesMax`, all of them are longer than `totalBytesMax`, or the end cuts a frame off.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #totalBytesMax: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #total = 0;

  constructor(frameBytesMax: number, totalBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
    this.#totalBytesMax = totalBytesMax;
  }

  /** The frames that are whole once `chunk` has come. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#total += chunk.length;
    if (this.#total > this.#totalBytesMax) throw new RangeError('the stream is too long');
    for (;;) {
      const length = this.#peekLength();
      if (length === undefined) return;
      if (length > this.#frameBytesMax) throw new RangeError(`a frame of ${length} bytes`);
      if (this.#bytes < LENGTH_BYTES + length) return;
      const all = this.#joined();
      this.#chunks = [all.subarray(LENGTH_BYTES + length)];
      this.#bytes = all.length - LENGTH_BYTES - length;
      yield all.slice(LENGTH_BYTES, LENGTH_BYTES + length);
    }
  }

  /** To be called at the end of the stream. */
  end(): void {
    if (this.#bytes > 0) throw new RangeError('the stream ends inside a frame');
  }

  #peekLength(): number | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined;
    if (this.#chunks[0]!.length < LENGTH_BYTES) this.#chunks = [this.#joined()];
    const [first] = this.#chunks as [Uint8Array];
    return new DataView(first.buffer, first.byteOffset, first.length).getUint32(0);
  }

  #joined(): Uint8Array {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }
}
