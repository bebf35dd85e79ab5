// Files that a crash leaves whole or not at all: written aside, synced and renamed, and then the folder is
// synced too, because the new name is a change of the folder.

import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file, or replaces one; `mode` is who may do what with it. */
export async function writeWhole(file: string, text: string, mode = 0o666): Promise<void> {
  const aside = `${file}.new`;
  const handle = await open(aside, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
  await syncFolder(dirname(file));
}

/**
 * Writes all of some bytes, at a place or, without one, where the last write ended: one call may
 * write less than it was given, as on a disk that is about to be full.
 */
export async function writeBytes(
  file: Pick<FileHandle, 'write'>,
  bytes: Uint8Array,
  at?: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const place = at === undefined ? null : at + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, place);
    done += bytesWritten;
  }
}

/** Puts on the disk which files a folder has. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and keeps the order of such changes by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
