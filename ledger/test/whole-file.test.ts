import assert from 'node:assert/strict';
import { type FileHandle, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeBytes, writeWhole } from '../whole-file.ts';

test('a file is replaced as a whole, for whom it is meant, and nothing is left beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bchf-whole-'));
  try {
    const file = join(folder, 'key.json');
    await writeWhole(file, 'a longer text', 0o600);
    await writeWhole(file, 'short', 0o600);
    assert.equal(await readFile(file, 'utf8'), 'short');
    assert.deepEqual(await readdir(folder), ['key.json']);
    if (process.platform !== 'win32') assert.equal((await stat(file)).mode & 0o777, 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a file that cannot be written is an error, and what was there stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bchf-whole-'));
  try {
    await assert.rejects(writeWhole(join(folder, 'missing', 'key.json'), 'text'));
    assert.deepEqual(await readdir(folder), []);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what one call leaves is written by the next ones, at its place or one behind the other', async () => {
  for (const at of [undefined, 100]) {
    const written: number[] = [];
    const places: unknown[] = [];
    const write = async (bytes: Uint8Array, from: number, length: number, place: number | null) => {
      const bytesWritten = Math.min(length, 3);
      written.push(...bytes.subarray(from, from + bytesWritten));
      places.push(place);
      return { bytesWritten, buffer: bytes };
    };
    await writeBytes({ write } as unknown as FileHandle, Uint8Array.of(1, 2, 3, 4, 5, 6, 7), at);
    assert.deepEqual(written, [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(places, at === undefined ? [null, null, null] : [100, 103, 106]);
  }
});
