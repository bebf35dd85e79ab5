// Compression of sections: gzip everywhere, zstd where Node has it (22.15 and newer).

import * as zlib from 'node:zlib';
import { ResolverError } from '../resolver-error.ts';

export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

interface Zstd {
  createZstdCompress?: () => zlib.Gzip;
  createZstdDecompress?: () => zlib.Gunzip;
}

const { createZstdCompress, createZstdDecompress }: Zstd = zlib as unknown as Zstd;

/** The best that this Node has. */
export const BEST_COMPRESSION: Compression = createZstdCompress ? 'zstd' : 'gzip';

/** Passes content on compressed. */
export function compressed(
  content: Iterable<Uint8Array>,
  compression: Compression,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (compression === 'none') return content;
  // The fastest level: what is packed once is loaded often, and lines of an index hold little more.
  const stream = compression === 'gzip' ? zlib.createGzip({ level: 1 }) : createZstdCompress?.();
  if (!stream) throw unavailable(compression);
  return through(stream, content);
}

/** Undoes that. Errors of the compressed data come from the iteration. */
export function decompressed(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncIterable<Uint8Array> {
  if (compression === 'none') return bytes;
  const stream = compression === 'gzip' ? zlib.createGunzip() : createZstdDecompress?.();
  if (!stream) throw unavailable(compression);
  return through(stream, bytes);
}

async function* through(
  stream: zlib.Gzip | zlib.Gunzip,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const feeding = (async () => {
    for await (const chunk of source) {
      // Copied: the stream keeps what it has not come to, and the source may use its room again.
      if (!stream.write(Buffer.from(chunk))) {
        await new Promise<void>((resolve) => {
          stream.once('drain', resolve);
          stream.once('close', resolve);
        });
      }
      if (stream.destroyed) return;
    }
    stream.end();
  })();
  feeding.catch((error) => stream.destroy(error));
  yield* stream as AsyncIterable<Uint8Array>;
  await feeding;
}

function unavailable(compression: Compression): ResolverError {
  const message = `this version of Node (${process.version}) has no ${compression}`;
  return new ResolverError('BCHF_SNAPSHOT_VERSION', message);
}
