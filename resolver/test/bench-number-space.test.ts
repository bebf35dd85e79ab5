// What the bench number-space promises besides speed: figures in a form that machines can read.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/number-space.js', import.meta.url));

test('number-space ends in one JSON object with its figures', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  assert.equal(report.bench, 'number-space');
  assert.ok(report.figures.countSeconds.median > 0);
  assert.ok(report.figures.lookupsMeanwhileRatio.median > 0);
  assert.match(stdout, /Bars not judged/);
});
