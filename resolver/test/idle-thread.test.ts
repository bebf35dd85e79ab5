// The loading thread's priority, as the system sees it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { watchIdle } from '../snapshot/idle-thread.ts';
import { SCHED_IDLE, SCHED_OTHER } from '../udp/system-calls.ts';

const THREAD = `
  import(${JSON.stringify(new URL('../snapshot/idle-thread.js', import.meta.url).href)}).then(
    ({ beginIdle }) => {
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage({ thread: beginIdle() });
      parentPort.once('message', () => parentPort.close());
    },
  );
`;

/** Nice value and policy; proc_pid_stat(5). */
function priorityOf(thread: number): { nice: number; policy: number } {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { nice: Number(fields[16]), policy: Number(fields[38]) };
}

test('a loading thread gives way to all others until it is taken out of that', {
  skip: process.platform !== 'linux' && 'only Linux has priorities of threads',
}, async (t) => {
  const worker = new Worker(THREAD, { eval: true });
  const [{ thread }] = await once(worker, 'message');
  if (thread === undefined) {
    t.skip('this user may not take a thread out of SCHED_IDLE again');
  } else {
    assert.deepEqual(priorityOf(thread), { nice: 10, policy: SCHED_IDLE });
    const end = watchIdle(thread);
    end();
    assert.deepEqual(priorityOf(thread), { nice: 10, policy: SCHED_OTHER });
    assert.deepEqual(priorityOf(process.pid), { nice: 0, policy: SCHED_OTHER });
  }
  worker.postMessage('end');
  await once(worker, 'exit');
});
