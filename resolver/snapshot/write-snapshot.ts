// Writes snapshot files, in one pass and whole or not at all. The form is in snapshot-format.

import { createHash, type KeyObject } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { rawPublicKey, signMessage } from '../../ledger/ed25519.ts';
import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { syncFolder, writeBytes } from '../../ledger/whole-file.ts';
import type { IndexCounts } from '../../wasm/number-index.ts';
import { ResolverError } from '../resolver-error.ts';
import { type Compression, compressed } from './compression.ts';
import {
  CHUNK_BYTES,
  END_MAGIC,
  FOOTER_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  MANIFEST_BYTES_MAX,
  type Section,
  type SectionName,
  type SnapshotManifest,
  signedMessage,
} from './snapshot-format.ts';

/** What is written of an index. */
export interface ImageSource {
  counts(): IndexCounts;
  imageChunks(): Iterable<Uint8Array>;
}

/** What a snapshot is written from. */
export interface WrittenContent {
  indexes: Record<Identity, ImageSource>;
  routes: readonly Route[];
  block: { chainId?: string; height: number; blockHash: Uint8Array; timeMs: number };
  /** See the manifest's `state`. */
  state?: Uint8Array | undefined;
}

export interface WriteOptions {
  compression?: Compression | undefined;
  /** ed25519: whose signature the file has. */
  creatorKey?: KeyObject | undefined;
}

/**
 * Writes a snapshot under `path`, or nothing: into a temporary file beside it that is synced and
 * then renamed. Throws BCHF_SNAPSHOT_IO.
 */
export async function writeSnapshot(
  path: string,
  content: WrittenContent,
  createdAtMs: number,
  options: WriteOptions = {},
): Promise<SnapshotManifest> {
  const temporary = `${path}.${process.pid}.tmp`;
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'w');
    const manifest = await writeAll(file, content, createdAtMs, options);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return manifest;
  } catch (cause) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ResolverError('BCHF_SNAPSHOT_IO', `cannot write ${path}: ${message}`, { cause });
  }
}

async function writeAll(
  file: FileHandle,
  { indexes, routes, block, state }: WrittenContent,
  createdAtMs: number,
  { compression = 'none', creatorKey }: WriteOptions,
): Promise<SnapshotManifest> {
  const out = new ChunkedWriter(file);
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(FORMAT_VERSION, 8);
  header.writeUInt32LE(FORMAT_VERSION, 12);
  await out.write(header);
  const sections: (Section & { isCritical: boolean })[] = [];
  const add = async (name: SectionName, content: Iterable<Uint8Array>) => {
    const offset = out.written;
    let contentBytes = 0;
    let sum = 0;
    const counted = (function* () {
      for (const piece of content) {
        contentBytes += piece.byteLength;
        yield piece;
      }
    })();
    for await (const piece of compressed(counted, compression)) {
      sum = crc32(piece, sum);
      await out.write(piece);
    }
    const bytes = out.written - offset;
    sections.push({ name, offset, bytes, isCritical: true, compression, contentBytes, crc32: sum });
  };
  await add('routes', [Buffer.from(JSON.stringify(routes))]);
  for (const identity of IDENTITIES) await add(identity, indexes[identity].imageChunks());
  const manifestOffset = out.written;
  const chunks = out.finish();
  const manifest = {
    formatVersion: FORMAT_VERSION,
    chainId: block.chainId,
    height: block.height,
    blockHash: Buffer.from(block.blockHash).toString('hex'),
    blockTimeMs: block.timeMs,
    createdAtMs,
    ...(state && { state: Buffer.from(state).toString('base64') }),
    routeCount: routes.length,
    entryCounts: { imsi: indexes.imsi.counts(), msisdn: indexes.msisdn.counts() },
    sections,
    chunkBytes: CHUNK_BYTES,
    chunks,
  };
  const text = Buffer.from(JSON.stringify(manifest));
  if (text.length > MANIFEST_BYTES_MAX) throw new RangeError('the manifest is too large');
  const hash = createHash('sha256').update(text).digest();
  const signature = creatorKey ? signatureOf(hash, creatorKey) : Buffer.alloc(0);
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeBigUInt64LE(BigInt(manifestOffset), 0);
  footer.writeBigUInt64LE(BigInt(text.length), 8);
  footer.writeUInt32LE(signature.length, 16);
  hash.copy(footer, 24);
  END_MAGIC.copy(footer, 56);
  await writeBytes(file, Buffer.concat([text, signature, footer]));
  return {
    ...manifest,
    state: manifest.state,
    sections: sections.map(({ isCritical: _, ...section }) => section),
    manifestOffset,
    manifestHash: hash.toString('hex'),
    creator: creatorKey && signature.toString('hex', 0, 32),
  };
}

function signatureOf(manifestHash: Uint8Array, creatorKey: KeyObject): Buffer {
  const signature = signMessage(signedMessage(manifestHash), creatorKey);
  return Buffer.concat([rawPublicKey(creatorKey), signature]);
}

/** Writes bytes and hashes them chunk by chunk. */
class ChunkedWriter {
  written = 0;
  readonly #file: FileHandle;
  readonly #chunks: string[] = [];
  #hash = createHash('sha256');

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      const room = CHUNK_BYTES - (this.written % CHUNK_BYTES);
      const part = bytes.subarray(at, at + room);
      this.#hash.update(part);
      at += part.byteLength;
      this.written += part.byteLength;
      if (this.written % CHUNK_BYTES === 0) this.#endChunk();
    }
    await writeBytes(this.#file, bytes);
  }

  finish(): string[] {
    if (this.written % CHUNK_BYTES !== 0) this.#endChunk();
    return this.#chunks;
  }

  #endChunk(): void {
    this.#chunks.push(this.#hash.digest('hex'));
    this.#hash = createHash('sha256');
  }
}
