// What the bench freshness promises besides speed, which no test measures: figures of the right
// things, in a form that machines can read.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/freshness.js', import.meta.url));

test('freshness ends in one JSON object with its figures and judges no bar on few blocks', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  assert.equal(report.bench, 'freshness');
  const { p50Ms, p99Ms, maxMs, blocks } = report.figures;
  assert.ok(0 <= p50Ms && p50Ms <= p99Ms && p99Ms <= maxMs, JSON.stringify(report.figures));
  assert.equal(blocks, 5);
  assert.match(stdout, /p50Ms .*<= 20 +not judged\n/);
});
