// Fetches a snapshot from another node, chunk by chunk.
//
//     manifest ─▶ its hash, its signature, the limits ─▶ chunks, some at once, each against its hash ─▶ file
//
// Nothing that comes is trusted: a chunk is kept only if it has the hash that the manifest lists, and the
// manifest only if it has its own hash, which may be given beforehand. What was fetched lies in a file
// named by that hash until all is there, so an interrupted fetch goes on where it was, after checking what
// it has. Whether the content is the chain's is then for `verify-snapshot` to say.

import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncFolder, writeBytes } from '../../ledger/whole-file.ts';
import { ResolverError } from '../resolver-error.ts';
import {
  FOOTER_BYTES,
  HEADER_BYTES,
  MANIFEST_BYTES_MAX,
  readFooter,
  readManifestBytes,
  SIGNATURE_SECTION_BYTES,
  type SnapshotManifest,
} from './snapshot-format.ts';

/** Gets the bytes at a path below the snapshot's URL, at most so many; rejects for any other answer. */
export type GetPart = (path: string, bytesMax: number) => Promise<Uint8Array>;

export interface FetchOptions {
  get: GetPart;
  /** Where the file comes to stand. */
  out: string;
  /** Most bytes of the file. */
  bytesMax: number;
  /** What the manifest's sha-256 must be, hexadecimal. */
  manifestHash?: string | undefined;
  /** Whose signature it must have, as hexadecimal ed25519 keys; empty for anybody's or none. */
  signers?: readonly string[];
  /** Chunks that are under way at once. */
  parallel?: number;
  onChunk?: (fetched: number, of: number, isResumed: boolean) => void;
  /** Called with the whole file, before it gets its name; what it throws leaves the name as it was. */
  accept?: (path: string) => Promise<void>;
}

const PARALLEL = 4;
const TRIES_MAX = 4;
const RETRY_MS = 250;

/**
 * Fetches, and returns the manifest. Errors: BCHF_SNAPSHOT_FETCH_FAILED where a part does not come, or is
 * not what the manifest says; BCHF_SNAPSHOT_INVALID and _VERSION where the manifest is none;
 * BCHF_SNAPSHOT_UNSIGNED; BCHF_SNAPSHOT_TOO_LARGE beyond `bytesMax` or the room on the disk;
 * BCHF_SNAPSHOT_IO.
 */
export async function fetchSnapshot(options: FetchOptions): Promise<SnapshotManifest> {
  const { out, accept } = options;
  const { manifest, tail } = await fetchManifest(options);
  const partial = `${out}.${manifest.manifestHash.slice(0, 16)}.part`;
  const file = await open(partial, 'a+')
    .then(async (opened) => {
      await opened.close();
      return open(partial, 'r+');
    })
    .catch((cause) => {
      throw ioError(partial, cause);
    });
  try {
    await checkRoom(partial, file, manifest);
    await fetchChunks(file, manifest, options);
    await writeBytes(file, tail, manifest.manifestOffset);
    await file.truncate(manifest.manifestOffset + tail.length);
    await file.sync();
  } catch (cause) {
    throw cause instanceof ResolverError ? cause : ioError(partial, cause as Error);
  } finally {
    await file.close();
  }
  await accept?.(partial);
  await rename(partial, out).catch((cause) => {
    throw ioError(out, cause);
  });
  await syncFolder(dirname(out));
  return manifest;
}

async function fetchManifest({
  get,
  bytesMax,
  manifestHash,
  signers = [],
}: FetchOptions): Promise<{ manifest: SnapshotManifest; tail: Buffer }> {
  const tailMax = MANIFEST_BYTES_MAX + SIGNATURE_SECTION_BYTES + FOOTER_BYTES;
  const tail = Buffer.from(await getAgain(get, 'manifest', tailMax));
  if (tail.length < FOOTER_BYTES) throw failed('its manifest is too short');
  const end = tail.length - FOOTER_BYTES;
  const offset = Number(tail.readBigUInt64LE(end));
  if (!(offset >= HEADER_BYTES && offset + tail.length <= bytesMax)) {
    const message = `it has ${offset + tail.length} bytes, at most ${bytesMax} are taken`;
    throw new ResolverError('BCHF_SNAPSHOT_TOO_LARGE', message);
  }
  const size = offset + tail.length;
  const footer = readFooter(tail.subarray(end), size, 'the manifest');
  const signature = tail.subarray(footer.manifestBytes, end);
  const text = tail.subarray(0, footer.manifestBytes);
  const manifest = readManifestBytes(text, signature, footer, 'the manifest');
  if (manifestHash !== undefined && manifest.manifestHash !== manifestHash) {
    throw failed(`its sha-256 is ${manifest.manifestHash}`);
  }
  if (signers.length > 0 && !signers.includes(manifest.creator ?? '')) {
    const message = manifest.creator ? `it is signed by ${manifest.creator}` : 'it is not signed';
    throw new ResolverError('BCHF_SNAPSHOT_UNSIGNED', message);
  }
  return { manifest, tail };
}

async function checkRoom(
  path: string,
  file: FileHandle,
  { manifestOffset }: SnapshotManifest,
): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const missing = manifestOffset - (await file.stat()).size;
  if (missing <= bavail * bsize) return;
  const message = `it needs ${missing} bytes, the disk has ${bavail * bsize}`;
  throw new ResolverError('BCHF_SNAPSHOT_TOO_LARGE', message);
}

async function fetchChunks(
  file: FileHandle,
  manifest: SnapshotManifest,
  { get, parallel = PARALLEL, onChunk }: FetchOptions,
): Promise<void> {
  const { manifestOffset, chunks, chunkBytes } = manifest;
  let next = 0;
  let done = 0;
  /** The first failure ends all. */
  let failure: unknown;
  const work = async () => {
    while (next < chunks.length && failure === undefined) {
      const number = next++;
      const at = number * chunkBytes;
      const bytes = Math.min(chunkBytes, manifestOffset - at);
      const isThere = await isChunk(file, at, bytes, chunks[number]!);
      if (!isThere)
        await writeBytes(file, await fetchChunk(get, number, bytes, chunks[number]!), at);
      done++;
      onChunk?.(done, chunks.length, isThere);
    }
  };
  const workers = Array.from({ length: parallel }, () =>
    work().catch((error) => {
      failure ??= error;
    }),
  );
  await Promise.all(workers);
  if (failure !== undefined) throw failure;
}

async function fetchChunk(
  get: GetPart,
  number: number,
  bytes: number,
  sha256: string,
): Promise<Uint8Array> {
  const chunk = await getAgain(get, `chunks/${number}`, bytes);
  if (chunk.length === bytes && hashOf(chunk) === sha256) return chunk;
  throw failed(`chunk ${number} is not the one of the manifest`);
}

async function isChunk(
  file: FileHandle,
  at: number,
  bytes: number,
  sha256: string,
): Promise<boolean> {
  const room = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(room, 0, bytes, at);
  return bytesRead === bytes && hashOf(room) === sha256;
}

/** What does not come is asked for again; what comes wrong is not. */
async function getAgain(get: GetPart, path: string, bytesMax: number): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    try {
      return await get(path, bytesMax);
    } catch (cause) {
      if (tries === TRIES_MAX) throw failed(`${path}: ${(cause as Error).message}`, cause);
      await sleep(RETRY_MS * 2 ** tries);
    }
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function failed(reason: string, cause?: unknown): ResolverError {
  const message = `the snapshot is not fetched: ${reason}`;
  return new ResolverError('BCHF_SNAPSHOT_FETCH_FAILED', message, { cause });
}

function ioError(path: string, cause: Error): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_IO', `${path}: ${cause.message}`, { cause });
}
