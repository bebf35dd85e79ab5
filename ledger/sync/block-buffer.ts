// Proven blocks above the tip that wait for the ones before them.

import { FRAME_BYTES_MAX } from '../gossip/transport.ts';
import type { ProvenBlock } from './verify-block.ts';

/** Heights above the tip that may wait. */
export const WINDOW_HEIGHTS = 128;
/** Bytes of blocks that may wait; the next block may always. */
export const WINDOW_BYTES_MAX = 64 * 1_048_576;

/** What became of a block that was offered. */
export type Buffered = 'added' | 'known' | 'no-room' | 'conflict';

export class BlockBuffer {
  readonly #blocks = new Map<number, ProvenBlock>();
  #bytes = 0;

  /** Keeps a block for its turn after the tip at `tipHeight`. */
  add(proven: ProvenBlock, tipHeight: number): Buffered {
    const { height } = proven.block.header;
    const known = this.#blocks.get(height);
    if (known) {
      return Buffer.compare(known.blockId.hash, proven.blockId.hash) === 0 ? 'known' : 'conflict';
    }
    if (height <= tipHeight) return 'known';
    const isNext = height === tipHeight + 1;
    const hasRoom =
      height <= tipHeight + WINDOW_HEIGHTS &&
      this.#bytes + proven.encoded.length <= WINDOW_BYTES_MAX;
    if (!isNext && !hasRoom) return 'no-room';
    this.#blocks.set(height, proven);
    this.#bytes += proven.encoded.length;
    return 'added';
  }

  get(height: number): ProvenBlock | undefined {
    return this.#blocks.get(height);
  }

  /** Lets go of the blocks up to a height, which are in the ledger. */
  forget(tipHeight: number): void {
    for (const [height, { encoded }] of this.#blocks) {
      if (height > tipHeight) continue;
      this.#blocks.delete(height);
      this.#bytes -= encoded.length;
    }
  }

  /** Whether a block that is not the next one may find no room. */
  get isFull(): boolean {
    return this.#bytes + FRAME_BYTES_MAX > WINDOW_BYTES_MAX;
  }
}
