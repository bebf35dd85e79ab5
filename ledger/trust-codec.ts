// The file that says whom to trust: chain, validators, and the authority whose key the chain begins with.
//
//     {"chainId": "…", "authorityPublicKey": "<64 hex digits>",
//      "validators": [{"publicKey": "<64 hex digits>", "power": 10}, …]}
//
// Validators stand in any order. It holds no secret, but whoever can change it can have anything
// believed: it is to come from the consortium, not from the peer whose blocks it is to judge.

import { z } from 'zod';
import { COMMIT_SIGNATURES_MAX } from './block/limits.ts';
import { ValidatorSet } from './block/validator-set.ts';
import { LedgerError } from './ledger-error.ts';
import { CHAIN_ID_BYTES_MAX } from './transaction-codec.ts';

/** Whom a follower trusts, and where the chain begins. */
export interface ChainTrust {
  chainId: string;
  validators: ValidatorSet;
  /** 32 bytes of ed25519. */
  authorityPublicKey: Uint8Array;
}

const keySchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => new Uint8Array(Buffer.from(hex, 'hex')));

const trustSchema = z.strictObject({
  chainId: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text, 'utf8') <= CHAIN_ID_BYTES_MAX),
  authorityPublicKey: keySchema,
  validators: z
    .array(
      z.strictObject({ publicKey: keySchema, power: z.int().min(1).max(Number.MAX_SAFE_INTEGER) }),
    )
    .min(1)
    .max(COMMIT_SIGNATURES_MAX),
});

export function encodeTrust({ chainId, validators, authorityPublicKey }: ChainTrust): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const fields = {
    chainId,
    authorityPublicKey: hex(authorityPublicKey),
    validators: validators.validators.map(({ publicKey, power }) => ({
      publicKey: hex(publicKey),
      power,
    })),
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** Reads the file's text. Error: BCHF_TRUST_INVALID. */
export function decodeTrust(text: string): ChainTrust {
  try {
    const { validators, ...rest } = trustSchema.parse(JSON.parse(text));
    return { ...rest, validators: new ValidatorSet(validators) };
  } catch (cause) {
    throw new LedgerError('BCHF_TRUST_INVALID', 'not a file of chain and validators', { cause });
  }
}
