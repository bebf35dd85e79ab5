// Reading and writing files of blocks (block-file-codec has their form).

import { type FileHandle, open } from 'node:fs/promises';
import { LedgerError } from '../ledger-error.ts';
import { writeBytes } from '../whole-file.ts';
import {
  type BlockFileHead,
  type BlockFrame,
  decodeFileHead,
  decodeFrame,
  encodeFileHead,
  encodeFrame,
  FILE_START_BYTES,
  FRAME_HEAD_BYTES,
  fileHeadBytes,
  frameBytes,
} from './block-file-codec.ts';

/** A file of blocks that is open for reading. */
export class BlockFile {
  readonly path: string;
  readonly head: BlockFileHead;
  readonly #handle: FileHandle;
  readonly #headBytes: number;

  private constructor(path: string, handle: FileHandle, head: BlockFileHead, headBytes: number) {
    this.path = path;
    this.#handle = handle;
    this.head = head;
    this.#headBytes = headBytes;
  }

  /** Errors: BCHF_BLOCK_FILE_IO, BCHF_BLOCK_FILE_INVALID. */
  static async open(path: string): Promise<BlockFile> {
    const handle = await orIoError(path, open(path, 'r'));
    try {
      const start = await readAt(path, handle, 0, FILE_START_BYTES);
      const headBytes = start && fileHeadBytes(start);
      const bytes = headBytes && (await readAt(path, handle, 0, headBytes));
      const head = bytes && decodeFileHead(bytes);
      if (!headBytes || !head) throw invalid(path, 'it does not begin like a file of blocks');
      return new BlockFile(path, handle, head, headBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The blocks in order. A frame that breaks off or is damaged is a BCHF_BLOCK_FILE_INVALID. */
  async *blocks(): AsyncIterableIterator<BlockFrame> {
    for await (const { frame } of this.#frames()) {
      if (!frame) throw invalid(this.path, 'it is damaged, or was not written to its end');
      yield frame;
    }
  }

  /** Where the last whole frame ends, and its height: 0 where there is none. */
  async wholeEnd(): Promise<{ bytes: number; height: number }> {
    let end = { bytes: this.#headBytes, height: 0 };
    for await (const { frame, bytes } of this.#frames()) {
      if (!frame) break;
      end = { bytes, height: frame.height };
    }
    return end;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Frames with where they end; the last one is `undefined` where it breaks off or is damaged. */
  async *#frames(): AsyncIterableIterator<{ frame: BlockFrame | undefined; bytes: number }> {
    let previous = 0;
    for (let at = this.#headBytes; ; ) {
      const size = (await orIoError(this.path, this.#handle.stat())).size;
      if (at >= size) return;
      const head = await readAt(this.path, this.#handle, at, FRAME_HEAD_BYTES);
      const length = head && frameBytes(head);
      const bytes = length && (await readAt(this.path, this.#handle, at, length));
      const frame = bytes ? decodeFrame(bytes) : undefined;
      const isNext = frame && (previous === 0 || frame.height === previous + 1);
      if (!frame || !length || !isNext) {
        yield { frame: undefined, bytes: at };
        return;
      }
      at += length;
      previous = frame.height;
      yield { frame, bytes: at };
    }
  }
}

/**
 * Writes blocks into a file, or goes on where the writing of the same chain's blocks ended: what breaks
 * off at its end is written again. `blocks` is asked for those from a height on. Returns the last height.
 *
 * Errors: BCHF_BLOCK_FILE_IO; BCHF_BLOCK_FILE_INVALID where the file is another one.
 */
export async function writeBlockFile(
  path: string,
  head: BlockFileHead,
  firstHeight: number,
  blocks: (fromHeight: number) => AsyncIterable<BlockFrame>,
): Promise<number> {
  const known = await wholeEndOf(path, head);
  const handle = await orIoError(path, open(path, known ? 'r+' : 'w'));
  try {
    let at = known?.bytes ?? 0;
    let height = known?.height || firstHeight - 1;
    const write = async (bytes: Uint8Array): Promise<void> => {
      await orIoError(path, writeBytes(handle, bytes, at));
      at += bytes.length;
    };
    if (known) await orIoError(path, handle.truncate(at));
    else await write(encodeFileHead(head));
    for await (const frame of blocks(height + 1)) {
      await write(encodeFrame(frame));
      height = frame.height;
    }
    await orIoError(path, handle.sync());
    return height;
  } finally {
    await handle.close();
  }
}

async function wholeEndOf(
  path: string,
  head: BlockFileHead,
): Promise<{ bytes: number; height: number } | undefined> {
  let file: BlockFile;
  try {
    file = await BlockFile.open(path);
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException)?.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (!encodeFileHead(file.head).equals(encodeFileHead(head))) {
      throw invalid(path, 'it holds the blocks of another chain');
    }
    return await file.wholeEnd();
  } finally {
    await file.close();
  }
}

/** `undefined` where the file ends before. */
async function readAt(
  path: string,
  handle: FileHandle,
  at: number,
  length: number,
): Promise<Buffer | undefined> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const read = handle.read(buffer, filled, length - filled, at + filled);
    const { bytesRead } = await orIoError(path, read);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return buffer;
}

async function orIoError<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    throw new LedgerError('BCHF_BLOCK_FILE_IO', `${path}: ${(cause as Error).message}`, { cause });
  }
}

function invalid(path: string, reason: string): LedgerError {
  return new LedgerError('BCHF_BLOCK_FILE_INVALID', `${path}: ${reason}`);
}
