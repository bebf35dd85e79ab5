// A consortium of four processes: what one member hands in changes the answers of the others' resolvers,
// flow by flow (figures 10 to 12), and a node that was away comes back to the same state.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { consortiumFlows } from './devnet-consortium-flows.ts';
import { poolFlows } from './devnet-pool-flows.ts';
import { portFlows } from './devnet-port-flows.ts';
import { snapshotFlows } from './devnet-snapshot-flows.ts';
import { key, TestDevnet } from './test-devnet.ts';

const devnet = new TestDevnet();
before(() => devnet.start(4));
after(() => devnet.stop());

poolFlows(devnet);
portFlows(devnet);
consortiumFlows(devnet);
snapshotFlows(devnet);

test('a node that was killed takes what it has missed and answers as the others do', async () => {
  await devnet.running.stopNode('member-4', 'SIGKILL');
  let height = 0;
  for (let at = 0; at < 5; at++) {
    height = await devnet.commit(1, {
      kind: 'port',
      identity: 'msisdn',
      numbers: [key('99901000000') + at],
      donor: 'member-1',
      recipient: 'member-2',
      route: 'member-2-udm',
    });
  }
  await devnet.running.startNode('member-4');
  await devnet.expectEverywhere('99901000004', height, 'ported', 'member-2-udm');
  const states = await Promise.all(devnet.running.nodes.map(({ client }) => client.status()));
  assert.equal(new Set(states.map(({ appHash }) => appHash)).size, 1);
});
