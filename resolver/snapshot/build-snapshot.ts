// Builds a snapshot from routes.json and entries.csv, without a ledger.

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import { ROUTES_MAX, type Route } from '../../ledger/route.ts';
import { routeSchema } from '../../ledger/route-schema.ts';
import { type IndexChange, IndexError } from '../../wasm/number-index.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import type { Progress } from '../progress.ts';
import { ResolverError } from '../resolver-error.ts';
import { problemsOf } from '../schema-problems.ts';
import { EntriesParser } from './entries-csv.ts';
import {
  type IndexPair,
  ROUTES_BYTES_MAX,
  type SnapshotManifest,
  writeSnapshot,
} from './snapshot-file.ts';
import type { WriteOptions } from './write-snapshot.ts';

/** Entries that are applied to an index at once. */
const BATCH_COUNT = 8192;
/** Invalid lines that are reported one by one; the rest are only counted. */
const REPORTED_MAX = 20;

export interface BuildOptions {
  routesPath: string;
  entriesPath: string;
  outPath: string;
  /** Count lines that are not valid, instead of failing at the first. */
  skipInvalid: boolean;
  memoryBytesMax?: number;
  writing?: WriteOptions;
  nowMs: number;
  progress: Progress;
}

export interface BuildResult {
  manifest: SnapshotManifest;
  lines: number;
  /** Lines that were skipped as not valid. */
  invalidCount: number;
  /** The first of them. */
  invalid: { line: number; reason: string }[];
}

/**
 * Reads, builds, writes. Memory is the index plus one batch, whatever the size of the file.
 *
 * Throws BCHF_INPUT_INVALID with file, line and reason, BCHF_SNAPSHOT_IO, BCHF_INDEX_FULL. The
 * output file is written only where everything was read.
 */
export async function buildSnapshot(options: BuildOptions): Promise<BuildResult> {
  const { routesPath, entriesPath, outPath, skipInvalid, memoryBytesMax, nowMs } = options;
  const routes = await readRoutes(routesPath);
  const indexes: IndexPair = {
    imsi: createWasmIndex({ memoryBytesMax }),
    msisdn: createWasmIndex({ memoryBytesMax }),
  };
  const invalid: BuildResult['invalid'] = [];
  let invalidCount = 0;
  const onInvalid = (line: number, reason: string) => {
    // Without the right header nothing can be known of the columns.
    if (!skipInvalid || line === 1) {
      throw new ResolverError('BCHF_INPUT_INVALID', `${entriesPath}:${line}: ${reason}`);
    }
    invalidCount++;
    if (invalid.length < REPORTED_MAX) invalid.push({ line, reason });
  };
  const batches: Record<Identity, Batch> = {
    imsi: new Batch(indexes.imsi, onInvalid),
    msisdn: new Batch(indexes.msisdn, onInvalid),
  };
  const numbers = new Map(routes.map((route, number) => [route.id, number]));
  const parser = new EntriesParser(
    numbers,
    (change, line) => batches[change.identity].add(change, line),
    onInvalid,
  );
  const { size } = await stat(entriesPath).catch((cause) => {
    throw unreadable(entriesPath, cause);
  });
  const progress = options.progress.start(`reading ${entriesPath}`, size, 'bytes');
  try {
    for await (const chunk of chunksOf(entriesPath)) {
      parser.write(chunk);
      progress.advance(chunk.length);
    }
    parser.end();
    for (const identity of IDENTITIES) batches[identity].flush();
    progress.done();
  } finally {
    progress.close();
  }
  const block = { height: 0, blockHash: new Uint8Array(32), timeMs: nowMs };
  const content = { indexes, routes, block };
  const manifest = await writeSnapshot(outPath, content, nowMs, options.writing);
  return { manifest, lines: parser.lines, invalidCount, invalid };
}

/** Reads and checks routes.json: an array of routes with distinct ids. */
export async function readRoutes(path: string): Promise<Route[]> {
  let content: unknown;
  try {
    const { size } = await stat(path);
    if (size > ROUTES_BYTES_MAX) throw new RangeError(`larger than ${ROUTES_BYTES_MAX} bytes`);
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const parsed = z.array(routeSchema).min(1).max(ROUTES_MAX).safeParse(content);
  if (!parsed.success) {
    throw new ResolverError('BCHF_INPUT_INVALID', `${path}:\n${problemsOf(parsed.error)}`);
  }
  const seen = new Set<string>();
  for (const { id } of parsed.data) {
    if (seen.has(id)) throw new ResolverError('BCHF_INPUT_INVALID', `${path}: two routes "${id}"`);
    seen.add(id);
  }
  return parsed.data;
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 20 });
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): ResolverError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ResolverError('BCHF_INPUT_INVALID', `cannot read ${path}: ${reason}`, { cause });
}

/**
 * Entries on their way into one index. Runs are kept apart from the rest, because an index refuses
 * a whole batch for one run that crosses another, and the line of that one has to be found.
 */
class Batch {
  readonly #index: IndexPair[Identity];
  readonly #onInvalid: (line: number, reason: string) => void;
  #changes: IndexChange[] = [];
  #runs: { change: IndexChange; line: number }[] = [];

  constructor(index: IndexPair[Identity], onInvalid: (line: number, reason: string) => void) {
    this.#index = index;
    this.#onInvalid = onInvalid;
  }

  add(change: IndexChange, line: number): void {
    if (change.entry === 'fragmented') {
      this.#runs.push({ change, line });
      if (this.#runs.length >= 8 * BATCH_COUNT) this.#flushRuns();
    } else {
      this.#changes.push(change);
      if (this.#changes.length >= BATCH_COUNT) this.#flushChanges();
    }
  }

  flush(): void {
    this.#flushChanges();
    this.#flushRuns();
  }

  #flushChanges(): void {
    this.#index.apply(this.#changes);
    this.#changes = [];
  }

  #flushRuns(): void {
    this.#applyRuns(this.#runs);
    this.#runs = [];
  }

  /** Halves a refused batch until the refused run stands alone. */
  #applyRuns(runs: { change: IndexChange; line: number }[]): void {
    try {
      this.#index.apply(runs.map(({ change }) => change));
    } catch (error) {
      if (!(error instanceof IndexError) || error.code !== 'BCHF_INDEX_CROSSING_RUN') throw error;
      const first = runs[0];
      if (first && runs.length === 1) {
        this.#onInvalid(first.line, error.message);
        return;
      }
      const middle = runs.length >> 1;
      this.#applyRuns(runs.slice(0, middle));
      this.#applyRuns(runs.slice(middle));
    }
  }
}
