import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { CREDENTIAL_WINDOW_MS } from '../../ledger/credential-codec.ts';
import { AUDIT_NUMBERS } from '../access/audit-line-codec.ts';
import { TOKEN_POLICIES } from '../sbi/token-policy.ts';
import { file, option, THREADS_MAX, wholeNumber } from './option.ts';

/** Options of who may ask, terminals' credentials and the audit log. */
export const accessOptions = {
  accessRules: file(
    'who may ask for what, as YAML or JSON (docs/access.md), reloaded when it changes ' +
      '(default: everybody for everything)',
  ),
  httpTokenPolicy: option(
    z.enum(TOKEN_POLICIES),
    'off',
    'POLICY',
    'whether access tokens are checked over HTTP/1.1: off, optional or required',
  ),
  httpTlsCert: file('PEM file of the certificate: HTTP/1.1 over TLS (default: none)'),
  httpTlsKey: file('PEM file of its private key (default: none)'),
  credentialWindowMs: option(
    wholeNumber(1000, 300_000),
    CREDENTIAL_WINDOW_MS,
    'MS',
    "how far the time of a terminal's credential may differ from this machine's",
  ),
  credentialMemory: option(
    wholeNumber(1024, 1 << 26),
    1 << 21,
    'N',
    'used credentials to remember, 8 bytes each',
  ),
  credentialWorkers: option(
    wholeNumber(1, THREADS_MAX),
    Math.max(1, Math.min(availableParallelism() >> 1, THREADS_MAX)),
    'N',
    'threads that check signatures of credentials (default: half of the cores)',
  ),
  auditLog: file('log of access decisions, a line each, appended (default: none)'),
  auditNumbers: option(
    z.enum(AUDIT_NUMBERS),
    'masked',
    'HOW',
    'how the audit log shows numbers: masked or hashed',
  ),
  auditKey: file('key of hashed numbers, 16 bytes or more (default: random)'),
  auditMaxMib: option(
    wholeNumber(0, 1 << 20),
    256,
    'MIB',
    'size at which the audit log is rotated, nine old ones are kept; 0: never',
  ),
};
