// Processor time of the processes that a bench loads.

import { readFileSync } from 'node:fs';

/** The unit of /proc/PID/stat on Linux (proc(5)). */
const CLOCK_TICKS_PER_SECOND = 100;

/** Processor time of a process so far, from /proc; NaN where there is none. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
