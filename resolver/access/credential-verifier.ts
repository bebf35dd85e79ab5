// The main thread's part in checking credentials: finds the terminal's key on the ledger, as it is when
// the credential comes, and has the signature checked by threads that do nothing else.

import { parseCredentialBytes } from '../../ledger/credential-codec.ts';
import type { Identity, NumberKey } from '../../ledger/number.ts';
import { SignaturePool } from '../../ledger/sync/signature-pool.ts';
import type { SignatureRecord } from '../../ledger/sync/signature-task.ts';
import { packVerdicts, unpackCredentials, type Verdict } from './credential-check-codec.ts';

/** The public key of the terminal with a number, 32 bytes, where the ledger has one. */
export type TerminalKeyOf = (identity: Identity, number: NumberKey) => Uint8Array | undefined;

export class CredentialVerifier {
  readonly #keyOf: TerminalKeyOf;
  readonly #threads: number;
  #pool: SignaturePool | undefined;

  /** The threads start with the first credential. */
  constructor(keyOf: TerminalKeyOf, threads: number) {
    this.#keyOf = keyOf;
    this.#threads = threads;
  }

  /** Packed verdicts on packed credentials; never rejects. */
  async verify(packed: Uint8Array): Promise<Uint8Array> {
    const records: SignatureRecord[] = [];
    const verdicts = unpackCredentials(packed).map((bytes): Verdict | undefined => {
      const credential = parseCredentialBytes(bytes);
      const publicKey = credential && this.#keyOf(credential.ueId.identity, credential.ueId.key);
      if (!publicKey) return 'key-unknown';
      const { message, signature } = credential;
      records.push({ publicKey, message, signature });
      return undefined;
    });
    const right = await this.#verifySignatures(records);
    let at = 0;
    return packVerdicts(
      verdicts.map((verdict) => {
        if (verdict) return verdict;
        if (!right) return 'failed';
        return right[at++] ? 'good' : 'signature-invalid';
      }),
    );
  }

  async #verifySignatures(records: readonly SignatureRecord[]): Promise<boolean[] | undefined> {
    if (records.length === 0) return [];
    try {
      this.#pool ??= new SignaturePool(this.#threads);
      return await this.#pool.verify(records);
    } catch {
      return undefined; // A thread has died, or all are being ended.
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}
