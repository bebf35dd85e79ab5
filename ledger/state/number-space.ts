// Who has which numbers of one identity kind, in layers; the higher one counts.
//
//     ported         single numbers that went to another member
//     transferred    parts of runs that lead elsewhere than the run they lie in
//     runs           what was allocated from the pool
//     free           what nobody has taken from the pool
//     prefixes       the numbering plan
//
// Runs, their transferred parts and ported numbers are entries of the index, each kept exactly as it
// was set, so that a later change can name it. A part of one number is a ported entry like the number
// of a port: it costs the index a few bytes instead of a run inside a run. Where the number was ported
// on, its entry is that of the port. A run keeps its ends as long as all of it is
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

import type { EntryChange, EntryKind, RouteNumber } from '../entry.ts';
import type { Identity, NumberKey } from '../number.ts';
import { type Interval, IntervalMap } from './interval-map.ts';
import { NOT_PORTED, PortedMap } from './ported-map.ts';
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

  /** The route of an entry of one number that was transferred alone; `undefined` for others. */
  singleRoute(key: NumberKey): RouteNumber | undefined {
    const part = this.transferred.size === 0 ? undefined : this.transferred.find(key);
    return part && part.start === part.end ? part.value : undefined;
  }

  /** Takes a range of allocated numbers out of their runs; what is left of a run is one or two. */
  removeRuns(from: NumberKey, to: NumberKey, changes: EntryChange[]): void {
    for (const run of this.runs.overlapping(from, to)) {
      const first = Math.max(from, run.start);
      const last = Math.min(to, run.end);
      const parts = this.transferred.overlapping(first, last);
      const before = [runEntry(run), ...this.#partEntries(parts)];
      const pieces: Interval[] = [];
      const [part, lastPart] = [parts[0], parts.at(-1)];
      if (part && part.start < first) pieces.push({ ...part, end: first - 1 });
      if (lastPart && lastPart.end > last) pieces.push({ ...lastPart, start: last + 1 });
      this.transferred.remove(first, last);
      this.runs.remove(first, last);
      const after: Entry[] = [];
      for (const [start, end] of [
        [run.start, first - 1],
        [last + 1, run.end],
      ] as const) {
        if (start > end) continue;
        const whole = this.#takeWhole(start, end);
        const cut = whole ? pieces.findIndex(isAt(whole)) : -1;
        if (cut >= 0) pieces.splice(cut, 1);
        else if (whole) before.push(...this.#partEntries([whole]));
        after.push(runEntry(this.runs.find(start)!));
      }
      this.#tell(before, [...after, ...this.#partEntries(pieces)], changes);
    }
  }

  /** Makes a run lead where a part leads that covers the whole of it, and gives that part. */
  #takeWhole(start: NumberKey, end: NumberKey): Interval | undefined {
    const part = this.transferred.find(start);
    if (!part || part.start !== start || part.end !== end) return undefined;
    this.transferred.remove(start, end);
    this.runs.setValue(start, part.value);
    return part;
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
      this.#tell(
        [runEntry(run), ...this.#partEntries(before)],
        [runEntry({ ...run, value: route })],
        changes,
      );
      return;
    }
    // A part that only touches the range may become one with what is set.
    const first = Math.max(from - 1, run.start);
    const last = Math.min(to + 1, run.end);
    const before = transferred.overlapping(first, last);
    if (before.length > 0) transferred.remove(from, to);
    if (route !== run.value) transferred.insertMerging(from, to, route, run.start, run.end);
    const entriesBefore = this.#partEntries(before);
    const whole = this.#takeWhole(run.start, run.end);
    if (whole) this.#tell([runEntry(run), ...entriesBefore], [runEntry(whole)], changes);
    else
      this.#tell(entriesBefore, this.#partEntries(transferred.overlapping(first, last)), changes);
  }

  /** The entries of parts; there is none where its one number was ported on. */
  #partEntries(parts: readonly Interval[]): Entry[] {
    const entries: Entry[] = [];
    for (const part of parts) {
      if (part.start < part.end) entries.push({ ...part, entry: 'fragmented' });
      else if (this.ported.get(part.start) === NOT_PORTED) {
        entries.push({ ...part, entry: 'ported' });
      }
    }
    return entries;
  }

  /** Tells what was `before` and what is `after` it as changes of the index. */
  #tell(before: readonly Entry[], after: readonly Entry[], changes: EntryChange[]): void {
    const { identity } = this;
    for (const old of before) {
      const { entry, start, end } = old;
      if (after.some((one) => one.entry === entry && isAt(old)(one))) continue;
      changes.push({ identity, entry, from: start, to: end, route: null });
    }
    for (const one of after) {
      const { entry, start, end, value } = one;
      const isSame = (old: Entry): boolean =>
        old.entry === entry && old.value === value && isAt(one)(old);
      if (!before.some(isSame)) {
        changes.push({ identity, entry, from: start, to: end, route: value });
      }
    }
  }

  /** The entries of runs and their parts, an outer one before those inside it, then ported numbers. */
  *entries(): IterableIterator<EntryChange> {
    const { identity, runs, transferred, ported } = this;
    for (const { start, end, value } of runs.between(0, Number.MAX_SAFE_INTEGER)) {
      yield { identity, entry: 'fragmented', from: start, to: end, route: value };
      if (transferred.size === 0) continue;
      for (const part of this.#partEntries(transferred.overlapping(start, end))) {
        yield { identity, entry: part.entry, from: part.start, to: part.end, route: part.value };
      }
    }
    for (const { key, route } of ported.entries()) {
      yield { identity, entry: 'ported', from: key, to: key, route };
    }
  }
}

/** An entry of the index. */
interface Entry extends Interval {
  entry: EntryKind;
}

function runEntry(run: Interval): Entry {
  return { ...run, entry: 'fragmented' };
}

function isAt({ start, end }: Interval): (other: Interval) => boolean {
  return (other) => other.start === start && other.end === end;
}
