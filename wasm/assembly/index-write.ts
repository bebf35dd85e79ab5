// Writing: one batch of changes from its beginning to its publication, or back.
//
// The host calls, in this order: beginBatch; applyPoints for prefixes and ported numbers, any number
// of times; applyRuns for fragmented runs, any number of times; then commitBatch. After a status other
// than STATUS_DONE it calls abortBatch instead of going on. Who publishes several indexes together calls
// sealBatch for all before it calls commitBatch for the first.

import { allocate, release } from './arena';
import { renewBackground } from './background-write';
import { initialiseDirectory } from './directory';
import { oldestReaderEpoch } from './epoch';
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
  RECORD_USER_DATA,
  STATUS_CROSSING,
  STATUS_DONE,
  STATUS_FULL,
  VERSION_BYTES,
  VERSION_EPOCH,
  VERSION_LABEL,
  VERSION_LABEL_BYTES,
  VERSION_PORTED_COUNT,
  VERSION_PREFIX_COUNT,
  VERSION_ROOT,
  VERSION_RUN_COUNT,
  VERSION_RUNS,
  WORKING_ROOT,
  WORKING_RUNS,
} from './layout';
import { addedCount, removedCount } from './line-change';
import { newestPatch, patchCount, reclaimPatches, removePatches } from './patch';
import { applyPorted } from './ported-write';
import { FIELD_PREFIX, hasField, nodeAt, nodeOf } from './prefix-node';
import { deletePrefix, discard, prefixWasAdded, seal, setPrefix } from './prefix-write';
import { giveReserve, takeReserve } from './reserve';
import { forgetRetired, queueRetired, reclaim, retire } from './retired';
import {
  crossedRun,
  deleteRun,
  discardRuns,
  insertRun,
  runWasAdded,
  runWasDeleted,
  sealRuns,
} from './run-tree';

/** The version record of the batch under way, which nobody else knows yet. */
let version: u32 = 0;
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

/** Begins a batch with a copy of the current version. One that sets nothing may use the reserve. */
export function beginBatch(setsNothing: bool): u32 {
  if (setsNothing) giveReserve();
  settle();
  if (!setsNothing && !takeReserve()) return STATUS_FULL;
  const current = load<u32>(HEADER_CURRENT);
  lastPatch = newestPatch;
  version = allocate(VERSION_BYTES);
  if (version == 0) return STATUS_FULL;
  memory.copy(version, current, VERSION_BYTES);
  store<u64>(version + VERSION_EPOCH, load<u64>(HEADER_EPOCH) + 1);
  store<u32>(WORKING_ROOT, load<u32>(current + VERSION_ROOT));
  store<u32>(WORKING_RUNS, load<u32>(current + VERSION_RUNS));
  return retire(current, VERSION_BYTES) ? STATUS_DONE : STATUS_FULL;
}

/** Patches from which on a batch waits for readers before it begins. */
const PATCHES_WAITED_FOR: u32 = 2048;
/** How often the readers are looked at while waiting: some milliseconds, many times a call. */
const LOOKS_MAX: u32 = 20_000;

/** From how many patches on the next wait is worth trying. */
let waitFrom: u32 = PATCHES_WAITED_FOR;

/**
 * Takes back what no reader can see any more, and where all readers see the current version, writes
 * patches into their lines. Returns whether there are no patches left.
 *
 * Where batches follow each other at once, readers are always in calls that they entered before the
 * last. So with many patches it waits, not long, for them to come out. A reader that does not, because
 * its thread has stopped, is waited for again only when there are twice as many.
 */
export function settle(): bool {
  const epoch = load<u64>(HEADER_EPOCH);
  let oldest = oldestReaderEpoch();
  if (patchCount >= waitFrom) {
    for (let looks: u32 = 0; oldest < epoch && looks < LOOKS_MAX; looks++) {
      oldest = oldestReaderEpoch();
    }
    waitFrom = oldest < epoch ? patchCount * 2 : PATCHES_WAITED_FOR;
  }
  reclaimPatches(oldest);
  reclaim(oldest);
  if (oldest >= epoch) fold(load<u32>(HEADER_CURRENT));
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
    if (!setPrefix(rest, unit, route)) return false;
    if (prefixWasAdded) store<u32>(countAt, load<u32>(countAt) + 1);
    return true;
  }
  if (!hasPrefix(rest, unit)) return true;
  store<u32>(countAt, load<u32>(countAt) - 1);
  return deletePrefix(rest, unit);
}

/**
 * Applies `count` changes of runs from the change scratch, in order. Where a run would cross another,
 * both are in the reader's details.
 */
export function applyRuns(reader: u32, count: u32): u32 {
  const end = CHANGES + count * RECORD_BYTES;
  for (let change = CHANGES; change < end; change += RECORD_BYTES) {
    const status = applyRun(change);
    if (status == STATUS_CROSSING) tellCrossing(reader + READER_DETAILS, change);
    if (status != STATUS_DONE) return status;
    if (!renew(load<f64>(change + RECORD_FROM), load<f64>(change + RECORD_TO))) return STATUS_FULL;
  }
  return STATUS_DONE;
}

function applyRun(change: u32): u32 {
  const from = load<f64>(change + RECORD_FROM);
  const to = load<f64>(change + RECORD_TO);
  const route = load<u32>(change + RECORD_ROUTE);
  const countAt = version + VERSION_RUN_COUNT;
  if (route == NO_ROUTE) {
    const status = deleteRun(from, to);
    if (status == STATUS_DONE && runWasDeleted) store<u32>(countAt, load<u32>(countAt) - 1);
    return status;
  }
  const status = insertRun(from, to, route, load<f64>(change + RECORD_USER_DATA));
  if (status == STATUS_DONE && runWasAdded) store<u32>(countAt, load<u32>(countAt) + 1);
  return status;
}

/** Tells the run that a change would cross and the change, the one that begins first before. */
function tellCrossing(first: u32, change: u32): void {
  const second = first + RECORD_BYTES;
  const isChangeFirst = load<f64>(change + RECORD_FROM) < load<f64>(crossedRun + RECORD_FROM);
  memory.copy(first, isChangeFirst ? change : crossedRun, RECORD_BYTES);
  memory.copy(second, isChangeFirst ? crossedRun : change, RECORD_BYTES);
}

/**
 * The part of {@link commitBatch} that takes long, ahead of it: a walk over all that the batch has
 * copied. Afterwards the batch cannot be given up any more.
 */
export function sealBatch(): void {
  seal(WORKING_ROOT);
  sealRuns();
}

/** Publishes the batch, its label of `labelBytes` bytes at the start of the change scratch. */
export function commitBatch(labelBytes: u32): void {
  sealBatch();
  store<u32>(version + VERSION_ROOT, load<u32>(WORKING_ROOT));
  store<u32>(version + VERSION_RUNS, load<u32>(WORKING_RUNS));
  store<u32>(version + VERSION_LABEL_BYTES, labelBytes);
  memory.fill(version + VERSION_LABEL, 0, LABEL_BYTES);
  memory.copy(version + VERSION_LABEL, CHANGES, labelBytes);
  const epoch = load<u64>(HEADER_EPOCH) + 1;
  queueRetired(epoch);
  atomic.store<u32>(HEADER_CURRENT, version);
  atomic.store<u64>(HEADER_EPOCH, epoch);
  version = 0;
}

/** Gives the batch up: its blocks go back, and the current version is as it was. */
export function abortBatch(): void {
  if (version == 0) return;
  discard(WORKING_ROOT);
  discardRuns();
  release(version, VERSION_BYTES);
  version = 0;
  forgetRetired();
  removePatches(lastPatch, load<u64>(HEADER_EPOCH) + 1);
}

/** Whether there is the prefix in the batch under way. */
function hasPrefix(rest: u64, unit: u64): bool {
  const link = nodeAt(load<u32>(WORKING_ROOT), rest, unit);
  return link != 0 && hasField(load<u32>(nodeOf(link)), FIELD_PREFIX);
}
