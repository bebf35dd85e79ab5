// What the bench http2 promises besides speed, which no test measures.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/http2.js', import.meta.url));

test('http2 ends in one JSON object with its figures', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const { figures } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  for (const name of ['requestsPerSecond', 'bareHttp2', 'ratio']) {
    assert.ok(figures[name].min > 0, name);
  }
});
