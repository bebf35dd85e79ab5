import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadPlan } from '../thread-plan.ts';

const COUNTS = { workerCount: 3, sbiWorkerCount: 2, udpThreads: 2 };
const NUMBERS = [0, 1, 2, 3, 4, 5, 6];
const PORTS = { http: 1, batch: 2, enum: 3, pdb: 4, sbi: 5 };

/** The numbers of the threads that open each kind of socket. */
function openers(plan: ThreadPlan) {
  const of = (kind: 'http' | 'enumTcp' | 'sbi') =>
    NUMBERS.filter((number) => plan.socketsOf(number)[kind]);
  return { http: of('http'), enumTcp: of('enumTcp'), sbi: of('sbi') };
}

test('ports that can be shared are opened by every thread of their kind', () => {
  const plan = new ThreadPlan(COUNTS, { http: true, tcp: true });
  assert.deepEqual(openers(plan), { http: [0, 1, 2], enumTcp: [0, 1, 2], sbi: [3, 4] });
  assert.deepEqual(
    NUMBERS.map((number) => plan.udpThreadOf(number)),
    [undefined, undefined, undefined, undefined, undefined, 0, 1],
  );
});

test('a port that cannot be shared is one thread’s, and another’s than the next such port', () => {
  const plan = new ThreadPlan(COUNTS, { http: false, tcp: false });
  assert.deepEqual(openers(plan), { http: [0], enumTcp: [2], sbi: [3, 4] });
});

test('where the system chooses a port, one thread of each kind comes before the others', () => {
  const plan = new ThreadPlan(COUNTS, { http: true, tcp: true });
  assert.deepEqual(plan.waves(PORTS), [NUMBERS]);
  for (const name of ['http', 'batch', 'enum', 'pdb', 'sbi']) {
    assert.deepEqual(plan.waves({ ...PORTS, [name]: 0 }), [
      [0, 3, 5],
      [1, 2, 4, 6],
    ]);
  }
});
