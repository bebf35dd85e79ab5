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
  adminTokenFile: file('the token that the admin port asks for (default: none, on loopback only)'),
  adminTlsCert: file('PEM of the certificate of the admin port: TLS (default: none)'),
  adminTlsKey: file('PEM of its private key (default: none)'),
  adminTlsClientCa: file(
    'PEM of who must vouch for every client of the admin port (default: none)',
  ),
  swapChangeMaxPercent: option(
    wholeNumber(0, 100),
    5,
    'PERCENT',
    'entries of a kind that a swap may change without being forced',
  ),
  swapPriority: option(
    z.enum(['low', 'normal']),
    'low',
    'PRIORITY',
    'of the thread that loads and tries a snapshot: low (look-ups go first) or normal (a busy machine ' +
      'swaps sooner, and look-ups wait longer meanwhile)',
  ),
  previousKeptS: option(
    count(86_400 * 7),
    600,
    'SECONDS',
    'how long the index before a swap stays in memory for a rollback; 0: not at all',
  ),
  snapshotSigners: option(
    list(64).pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/))),
    [] as string[],
    'LIST',
    'public keys (ed25519, hexadecimal) of which a swapped-in snapshot must be signed by one ' +
      '(default: none, and signatures are not looked at)',
  ),
};
