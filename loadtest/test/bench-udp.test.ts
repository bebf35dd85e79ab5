// What the UDP benches promise besides speed, which no test measures: answers that were judged, figures
// of the right things, a report that machines can read.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';

const skip = loadSystemCalls() === undefined && 'recvmmsg needs 64-bit Linux and koffi';

for (const [bench, figuresWanted] of [
  ['udp-enum', ['queriesPerSecond', 'echoInNode']],
  ['udp-pdb', ['queriesPerSecond', 'echoInNode']],
  ['udp-batch', ['lookupsPerSecond', 'datagramsPerSecond', 'echoInNode']],
] as const) {
  test(`${bench} ends in one JSON object with its figures`, { skip }, () => {
    const file = fileURLToPath(new URL(`../bench/${bench}.js`, import.meta.url));
    const run = spawnSync(process.execPath, [file, '--quick', '--runs', '1'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const report = JSON.parse(run.stdout.trimEnd().split('\n').at(-1)!);
    assert.equal(report.bench, bench);
    for (const name of figuresWanted) assert.ok(report.figures[name].median > 0, name);
    const shares = Object.values(report.figures.generatorIdleShare) as { median: number }[];
    for (const { median } of shares) assert.ok(median >= 0 && median <= 1, String(median));
    assert.match(run.stdout, /Bars not judged/);
  });
}
