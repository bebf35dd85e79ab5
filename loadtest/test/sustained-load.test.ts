// The load that sustained-load.slow.ts keeps up for ten minutes, for a moment and at a low rate: that it
// asks and judges rightly. What is lost is not looked at here: other tests want the processor too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';
import { sustain } from './sustained-load.ts';

const calls = loadSystemCalls();
const skip = calls === undefined && 'recvmmsg needs 64-bit Linux and koffi';

test('a server under load answers every protocol rightly, turn after turn', { skip }, async () => {
  const sizes = { capacityMs: 50, turnMs: 300, turns: 2, share: 0.1 };
  const turns = await sustain({ calls: calls!, ...sizes }, () => {});
  assert.deepEqual(
    turns.map(({ protocol }) => protocol),
    ['enum', 'batch', 'pdb', 'enum', 'batch', 'pdb'],
  );
  for (const { protocol, result, residentBytes } of turns) {
    const { sent, answered, answeredLater, lost, checked, wrong, examples } = result;
    assert.deepEqual([wrong, examples], [0, []], protocol);
    assert.ok(answered > 0 && checked > 0, `${protocol}: ${answered} answered`);
    assert.equal(sent, answered + answeredLater + lost, protocol);
    assert.ok(residentBytes > 0);
  }
});
