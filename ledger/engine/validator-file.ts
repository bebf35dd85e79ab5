// The validator keys of the embedded engine on disk.
//
// JSON: {"validators": [{"seed": "<64 hex digits>", "power": <integer from 1>}, …]}. The seed is an
// ed25519 private key (RFC 8032), so only the owner may read the file.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SEED_BYTES } from '../ed25519.ts';
import { LedgerError } from '../ledger-error.ts';
import { writeWhole } from '../whole-file.ts';

/** Most validators that one embedded engine plays. */
export const VALIDATORS_MAX = 100;

const VALIDATOR_POWER = 10;

const fileSchema = z.strictObject({
  validators: z
    .array(
      z.strictObject({
        seed: z.string().regex(/^[0-9a-f]{64}$/),
        power: z
          .int()
          .min(1)
          .max(2 ** 40),
      }),
    )
    .min(1)
    .max(VALIDATORS_MAX),
});

/** A validator that the engine signs for. */
export interface ValidatorSeed {
  seed: Uint8Array;
  power: number;
}

/**
 * Reads the validators of a directory's `validator.json`. Where the file is missing and `mayCreate` is
 * set, makes one with one new key. Error: BCHF_ENGINE_VALIDATOR_INVALID.
 */
export async function loadValidators(
  directory: string,
  { mayCreate }: { mayCreate: boolean },
): Promise<ValidatorSeed[]> {
  const file = join(directory, 'validator.json');
  try {
    const text = mayCreate ? await readOrCreate(file) : await readFile(file, 'utf8');
    return fileSchema.parse(JSON.parse(text)).validators.map(({ seed, power }) => ({
      seed: Buffer.from(seed, 'hex'),
      power,
    }));
  } catch (cause) {
    throw new LedgerError('BCHF_ENGINE_VALIDATOR_INVALID', `${file} cannot be used`, { cause });
  }
}

async function readOrCreate(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return create(file);
    throw error;
  }
}

async function create(file: string): Promise<string> {
  const seed = randomBytes(SEED_BYTES).toString('hex');
  const text = `${JSON.stringify({ validators: [{ seed, power: VALIDATOR_POWER }] }, null, 2)}\n`;
  await writeWhole(file, text, 0o600);
  return text;
}
