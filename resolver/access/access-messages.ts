// What the main thread and a serving thread say to each other about access.

import type { TokenPolicy } from '../sbi/token-policy.ts';
import type { AuditLot } from './audit-buffer.ts';
import type { AUDIT_NUMBERS } from './audit-line-codec.ts';

/** The rules of a moment: what the file says, and the buckets that go with it. */
export interface PublishedRules {
  /** As parsed from the file; every thread makes its own rules of it. */
  content: unknown;
  quotas: SharedArrayBuffer;
}

/** What a thread is started with where access is decided at all. */
export interface AccessStart {
  /** `undefined`: whoever gets past the token policy may ask for everything. */
  rules: PublishedRules | undefined;
  httpTokenPolicy: TokenPolicy;
  credentials: {
    /** The table of credentials that were used. */
    used: SharedArrayBuffer;
    countMax: number;
    windowMs: number;
    secret: Uint8Array;
    /** Whether a ledger is followed that has the keys of terminals. */
    hasKeys: boolean;
  };
  /** How numbers stand in the audit log; `undefined` where there is none. */
  audit: { style: (typeof AUDIT_NUMBERS)[number]; key: Uint8Array } | undefined;
}

export type AccessRequest =
  | { type: 'rules'; rules: PublishedRules }
  | { type: 'credentials-checked'; batch: number; verdicts: Uint8Array }
  /** Lines were taken; so many of them are lost. */
  | { type: 'audit-taken'; lostCount: number };

export type AccessEvent =
  | { type: 'credentials-wanted'; batch: number; credentials: Uint8Array }
  | ({ type: 'audit' } & AuditLot);
