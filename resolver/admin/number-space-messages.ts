// What the main thread and the thread that counts the number space tell each other.

import type { Identity } from '../../ledger/number.ts';
import type { NumberSpace } from './console-model.ts';
import type { MemberTable } from './number-space-counts.ts';

export interface NumberSpaceStart {
  memories: Record<Identity, WebAssembly.Memory>;
  table: MemberTable;
}

export interface NumberSpaceQuestion {
  id: number;
  identity: Identity;
  /** Key of the prefix; 1 for no digits. */
  prefix: number;
  /** How many digits a cell has more than the prefix. */
  digits: 1 | 2;
}

export type NumberSpaceEvent =
  | { type: 'reading'; readerNumbers: Record<Identity, number> }
  | { type: 'answer'; id: number; answer: NumberSpace };
