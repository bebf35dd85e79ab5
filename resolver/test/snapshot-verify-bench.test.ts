// What the bench snapshot-verify promises besides speed: figures in a form that machines can read.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/snapshot-verify.js', import.meta.url));

test('snapshot-verify ends in one JSON object with its figures', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  assert.equal(report.bench, 'snapshot-verify');
  assert.ok(report.figures.entries > 40_000);
  assert.ok(report.figures.entriesPerSecond.median > 0);
  assert.match(stdout, /Bars not judged/);
});
