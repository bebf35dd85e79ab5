// The end of lookups in batches: those that lookup.ts has noted, a fifth of them at a density of 10%.
//
// They are of several kinds, in no order that a processor could foresee, so they are sorted into lists
// first, without a branch, and each list has a loop of its own:
//
//     split    those whose lines are not slow are hits
//     lead     the others, where they have no line yet, to their lines: of a sparse area, see
//              lookup-sparse.ts, or through a table, see lookup-table.ts
//     sort     piece → answer, and the test of the number once more
//     hits     numbers that grouped lines have, see lookup-hits.ts
//     listed   numbers whose group listed lines have
//     own      those that have to be looked at in full. Entries in columns are left to lookup-columns.ts,
//              what only runs and prefixes answer to lookup-background.ts

import { headerOf } from './directory';
import { AREA_BITS, GENERIC_LINE } from './layout';
import {
  codeOfEntry,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_PIECE,
  FLAG_SLOW,
  findEntry,
  foundEntry,
  GROUP_BYTES_AT,
  isListedShape,
  lowCountOf,
  pieceOf,
} from './line';
import { finishBackground } from './lookup-background';
import { beginSearch, finishSearches, SEARCH_GENERIC } from './lookup-columns';
import { finishHits } from './lookup-hits';
import { headerOfLane, keyOfLane, numberOf, portedAnswerOfLane } from './lookup-lane';
import {
  GROUP_SHIFT,
  HITS,
  IN_GROUP,
  LANES,
  LINE,
  LISTED,
  NOTED,
  OWN,
  SHAPE,
} from './lookup-scratch';
import { leadToSparse } from './lookup-sparse';
import { leadThroughTables } from './lookup-table';
import { routeOfCode } from './palette';
import {
  backgroundInLine,
  columnsFor,
  findPorted,
  foundAnswer,
  isBackgroundKnown,
  knownBackground,
  lineAt,
  lineFlags,
} from './ported-read';

/** Lines with one of these flags are looked at as single lookups look at them. */
const FLAGS_OF_ITS_OWN: u64 = FLAG_DIRTY | FLAG_GENERIC | FLAG_FOREIGN;

// The ends of the lists.
let hitsEnd: u32 = 0;
let listedEnd: u32 = 0;
let ownEnd: u32 = 0;

/** Answers the lanes that are noted up to `notedEnd`; `keys` and `answers` are those of the first lane. */
export function finish(reader: u32, version: u32, keys: u32, answers: u32, notedEnd: u32): void {
  // Answers lie at the same distance from their lanes, keys at twice the lanes' distance from the first.
  const toAnswer = answers - (reader + LANES);
  sortNoted(reader, keys, toAnswer, notedEnd);
  finishSorted(reader, version, keys, toAnswer);
}

/** The first step of {@link finish}, which between its two may be overtaken by the writer like elsewhere. */
export function sortNoted(reader: u32, keys: u32, toAnswer: u32, notedEnd: u32): void {
  hitsEnd = reader + HITS;
  listedEnd = reader + LISTED;
  const slowEnd = split(reader, notedEnd);
  leadToSparse(reader, keys, toAnswer, slowEnd);
  sort(reader, toAnswer, leadThroughTables(reader, toAnswer, slowEnd));
}

/** The second. */
export function finishSorted(reader: u32, version: u32, keys: u32, toAnswer: u32): void {
  if (ownEnd != reader + OWN) finishOwn(reader, version, keys, toAnswer);
  finishHits(reader, hitsEnd, keys, toAnswer);
  finishListed(reader, keys, toAnswer);
}

/**
 * Moves the notes of lines that are not slow, half of them at a density of 10%, to the list of hits; returns
 * the end of those that are left. A line that was slow when it was tested may have been folded since, so
 * hits are tested once more.
 */
function split(reader: u32, notedEnd: u32): u32 {
  let hits = hitsEnd;
  let slow = reader + NOTED;
  for (let noted = slow; noted < notedEnd; noted += 4) {
    const lane = load<u32>(noted);
    const isSlow = load<u32>(load<u32>(lane, LINE)) & <u32>FLAG_SLOW;
    store<u32>(hits, lane);
    hits += (isSlow ^ 1) << 2;
    store<u32>(slow, lane);
    slow += isSlow << 2;
  }
  hitsEnd = hits;
  return slow;
}

/** Sorts notes into the lists, behind what hits and listed lanes there are; the list of own begins anew. */
function sort(reader: u32, toAnswer: u32, notedEnd: u32): void {
  let hits = hitsEnd;
  let listed = listedEnd;
  let own = reader + OWN;
  for (let noted = reader + NOTED; noted < notedEnd; noted += 4) {
    const lane = load<u32>(noted);
    const line = load<u32>(lane, LINE);
    const shape = load<u32>(lane, SHAPE);
    const number = numberOf(lane);
    const flags = atomic.load<u64>(line);
    const isOwn = u32((flags & FLAGS_OF_ITS_OWN) != 0);
    store<u32>(own, lane);
    own += isOwn << 2;

    // In a line of either form there is no number whose group has none.
    const groupBit = <u64>(number >> lowCountOf(shape)) + 1;
    const hasGroup = <u32>(flags >> groupBit) & (isOwn ^ 1);
    const isListed = u32(isListedShape(shape));
    store<u32>(listed, lane);
    listed += (hasGroup & isListed) << 2;

    const groups = (flags & ~FLAG_SLOW) << (<u64>load<u32>(lane, GROUP_SHIFT));
    const byte = <u32>load<u8>(line + <u32>popcnt<u64>(groups), GROUP_BYTES_AT - 1);
    const isThere = (byte >> load<u32>(lane, IN_GROUP)) & hasGroup & (isListed ^ 1);
    store<u32>(hits, lane);
    hits += isThere << 2;

    // What is in the piece of a line that has one gets its answer; a hit will overwrite that.
    const piece = load<u64>(pieceOf(line));
    const from = <u32>piece & 0xffff;
    const length = ((<u32>piece >> 16) & 0xffff) - from;
    const isInPiece = u32(number - from <= length) & u32((flags & FLAG_PIECE) != 0);
    const mask: u32 = 0 - (isInPiece & (isOwn ^ 1));
    const answer = lane + toAnswer;
    store<u32>(answer, (load<u32>(answer) & ~mask) | (<u32>(piece >> 32) & mask));
  }
  hitsEnd = hits;
  listedEnd = listed;
  ownEnd = own;
}

/** Answers lanes whose group is in a listed line. */
function finishListed(reader: u32, keys: u32, toAnswer: u32): void {
  for (let listed = reader + LISTED; listed < listedEnd; listed += 4) {
    const lane = load<u32>(listed);
    const line = load<u32>(lane, LINE);
    const flags = atomic.load<u64>(line);
    const shape = load<u32>(lane, SHAPE);
    if (!findEntry(line, flags, shape, numberOf(lane))) continue;
    const code = codeOfEntry(line, flags, shape, foundEntry);
    const route = routeOfCode(headerOfLane(lane), shape, code);
    store<u32>(lane + toAnswer, portedAnswerOfLane(lane, reader, keys) | route);
  }
}

/**
 * Answers lanes that have to be looked at in full: where entries are in columns, and where no line has the
 * answer, all together, and the others one by one.
 */
function finishOwn(reader: u32, version: u32, keys: u32, toAnswer: u32): void {
  let searching = reader + NOTED;
  let unanswered = reader + OWN;
  for (let own = unanswered; own < ownEnd; own += 4) {
    const lane = load<u32>(own);
    const line = load<u32>(lane, LINE);
    const answer = lane + toAnswer;
    if (line == GENERIC_LINE) {
      store<u32>(unanswered, lane);
      unanswered += u32(!findInDirectory(version, answer, keyOfLane(lane, reader, keys))) << 2;
      continue;
    }
    const columns = columnsFor(version, line);
    const number = numberOf(lane);
    const isGeneric = u32((lineFlags & FLAG_GENERIC) != 0);
    store<u32>(answer, backgroundInLine(number, load<u32>(answer)));
    if (columns != 0) {
      beginSearch(lane, columns, number);
      store<u32>(searching, lane | (isGeneric * SEARCH_GENERIC));
      searching += 4;
    } else if (findEntry(lineAt, lineFlags, load<u32>(lane, SHAPE), number)) {
      const shape = load<u32>(lane, SHAPE);
      const code = codeOfEntry(lineAt, lineFlags, shape, foundEntry);
      const route = routeOfCode(headerOfLane(lane), shape, code);
      store<u32>(answer, portedAnswerOfLane(lane, reader, keys) | route);
    } else {
      store<u32>(unanswered, lane);
      unanswered += isGeneric << 2;
    }
  }
  const first = reader + NOTED;
  unanswered = finishSearches(reader, keys, toAnswer, first, searching, unanswered);
  finishBackground(reader, version, keys, toAnswer, unanswered);
}

/** Whether the directory answers the key of a lane that was led nowhere; then its answer is written. */
function findInDirectory(version: u32, answer: u32, key: u64): bool {
  if (headerOf(<u32>(key >> AREA_BITS)) == 0) return false;
  if (findPorted(version, key)) {
    store<u32>(answer, foundAnswer(key));
    return true;
  }
  if (isBackgroundKnown) store<u32>(answer, knownBackground);
  return isBackgroundKnown;
}
