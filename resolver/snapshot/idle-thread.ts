// The priority of a thread whose work can wait: it runs when no other wants the processor.
//
// That is the policy SCHED_IDLE. A nice value alone is not enough for who is served meanwhile: a serving
// thread that wakes waits for the end of another's turn, up to a tick of 4 ms, and is not given a processor
// that looks busy. One that only runs SCHED_IDLE threads counts as idle, and is left at once.
//
// On a machine without idle time such a thread gets a three-hundredth of a processor. So whoever waits for it
// looks how it gets on, and takes it out where it does not: it goes on with a nice value of 10. The system
// permits that to privileged processes and below the limit RLIMIT_NICE; where it would not, a thread does not
// enter, and has the nice value from the beginning.
//
// Only Linux has priorities of threads; elsewhere they would be those of the process, and are left alone.
//
// Source: sched(7), setpriority(2), user_check_sched_setscheduler() of Linux 6.18.

import { existsSync, readFileSync } from 'node:fs';
import { giveWay, NICE_BELOW_NORMAL } from '../thread-priority.ts';
import { loadSystemCalls, SCHED_IDLE, SCHED_OTHER } from '../udp/system-calls.ts';

/** How often it is looked at, and with what share of the time spent waiting it does not get on. */
const LOOK_MS = 500;
const WAITING_MAX = 0.8;

const CAP_SYS_NICE = 1n << 23n;
/** The only parameter, a priority, which is 0 for policies that have none. */
const NO_PRIORITY = new Uint8Array(4);

/**
 * Lets the calling thread run after all others. Returns its number in the system where it must be taken
 * out by {@link watchIdle}; `undefined` where it has a nice value, or nothing, instead.
 */
export function beginIdle(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  giveWay();
  const calls = loadSystemCalls();
  if (!calls || !mayEnd()) return undefined;
  const hasBegun = calls.schedSetscheduler(0, SCHED_IDLE, NO_PRIORITY) === 0;
  return hasBegun ? calls.gettid() : undefined;
}

/**
 * Watches a thread of this process that has begun to be idle, and takes it out of that when it does not get
 * on. The function that it returns takes it out now, and ends the watch.
 */
export function watchIdle(thread: number): () => void {
  let before = { atMs: performance.now(), waitedMs: waitedMsOf(thread) };
  const timer = setInterval(() => {
    const now = { atMs: performance.now(), waitedMs: waitedMsOf(thread) };
    if (now.waitedMs - before.waitedMs > WAITING_MAX * (now.atMs - before.atMs)) end();
    before = now;
  }, LOOK_MS).unref();
  const end = () => {
    clearInterval(timer);
    // Its number may be another process's once it has ended.
    if (!existsSync(`/proc/self/task/${thread}`)) return;
    loadSystemCalls()?.schedSetscheduler(thread, SCHED_OTHER, NO_PRIORITY);
  };
  return end;
}

/** How long a thread has waited for a processor; proc(5), /proc/PID/schedstat. */
function waitedMsOf(thread: number): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    // It has ended, or the kernel does not tell: then it has waited for as long as this process has run.
    return performance.now();
  }
}

function mayEnd(): boolean {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    // The limit is 20 less the lowest nice value that a thread may take.
    if (20 - Number(/^Max nice priority\s+(\d+)/m.exec(limits)?.[1]) <= NICE_BELOW_NORMAL)
      return true;
    const status = readFileSync('/proc/self/status', 'latin1');
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
    // A capability counts in the first user namespace only, which has every user.
    const isFirst = /^\s*0\s+0\s+4294967295/.test(readFileSync('/proc/self/uid_map', 'latin1'));
    return isFirst && (effective & CAP_SYS_NICE) !== 0n;
  } catch {
    return false;
  }
}
