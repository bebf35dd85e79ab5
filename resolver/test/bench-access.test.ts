// What the bench access promises besides speed, which no test measures.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/access.js', import.meta.url));

test('access ends in one JSON object with its figures', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bench, '--quick', '--runs', '1', '--duration', '50', '--credentials', '100'],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const { figures } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  for (const name of ['openPerSecond', 'ruledRatio', 'hashedRatio', 'credentialsPerSecond']) {
    assert.ok(figures[name].min > 0, name);
  }
});
