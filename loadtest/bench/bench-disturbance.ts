// What others took of the machine while something was measured: programs that are no part of it, and the
// hypervisor.
//
// Source: proc(5), /proc/stat and /proc/PID/stat.

import { readFileSync } from 'node:fs';

/** Of USER_HZ, which is this everywhere that Node runs. */
const TICKS_PER_SECOND = 100;

/** Processor time since the system's start, in ticks. */
interface Ticks {
  /** That of all programs. */
  ran: number;
  /** What the hypervisor gave to other machines though it was wanted here. */
  stolen: number;
  /** That of the programs that belong to the measurement. */
  own: number;
}

/**
 * Begins to watch. The function that it returns tells how many processors others took on average since
 * then; 0 where the system does not tell.
 *
 * @param pids the processes that belong to the measurement
 */
export function watchDisturbance(pids: readonly number[]): () => number {
  const startMs = performance.now();
  const before = readTicks(pids);
  return () => {
    const after = readTicks(pids);
    if (!before || !after) return 0;
    const others = after.ran - before.ran - (after.own - before.own);
    const ticks = Math.max(0, others) + after.stolen - before.stolen;
    return (ticks * 1000) / TICKS_PER_SECOND / (performance.now() - startMs);
  };
}

function readTicks(pids: readonly number[]): Ticks | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
    const [user, nice, system, , , , , stolen] = line.trim().split(/\s+/).slice(1).map(Number);
    const own = pids.reduce((sum, pid) => sum + ticksOf(pid), 0);
    return { ran: user! + nice! + system!, stolen: stolen!, own };
  } catch {
    return undefined;
  }
}

function ticksOf(pid: number): number {
  // A program's name may hold anything, and ends with the last bracket.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
