// What the commands of `bchf ledger` have in common: the store in a data directory, whom to trust, and
// how a result is printed.

import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ValidatorSet } from '../../ledger/block/validator-set.ts';
import { privateKeyOf, rawPublicKey } from '../../ledger/ed25519.ts';
import { loadValidators } from '../../ledger/engine/validator-file.ts';
import { type Genesis, LedgerStore } from '../../ledger/store/ledger-store.ts';
import { type ChainTrust, decodeTrust } from '../../ledger/trust-codec.ts';
import { ledgerOptions } from '../options/ledger-options.ts';
import { ResolverError } from '../resolver-error.ts';

/** Adds `--data`, and `--json` for programs. */
export function withLedgerOptions(command: Command): Command {
  return command
    .option('--data <DIR>', 'data directory whose ledger it is', ledgerOptions.data.fallback)
    .option('--json', 'print the result as JSON');
}

/** A store that is open, and what it was created with. */
export interface OpenStore {
  store: LedgerStore;
  genesis: Genesis;
  /** Of the ledger: holds `store/` and, where blocks are made, `validator.json`. */
  directory: string;
}

/** Works on the store of a data directory that has a ledger. Errors: those of the store, BCHF_DATA_IO. */
export async function inStore<T>(data: string, work: (open: OpenStore) => Promise<T>): Promise<T> {
  const directory = join(data, 'ledger');
  if (!existsSync(join(directory, 'store'))) {
    throw new ResolverError('BCHF_DATA_IO', `${data} holds no ledger`);
  }
  const store = await LedgerStore.open(join(directory, 'store'));
  try {
    const genesis = await store.genesis();
    if (!genesis) throw new ResolverError('BCHF_DATA_IO', `${data} holds no ledger`);
    return await work({ store, genesis, directory });
  } finally {
    await store.close();
  }
}

/** Whom to trust: the file that was given, or else the keys with which the ledger makes its blocks. */
export async function trustOf(
  { genesis, directory }: OpenStore,
  file: string | undefined,
): Promise<ChainTrust> {
  if (file !== undefined) return readTrust(file);
  const { chainId, authorityPublicKey = '' } = genesis;
  const seeds = await loadValidators(directory, { mayCreate: false });
  return {
    chainId,
    authorityPublicKey: Buffer.from(authorityPublicKey, 'hex'),
    validators: new ValidatorSet(
      seeds.map(({ seed, power }) => ({ publicKey: rawPublicKey(privateKeyOf(seed)), power })),
    ),
  };
}

/** Errors: BCHF_TRUST_INVALID, BCHF_DATA_IO. */
export async function readTrust(file: string): Promise<ChainTrust> {
  return decodeTrust(await orDataError(file, readFile(file, 'utf8')));
}

/**
 * Reads a text. One that has more than `charactersMax` is not read to its end: what comes back then is
 * as long as one character more, for the reader's own limit to refuse.
 */
export async function readTextAtMost(file: string, charactersMax: number): Promise<string> {
  const { size } = await orDataError(file, stat(file));
  if (size > charactersMax) return ' '.repeat(charactersMax + 1);
  return orDataError(file, readFile(file, 'utf8'));
}

/** Writes a text to a file, or to standard output where none is given. */
export async function writeText(file: string | undefined, text: string): Promise<void> {
  if (file === undefined) process.stdout.write(text);
  else await orDataError(file, writeFile(file, text));
}

export async function orDataError<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    throw new ResolverError('BCHF_DATA_IO', `${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Prints fields for people, one a line, or all as one line of JSON. */
export function printFields(fields: Record<string, unknown>, asJson: boolean | undefined): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(fields)}\n`);
    return;
  }
  const lines = Object.entries(fields).map(([name, value]) => {
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return `${words.padEnd(20)}${shown}\n`;
  });
  process.stdout.write(lines.join(''));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A whole number of at least `min` for an option. Error: BCHF_CONFIG_INVALID. */
export function wholeNumberOf(option: string, min = 0): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min)) {
      throw new ResolverError('BCHF_CONFIG_INVALID', `${option} ${text}: no number from ${min} on`);
    }
    return value;
  };
}
