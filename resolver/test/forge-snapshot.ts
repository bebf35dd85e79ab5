// Snapshot files that say anything, with hashes that fit.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { SnapshotManifest } from '../snapshot/snapshot-file.ts';

export interface Forgery {
  /** Changes what the file says of itself. */
  manifest?: (manifest: SnapshotManifest) => object;
  /** Version and "readable from" of the header. */
  versions?: [version: number, readableFrom: number];
  /** A section behind the others. */
  section?: { name: string; isCritical: boolean; content: Uint8Array };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** Rewrites an unsigned snapshot. */
export function forge(path: string, { manifest: change, versions, section }: Forgery): void {
  const bytes = readFileSync(path);
  const offset = Number(bytes.readBigUInt64LE(bytes.length - 64));
  const manifest = JSON.parse(bytes.toString('utf8', offset, bytes.length - 64));
  const content = section?.content ?? new Uint8Array(0);
  const head = Buffer.concat([bytes.subarray(0, offset), content]);
  if (versions) {
    head.writeUInt32LE(versions[0], 8);
    head.writeUInt32LE(versions[1], 12);
    manifest.formatVersion = versions[0];
  }
  if (section) {
    const { name, isCritical } = section;
    const place = { offset, bytes: content.length, contentBytes: content.length };
    manifest.sections.push({
      ...{ name, isCritical, compression: 'none', crc32: crc32(content) },
      ...place,
    });
  }
  const chunks: string[] = [];
  for (let at = 0; at < head.length; at += manifest.chunkBytes) {
    chunks.push(sha256(head.subarray(at, at + manifest.chunkBytes)).toString('hex'));
  }
  const changed = { ...manifest, chunks };
  const text = Buffer.from(JSON.stringify(change ? change(changed) : changed));
  const footer = Buffer.from(bytes.subarray(-64));
  footer.writeBigUInt64LE(BigInt(head.length), 0);
  footer.writeBigUInt64LE(BigInt(text.length), 8);
  sha256(text).copy(footer, 24);
  writeFileSync(path, Buffer.concat([head, text, footer]));
}
