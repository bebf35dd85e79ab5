// Writes snapshots of an index that follows a ledger: at a start and a stop, when somebody asks, and by
// itself after so many blocks or minutes.

import type { FollowedLedger } from '../../ledger/ledger.ts';
import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import type { WasmIndex } from '../../wasm/wasm-index.ts';
import { decodeLabel, heightOfLabel } from '../freshness.ts';
import type { Log } from '../log.ts';
import type { LedgerSide } from './ledger-side.ts';
import type { ImageSource, IndexPair } from './snapshot-file.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/**
 * Writes a snapshot of the block that the indexes stand at, unless there is one, and deletes all but
 * the newest `kept`. No block may be applied meanwhile. Where it cannot be written, as on a full disk, that
 * is logged: the blocks are on the disk, and the next start is slower.
 */
export async function saveSnapshot(
  {
    ledger,
    indexes,
    snapshots,
  }: {
    ledger: FollowedLedger;
    indexes: IndexPair;
    snapshots: SnapshotStore;
  },
  kept: number,
  nowMs: number,
  log: Log,
): Promise<void> {
  // The index's block and not the ledger's tip: at a stop the index may not have come to it.
  const block = { chainId: ledger.chainId, ...decodeLabel(indexes.msisdn.label()) };
  // A block that only one index could take: no snapshot is better than one of two heights.
  if (block.height === 0 || heightOfLabel(indexes.imsi.label()) !== block.height) return;
  if (await snapshots.has(block)) return;
  const state = ledger.tip.height === block.height ? ledger.stateBytes : undefined;
  const content = { indexes, routes: ledger.routes(), block, state };
  try {
    const path = await snapshots.save(content, nowMs);
    await snapshots.prune(kept);
    log.info({ path, height: block.height }, 'snapshot written');
  } catch (err) {
    log.error({ err, height: block.height }, 'no snapshot was written');
  }
}

/** Pieces in which an image is copied. */
const COPY_BYTES = 64 << 20;
/** How often the index is given time to come to the ledger's block, whose state can be named. */
const TIP_TRIES = 40;
const TIP_WAIT_MS = 50;

export interface SaverOptions {
  ledger: LedgerSide;
  store: SnapshotStore;
  indexes: () => IndexPair;
  everyBlocks: number;
  everyMinutes: number;
  onSaved: (name: string) => Promise<void>;
  log: Log;
  now: () => number;
}

/** Writes snapshots while blocks go on: the images are copied in one go, and written at leisure. */
export class SnapshotSaver {
  readonly #options: SaverOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #saving: Promise<{ name: string | null; isNew: boolean }> | undefined;
  #savedHeight: number;
  #isClosed = false;
  saved = 0;
  failures = 0;

  constructor(options: SaverOptions) {
    this.#options = options;
    this.#savedHeight = heightOfLabel(options.indexes().msisdn.label());
    const { everyMinutes } = options;
    if (everyMinutes > 0) {
      this.#timer = setInterval(() => this.#saveByItself(), everyMinutes * 60_000).unref();
    }
  }

  /** Writes one of the block that is served now; who asks while one is written gets that one. */
  save(): Promise<{ name: string | null; isNew: boolean }> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  blockServed(height: number): void {
    const { everyBlocks } = this.#options;
    if (everyBlocks > 0 && height >= this.#savedHeight + everyBlocks) this.#saveByItself();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  /** A full disk must not end what serves: the last good snapshot is still there. */
  #saveByItself(): void {
    if (this.#isClosed) return;
    this.save().catch((err) => this.#options.log.error({ err }, 'no snapshot was written'));
  }

  async #write(): Promise<{ name: string | null; isNew: boolean }> {
    const { ledger, store, indexes, onSaved, log, now } = this.#options;
    const height = () => heightOfLabel(indexes().msisdn.label());
    for (let tries = 0; tries < TIP_TRIES && height() !== ledger.tipHeight; tries++) {
      await new Promise((resolve) => setTimeout(resolve, TIP_WAIT_MS));
    }
    const blockOf = () => ({
      chainId: ledger.chainId,
      ...decodeLabel(indexes().msisdn.label()),
    });
    if (height() === 0) return { name: null, isNew: false };
    if (await store.has(blockOf())) return { name: store.nameOf(height()), isNew: false };
    // From here to the end of the copy nothing else runs in this thread, so no block comes in between.
    const block = blockOf();
    const content = {
      indexes: copyOf(indexes()),
      routes: [...ledger.routes()],
      block,
      state: ledger.tipHeight === block.height ? ledger.stateBytes : undefined,
    };
    this.#savedHeight = block.height;
    try {
      const path = await store.save(content, now());
      this.saved++;
      const name = store.nameOf(block.height);
      await onSaved(name);
      log.info({ path, height: block.height }, 'snapshot written');
      return { name, isNew: true };
    } catch (error) {
      this.failures++;
      throw error;
    }
  }
}

function copyOf(indexes: IndexPair): Record<Identity, ImageSource> {
  return Object.fromEntries(
    IDENTITIES.map((identity) => [identity, copyImage(indexes[identity])]),
  ) as Record<Identity, ImageSource>;
}

function copyImage(index: WasmIndex): ImageSource {
  const counts = index.counts();
  const chunks = Array.from(index.imageChunks(COPY_BYTES), (chunk) => chunk.slice());
  return { counts: () => counts, imageChunks: () => chunks };
}
