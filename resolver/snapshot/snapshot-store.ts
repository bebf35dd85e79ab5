// The directory of a ledger's snapshots: one file for a height, named so that names sort by height.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import {
  loadSnapshot,
  readManifest,
  type SnapshotContent,
  type SnapshotManifest,
  writeSnapshot,
} from './snapshot-file.ts';

const NAME = /^\d{12}\.bchf$/;
const LEFTOVER = /\.tmp$/;

type Block = SnapshotContent['block'];

export class SnapshotStore {
  readonly #directory: string;
  readonly #log: Log;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  pathOf(height: number): string {
    return join(this.#directory, `${String(height).padStart(12, '0')}.bchf`);
  }

  /** Whether a snapshot of exactly this block is there. */
  async has({ height, blockHash, chainId }: Block): Promise<boolean> {
    try {
      const manifest = await readManifest(this.pathOf(height));
      const hash = Buffer.from(blockHash).toString('hex');
      return manifest.chainId === chainId && manifest.blockHash === hash;
    } catch {
      return false;
    }
  }

  /** Writes a snapshot and returns its path. Throws BCHF_SNAPSHOT_IO. */
  async save(content: SnapshotContent, nowMs: number): Promise<string> {
    await mkdir(this.#directory, { recursive: true }).catch((cause) => {
      const message = `cannot make ${this.#directory}: ${cause.message}`;
      throw new ResolverError('BCHF_SNAPSHOT_IO', message, { cause });
    });
    const path = this.pathOf(content.block.height);
    await writeSnapshot(path, content, nowMs);
    return path;
  }

  /**
   * Loads the newest snapshot that is whole and that `fits`; a damaged one is passed over with a
   * warning. `undefined` where there is none.
   */
  async loadNewest(
    fits: (block: Block) => Promise<boolean>,
    limits: { memoryBytesMax?: number },
  ): Promise<(SnapshotContent & { manifest: SnapshotManifest }) | undefined> {
    for (const name of (await this.#names()).reverse()) {
      const path = join(this.#directory, name);
      try {
        const { chainId, height, blockHash, blockTimeMs } = await readManifest(path);
        const hash = Buffer.from(blockHash, 'hex');
        if (await fits({ chainId, height, blockHash: hash, timeMs: blockTimeMs })) {
          return await loadSnapshot(path, limits);
        }
        this.#log.warn({ path, height }, 'snapshot does not fit the ledger and is passed over');
      } catch (error) {
        if (!(error instanceof ResolverError)) throw error;
        this.#log.warn({ path, err: error }, 'snapshot is passed over');
      }
    }
    return undefined;
  }

  /** Deletes all but the newest `kept` snapshots, and what a killed writer left behind. */
  async prune(kept: number): Promise<void> {
    const names = await this.#names();
    const old = names.slice(0, Math.max(0, names.length - kept));
    const leftovers = (await readdir(this.#directory)).filter((name) => LEFTOVER.test(name));
    for (const name of [...old, ...leftovers]) {
      // What cannot be deleted costs space only, and the next start tries again.
      await rm(join(this.#directory, name), { force: true }).catch((err) => {
        this.#log.warn({ path: join(this.#directory, name), err }, 'snapshot is not deleted');
      });
    }
  }

  /** File names, lowest height first. */
  async #names(): Promise<string[]> {
    const names = await readdir(this.#directory).catch((): string[] => []);
    return names.filter((name) => NAME.test(name)).sort();
  }
}
