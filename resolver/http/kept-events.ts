// The newest blocks as events of streams, kept for all streams of a thread that are at about the same block. A
// block is made into its text when that is first needed.

import { decodeChanges } from '../../ledger/store/change-codec.ts';
import type { ServedBlock } from '../ledger-questions.ts';
import type { RouteTable } from '../route-table.ts';
import { entryJson } from './routing-info.ts';

/** What a block costs besides its changes. */
const BLOCK_BYTES = 256;

export class KeptEvents {
  readonly #routes: Pick<RouteTable, 'json'>;
  readonly #bytesMax: number;
  readonly #onDropped: (height: number) => void;
  /** By height, the oldest first; what has no text yet is made into it when it is first needed. */
  readonly #kept = new Map<number, ServedBlock | Uint8Array>();
  #bytes = 0;

  /**
   * @param bytesMax of blocks and texts, besides those that were kept or asked for last
   * @param onDropped told of each block that is dropped
   */
  constructor(
    routes: Pick<RouteTable, 'json'>,
    bytesMax: number,
    onDropped: (height: number) => void,
  ) {
    this.#routes = routes;
    this.#bytesMax = bytesMax;
    this.#onDropped = onDropped;
  }

  has(height: number): boolean {
    return this.#kept.has(height);
  }

  keep(blocks: readonly ServedBlock[]): void {
    for (const block of blocks) {
      if (this.#kept.has(block.height)) continue;
      this.#kept.set(block.height, block);
      this.#bytes += bytesOf(block);
    }
    this.#makeRoom(blocks[0]?.height ?? 0, blocks.at(-1)?.height ?? 0);
  }

  /** The event of a block; `undefined` where the block is not kept. */
  textOf(height: number): Uint8Array | undefined {
    const kept = this.#kept.get(height);
    if (!kept || kept instanceof Uint8Array) return kept;
    const text = Buffer.from(eventOf(kept, this.#routes));
    this.#kept.set(height, text);
    this.#bytes += text.length - bytesOf(kept);
    this.#makeRoom(height, height);
    return text;
  }

  /** Drops what is kept longest, but for some blocks that are about to be needed. */
  #makeRoom(first: number, last: number): void {
    for (const [height, kept] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) break;
      if (height >= first && height <= last) continue;
      this.#kept.delete(height);
      this.#bytes -= bytesOf(kept);
      this.#onDropped(height);
    }
  }
}

/** About what one costs. */
function bytesOf(kept: ServedBlock | Uint8Array): number {
  return kept instanceof Uint8Array ? kept.length : kept.changes.length + BLOCK_BYTES;
}

/** The event of a block; its data is a BlockChanges in one line. */
function eventOf(block: ServedBlock, routes: Pick<RouteTable, 'json'>): string {
  const { height, blockHash, timeMs } = block;
  const changes = decodeChanges(block.changes);
  const numbers = new Set(block.routes);
  for (const { route } of changes) if (route !== null) numbers.add(route);
  const details = [...numbers].flatMap((number) => {
    const json = routes.json(number);
    return json === undefined ? [] : [`"${number}":${json}`];
  });
  const lines = changes.map(
    (change) =>
      `{"identity":"${change.identity}",${entryJson(change).slice(1, -1)},"route":${change.route}}`,
  );
  const hash = Buffer.from(blockHash).toString('hex').toUpperCase();
  return (
    `id: ${height}\nevent: block\n` +
    `data: {"height":${height},"blockHash":"${hash}","time":"${new Date(timeMs).toISOString()}",` +
    `"routes":{${details.join()}},"changes":[${lines.join()}]}\n\n`
  );
}
