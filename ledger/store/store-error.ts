// What goes wrong with the database, in the ledger's own codes.

import { readdir } from 'node:fs/promises';
import { LedgerError } from '../ledger-error.ts';

/**
 * LevelDB takes a directory without its file CURRENT for a new one and empties it. It makes CURRENT
 * before the first table or log, so where these are, CURRENT has been lost.
 */
export async function refuseHeadless(directory: string): Promise<void> {
  const files = await readdir(directory);
  if (!files.includes('CURRENT') && files.some((file) => /\.(ldb|log)$/.test(file))) {
    throw corrupt('the file CURRENT is missing');
  }
}

export function corrupt(message: string, cause?: unknown): LedgerError {
  return new LedgerError('BCHF_STORE_CORRUPT', `the store is damaged: ${message}`, { cause });
}

/** The error of the database in the ledger's own codes. */
export function storeError(error: unknown, message: string): LedgerError {
  if (error instanceof LedgerError) return error;
  const codes = new Set<unknown>();
  for (let at = error; at instanceof Error; at = at.cause) {
    codes.add((at as { code?: unknown }).code);
  }
  if (codes.has('LEVEL_LOCKED')) {
    return new LedgerError('BCHF_STORE_LOCKED', `${message}: another process uses it`, {
      cause: error,
    });
  }
  if (codes.has('LEVEL_CORRUPTION')) return corrupt(message, error);
  return new LedgerError('BCHF_STORE_FAILED', message, { cause: error });
}
