// In a mount namespace of its own: a resolver whose folder of snapshots has room for one and a half.
//
//     node full-disk-process.js DATA      where `bchf start` has been with the options of SMALL

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminRefusal, askAdmin } from '../admin/admin-client.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import { runBchf, startServer } from './bchf-process.ts';
import { adminOf, SMALL } from './snapshot-kills.ts';

const data = process.argv[2]!;
const folder = join(data, 'snapshots');
const newest = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.bchf'))
    .sort()
    .at(-1)!;
const good = newest();
const bytes = readFileSync(join(folder, good));
const { size } = statSync(join(folder, good));
execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${Math.round(size * 1.5)}`, 'none', folder]);
writeFileSync(join(folder, good), bytes);

// Blocks come, and a snapshot of each is wanted.
const moving = ['--moves-per-second', '40', '--snapshot-every-blocks', '1'];
const first = await startServer('start', '--data', data, ...SMALL, ...moving);
const failures = async () => {
  const text = await (await fetch(`${adminOf(first).url}/metrics`)).text();
  return Number(/^bchf_snapshot_write_failures_total (\d+)/m.exec(text)?.[1]);
};
const untilMs = Date.now() + 120_000;
while ((await failures()) < 2) {
  assert.ok(Date.now() < untilMs, 'no snapshot failed');
  await sleep(50);
}
const refused = askAdmin(adminOf(first), 'POST', '/admin/v1/snapshots', {});
await assert.rejects(
  refused,
  (error) => error instanceof AdminRefusal && error.code === 'BCHF_SNAPSHOT_IO',
);
const url = `http://127.0.0.1:${first.ports.http}`;
const lookup = await runBchf('lookup', '298210004', '--server', url);
assert.equal(lookup.code, 0, lookup.stderr);
// Nor is there room for the snapshot of a stop and of a start.
assert.equal(await first.stop(), 0);
assert.equal(newest(), good);
await loadSnapshot(join(folder, good));
const second = await startServer('start', '--data', data, ...SMALL);
assert.ok(second.height > first.height);
const fetched = join(folder, 'fetched.bchf');
const from = `${adminOf(second).url}/admin/v1/snapshots/${good}`;
const fetching = await runBchf('snapshot', 'fetch', from, '--out', fetched);
assert.match(fetching.stderr, /^BCHF_SNAPSHOT_TOO_LARGE/m);
assert.ok(!existsSync(fetched));
assert.equal(await second.stop(), 0);
assert.equal(newest(), good);
process.stdout.write('as it should be\n');
