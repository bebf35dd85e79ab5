import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { COLLOCATED_NF_TYPES, type CollocatedNfType } from '../sbi/nf-profile.ts';
import { TOKEN_POLICIES } from '../sbi/token-policy.ts';
import { file, list, option, port, wholeNumber } from './option.ts';

const SBI_THREADS_MAX = 14;

/** Options of the 5G service-based interfaces. */
export const sbiOptions = {
  sbiPort: option(port, 7777, 'PORT', 'port of the 5G service-based interfaces (HTTP/2)'),
  sbiWorkers: option(
    wholeNumber(0, SBI_THREADS_MAX),
    Math.max(1, Math.min(availableParallelism() >> 1, SBI_THREADS_MAX)),
    'N',
    'threads of the service-based interfaces; 0 turns them off (default: half of the cores)',
  ),
  sbiValidityS: option(
    wholeNumber(1, 86_400),
    60,
    'SECONDS',
    'how long a consumer may cache a discovery',
  ),
  sbiCollocated: option(
    list(COLLOCATED_NF_TYPES.length)
      .transform((types) => types.filter((type) => type !== 'none'))
      .pipe(z.array(z.enum(COLLOCATED_NF_TYPES))),
    [...COLLOCATED_NF_TYPES] as CollocatedNfType[],
    'LIST',
    "NF types at the address of a route's UDM: AUSF,UDR or none (default: AUSF,UDR)",
  ),
  sbiElementScheme: option(
    z.enum(['http', 'https']),
    'http',
    'SCHEME',
    'scheme by which UDMs, AUSFs and UDRs are reached: http or https',
  ),
  sbiConnectionsMax: option(
    wholeNumber(1, 65_536),
    2048,
    'N',
    'connections of all threads together',
  ),
  sbiLimits: option(
    z.string().max(1024),
    '',
    'LIST',
    'other limits of each thread, as name=number,… (names and defaults: docs/sbi.md)',
  ),
  sbiNrf: option(
    z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
    '',
    'URL',
    'NRF that answers what the index does not (default: a minimal one in this process)',
  ),
  sbiNrfCa: file('PEM file of CAs for the NRF behind (default: those that Node knows)'),
  sbiNrfTimeoutMs: option(wholeNumber(1, 60_000), 3000, 'MS', 'longest wait for the NRF behind'),
  sbiTlsCert: file('PEM file of the certificate: HTTP/2 over TLS instead of h2c (default: none)'),
  sbiTlsKey: file('PEM file of its private key (default: none)'),
  sbiTlsClientCa: file(
    'PEM file of CAs: every client needs a certificate by one of them (default: none)',
  ),
  sbiTokenPolicy: option(
    z.enum(TOKEN_POLICIES),
    'off',
    'POLICY',
    'whether access tokens are checked: off, optional or required',
  ),
  sbiTokenKey: file('PEM file of the key of access tokens, private or public (default: a new one)'),
};
