// The numbers of the bench `access`, and the seed of the key that all their terminals have.

import { parseDigits } from '../../ledger/number.ts';

export const ENTRIES = 100_000;
/** IMSIs of 15 digits from here on. */
export const FIRST_KEY = parseDigits('460001000000000')!;
export const TERMINAL_SEED = new Uint8Array(32).fill(7);
