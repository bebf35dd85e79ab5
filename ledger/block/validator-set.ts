// A validator set: who commits blocks, in the one order that hashes and commits go by.
//
// Source: CometBFT v0.38, types/validator_set.go (ValidatorSet.Less by power, then by address). The RPC
// of CometBFT does not always give this order, so it is made here.

import { PUBLIC_KEY_BYTES } from '../ed25519.ts';
import { addressOf, sortValidators, validatorsHash } from './hashes.ts';
import { COMMIT_SIGNATURES_MAX } from './limits.ts';
import type { Validator } from './types.ts';

export class ValidatorSet {
  /** In falling power, then rising address. */
  readonly validators: readonly (Validator & { address: Uint8Array })[];
  /** What a header of theirs says in `validatorsHash`. 32 bytes. */
  readonly hash: Uint8Array;
  /** The sum of all powers, which may pass 2^53. */
  readonly power: bigint;

  /**
   * Takes validators in any order. Throws a `RangeError` where there are too many, one of them twice, a
   * key of another length than 32, or a power that is no safe integer above 0.
   */
  constructor(validators: readonly Validator[]) {
    if (validators.length > COMMIT_SIGNATURES_MAX) {
      throw new RangeError(`a set has at most ${COMMIT_SIGNATURES_MAX} validators`);
    }
    for (const { publicKey, power } of validators) {
      if (publicKey.length !== PUBLIC_KEY_BYTES) throw new RangeError('a key of a wrong length');
      if (!Number.isSafeInteger(power) || power < 1) throw new RangeError('a power below 1');
    }
    this.validators = sortValidators(validators).map(({ publicKey, power }) => ({
      publicKey,
      power,
      address: addressOf(publicKey),
    }));
    const keys = new Set(validators.map(({ publicKey }) => Buffer.from(publicKey).toString('hex')));
    if (keys.size !== validators.length) throw new RangeError('one validator twice');
    this.hash = validatorsHash(this.validators);
    this.power = this.validators.reduce((sum, { power }) => sum + BigInt(power), 0n);
  }
}
