// The loading thread's priority, as the system sees it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { watchIdle } from '../snapshot/idle-thread.ts';
import { SCHED_IDLE, SCHED_OTHER } from '../udp/system-calls.ts';

const THREAD = `
  const { setPriority } = require('node:os');
  const { parentPort, workerData } = require('node:worker_threads');
  if (workerData > 0) setPriority(0, workerData);
  import(${JSON.stringify(new URL('../snapshot/idle-thread.js', import.meta.url).href)}).then(
    ({ beginIdle }) => {
      parentPort.postMessage({ thread: beginIdle() });
      parentPort.once('message', () => {}); // until it is terminated
    },
  );
`;

/** Nice value and policy; proc_pid_stat(5). */
function priorityOf(thread: number): { nice: number; policy: number } {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { nice: Number(fields[16]), policy: Number(fields[38]) };
}

const skip = process.platform !== 'linux' && 'only Linux has priorities of threads';
const ownNice = getPriority(0);

test('a loading thread gives way to all others until it is taken out of that', {
  skip,
}, async (t) => {
  const thread = await begin(t, 0);
  if (thread === undefined) {
    t.skip('this user may not take a thread out of SCHED_IDLE again');
    return;
  }
  const nice = Math.max(10, ownNice);
  assert.deepEqual(priorityOf(thread), { nice, policy: SCHED_IDLE });
  const end = watchIdle(thread);
  end();
  assert.deepEqual(priorityOf(thread), { nice, policy: SCHED_OTHER });
  assert.deepEqual(priorityOf(process.pid), { nice: ownNice, policy: SCHED_OTHER });
});

test('a loading thread of a process that gives way already keeps its nice value', {
  skip,
}, async (t) => {
  const nice = Math.max(15, ownNice);
  const thread = await begin(t, nice);
  if (thread === undefined) t.skip('this user may not take a thread out of SCHED_IDLE again');
  else assert.equal(priorityOf(thread).nice, nice);
});

/** The number of a thread that has the nice value, unless that is 0, and has then begun to be idle. */
async function begin(t: TestContext, nice: number): Promise<number | undefined> {
  const worker = new Worker(THREAD, { eval: true, workerData: nice });
  t.after(() => worker.terminate());
  const [{ thread }] = await once(worker, 'message');
  return thread;
}
