// What the host side knows of keys and changes: enough to refuse a caller's mistake before anything
// is touched. Every implementation of the index uses this one check.

import { type IndexChange, LABEL_BYTES, ROUTES_MAX, USER_DATA_END } from './number-index.ts';

const KEY_END = 2e15;

/** How many digits the number of a key has, 1 to 15; 0 for what is no key. */
export function lengthOfKey(key: number): number {
  if (!Number.isInteger(key) || key < 10 || key >= KEY_END) return 0;
  // By halves, because every change of a batch comes through here.
  let unit = 10;
  let length = 1;
  if (key >= 1e9) {
    unit = 1e9;
    length = 9;
  }
  if (key >= unit * 1e4) {
    unit *= 1e4;
    length += 4;
  }
  if (key >= unit * 1e2) {
    unit *= 1e2;
    length += 2;
  }
  if (key >= unit * 10) {
    unit *= 10;
    length++;
  }
  return key < unit * 2 ? length : 0;
}

/** Throws a RangeError for the first change that is none, or for a label that is too long. */
export function checkBatch(changes: readonly IndexChange[], label: Uint8Array): void {
  checkLabel(label);
  for (const change of changes) checkChange(change);
}

export function checkLabel(label: Uint8Array): void {
  if (label.length > LABEL_BYTES) {
    throw new RangeError(`a label has at most ${LABEL_BYTES} bytes, not ${label.length}`);
  }
}

function isUserData(index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < USER_DATA_END;
}

/** Throws a RangeError for the first place of columns of ported numbers that is none. */
export function checkColumns(keys: Float64Array, routes: Uint32Array, users?: Float64Array): void {
  if (routes.length !== keys.length || (users !== undefined && users.length !== keys.length)) {
    throw new RangeError('columns of different lengths');
  }
  for (let at = 0; at < keys.length; at++) {
    if (lengthOfKey(keys[at]!) === 0) throw new RangeError(`not a key: ${keys[at]}`);
    if (routes[at]! >= ROUTES_MAX)
      throw new RangeError(`route ${routes[at]} is not below ${ROUTES_MAX}`);
  }
  if (users === undefined) return;
  for (const index of users) {
    if (index !== -1 && !isUserData(index)) throw new RangeError(`no index of user data: ${index}`);
  }
}

/** Throws a RangeError for a change that is none. */
export function checkChange({ entry, from, to, route, userData }: IndexChange): void {
  const length = lengthOfKey(from);
  if (length === 0) throw new RangeError(`not a key: ${from}`);
  if (entry === 'ported' || entry === 'prefix') {
    if (to !== from) throw new RangeError(`${entry} ${from}: to is ${to}, not the same key`);
  } else if (entry !== 'fragmented') {
    throw new RangeError(`no kind of entry: ${entry}`);
  } else if (lengthOfKey(to) !== length || to < from) {
    throw new RangeError(`fragmented ${from} to ${to}: not a range of keys of one length`);
  }
  if (route !== null && !(Number.isInteger(route) && route >= 0 && route < ROUTES_MAX)) {
    throw new RangeError(`${entry} ${from}: route ${route} is not below ${ROUTES_MAX}`);
  }
  if (userData === undefined) return;
  const isIndex = isUserData(userData);
  if (entry === 'prefix' || !isIndex) {
    throw new RangeError(`${entry} ${from}: no index of user data: ${userData}`);
  }
}

/**
 * The changes of runs in a batch, in the order of runs (by from, an outer run before those inside
 * it), each run once, with its last change.
 */
export function sortedRunChanges(changes: readonly IndexChange[]): IndexChange[] {
  const sorted = changes.filter((change) => change.entry === 'fragmented').sort(compareRuns);
  return sorted.filter((change, at) => {
    const next = sorted[at + 1];
    return next === undefined || compareRuns(change, next) !== 0;
  });
}

/** Orders runs by from, then the longer first. */
export function compareRuns(
  left: { from: number; to: number },
  right: { from: number; to: number },
): number {
  return left.from - right.from || right.to - left.to;
}

/** A run for people: its digits, without the keys' leading 1. */
export function describeRun({ from, to }: { from: number; to: number }): string {
  return `the run ${String(from).slice(1)} to ${String(to).slice(1)}`;
}
