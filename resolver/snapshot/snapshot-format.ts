// The form of snapshot files: what stands where, and the manifest that says so. Bytes are written in
// write-snapshot and read in snapshot-file; docs/snapshots.md has the form byte by byte.
//
//     0            8         12         16                                       end−64    end
//    ┌────────────┬─────────┬──────────┬──────────┬───────────┬─────────────────┬────────┐
//    │ "BCHFSNAP" │ version │ readable │ sections │ manifest  │ signature:      │ footer │
//    │            │ u32     │ from u32 │          │ JSON      │ 0 or 96 bytes   │        │
//    └────────────┴─────────┴──────────┴──────────┴───────────┴─────────────────┴────────┘
//    footer: manifest offset u64 · manifest bytes u64 · signature bytes u32 · 0 u32
//            · sha-256 of the manifest · "BCHFSEND"
//
// Integers are little-endian. Everything before the manifest is cut into chunks whose sha-256 the
// manifest lists, so the footer's hash covers the whole file, and a file may come chunk by chunk from
// somebody who is not trusted. The signature covers that hash. The manifest comes last because all else
// is hashed while it is written, in one pass.
//
// A later version may add sections and fields of the manifest without being refused here, as long as it
// names this version in `readable from`: unknown sections are passed over unless they are critical.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isSignedBy, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../../ledger/ed25519.ts';
import { IDENTITIES } from '../../ledger/number.ts';
import { ResolverError } from '../resolver-error.ts';
import { problemsOf } from '../schema-problems.ts';
import { COMPRESSIONS, type Compression } from './compression.ts';

export const MAGIC = Buffer.from('BCHFSNAP', 'latin1');
export const END_MAGIC = Buffer.from('BCHFSEND', 'latin1');
export const FORMAT_VERSION = 2;
export const HEADER_BYTES = 16;
export const FOOTER_BYTES = 64;
export const MANIFEST_BYTES_MAX = 1 << 20;
export const SIGNATURE_SECTION_BYTES = PUBLIC_KEY_BYTES + SIGNATURE_BYTES;
/** Bytes of a chunk, but for the last: what is read, hashed and fetched at once. */
export const CHUNK_BYTES = 4 << 20;
const CHUNK_BYTES_MIN = 1 << 16;
const CHUNK_BYTES_MAX = 1 << 26;
const CHUNKS_MAX = 8192;
const SECTIONS_MAX = 64;
/** Routes are read whole: 2^20 routes of 500 bytes. */
export const ROUTES_BYTES_MAX = 1 << 29;
const STATE_CHARACTERS_MAX = 4_096;

export const SECTION_NAMES = ['routes', ...IDENTITIES] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const countSchema = z.int().min(0);
/** Milliseconds since 1970, within what a Date holds. */
const timeSchema = z.number().min(-8.64e15).max(8.64e15);

const manifestSchema = z.looseObject({
  formatVersion: z.int().min(FORMAT_VERSION),
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
  sections: z
    .array(
      z.looseObject({
        name: z.string().max(64),
        offset: countSchema,
        /** In the file. */
        bytes: countSchema,
        /** Whether a reader that does not know the section must refuse the file. */
        isCritical: z.boolean(),
        compression: z.string().max(32),
        /** What the bytes are when they are not compressed any more. */
        contentBytes: countSchema,
        /** CRC-32 (ISO 3309, as in gzip) of the bytes in the file. */
        crc32: z.int().min(0).max(0xffff_ffff),
      }),
    )
    .max(SECTIONS_MAX),
  chunkBytes: z.int().min(CHUNK_BYTES_MIN).max(CHUNK_BYTES_MAX),
  /** Of each chunk from the beginning of the file to the manifest. */
  chunks: z.array(sha256Schema).max(CHUNKS_MAX),
});

export interface Section {
  name: string;
  offset: number;
  bytes: number;
  compression: Compression;
  contentBytes: number;
  crc32: number;
}

/** What a file says of itself. Unknown sections are left out. */
export interface SnapshotManifest {
  formatVersion: number;
  chainId?: string | undefined;
  height: number;
  blockHash: string;
  blockTimeMs: number;
  createdAtMs: number;
  state?: string | undefined;
  routeCount: number;
  entryCounts: Record<
    (typeof IDENTITIES)[number],
    { prefix: number; fragmented: number; ported: number }
  >;
  sections: Section[];
  chunkBytes: number;
  chunks: string[];
  /** Where the manifest stands, and so the end of the last chunk. */
  manifestOffset: number;
  /** sha-256 of the manifest, hexadecimal: the name of the content. */
  manifestHash: string;
  /** Who signed it: an ed25519 public key, hexadecimal. */
  creator?: string | undefined;
}

/** Where the end of a file says that the rest is. */
export interface Footer {
  manifestOffset: number;
  manifestBytes: number;
  signatureBytes: number;
  manifestHash: Buffer;
}

/** Checks the header of a file. Errors: BCHF_SNAPSHOT_INVALID, BCHF_SNAPSHOT_VERSION. */
export function checkHeader(header: Buffer, path: string): void {
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw invalid(path, 'it is not a snapshot');
  const version = header.readUInt32LE(8);
  const readableFrom = header.readUInt32LE(12);
  // No earlier version is read, so a file that this version reads is readable from it on.
  if (readableFrom === FORMAT_VERSION && version >= FORMAT_VERSION) return;
  throw wrongVersion(path, `its format version is ${version}, readable from ${readableFrom} on`);
}

export function readFooter(footer: Buffer, size: number, path: string): Footer {
  const read: Footer = {
    manifestOffset: Number(footer.readBigUInt64LE(0)),
    manifestBytes: Number(footer.readBigUInt64LE(8)),
    signatureBytes: footer.readUInt32LE(16),
    manifestHash: footer.subarray(24, 56),
  };
  const { manifestOffset, manifestBytes, signatureBytes } = read;
  const isWhole =
    manifestBytes <= MANIFEST_BYTES_MAX &&
    [0, SIGNATURE_SECTION_BYTES].includes(signatureBytes) &&
    manifestOffset >= HEADER_BYTES &&
    manifestOffset + manifestBytes + signatureBytes === size - FOOTER_BYTES &&
    footer.readUInt32LE(20) === 0 &&
    footer.subarray(56).equals(END_MAGIC);
  if (!isWhole) throw invalid(path, 'it is truncated or damaged');
  return read;
}

/** Reads and checks a manifest and its signature, if there is one. */
export function readManifestBytes(
  text: Buffer,
  signature: Buffer,
  footer: Footer,
  path: string,
): SnapshotManifest {
  const { manifestOffset, manifestHash } = footer;
  const hash = createHash('sha256').update(text).digest();
  if (!hash.equals(manifestHash)) throw invalid(path, 'its manifest is damaged');
  const place = { manifestOffset, manifestHash: hash.toString('hex') };
  const { sections, chunkBytes, chunks, ...rest } = parseJson(manifestSchema, text, path);
  checkOrder(sections, manifestOffset, path);
  if (chunks.length !== Math.ceil(manifestOffset / chunkBytes)) {
    throw invalid(path, 'its chunks are not those of its bytes');
  }
  const strange = sections.find(({ name, isCritical }) => isCritical && !isKnown(name));
  if (strange) throw wrongVersion(path, `it needs a section ${JSON.stringify(strange.name)}`);
  const { formatVersion, chainId, height, blockHash, blockTimeMs, createdAtMs, state } = rest;
  const { routeCount, entryCounts } = rest;
  return {
    ...{ formatVersion, chainId, height, blockHash, blockTimeMs, createdAtMs, state },
    ...{ routeCount, entryCounts, chunkBytes, chunks, ...place },
    sections: known(sections, path),
    creator: creatorOf(signature, hash, path),
  };
}

function isKnown(name: string): name is SectionName {
  return (SECTION_NAMES as readonly string[]).includes(name);
}

/** The sections that this version reads, in their order; each must be there once. */
function known(
  sections: readonly (Omit<Section, 'compression'> & { compression: string })[],
  path: string,
): Section[] {
  const read = sections.filter(({ name }) => isKnown(name));
  const names = read.map(({ name }) => name).join();
  if (names !== SECTION_NAMES.join()) throw invalid(path, `its sections are ${names}`);
  return read.map(({ name, offset, bytes, contentBytes, crc32, compression }) => {
    const isRead = (COMPRESSIONS as readonly string[]).includes(compression);
    if (!isRead) throw wrongVersion(path, `section ${name} is compressed by ${compression}`);
    if (compression === 'none' && bytes !== contentBytes) {
      throw invalid(path, `section ${name} has two lengths`);
    }
    return {
      name,
      offset,
      bytes,
      contentBytes,
      compression: compression as Compression,
      crc32,
    };
  });
}

/** The sections leave no byte between header and manifest uncovered. */
function checkOrder(
  sections: readonly { name: string; offset: number; bytes: number }[],
  manifestOffset: number,
  path: string,
): void {
  let end = HEADER_BYTES;
  for (const { name, offset, bytes } of sections) {
    if (offset !== end) throw invalid(path, `section ${name} does not follow the one before`);
    end += bytes;
  }
  if (end !== manifestOffset)
    throw invalid(path, 'its sections do not end where the manifest begins');
}

/** What a creator signs: a text of its own, so that the signature means nothing else. */
export function signedMessage(manifestHash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('bchf-snapshot-2\0', 'latin1'), manifestHash]);
}

function creatorOf(signature: Buffer, manifestHash: Buffer, path: string): string | undefined {
  if (signature.length === 0) return undefined;
  const key = signature.subarray(0, PUBLIC_KEY_BYTES);
  if (isSignedBy(key, signedMessage(manifestHash), signature.subarray(PUBLIC_KEY_BYTES))) {
    return key.toString('hex');
  }
  throw invalid(path, 'its signature is not right');
}

export function parseJson<T>(schema: z.ZodType<T>, text: Buffer, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch (cause) {
    throw invalid(path, 'it holds malformed JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(path, problemsOf(parsed.error));
  return parsed.data;
}

export function invalid(path: string, reason: string, cause?: unknown): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_INVALID', `${path} is refused: ${reason}`, { cause });
}

export function wrongVersion(path: string, reason: string): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_VERSION', `${path} is refused: ${reason}`);
}
