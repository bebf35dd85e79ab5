// Whether what entries and answers are made of is whole: routes, user data, columns of entries.

import { isInArena } from './arena';
import {
  COLUMNS_BYTES,
  COLUMNS_CAPACITY,
  COLUMNS_COUNT,
  COLUMNS_HAS_USER_DATA,
  COLUMNS_NUMBERS,
  columnsBytes,
  routesOf,
  userDataOf,
} from './columns';
import { takesBlock } from './image-room';
import { KIND_FRAGMENTED, KIND_PREFIX, NO_USER_DATA, USER_DATA_END } from './layout';

/** Whether `count` routes, a u32 each, are below `routesMax`. */
export function areRoutesWhole(routes: u32, count: u32, routesMax: u32): bool {
  const end = routes + (count << 2);
  for (let at = routes; at < end; at += 4) {
    if (load<u32>(at) >= routesMax) return false;
  }
  return true;
}

/** Whether `count` words of user data, an f64 each, are indexes or stand for none. */
export function areUserDataWhole(users: u32, count: u32): bool {
  const end = users + (count << 3);
  for (let at = users; at < end; at += 8) {
    const user = load<f64>(at);
    if (!(user >= NO_USER_DATA && user < USER_DATA_END && Math.floor(user) == user)) return false;
  }
  return true;
}

/**
 * Whether an answer is one that a prefix or a run gives, or none, with a route below `routesMax`. That it
 * is the right one for its numbers is not looked at: a wrong one is as harmless as a wrong entry.
 */
export function isBackgroundAnswer(answer: u32, routesMax: u32): bool {
  if (answer == 0) return true;
  const kind = answer >> 30;
  if (kind != KIND_PREFIX && kind != KIND_FRAGMENTED) return false;
  // Of the bits between length and route none is set: they count as part of the route.
  return ((answer >> 26) & 15) != 0 && (answer & 0x3ff_ffff) < routesMax;
}

/** Whether columns lie where they may and hold rising numbers below `span`. */
export function areColumnsWhole(columns: u32, span: u32, routesMax: u32): bool {
  if ((columns & 3) != 0 || !isInArena(columns, COLUMNS_NUMBERS)) return false;
  const bytes = load<u32>(columns + COLUMNS_BYTES);
  const count = load<u32>(columns + COLUMNS_COUNT);
  const capacity = load<u32>(columns + COLUMNS_CAPACITY);
  const hasUserData = load<u32>(columns + COLUMNS_HAS_USER_DATA);
  if (count > capacity || hasUserData > 1) return false;
  if (<u64>bytes != columnsBytes(capacity, hasUserData != 0)) return false;
  if (!takesBlock(columns, bytes)) return false;
  const end = columns + COLUMNS_NUMBERS + (count << 2);
  let next: u32 = 0;
  for (let at = columns + COLUMNS_NUMBERS; at < end; at += 4) {
    const number = load<u32>(at);
    if (number < next || number >= span) return false;
    next = number + 1;
  }
  if (!areRoutesWhole(routesOf(columns), count, routesMax)) return false;
  return hasUserData == 0 || areUserDataWhole(userDataOf(columns), count);
}
