import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { CREDENTIAL_WINDOW_MS } from '../../ledger/credential-codec.ts';
import { AUDIT_NUMBERS } from '../access/audit-line-codec.ts';
import { TOKEN_POLICIES } from '../sbi/token-policy.ts';
import { file, option, THREADS_MAX, wholeNumber } from './option.ts';

/** Options of who may ask, terminals' credentials and the audit log. */
export const accessOptions = {
  accessRules: file(
    'who may ask for what, as YAML or JSON (docs/access.md), read again when it changes ' +
      '(default: everybody for everything)',
  ),
  httpTokenPolicy: option(
    z.enum(TOKEN_POLICIES),
    'off',
    'POLICY',
    'whether access tokens are looked at over HTTP/1.1: off, optional or required',
  ),
  httpTlsCert: file('PEM of the certificate: HTTP/1.1 over TLS (default: none)'),
  httpTlsKey: file('PEM of the private key of that certificate (default: none)'),
  credentialWindowMs: option(
    wholeNumber(1000, 300_000),
    CREDENTIAL_WINDOW_MS,
    'MS',
    "how far the time of a terminal's credential may be from this machine's",
  ),
  credentialMemory: option(
    wholeNumber(1024, 1 << 26),
    1 << 21,
    'N',
    'used credentials that are remembered, 8 bytes each',
  ),
  credentialWorkers: option(
    wholeNumber(1, THREADS_MAX),
    Math.max(1, Math.min(availableParallelism() >> 1, THREADS_MAX)),
    'N',
    'threads that check signatures of credentials (default: half of the cores)',
  ),
  auditLog: file('a line for each decision on access, appended (default: none)'),
  auditNumbers: option(
    z.enum(AUDIT_NUMBERS),
    'masked',
    'HOW',
    'how numbers stand in the audit log: masked or hashed',
  ),
  auditKey: file('key of hashed numbers, 16 bytes or more (default: one is drawn)'),
  auditMaxMib: option(
    wholeNumber(0, 1 << 20),
    256,
    'MIB',
    'size at which the audit log is moved away, nine are kept; 0: never',
  ),
};
