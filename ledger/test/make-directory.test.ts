// Folders with those above them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeDirectory } from '../make-directory.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-folders-'));
after(() => rmSync(directory, { recursive: true }));

test('a folder is made with those above it, and again without harm', async () => {
  const path = join(directory, 'a', 'b', 'c');
  await makeDirectory(path);
  await makeDirectory(path);
  assert.ok(statSync(path).isDirectory());
});

test('a file in its place or above it is an error', async () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await assert.rejects(makeDirectory(file), { code: 'EEXIST' });
  await assert.rejects(makeDirectory(join(file, 'below')), { code: 'ENOTDIR' });
});

test('a place where the system makes no folders is an error and no endless wait', {
  skip: process.platform !== 'linux',
}, async () => {
  await assert.rejects(makeDirectory('/proc/bchf/data'), { code: 'ENOENT' });
});
