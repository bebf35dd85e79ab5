// A snapshot on its way from one member's node to another's: written, fetched in chunks over the ledger
// port, proven by the other's own ledger, and served by it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SwapResult } from '../snapshot/swap-answers.ts';
import { runBchf } from './bchf-process.ts';
import { key, type TestDevnet } from './test-devnet.ts';

const FILE = 'of-member-1.bchf';

/** Runs a command that must succeed, and reads the JSON that it prints. */
async function ask<Answer>(...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await runBchf(...args, '--json');
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}

export function snapshotFlows(devnet: TestDevnet): void {
  test('a snapshot of another node is fetched, proven by the own ledger and swapped in', async () => {
    const adminOf = (member: number) => `http://127.0.0.1:${devnet.node(member).ports.admin}`;
    const portAway = () =>
      devnet.commit(1, {
        kind: 'port',
        identity: 'msisdn',
        numbers: [key('99901000900') + moved++],
        donor: 'member-1',
        recipient: 'member-2',
        route: 'member-2-udm',
      });
    let moved = 0;
    const height = await portAway();
    await devnet.client(1);
    const { name } = await ask<{ name: string }>('snapshot', 'create', '--admin', adminOf(1));
    // The block that vouches for it.
    const next = await portAway();
    await devnet.answer(3, '99901000901', next);

    await devnet.running.stopNode('member-3');
    const data = join(devnet.node(3).directory, 'data');
    const out = join(data, 'snapshots', FILE);
    const proof = ['--data', data, '--validators', join(devnet.directory, 'genesis.json')];
    const snapshots = `http://127.0.0.1:${devnet.node(1).ports.ledger}/ledger/v1/snapshots`;
    const fetched = await ask<{ isProven: boolean; manifest: { height: number } }>(
      ...['snapshot', 'fetch', `${snapshots}/${name}`, '--out', out, ...proof],
    );
    assert.ok(fetched.isProven);
    assert.ok(fetched.manifest.height >= height && fetched.manifest.height <= next);
    const verified = await ask<{ isProven: boolean }>('snapshot', 'verify', out, ...proof);
    assert.ok(verified.isProven);

    await devnet.running.startNode('member-3');
    const swapped = await ask<SwapResult>('snapshot', 'swap', FILE, '--admin', adminOf(3));
    assert.equal(swapped.serving, FILE);
    assert.ok(swapped.height >= next);
    await devnet.expectEverywhere('99901000901', next, 'ported', 'member-2-udm');
    await devnet.expectEverywhere('99901000902', await portAway(), 'ported', 'member-2-udm');
  });
}
