import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';

const bench = fileURLToPath(new URL('../bench/snapshot.js', import.meta.url));
const skip = loadSystemCalls() === undefined && 'UDP in batches needs 64-bit Linux and koffi';

test('the snapshot bench swaps under load without a wrong answer', { skip }, async () => {
  const options = ['--quick', '--runs', '1', '--percent', '5'];
  const { stdout } = await promisify(execFile)(process.execPath, [bench, ...options]);
  const { bench: name, figures } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  assert.equal(name, 'snapshot');
  assert.ok(figures.lookupsDuringSwap.median > 0);
  assert.ok(figures.loadMsPerGiB.median > 0 && figures.p999RatioDuringSwap.median > 0);
  assert.equal(figures.wrongLookups.median, 0);
});
