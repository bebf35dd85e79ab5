// The files that this process has open, sockets among them, against what the system allows it. Where there
// are none left nothing can be accepted, read or written any more, the ledger's files neither, so whoever
// takes connections without another limit has to stop before that.
//
// Source: proc(5), getrlimit(2).

import { readdirSync, readFileSync, statSync } from 'node:fs';

/**
 * How often they are counted, and how many times as long as counting takes, at the least; less often where
 * there is room for so many more a millisecond, which is more than all threads of a machine can accept.
 */
const LOOK_MS = 20;
const LOOK_MS_MAX = 1000;
const LOOK_COST_FACTOR = 20;
const OPENED_PER_MS = 200;
const RESERVE_MIN = 256;
const RESERVE_MAX = 2000;

/** Of this process or another; `undefined` where the system does not tell. */
export function countOpenFiles(pid: number | 'self' = 'self'): number | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    // Linux 6.2 and newer tell the count as the size of the folder.
    return statSync(folder).size || readdirSync(folder).length;
  } catch {
    return undefined;
  }
}

/** How many may be open so that a tenth is left for others; `undefined` where there is no limit. */
export function defaultOpenFilesMax(): number | undefined {
  try {
    const soft = /^Max open files +([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    if (!soft) return undefined;
    const allowed = Number(soft[1]);
    return allowed - Math.min(RESERVE_MAX, Math.max(RESERVE_MIN, Math.floor(allowed / 10)));
  } catch {
    return undefined;
  }
}

export interface OpenFilesWatch {
  /** From here on it is full. */
  onFull(): void;
  /** There is room again. Where this returns false, it is called once more a little later. */
  onRoom(): boolean;
  /** `countOpenFiles` if not given. */
  count?: () => number | undefined;
}

/** Counts now and then until it is stopped; the function that is returned does that. */
export function watchOpenFiles(filesMax: number, watch: OpenFilesWatch): () => void {
  const { onFull, onRoom, count = countOpenFiles } = watch;
  // A little room, or it would go back and forth with every connection.
  const roomAt = filesMax - Math.min(RESERVE_MIN, Math.ceil(filesMax / 16));
  let isFull = false;
  const look = () => {
    const sinceMs = performance.now();
    const files = count() ?? 0;
    if (!isFull && files >= filesMax) {
      isFull = true;
      onFull();
    } else if (isFull && files <= roomAt) {
      isFull = !onRoom();
    }
    const tookMs = performance.now() - sinceMs;
    const safeMs = Math.min(LOOK_MS_MAX, (filesMax - files) / OPENED_PER_MS);
    looking = setTimeout(look, Math.max(LOOK_MS, safeMs, LOOK_COST_FACTOR * tookMs)).unref();
  };
  let looking = setTimeout(look, LOOK_MS).unref();
  return () => clearTimeout(looking);
}
