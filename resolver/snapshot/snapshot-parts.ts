// Snapshots in parts, for other nodes that fetch them: what hands them out. Who fetches is in
// fetch-snapshot.
//
//     …/snapshots                      the list, as JSON, the newest first
//     …/snapshots/NAME/manifest        the end of the file: manifest, signature, footer
//     …/snapshots/NAME/chunks/N        one chunk, from 0
//
// Each part is checked by who gets it, so whoever hands it out need not be trusted, nor the way to it.

import { open } from 'node:fs/promises';
import { ResolverError } from '../resolver-error.ts';
import { readManifest } from './snapshot-file.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** One snapshot of the list. */
export interface OfferedSnapshot {
  name: string;
  height: number;
  blockHash: string;
  chainId: string | null;
  bytes: number;
  manifestHash: string;
}

export type SnapshotPart = { json: unknown } | { bytes: Uint8Array };

const PART = /^([^/]+)\/(manifest|chunks\/(\d{1,6}))$/;

/**
 * A part, by what stands behind `…/snapshots` in its path: empty, or beginning with a slash. `undefined`
 * for no such path. Errors: BCHF_SNAPSHOT_UNKNOWN, BCHF_SNAPSHOT_INVALID, BCHF_SNAPSHOT_IO,
 * BCHF_SNAPSHOT_VERSION.
 */
export async function readPart(
  store: SnapshotStore,
  path: string,
): Promise<SnapshotPart | undefined> {
  if (path === '') return { json: await offered(store) };
  const [, name, part, number] = PART.exec(path.slice(1)) ?? [];
  if (name === undefined) return undefined;
  const file = await store.find(name);
  const { chunks, chunkBytes, manifestOffset } = await readManifest(file);
  if (part === 'manifest') return { bytes: await readBytes(file, manifestOffset, undefined) };
  const chunk = Number(number);
  if (chunk >= chunks.length) {
    throw new ResolverError('BCHF_SNAPSHOT_UNKNOWN', `${name} has ${chunks.length} chunks`);
  }
  const from = chunk * chunkBytes;
  return { bytes: await readBytes(file, from, Math.min(from + chunkBytes, manifestOffset)) };
}

async function offered(store: SnapshotStore): Promise<{ snapshots: OfferedSnapshot[] }> {
  const { snapshots } = await store.list();
  return {
    snapshots: snapshots.map(({ name, bytes, manifest }) => ({
      ...{ name, bytes, height: manifest.height, chainId: manifest.chainId ?? null },
      ...{ blockHash: manifest.blockHash.toUpperCase(), manifestHash: manifest.manifestHash },
    })),
  };
}

async function readBytes(path: string, from: number, end: number | undefined): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc((end ?? (await file.stat()).size) - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
