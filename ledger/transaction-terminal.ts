// What a transaction can say about the keys of terminals. A terminal signs with its private key the
// credential by which a network may read its user data; everyone checks it with the key held here.

import type { Identity, NumberKey } from './number.ts';

/** The public key of the terminal with a number: 32 bytes of ed25519. */
export interface TerminalKey {
  number: NumberKey;
  publicKey: Uint8Array;
}

/** The owner of numbers registers the keys of their terminals. Signed by it. */
export interface RegisterTerminalKeys {
  kind: 'register-terminal-keys';
  member: string;
  identity: Identity;
  /** In ascending order of numbers. */
  keys: TerminalKey[];
}

/** The owner of numbers replaces the keys of their terminals. Signed by it. */
export interface RotateTerminalKeys {
  kind: 'rotate-terminal-keys';
  member: string;
  identity: Identity;
  /** In ascending order of numbers. */
  keys: TerminalKey[];
}

/** Who has registered the keys of terminals takes them back. Signed by it. */
export interface RevokeTerminalKeys {
  kind: 'revoke-terminal-keys';
  member: string;
  identity: Identity;
  numbers: NumberKey[];
}

export type TerminalBody = RegisterTerminalKeys | RotateTerminalKeys | RevokeTerminalKeys;
