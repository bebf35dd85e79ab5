// Snapshot files: both index images and the route table in one file, with what block they stand at.
//
//     0            8         12   16                                            end−48     end
//    ┌────────────┬─────────┬────┬────────┬────────┬────────┬──────────────────┬──────────┐
//    │ "BCHFSNAP" │ version │ 0  │ routes │ imsi   │ msisdn │ manifest (JSON)  │ footer   │
//    │            │ u32     │    │ JSON   │ image  │ image  │                  │          │
//    └────────────┴─────────┴────┴────────┴────────┴────────┴──────────────────┴──────────┘
//    footer: manifest offset u64 · manifest bytes u64 · sha-256 of the manifest (32 bytes)
//
// Integers are little-endian. The manifest holds offset, length and sha-256 of every section, so the
// footer's hash covers the whole file. It comes last because the sections are hashed while they
// are written, in one pass. A file appears under its name only when it is complete and synced.

import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import { ROUTES_MAX, type Route, routeSchema } from '../../ledger/route.ts';
import { syncFolder } from '../../ledger/whole-file.ts';
import { type IndexCounts, IndexError } from '../../wasm/number-index.ts';
import { createImageLoader } from '../../wasm/wasm-image.ts';
import type { WasmIndex } from '../../wasm/wasm-index.ts';
import { decodeLabel } from '../freshness.ts';
import { ResolverError } from '../resolver-error.ts';

const MAGIC = Buffer.from('BCHFSNAP', 'latin1');
const FORMAT_VERSION = 1;
const HEADER_BYTES = 16;
const FOOTER_BYTES = 48;
const MANIFEST_BYTES_MAX = 1 << 20;
const CHUNK_BYTES = 1 << 20;
/** Routes are read whole: 2^20 routes of 500 bytes. */
export const ROUTES_BYTES_MAX = 1 << 29;

const STATE_CHARACTERS_MAX = 4_096;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const countSchema = z.int().min(0);
/** Milliseconds since 1970, within what a Date holds. */
const timeSchema = z.number().min(-8.64e15).max(8.64e15);
const SECTION_NAMES = ['routes', ...IDENTITIES] as const;

const manifestSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  /** Absent where the snapshot was not made from a ledger. */
  chainId: z.string().optional(),
  height: countSchema,
  blockHash: sha256Schema,
  blockTimeMs: timeSchema,
  createdAtMs: timeSchema,
  /**
   * Base64: the roots of the ledger's tables, which the app hash of the block is the sha-256 of. With
   * them a snapshot is verified without the ledger's state; absent where they were not known.
   */
  state: z.base64().max(STATE_CHARACTERS_MAX).optional(),
  routeCount: countSchema,
  entryCounts: z.record(
    z.enum(IDENTITIES),
    z.strictObject({ prefix: countSchema, fragmented: countSchema, ported: countSchema }),
  ),
  sections: z.array(
    z.strictObject({
      name: z.enum(SECTION_NAMES),
      offset: countSchema,
      bytes: countSchema,
      sha256: sha256Schema,
    }),
  ),
});

export type SnapshotManifest = z.infer<typeof manifestSchema>;
type Section = SnapshotManifest['sections'][number];

/** One index for each identity kind. */
export type IndexPair = Record<Identity, WasmIndex>;

/** What is written of an index. */
export interface ImageSource {
  counts(): IndexCounts;
  imageChunks(): Iterable<Uint8Array>;
}

export interface SnapshotContent extends WrittenContent {
  indexes: IndexPair;
}

/** What a snapshot is written from. */
export interface WrittenContent {
  indexes: Record<Identity, ImageSource>;
  routes: readonly Route[];
  block: { chainId?: string; height: number; blockHash: Uint8Array; timeMs: number };
  /** See the manifest's `state`. */
  state?: Uint8Array | undefined;
}

/**
 * Writes a snapshot under `path`, or nothing: into a temporary file beside it that is synced and
 * then renamed. Throws BCHF_SNAPSHOT_IO.
 */
export async function writeSnapshot(
  path: string,
  { indexes, routes, block, state }: WrittenContent,
  createdAtMs: number,
): Promise<SnapshotManifest> {
  const temporary = `${path}.${process.pid}.tmp`;
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'w');
    const header = Buffer.alloc(HEADER_BYTES);
    MAGIC.copy(header);
    header.writeUInt32LE(FORMAT_VERSION, MAGIC.length);
    await writeAll(file, header);
    const sections: Section[] = [];
    let offset = HEADER_BYTES;
    const add = async (name: Section['name'], chunks: Iterable<Uint8Array>) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for (const chunk of chunks) {
        hash.update(chunk);
        await writeAll(file as FileHandle, chunk);
        bytes += chunk.byteLength;
      }
      sections.push({ name, offset, bytes, sha256: hash.digest('hex') });
      offset += bytes;
    };
    await add('routes', [Buffer.from(JSON.stringify(routes))]);
    for (const identity of IDENTITIES) await add(identity, indexes[identity].imageChunks());
    const manifest: SnapshotManifest = {
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
    };
    const manifestBytes = Buffer.from(JSON.stringify(manifest));
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeBigUInt64LE(BigInt(offset), 0);
    footer.writeBigUInt64LE(BigInt(manifestBytes.length), 8);
    createHash('sha256').update(manifestBytes).digest().copy(footer, 16);
    await writeAll(file, manifestBytes);
    await writeAll(file, footer);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return manifest;
  } catch (cause) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw new ResolverError('BCHF_SNAPSHOT_IO', `cannot write ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Reads and checks the manifest of a snapshot file, without its sections.
 *
 * Throws BCHF_SNAPSHOT_IO where the file cannot be read and BCHF_SNAPSHOT_INVALID where it is not a
 * whole snapshot of this version.
 */
export function readManifest(path: string): Promise<SnapshotManifest> {
  return withFile(path, readManifestOf);
}

/**
 * Loads a snapshot and checks every byte of it. Errors as for {@link readManifest}.
 *
 * @param memoryBytesMax most memory of one index
 */
export function loadSnapshot(
  path: string,
  { memoryBytesMax }: { memoryBytesMax?: number } = {},
): Promise<SnapshotContent & { manifest: SnapshotManifest }> {
  return withFile(path, async (file) => {
    const manifest = await readManifestOf(file, path);
    // Their order was checked with the manifest.
    const section = (name: Section['name']) =>
      manifest.sections[SECTION_NAMES.indexOf(name)] as Section;
    if (section('routes').bytes > ROUTES_BYTES_MAX) throw invalid(path, 'its routes are too large');
    const routesText: Buffer[] = [];
    await readSection(file, path, section('routes'), (chunk) => {
      routesText.push(Buffer.from(chunk));
    });
    const routes = parse(z.array(routeSchema).max(ROUTES_MAX), Buffer.concat(routesText), path);
    if (routes.length !== manifest.routeCount) throw invalid(path, 'routes are missing');
    const indexes: Partial<IndexPair> = {};
    for (const identity of IDENTITIES) {
      const image = section(identity);
      const loader = createImageLoader(image.bytes, { memoryBytesMax, routesMax: routes.length });
      await readSection(file, path, image, (chunk) => loader.write(chunk));
      const index = loader.finish();
      checkIndex(index, identity, manifest, path);
      indexes[identity] = index;
    }
    return {
      manifest,
      routes,
      indexes: indexes as IndexPair,
      block: {
        chainId: manifest.chainId,
        height: manifest.height,
        blockHash: Buffer.from(manifest.blockHash, 'hex'),
        timeMs: manifest.blockTimeMs,
      },
    };
  });
}

async function readManifestOf(file: FileHandle, path: string): Promise<SnapshotManifest> {
  const { size } = await file.stat();
  if (size < HEADER_BYTES + FOOTER_BYTES) throw invalid(path, 'it is too short');
  const header = await readExactly(file, 0, HEADER_BYTES, path);
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw invalid(path, 'it is no snapshot');
  const version = header.readUInt32LE(MAGIC.length);
  if (version !== FORMAT_VERSION) {
    const message = `${path} is refused: its format version is ${version}`;
    throw new ResolverError('BCHF_SNAPSHOT_VERSION', message);
  }
  if (header.readUInt32LE(MAGIC.length + 4) !== 0) throw invalid(path, 'its header is damaged');
  const footer = await readExactly(file, size - FOOTER_BYTES, FOOTER_BYTES, path);
  const offset = Number(footer.readBigUInt64LE(0));
  const bytes = Number(footer.readBigUInt64LE(8));
  if (bytes > MANIFEST_BYTES_MAX || offset + bytes !== size - FOOTER_BYTES) {
    throw invalid(path, 'it is truncated or damaged');
  }
  const text = await readExactly(file, offset, bytes, path);
  const hash = createHash('sha256').update(text).digest();
  if (!hash.equals(footer.subarray(16))) throw invalid(path, 'its manifest is damaged');
  const manifest = parse(manifestSchema, text, path);
  checkSections(manifest.sections, offset, path);
  return manifest;
}

/** The sections stand in their order and leave no byte between header and manifest uncovered. */
function checkSections(sections: readonly Section[], manifestOffset: number, path: string): void {
  let end = HEADER_BYTES;
  for (const [position, name] of SECTION_NAMES.entries()) {
    const section = sections[position];
    if (section?.name !== name) throw invalid(path, `section ${name} is not in its place`);
    if (section.offset !== end)
      throw invalid(path, `section ${name} does not follow the one before`);
    end += section.bytes;
  }
  if (sections.length !== SECTION_NAMES.length || end !== manifestOffset) {
    throw invalid(path, 'its sections do not end where the manifest begins');
  }
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

async function readSection(
  file: FileHandle,
  path: string,
  { name, offset, bytes, sha256 }: Section,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(bytes, 1)));
  for (let at = 0; at < bytes; ) {
    const wanted = Math.min(buffer.length, bytes - at);
    const { bytesRead } = await file.read(buffer, 0, wanted, offset + at);
    if (bytesRead === 0) throw invalid(path, `section ${name} is truncated`);
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    take(chunk);
    at += bytesRead;
  }
  if (hash.digest('hex') !== sha256) throw invalid(path, `section ${name} is damaged`);
}

function parse<T>(schema: z.ZodType<T>, text: Buffer, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch (cause) {
    throw invalid(path, 'it holds malformed JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  return parsed.data;
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
    if (cause instanceof IndexError) throw cause;
    throw new ResolverError('BCHF_SNAPSHOT_IO', `cannot read ${path}: ${messageOf(cause)}`, {
      cause,
    });
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

/** FileHandle.write may write less than it was given. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, at, chunk.byteLength - at);
    at += bytesWritten;
  }
}

/** A rename lasts through a power cut only when the directory is synced too. */
function invalid(path: string, reason: string, cause?: unknown): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_INVALID', `${path} is refused: ${reason}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
