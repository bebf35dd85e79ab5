// A directory of snapshots. Those of a ledger are one file for a height, named so that names sort by
// height; an operator may put others there. Snapshots are known by the names of their files alone:
// nobody who asks for one over the network says where it lies.

import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../ledger/make-directory.ts';
import type { Log } from '../log.ts';
import { readMemberKey } from '../node-client.ts';
import { ResolverError } from '../resolver-error.ts';
import type { Compression } from './compression.ts';
import { ProvenSnapshots } from './proven-snapshots.ts';
import {
  loadSnapshot,
  readManifest,
  type SnapshotContent,
  type SnapshotManifest,
  type WrittenContent,
  writeSnapshot,
} from './snapshot-file.ts';
import type { WriteOptions } from './write-snapshot.ts';

/** Of those that are written here. */
const HEIGHT_NAME = /^\d{12}\.bchf$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.bchf$/;
/** Files that are looked at for a list. */
const LISTED_MAX = 1000;
/** Of a writer of these that was killed; others' files are theirs. */
const LEFTOVER = /^\d{12}\.bchf\.\d+\.tmp$/;

type Block = SnapshotContent['block'];
type LoadedSnapshot = Awaited<ReturnType<typeof loadSnapshot>>;

/** A directory whose snapshots are written as the options say. Error: BCHF_TX_FILE_INVALID. */
export async function openStore(
  directory: string,
  log: Log,
  options: { snapshotKey: string; snapshotCompression: Compression },
): Promise<SnapshotStore> {
  const { snapshotKey, snapshotCompression: compression } = options;
  const key = snapshotKey === '' ? undefined : await readMemberKey(snapshotKey);
  return new SnapshotStore(directory, log, { compression, creatorKey: key?.privateKey });
}

/** A snapshot of the directory, by its manifest. */
export interface StoredSnapshot {
  name: string;
  bytes: number;
  manifest: SnapshotManifest;
}

export interface StoredSnapshots {
  /** The newest first: by height, then by when they were made. */
  snapshots: StoredSnapshot[];
  /** Files whose names are those of snapshots and that are none, or of another version. */
  damaged: { name: string; code: string }[];
}

export class SnapshotStore {
  readonly #directory: string;
  readonly #log: Log;
  readonly #options: WriteOptions;
  readonly #proven: ProvenSnapshots;
  /** Names of files that are not what they say, though their manifests may be whole. */
  readonly #passedOver = new Set<string>();

  /** @param options how snapshots are written here */
  constructor(directory: string, log: Log, options: WriteOptions = {}) {
    this.#directory = directory;
    this.#log = log;
    this.#options = options;
    this.#proven = new ProvenSnapshots(directory, log);
  }

  pathOf(height: number): string {
    return join(this.#directory, this.nameOf(height));
  }

  nameOf(height: number): string {
    return `${String(height).padStart(12, '0')}.bchf`;
  }

  /** Where a snapshot lies. Error: BCHF_SNAPSHOT_UNKNOWN where there is none of that name. */
  async find(name: string): Promise<string> {
    const path = join(this.#directory, name);
    const isFile = NAME.test(name) && (await lstat(path).catch(() => undefined))?.isFile();
    if (isFile) return path;
    throw new ResolverError(
      'BCHF_SNAPSHOT_UNKNOWN',
      `there is no snapshot ${JSON.stringify(name)}`,
    );
  }

  /** What is there, at most 1000 files. */
  async list(): Promise<StoredSnapshots> {
    const found: StoredSnapshots = { snapshots: [], damaged: [] };
    for (const name of (await this.#names(NAME)).slice(-LISTED_MAX)) {
      const path = join(this.#directory, name);
      try {
        const manifest = await readManifest(path);
        found.snapshots.push({ name, bytes: (await lstat(path)).size, manifest });
      } catch (error) {
        if (!(error instanceof ResolverError)) continue; // Deleted meanwhile.
        found.damaged.push({ name, code: error.code });
      }
    }
    found.snapshots.sort(
      ({ manifest: one }, { manifest: other }) =>
        other.height - one.height || other.createdAtMs - one.createdAtMs,
    );
    return found;
  }

  /** Deletes one. Errors: BCHF_SNAPSHOT_UNKNOWN, BCHF_SNAPSHOT_IO. */
  async delete(name: string): Promise<void> {
    const path = await this.find(name);
    await rm(path, { force: true }).catch((cause) => {
      throw new ResolverError('BCHF_SNAPSHOT_IO', `cannot delete ${path}`, { cause });
    });
  }

  /** Whether a snapshot of exactly this block is there; one that was passed over is none. */
  async has({ height, blockHash, chainId }: Block): Promise<boolean> {
    if (this.#passedOver.has(this.nameOf(height))) return false;
    try {
      const manifest = await readManifest(this.pathOf(height));
      const hash = Buffer.from(blockHash).toString('hex');
      return manifest.chainId === chainId && manifest.blockHash === hash;
    } catch {
      return false;
    }
  }

  /** Writes a snapshot and returns its path. Throws BCHF_SNAPSHOT_IO. */
  async save(content: WrittenContent, nowMs: number): Promise<string> {
    await makeDirectory(this.#directory).catch((cause) => {
      const message = `cannot make ${this.#directory}: ${cause.message}`;
      throw new ResolverError('BCHF_SNAPSHOT_IO', message, { cause });
    });
    const path = this.pathOf(content.block.height);
    const { manifestHash } = await writeSnapshot(path, content, nowMs, this.#options);
    this.#passedOver.delete(this.nameOf(content.block.height));
    await this.#proven.add(manifestHash);
    return path;
  }

  /** Notes that a snapshot, by the sha-256 of its manifest, is what the chain says. */
  noteProven(manifestHash: string): Promise<void> {
    return this.#proven.add(manifestHash);
  }

  /**
   * Loads the newest snapshot that is whole, that `fits`, and that was written or proven here, or that
   * `prove` does not refuse; one that is not is passed over with a warning. `undefined` where there is none.
   */
  async loadNewest(
    fits: (block: Block) => Promise<boolean>,
    limits: { memoryBytesMax?: number },
    prove: (snapshot: LoadedSnapshot) => Promise<void> = async () => {},
  ): Promise<LoadedSnapshot | undefined> {
    for (const name of (await this.#names(HEIGHT_NAME)).reverse()) {
      const path = join(this.#directory, name);
      try {
        const { chainId, height, blockHash, blockTimeMs } = await readManifest(path);
        const hash = Buffer.from(blockHash, 'hex');
        if (!(await fits({ chainId, height, blockHash: hash, timeMs: blockTimeMs }))) {
          this.#log.warn({ path, height }, 'snapshot does not fit the ledger and is passed over');
          continue;
        }
        const loaded = await loadSnapshot(path, limits);
        const { manifestHash } = loaded.manifest;
        if (!(await this.#proven.has(manifestHash))) {
          await prove(loaded);
          await this.#proven.add(manifestHash);
        }
        return loaded;
      } catch (error) {
        if (!(error instanceof ResolverError)) throw error;
        this.#passedOver.add(name);
        this.#log.warn({ path, err: error }, 'snapshot is passed over');
      }
    }
    return undefined;
  }

  /**
   * Deletes all but the newest `kept` of a ledger's snapshots, and what a killed writer left behind.
   *
   * @param pinned names that stay whatever their age
   */
  async prune(kept: number, pinned: readonly (string | null)[] = []): Promise<void> {
    const names = await this.#names(HEIGHT_NAME);
    const old = names
      .slice(0, Math.max(0, names.length - kept))
      .filter((name) => !pinned.includes(name));
    const leftovers = (await readdir(this.#directory)).filter((name) => LEFTOVER.test(name));
    for (const name of [...old, ...leftovers]) {
      // What cannot be deleted costs space only, and the next start tries again.
      await rm(join(this.#directory, name), { force: true }).catch((err) => {
        this.#log.warn({ path: join(this.#directory, name), err }, 'snapshot is not deleted');
      });
    }
  }

  /** File names of a form, lowest height first. */
  async #names(form: RegExp): Promise<string[]> {
    const entries = await readdir(this.#directory, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile() && form.test(entry.name)) // A pipe would never be read to its end.
      .map(({ name }) => name)
      .sort();
  }
}
