import { z } from 'zod';
import { count, file, list, option, port, wholeNumber } from './option.ts';

/** Options of the admin port and of the snapshots that are swapped in through it. */
export const adminOptions = {
  adminHost: option(
    z.string().min(1).max(255),
    '127.0.0.1',
    'ADDRESS',
    'address of the admin port',
  ),
  adminPort: option(port, 8081, 'PORT', 'admin port'),
  adminTokenFile: file('token that the admin port requires (default: none, on loopback only)'),
  adminTlsCert: file('PEM file of the certificate: TLS on the admin port (default: none)'),
  adminTlsKey: file('PEM file of its private key (default: none)'),
  adminTlsClientCa: file(
    'PEM file of CAs: every client of the admin port needs a certificate by one of them (default: none)',
  ),
  swapChangeMaxPercent: option(
    wholeNumber(0, 100),
    5,
    'PERCENT',
    'share of the entries of a kind that a swap may change without --force',
  ),
  swapPriority: option(
    z.enum(['low', 'normal']),
    'low',
    'PRIORITY',
    'of the thread that loads and tries a snapshot: low (lookups go first) or normal (a busy machine ' +
      'swaps sooner, and lookups wait longer meanwhile)',
  ),
  previousKeptS: option(
    count(86_400 * 7),
    600,
    'SECONDS',
    'how long the previous index stays in memory for a rollback; 0: not at all',
  ),
  snapshotSigners: option(
    list(64).pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/))),
    [] as string[],
    'LIST',
    'public keys (ed25519, hexadecimal), one of which must have signed a swapped-in snapshot ' +
      '(default: none, and signatures are not checked)',
  ),
};
