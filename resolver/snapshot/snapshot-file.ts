// Reads snapshot files: both index images and the route table in one file, with what block they stand
// at. The form is in snapshot-format.
//
// A file is read once from its beginning to its end, the next chunk while the last one is checked and
// handed on; images go to their places in the index memories as they come, so there is never a second
// copy of one.

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import { ROUTES_MAX } from '../../ledger/route.ts';
import { routeSchema } from '../../ledger/route-schema.ts';
import { IndexError } from '../../wasm/number-index.ts';
import { createImageLoader } from '../../wasm/wasm-image.ts';
import type { WasmIndex } from '../../wasm/wasm-index.ts';
import { decodeLabel } from '../freshness.ts';
import { ResolverError } from '../resolver-error.ts';
import { decompressed } from './compression.ts';
import {
  checkHeader,
  FOOTER_BYTES,
  HEADER_BYTES,
  invalid,
  parseJson,
  ROUTES_BYTES_MAX,
  readFooter,
  readManifestBytes,
  SECTION_NAMES,
  type Section,
  type SectionName,
  type SnapshotManifest,
  wrongVersion,
} from './snapshot-format.ts';
import type { WrittenContent } from './write-snapshot.ts';

export { ROUTES_BYTES_MAX, type SnapshotManifest } from './snapshot-format.ts';
export { type ImageSource, type WrittenContent, writeSnapshot } from './write-snapshot.ts';

/** One index for each identity kind. */
export type IndexPair = Record<Identity, WasmIndex>;

export interface SnapshotContent extends WrittenContent {
  indexes: IndexPair;
}

export interface LoadOptions {
  /** Most memory of one index. */
  memoryBytesMax?: number | undefined;
  /**
   * `full` compares every sha-256; `fast` only the CRC-32 of each section, for a file that this process
   * has checked fully before. Both check the images' own checksums and all that they lead to.
   */
  check?: 'full' | 'fast' | undefined;
  /** Memories of a generation that nobody reads any more, all zeros, to load into. */
  spare?: Record<Identity, WebAssembly.Memory> | undefined;
}

/**
 * Reads and checks the manifest of a snapshot file, without its sections.
 *
 * Throws BCHF_SNAPSHOT_IO where the file cannot be read, BCHF_SNAPSHOT_INVALID where it is not a whole
 * snapshot, BCHF_SNAPSHOT_VERSION where it is of a form that this version does not read.
 */
export function readManifest(path: string): Promise<SnapshotManifest> {
  return withFile(path, readManifestOf);
}

/** Loads a snapshot and checks every byte of it. Errors as for {@link readManifest}. */
export function loadSnapshot(
  path: string,
  { memoryBytesMax, check = 'full', spare }: LoadOptions = {},
): Promise<SnapshotContent & { manifest: SnapshotManifest }> {
  return withFile(path, async (file) => {
    const manifest = await readManifestOf(file, path);
    const source = new SectionReader(file, path, manifest, check);
    const routesText: Uint8Array[] = [];
    const { contentBytes } = sectionOf(manifest, 'routes');
    if (contentBytes > ROUTES_BYTES_MAX) throw invalid(path, 'its routes are too large');
    for await (const piece of source.content('routes')) routesText.push(Uint8Array.from(piece));
    const routes = parseJson(z.array(routeSchema).max(ROUTES_MAX), Buffer.concat(routesText), path);
    if (routes.length !== manifest.routeCount) throw invalid(path, 'routes are missing');
    const indexes: Partial<IndexPair> = {};
    for (const identity of IDENTITIES) {
      const image = sectionOf(manifest, identity);
      const options = { memoryBytesMax, routesMax: routes.length, memory: spare?.[identity] };
      const loader = createImageLoader(image.contentBytes, options);
      for await (const piece of source.content(identity)) loader.write(piece);
      indexes[identity] = loader.finish();
      checkIndex(indexes[identity], identity, manifest, path);
    }
    await source.finish();
    return {
      manifest,
      routes,
      indexes: indexes as IndexPair,
      block: {
        ...(manifest.chainId !== undefined && { chainId: manifest.chainId }),
        height: manifest.height,
        blockHash: Buffer.from(manifest.blockHash, 'hex'),
        timeMs: manifest.blockTimeMs,
      },
    };
  });
}

async function readManifestOf(file: FileHandle, path: string): Promise<SnapshotManifest> {
  const { size } = await file.stat();
  if (size < HEADER_BYTES) throw invalid(path, 'it is too short');
  const header = await readExactly(file, 0, HEADER_BYTES, path);
  checkHeader(header, path);
  if (size < HEADER_BYTES + FOOTER_BYTES) throw invalid(path, 'it is too short');
  const bytes = await readExactly(file, size - FOOTER_BYTES, FOOTER_BYTES, path);
  const footer = readFooter(bytes, size, path);
  const { manifestOffset, manifestBytes, signatureBytes } = footer;
  const text = await readExactly(file, manifestOffset, manifestBytes, path);
  const end = manifestOffset + manifestBytes;
  const signature = await readExactly(file, end, signatureBytes, path);
  return readManifestBytes(text, signature, footer, path);
}

/** An index says itself which block it stands at and what it holds; the manifest must not differ. */
function checkIndex(
  index: WasmIndex,
  identity: Identity,
  manifest: SnapshotManifest,
  path: string,
): void {
  const { height, blockHash } = decodeLabel(index.label());
  if (height !== manifest.height || Buffer.from(blockHash).toString('hex') !== manifest.blockHash) {
    throw invalid(path, `its ${identity} index stands at another block`);
  }
  if (!isDeepStrictEqual(index.counts(), manifest.entryCounts[identity])) {
    throw invalid(path, `its ${identity} index holds other entries than the manifest says`);
  }
}

function sectionOf(manifest: SnapshotManifest, name: SectionName): Section {
  // Their order was checked with the manifest.
  return manifest.sections[SECTION_NAMES.indexOf(name)]!;
}

/** Reads sections in their order, and checks each byte before it is handed on, or at a section's end. */
class SectionReader {
  readonly #path: string;
  readonly #manifest: SnapshotManifest;
  readonly #check: 'full' | 'fast';
  readonly #chunks: AsyncGenerator<{ at: number; bytes: Uint8Array }>;
  #chunk: { at: number; bytes: Uint8Array } | undefined;

  constructor(file: FileHandle, path: string, manifest: SnapshotManifest, check: 'full' | 'fast') {
    this.#path = path;
    this.#manifest = manifest;
    this.#check = check;
    const { manifestOffset, chunkBytes } = manifest;
    this.#chunks = chunksOf(file, manifestOffset, chunkBytes, path);
  }

  /** The content of a section, which must be the next one. */
  async *content(name: SectionName): AsyncGenerator<Uint8Array> {
    const section = sectionOf(this.#manifest, name);
    let bytes = 0;
    try {
      for await (const piece of decompressed(this.#stored(section), section.compression)) {
        bytes += piece.byteLength;
        if (bytes > section.contentBytes) throw invalid(this.#path, `section ${name} is too long`);
        yield piece;
      }
    } catch (cause) {
      if (cause instanceof ResolverError || cause instanceof IndexError) throw cause;
      if ((cause as NodeJS.ErrnoException).syscall !== undefined) throw cause;
      throw invalid(this.#path, `section ${name} is not compressed rightly`, cause);
    }
    if (bytes !== section.contentBytes) throw invalid(this.#path, `section ${name} is too short`);
  }

  /** Reads to the end, so that what no section was asked of is checked too. */
  async finish(): Promise<void> {
    while (await this.#next()) {
      // Its hash is what counts.
    }
  }

  async *#stored({ name, offset, bytes, crc32: sum }: Section): AsyncGenerator<Uint8Array> {
    const end = offset + bytes;
    let counted = 0;
    for (let at = offset; at < end; ) {
      while (!this.#chunk || at >= this.#chunk.at + this.#chunk.bytes.byteLength) {
        if (!(await this.#next())) throw invalid(this.#path, `section ${name} is truncated`);
      }
      const from = at - this.#chunk.at;
      const piece = this.#chunk.bytes.subarray(from, from + end - at);
      if (this.#check === 'fast') counted = crc32(piece, counted);
      yield piece;
      at += piece.byteLength;
    }
    if (this.#check === 'fast' && counted !== sum) {
      throw invalid(this.#path, `section ${name} is damaged`);
    }
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    this.#chunk = done ? undefined : value;
    if (done) return false;
    const { chunks, chunkBytes } = this.#manifest;
    if (this.#check === 'fast') return true;
    const number = value.at / chunkBytes;
    if (createHash('sha256').update(value.bytes).digest('hex') !== chunks[number]) {
      throw invalid(this.#path, `its chunk ${number} is damaged`);
    }
    return true;
  }
}

/** The bytes of a file up to `end`, in pieces that are valid until the next but one is asked for. */
async function* chunksOf(
  file: FileHandle,
  end: number,
  chunkBytes: number,
  path: string,
): AsyncGenerator<{ at: number; bytes: Uint8Array }> {
  const rooms = [0, 1].map(() => Buffer.allocUnsafe(Math.min(chunkBytes, end)));
  const readAt = async (at: number, room: Buffer) => {
    const wanted = Math.min(room.length, end - at);
    let read = 0;
    while (read < wanted) {
      const { bytesRead } = await file.read(room, read, wanted - read, at + read);
      if (bytesRead === 0) throw invalid(path, 'it is truncated');
      read += bytesRead;
    }
    return { at, bytes: room.subarray(0, wanted) };
  };
  let turn = 0;
  let next = end > 0 ? readAt(0, rooms[0]!) : undefined;
  while (next) {
    const chunk = await next;
    const after = chunk.at + chunk.bytes.byteLength;
    turn = 1 - turn;
    next = after < end ? readAt(after, rooms[turn]!) : undefined;
    // Whoever stops early leaves this read behind.
    next?.catch(() => {});
    yield chunk;
  }
}

async function withFile<T>(
  path: string,
  action: (file: FileHandle, path: string) => Promise<T>,
): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await action(file, path);
  } catch (cause) {
    if (cause instanceof ResolverError) throw cause;
    if (cause instanceof IndexError && cause.code === 'BCHF_INDEX_IMAGE_INVALID') {
      throw invalid(path, cause.message, cause);
    }
    if (cause instanceof IndexError && cause.code === 'BCHF_INDEX_IMAGE_VERSION') {
      throw wrongVersion(path, 'its index images have a format that this version cannot read');
    }
    if (cause instanceof IndexError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ResolverError('BCHF_SNAPSHOT_IO', `cannot read ${path}: ${message}`, { cause });
  } finally {
    await file?.close();
  }
}

async function readExactly(
  file: FileHandle,
  offset: number,
  bytes: number,
  path: string,
): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, offset);
  if (bytesRead !== bytes) throw invalid(path, 'it is truncated');
  return buffer;
}
