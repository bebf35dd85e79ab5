// The nice value of a thread whose work can wait.
//
// Only Linux has priorities of threads; elsewhere they would be those of the process, and are left alone.
//
// Source: setpriority(2) and its notes on threads.

import { constants, getPriority, setPriority } from 'node:os';

/** What a thread that has given way has as its nice value, at least. */
export const NICE_BELOW_NORMAL = constants.priority.PRIORITY_BELOW_NORMAL;

/** Lets the calling thread have less of a processor than others. One that has little already is left alone. */
export function giveWay(): void {
  if (process.platform !== 'linux') return;
  // Back to more is what only privileged users may go.
  if (getPriority(0) < NICE_BELOW_NORMAL) setPriority(0, NICE_BELOW_NORMAL);
}
