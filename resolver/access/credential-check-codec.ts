// Credentials on their way from a serving thread to the main thread, which has the ledger's keys, and
// the verdicts on their way back.
//
//     credentials   99 bytes each, as credential-codec draws them, one after the other
//     verdicts      one byte each, in the same order: its place in VERDICTS

import { CREDENTIAL_BYTES } from '../../ledger/credential-codec.ts';

export const VERDICTS = ['good', 'key-unknown', 'signature-invalid', 'failed'] as const;
export type Verdict = (typeof VERDICTS)[number];

export function packCredentials(credentials: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(credentials.length * CREDENTIAL_BYTES);
  for (const [at, bytes] of credentials.entries()) packed.set(bytes, at * CREDENTIAL_BYTES);
  return packed;
}

export function unpackCredentials(packed: Uint8Array): Uint8Array[] {
  return Array.from({ length: packed.length / CREDENTIAL_BYTES }, (_, at) =>
    packed.subarray(at * CREDENTIAL_BYTES, (at + 1) * CREDENTIAL_BYTES),
  );
}

export function packVerdicts(verdicts: readonly Verdict[]): Uint8Array {
  return Uint8Array.from(verdicts, (verdict) => VERDICTS.indexOf(verdict));
}

export function unpackVerdicts(packed: Uint8Array): Verdict[] {
  return Array.from(packed, (place) => VERDICTS[place] ?? 'failed');
}
