import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeWhole } from '../whole-file.ts';

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
