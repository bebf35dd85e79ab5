// The work of a signature thread: a batch of signatures in, one verdict for each out.
//
//     0        32          96        100                     a batch is such records, one after the
//     ┌────────┬───────────┬─────────┬─────────────┐         other; integers little-endian
//     │ key    │ signature │ length  │ message     │
//     │        │           │ u32     │             │
//     └────────┴───────────┴─────────┴─────────────┘

import { isSignedBy, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../ed25519.ts';

const HEAD_BYTES = PUBLIC_KEY_BYTES + SIGNATURE_BYTES + 4;

/** One signature to check. */
export interface SignatureRecord {
  publicKey: Uint8Array;
  signature: Uint8Array;
  message: Uint8Array;
}

export function encodeSignatures(records: readonly SignatureRecord[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const { message } of records) length += HEAD_BYTES + message.length;
  const batch = new Uint8Array(length);
  const view = new DataView(batch.buffer);
  let at = 0;
  for (const { publicKey, signature, message } of records) {
    batch.set(publicKey, at);
    batch.set(signature, at + PUBLIC_KEY_BYTES);
    view.setUint32(at + HEAD_BYTES - 4, message.length, true);
    batch.set(message, at + HEAD_BYTES);
    at += HEAD_BYTES + message.length;
  }
  return batch;
}

/** One byte a record: 1 where the signature is right. */
export default function verifySignatures(batch: Uint8Array): Uint8Array {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const verdicts: number[] = [];
  for (let at = 0; at < batch.length; ) {
    const signature = at + PUBLIC_KEY_BYTES;
    const message = at + HEAD_BYTES;
    const end = message + view.getUint32(message - 4, true);
    const isRight = isSignedBy(
      batch.subarray(at, signature),
      batch.subarray(message, end),
      batch.subarray(signature, signature + SIGNATURE_BYTES),
    );
    verdicts.push(isRight ? 1 : 0);
    at = end;
  }
  return Uint8Array.from(verdicts);
}
