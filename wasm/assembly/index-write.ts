// Writing: one batch of changes from its beginning to its publication, or back.
//
// The host calls, in this order: beginBatch; applyPoints for prefixes and ported numbers, any number
// of times; where runs change, beginRuns, stageRuns any number of times, mergeStagedRuns; then
// commitBatch. After a status other than STATUS_DONE it calls abortBatch instead of going on.

import {
  allocate,
  forgetRetired,
  oldestReaderEpoch,
  queueRetired,
  reclaim,
  release,
  retire,
} from './arena';
import { initialiseDirectory } from './directory';
import { fold } from './fold';
import { unitOf } from './key';
import {
  ARENA,
  CHANGES,
  FORMAT,
  HEADER_CURRENT,
  HEADER_EPOCH,
  HEADER_FORMAT,
  HEADER_MAGIC,
  HEADER_ORDER_MARK,
  HEADER_USED,
  KEY_END,
  LABEL_BYTES,
  MAGIC,
  NO_ROUTE,
  ORDER_MARK,
  READER_DETAILS,
  RECORD_BYTES,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TO,
  STATUS_DONE,
  STATUS_FULL,
  VERSION_BYTES,
  VERSION_EPOCH,
  VERSION_LABEL,
  VERSION_LABEL_BYTES,
  VERSION_PORTED_COUNT,
  VERSION_PREFIX_COUNT,
  VERSION_ROOT,
  VERSION_RUNS,
  VERSION_TABLE_BYTES,
  WORKING_ROOT,
} from './layout';
import { FIELD_PREFIX, hasField, isLeaf, nodeAt, nodeOf } from './node';
import { newestPatch, reclaimPatches, removePatches } from './patch';
import { addedCount, applyPorted, removedCount, renewBackground } from './ported-write';
import { mergedRunCount, mergeRuns, tableBytes } from './run-table';
import { deleteRoute, discard, seal, setRoute, wasAdded } from './trie-write';

// The batch under way: its version record, which nobody else knows yet, and the blocks that go back
// where it is given up.
let version: u32 = 0;
let staged: u32 = 0;
let stagedCount: u32 = 0;
let stagedCountMax: u32 = 0;
let table: u32 = 0;
/** The patch before the first of the batch. */
let lastPatch: u32 = 0;

/** Makes an empty index of a memory of zeros, which always has room for one. */
export function initialise(): void {
  store<u64>(HEADER_MAGIC, MAGIC);
  store<u32>(HEADER_FORMAT, FORMAT);
  store<u32>(HEADER_ORDER_MARK, ORDER_MARK);
  store<u32>(HEADER_USED, ARENA);
  initialiseDirectory();
  const root = allocate(4);
  const first = allocate(VERSION_BYTES);
  store<u32>(root, 0);
  memory.fill(first, 0, VERSION_BYTES);
  store<u32>(first + VERSION_ROOT, root);
  store<u64>(first + VERSION_EPOCH, 1);
  atomic.store<u32>(HEADER_CURRENT, first);
  atomic.store<u64>(HEADER_EPOCH, 1);
}

/** Begins a batch with a copy of the current version. */
export function beginBatch(): u32 {
  settle();
  const current = load<u32>(HEADER_CURRENT);
  lastPatch = newestPatch;
  version = allocate(VERSION_BYTES);
  if (version == 0) return STATUS_FULL;
  memory.copy(version, current, VERSION_BYTES);
  store<u64>(version + VERSION_EPOCH, load<u64>(HEADER_EPOCH) + 1);
  store<u32>(WORKING_ROOT, load<u32>(current + VERSION_ROOT));
  return retire(current, VERSION_BYTES) ? STATUS_DONE : STATUS_FULL;
}

/**
 * Takes back what no reader can see any more, and where all readers see the current version, writes
 * patches into their lines. Returns whether there are no patches left.
 */
export function settle(): bool {
  const oldest = oldestReaderEpoch();
  reclaimPatches(oldest);
  reclaim(oldest);
  if (oldest >= load<u64>(HEADER_EPOCH)) fold(load<u32>(HEADER_CURRENT));
  return newestPatch == 0;
}

/** Applies `count` changes of ported numbers from the change scratch, in order. */
export function applyPoints(count: u32): u32 {
  if (!applyPorted(count, load<u64>(version + VERSION_EPOCH))) return STATUS_FULL;
  const ported = load<u32>(version + VERSION_PORTED_COUNT);
  store<u32>(version + VERSION_PORTED_COUNT, ported + addedCount - removedCount);
  return STATUS_DONE;
}

/** Applies `count` changes of prefixes from the change scratch, in order. */
export function applyPrefixes(count: u32): u32 {
  const end = CHANGES + count * RECORD_BYTES;
  for (let change = CHANGES; change < end; change += RECORD_BYTES) {
    const key = load<f64>(change + RECORD_FROM);
    if (!applyPrefix(key, load<u32>(change + RECORD_ROUTE))) return STATUS_FULL;
    // All longer numbers that begin with the prefix, and itself.
    for (let first = key, size = 1.0; first < KEY_END; first *= 10, size *= 10) {
      if (!renew(first, first + size - 1)) return STATUS_FULL;
    }
  }
  return STATUS_DONE;
}

function renew(from: f64, to: f64): bool {
  return renewBackground(<u64>from, <u64>to, load<u64>(version + VERSION_EPOCH));
}

function applyPrefix(key: f64, route: u32): bool {
  const unit = unitOf(key);
  const rest = <u64>key - unit;
  const countAt = version + VERSION_PREFIX_COUNT;
  if (route != NO_ROUTE) {
    if (!setRoute(rest, unit, FIELD_PREFIX, route)) return false;
    if (wasAdded) store<u32>(countAt, load<u32>(countAt) + 1);
    return true;
  }
  if (!hasRoute(rest, unit, FIELD_PREFIX)) return true;
  store<u32>(countAt, load<u32>(countAt) - 1);
  return deleteRoute(rest, unit, FIELD_PREFIX);
}

/** Makes room for the changes of runs. */
export function beginRuns(count: u32): u32 {
  stagedCountMax = count;
  stagedCount = 0;
  const bytes = <u64>count * RECORD_BYTES;
  if (bytes > <u64>u32.MAX_VALUE) return STATUS_FULL;
  staged = allocate(<u32>bytes);
  return staged == 0 ? STATUS_FULL : STATUS_DONE;
}

/** Takes over `count` changes of runs from the change scratch, in the order of a run table. */
export function stageRuns(count: u32): void {
  memory.copy(staged + stagedCount * RECORD_BYTES, CHANGES, count * RECORD_BYTES);
  for (let change: u32 = 0; change < count; change++) {
    const record = CHANGES + change * RECORD_BYTES;
    if (!renew(load<f64>(record + RECORD_FROM), load<f64>(record + RECORD_TO))) unreachable();
  }
  stagedCount += count;
}

/** Makes the new run table. Where a run crosses another, both are in the reader's details. */
export function mergeStagedRuns(reader: u32): u32 {
  const count = mergedRunCount(version, staged, stagedCount);
  const bytes = tableBytes(count);
  if (bytes > <u64>u32.MAX_VALUE) return STATUS_FULL;
  if (count != 0) {
    table = allocate(<u32>bytes);
    if (table == 0) return STATUS_FULL;
  }
  const oldTable = load<u32>(version + VERSION_RUNS);
  const oldBytes = load<u32>(version + VERSION_TABLE_BYTES);
  store<u32>(version + VERSION_TABLE_BYTES, <u32>bytes);
  const crossing = reader + READER_DETAILS;
  const status = mergeRuns(version, staged, stagedCount, table, count, crossing);
  if (status != STATUS_DONE) return status;
  return oldTable == 0 || retire(oldTable, oldBytes) ? STATUS_DONE : STATUS_FULL;
}

/** Publishes the batch, its label of `labelBytes` bytes at the start of the change scratch. */
export function commitBatch(labelBytes: u32): void {
  releaseStaged();
  seal(WORKING_ROOT);
  store<u32>(version + VERSION_ROOT, load<u32>(WORKING_ROOT));
  store<u32>(version + VERSION_LABEL_BYTES, labelBytes);
  memory.fill(version + VERSION_LABEL, 0, LABEL_BYTES);
  memory.copy(version + VERSION_LABEL, CHANGES, labelBytes);
  const epoch = load<u64>(HEADER_EPOCH) + 1;
  queueRetired(epoch);
  atomic.store<u32>(HEADER_CURRENT, version);
  atomic.store<u64>(HEADER_EPOCH, epoch);
  table = 0;
  version = 0;
}

/** Gives the batch up: its blocks go back, and the current version is as it was. */
export function abortBatch(): void {
  releaseStaged();
  if (table != 0) release(table, load<u32>(version + VERSION_TABLE_BYTES));
  table = 0;
  if (version == 0) return;
  discard(WORKING_ROOT);
  release(version, VERSION_BYTES);
  version = 0;
  forgetRetired();
  removePatches(lastPatch, load<u64>(HEADER_EPOCH) + 1);
}

function releaseStaged(): void {
  if (staged != 0) release(staged, stagedCountMax * RECORD_BYTES);
  staged = 0;
}

/** Whether the number has the route in the trie of the batch under way. */
function hasRoute(rest: u64, unit: u64, field: u32): bool {
  const link = nodeAt(load<u32>(WORKING_ROOT), rest, unit);
  if (link == 0 || isLeaf(link)) return false;
  return hasField(load<u32>(nodeOf(link)), field);
}
