// libsodium's check of ed25519 signatures, where `sodium-native` has a binary for the platform.
//
// It takes 56 µs where node:crypto takes 120 µs (Xeon, Node 20.20.2, 2026-11-28). Its rule is that of
// transactions, see ed25519.ts.

import { createRequire } from 'node:module';

/** Whether a signature of 64 bytes is right under a key of 32. */
type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

let loaded: { verify: Verify | undefined } | undefined;

/**
 * `undefined` where there is no libsodium. Loaded when first asked for: most threads that can verify never
 * do, and it takes 70 ms.
 */
export function sodiumVerify(): Verify | undefined {
  loaded ??= { verify: load() };
  return loaded.verify;
}

function load(): Verify | undefined {
  try {
    const sodium = createRequire(import.meta.url)('sodium-native');
    return sodium.crypto_sign_verify_detached as Verify;
  } catch {
    return undefined; // No binary for this platform: it only takes longer.
  }
}
