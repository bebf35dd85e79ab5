// A file of settings that is looked at again and again.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WatchedFile } from '../watched-file.ts';

test('a file that cannot be read is tried again, told once, and read when it can be', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bchf-watched-'));
  try {
    const path = join(folder, 'file.json');
    await writeFile(path, '1');
    const file = await WatchedFile.open<unknown>(path, JSON.parse);
    const invalid = { code: 'BCHF_CONFIG_INVALID' };
    await rm(path);
    await assert.rejects(file.look(), invalid);
    assert.equal(await file.look(), false);
    // There, and not to be read: another fault.
    await mkdir(path);
    await assert.rejects(file.look(), invalid);
    assert.equal(await file.look(), false);
    await rm(path, { recursive: true });
    await writeFile(path, '{');
    await assert.rejects(file.look(), invalid);
    assert.equal(await file.look(), false, 'it is as it was');
    const later = new Date(Date.now() + 60_000);
    await utimes(path, later, later);
    await assert.rejects(file.look(), invalid, 'written anew');
    assert.equal(file.value, 1);
    await writeFile(path, '23');
    assert.equal(await file.look(), true);
    assert.equal(file.value, 23);
  } finally {
    await rm(folder, { recursive: true });
  }
});
