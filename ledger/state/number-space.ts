// Who has which numbers of one identity kind, in layers; the higher one counts.
//
//     ported         single numbers that went to another member
//     transferred    parts of runs that lead elsewhere than the run they lie in
//     runs           what was allocated from the pool
//     free           what nobody has taken from the pool
//     prefixes       the numbering plan
//
// Runs, their transferred parts and ported numbers are entries of the index, each kept exactly as it
// was set, so that a later change can name it. A run keeps its ends as long as all of it is
// allocated, whoever has its numbers, because the index information of user data counts from there.
//
// The parts of a run stay as few as they can be:
//
//     run    10───────────────────────19 → a        as allocated
//     parts        12──14 → b                       12 to 14 were transferred
//     parts        12──────16 → b                   15 and 16 too: one part
//     parts        12  14 → b                       13 and 15 to 16 came back
//     parts                                         12 and 14 too: nothing left to say
//     run    10───────────────────────19 → b        all of it transferred: the run itself
//
// A part never leads where its run leads, never covers the whole of it, and never touches a part of
// the same run that leads to the same route.

import type { EntryChange, RouteNumber } from '../entry.ts';
import type { Identity, NumberKey } from '../number.ts';
import { type Interval, IntervalMap } from './interval-map.ts';
import { PortedMap } from './ported-map.ts';
import { PrefixMap } from './prefix-map.ts';

/** Returned by {@link NumberSpace.everyRunRoute} where all is well. */
export const EVERY = 0;

export class NumberSpace {
  readonly identity: Identity;
  readonly prefixes = new PrefixMap();
  readonly free = new IntervalMap();
  readonly runs = new IntervalMap();
  readonly transferred = new IntervalMap();
  readonly ported = new PortedMap();
  /** Numbers of the pool under a pricing contract, taken or not; value: the contract's number. */
  readonly priced = new IntervalMap();

  constructor(identity: Identity) {
    this.identity = identity;
  }

  /** The route of an allocated number, its being ported left aside; `undefined` for others. */
  runRoute(key: NumberKey): RouteNumber | undefined {
    if (this.runs.size === 0) return undefined;
    const run = this.runs.find(key);
    if (!run) return undefined;
    const part = this.transferred.size === 0 ? undefined : this.transferred.find(key);
    return (part ?? run).value;
  }

  /**
   * Whether `accept` takes the route of every number of a range: {@link EVERY} if so, otherwise the
   * first number that is in no run or whose route is not taken.
   */
  everyRunRoute(
    from: NumberKey,
    to: NumberKey,
    accept: (route: RouteNumber) => boolean,
  ): NumberKey {
    let key = from;
    while (key <= to) {
      const run = this.runs.find(key);
      if (!run) return key;
      const last = Math.min(run.end, to);
      for (const part of this.transferred.overlapping(key, last)) {
        if (part.start > key && !accept(run.value)) return key;
        if (!accept(part.value)) return Math.max(part.start, key);
        key = part.end + 1;
      }
      if (key <= last && !accept(run.value)) return key;
      key = last + 1;
    }
    return EVERY;
  }

  /** Leads a range of allocated numbers to a route. */
  setRunRoute(from: NumberKey, to: NumberKey, route: RouteNumber, changes: EntryChange[]): void {
    for (const run of this.runs.overlapping(from, to)) {
      this.#setPart(run, Math.max(from, run.start), Math.min(to, run.end), route, changes);
    }
  }

  /** Takes a range of allocated numbers out of their runs; what is left of a run is one or two. */
  removeRuns(from: NumberKey, to: NumberKey, changes: EntryChange[]): void {
    for (const run of this.runs.overlapping(from, to)) {
      const first = Math.max(from, run.start);
      const last = Math.min(to, run.end);
      const parts = this.transferred.overlapping(first, last);
      const before = [run, ...parts];
      const after: Interval[] = [];
      const [part, lastPart] = [parts[0], parts.at(-1)];
      if (part && part.start < first) after.push({ ...part, end: first - 1 });
      if (lastPart && lastPart.end > last) after.push({ ...lastPart, start: last + 1 });
      this.transferred.remove(first, last);
      this.runs.remove(first, last);
      if (run.start < first) this.#settle(run.start, first - 1, before, after);
      if (run.end > last) this.#settle(last + 1, run.end, before, after);
      this.#tell(before, after, changes);
    }
  }

  /** Makes what is left of a run lead where the part leads that covers the whole of it now. */
  #settle(start: NumberKey, end: NumberKey, before: Interval[], after: Interval[]): void {
    const part = this.transferred.find(start);
    if (!part || part.start !== start || part.end !== end) {
      after.push(this.runs.find(start)!);
      return;
    }
    this.transferred.remove(start, end);
    this.runs.setValue(start, part.value);
    // The entry of the part becomes that of the run: it was there before, or is told already.
    if (!after.some(isSameAs(part))) {
      before.push(part);
      after.push(part);
    }
  }

  #setPart(
    run: Interval,
    from: NumberKey,
    to: NumberKey,
    route: RouteNumber,
    changes: EntryChange[],
  ): void {
    const { transferred } = this;
    if (from === run.start && to === run.end) {
      const before = transferred.overlapping(from, to);
      if (before.length > 0) transferred.remove(from, to);
      if (run.value !== route) this.runs.setValue(run.start, route);
      this.#tell([run, ...before], [{ ...run, value: route }], changes);
      return;
    }
    // A part that only touches the range may become one with what is set.
    const first = Math.max(from - 1, run.start);
    const last = Math.min(to + 1, run.end);
    const before = transferred.overlapping(first, last);
    if (before.length > 0) transferred.remove(from, to);
    if (route !== run.value) transferred.insertMerging(from, to, route, run.start, run.end);
    const after = transferred.overlapping(first, last);
    const [only] = after;
    if (only && only.start === run.start && only.end === run.end) {
      transferred.remove(run.start, run.end);
      this.runs.setValue(run.start, only.value);
      this.#tell([run, ...before], [only], changes);
      return;
    }
    this.#tell(before, after, changes);
  }

  /** Tells what was `before` and what is `after` it as changes of the index. */
  #tell(before: readonly Interval[], after: readonly Interval[], changes: EntryChange[]): void {
    const { identity } = this;
    for (const old of before) {
      if (after.some(isAt(old))) continue;
      changes.push({ identity, entry: 'fragmented', from: old.start, to: old.end, route: null });
    }
    for (const { start, end, value } of after) {
      if (before.some(isSameAs({ start, end, value }))) continue;
      changes.push({ identity, entry: 'fragmented', from: start, to: end, route: value });
    }
  }

  /** The entries of runs and their parts, an outer one before those inside it. */
  *runEntries(): IterableIterator<Interval> {
    for (const run of this.runs.between(0, Number.MAX_SAFE_INTEGER)) {
      yield run;
      if (this.transferred.size > 0) yield* this.transferred.overlapping(run.start, run.end);
    }
  }
}

function isAt({ start, end }: Interval): (other: Interval) => boolean {
  return (other) => other.start === start && other.end === end;
}

function isSameAs({ start, end, value }: Interval): (other: Interval) => boolean {
  return (other) => other.start === start && other.end === end && other.value === value;
}
