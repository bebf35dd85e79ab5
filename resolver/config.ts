// The resolver's options: one table from which flags, environment variables, the configuration file,
// their validation and their documentation are made.
//
// Precedence, highest first: flag, environment variable (BCHF_…), configuration file (JSON, keys as
// in the table), default.

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { CREDENTIAL_WINDOW_MS } from '../ledger/credential-codec.ts';
import { AUDIT_NUMBERS } from './access/audit-line-codec.ts';
import { ResolverError } from './resolver-error.ts';
import { COLLOCATED_NF_TYPES, type CollocatedNfType } from './sbi/nf-profile.ts';
import { TOKEN_POLICIES } from './sbi/token-policy.ts';
import { COMPRESSIONS } from './snapshot/compression.ts';

/**
 * A whole number, as decimal digits (from a flag or the environment) or as a JSON number. Not what
 * JavaScript would make a number of: white space, `true`, `null`, `[5]`, hexadecimal, exponents.
 */
export const wholeNumber = (minimum: number, maximum: number) => {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .union([z.string().regex(/^[0-9]{1,15}$/, error), z.number()], error)
    .transform(Number)
    .pipe(z.int(error).min(minimum, error).max(maximum, error));
};
const port = wholeNumber(0, 65_535);
const count = (maximum: number) => wholeNumber(0, maximum);
const domain = z
  .string()
  .max(200)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/, {
    message: 'must be a domain name in lower case without a final dot',
  });

/**
 * An index has 64 places for readers. Each serving thread may have another for its long batches; the
 * writer has one.
 */
const THREADS_MAX = 16;
const SBI_THREADS_MAX = 14;
const UDP_THREADS_MAX = 16;

/** One option: its schema, its default and what people are told about it. */
export interface Option<T> {
  schema: z.ZodType<T>;
  fallback: T;
  /** Placeholder in the help text. */
  value: string;
  help: string;
}

export function option<T>(
  schema: z.ZodType<T>,
  fallback: T,
  value: string,
  help: string,
): Option<T> {
  return { schema, fallback, value, help };
}

const file = (help: string) => option(z.string().max(4096), '', 'FILE', help);

/** Options of the 5G service-based interfaces. */
const sbiOptions = {
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
    'how long a consumer may keep what it has discovered',
  ),
  sbiCollocated: option(
    z
      .union([z.string(), z.array(z.string())])
      .transform((list) => (typeof list === 'string' ? list.split(',') : list))
      .transform((types) => types.filter((type) => type !== 'none' && type !== ''))
      .pipe(z.array(z.enum(COLLOCATED_NF_TYPES))),
    [...COLLOCATED_NF_TYPES] as CollocatedNfType[],
    'LIST',
    "NF types that stand at the address of a route's UDM: AUSF,UDR or none (default: AUSF,UDR)",
  ),
  sbiElementScheme: option(
    z.enum(['http', 'https']),
    'http',
    'SCHEME',
    'how UDMs, AUSFs and UDRs are reached: http or https',
  ),
  sbiConnectionsMax: option(wholeNumber(1, 65_536), 2048, 'N', 'connections taken, of all threads'),
  sbiLimits: option(
    z.string().max(1024),
    '',
    'LIST',
    'other limits of a thread, as name=number,… with the names of docs/sbi.md (default: those there)',
  ),
  sbiNrf: option(
    z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
    '',
    'URL',
    'NRF that answers what the index does not (default: a minimal one in this process)',
  ),
  sbiNrfCa: file('PEM of who vouches for the NRF behind (default: those that Node knows)'),
  sbiNrfTimeoutMs: option(wholeNumber(1, 60_000), 3000, 'MS', 'longest wait for the NRF behind'),
  sbiTlsCert: file('PEM of the certificate: HTTP/2 over TLS instead of h2c (default: none)'),
  sbiTlsKey: file('PEM of the private key of the certificate (default: none)'),
  sbiTlsClientCa: file('PEM of who must vouch for every client (default: none)'),
  sbiTokenPolicy: option(
    z.enum(TOKEN_POLICIES),
    'off',
    'POLICY',
    'whether access tokens are looked at: off, optional or required',
  ),
  sbiTokenKey: file('PEM of the key of access tokens, private or public (default: one is made)'),
};

/** Options of who may ask, terminals' credentials and the audit log. */
const accessOptions = {
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

/** Options of everything that serves. */
export const servingOptions = {
  host: option(z.string().min(1).max(255), '127.0.0.1', 'ADDRESS', 'address to serve on'),
  httpPort: option(port, 8080, 'PORT', 'HTTP port'),
  httpOpenFilesMax: option(
    wholeNumber(0, 1 << 30),
    0,
    'N',
    'open files at which HTTP takes no more connections; 0: a tenth below what the system allows',
  ),
  httpStreamsMax: option(
    wholeNumber(0, 100_000),
    1000,
    'N',
    'streams of changes over HTTP at once, of all threads',
  ),
  udpPort: option(port, 5350, 'PORT', 'UDP batch protocol port'),
  pdbPort: option(port, 5574, 'PORT', "port of the protocol of Kamailio's pdb module, UDP"),
  enumPort: option(port, 5300, 'PORT', 'ENUM (DNS) port, UDP and TCP'),
  enumSuffix: option(domain, 'e164.arpa', 'DOMAIN', 'domain under which ENUM answers'),
  enumNameServer: option(
    domain,
    'localhost',
    'DOMAIN',
    "this server's name in the zone's NS and SOA records",
  ),
  ...sbiOptions,
  ...accessOptions,
  enumZones: option(
    z.string().max(4096),
    '',
    'FILE',
    'zones, services and limits of ENUM (docs/enum.md), read again when it changes; instead of ' +
      'the suffix and the name server',
  ),
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
    z
      .union([z.string(), z.array(z.string())])
      .transform((list) => (typeof list === 'string' ? list.split(',') : list))
      .transform((keys) => keys.filter((key) => key !== ''))
      .pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64)),
    [] as string[],
    'LIST',
    'public keys (ed25519, hexadecimal) of which a swapped-in snapshot must be signed by one ' +
      '(default: none, and signatures are not looked at)',
  ),
  workers: option(
    wholeNumber(1, THREADS_MAX),
    Math.min(availableParallelism(), THREADS_MAX),
    'N',
    'serving threads (default: one for each core)',
  ),
  udpWorkers: option(
    wholeNumber(1, UDP_THREADS_MAX),
    Math.min(availableParallelism(), UDP_THREADS_MAX),
    'N',
    'threads that serve UDP (default: one for each core)',
  ),
  udpAdapter: option(
    z.enum(['auto', 'mmsg', 'dgram']),
    'auto',
    'ADAPTER',
    'how datagrams are moved: mmsg (batches, Linux), dgram (everywhere), or auto',
  ),
  udpBatchPackets: option(wholeNumber(1, 256), 64, 'N', 'datagrams of a batch'),
  udpReceiveBufferKib: option(
    count(1 << 20),
    4096,
    'KIB',
    "receive buffer of each UDP socket; 0: the system's own",
  ),
  udpSendBufferKib: option(
    count(1 << 20),
    0,
    'KIB',
    "send buffer of each UDP socket; 0: the system's own",
  ),
  udpCpus: option(
    z.string().regex(/^(([0-9]|[1-9][0-9]{1,2})(,([0-9]|[1-9][0-9]{1,2}))*)?$/, {
      message: 'must be numbers of CPUs with commas between them',
    }),
    '',
    'LIST',
    'CPUs that UDP threads are bound to, in turn, such as 2,3 (default: none)',
  ),
  udpTimestamps: option(
    z.enum(['on', 'off']),
    'on',
    'ON_OFF',
    'measure latency from the time at which the kernel received a datagram',
  ),
  udpSenderRate: option(
    count(1_000_000),
    0,
    'N',
    'datagrams a second of one sender (IPv4 address, IPv6 /64) on the batch and pdb ports; 0: any',
  ),
  udpSenderBurst: option(wholeNumber(1, 100_000), 100, 'N', 'datagrams that it may send at once'),
  udpPrefixRate: option(
    count(1_000_000),
    0,
    'N',
    'datagrams a second of one network (IPv4 /24, IPv6 /48) on these ports; 0: any',
  ),
  udpPrefixBurst: option(wholeNumber(1, 100_000), 1000, 'N', 'datagrams that it may send at once'),
  batchAuthentication: option(
    z.enum(['off', 'optional', 'required']),
    'off',
    'MODE',
    'sealed requests on the UDP batch port: off, optional or required',
  ),
  batchKeys: option(z.string().max(4096), '', 'FILE', 'keys of sealed requests, as JSON'),
  batchWindowMs: option(
    wholeNumber(100, 60_000),
    5000,
    'MS',
    "how far the time of a sealed request may be from this machine's",
  ),
  pdbCarriers: option(
    z.string().max(4096),
    '',
    'FILE',
    'carrier ids of routes and members, as JSON (default: from the place in the route table)',
  ),
  indexMemoryMaxMib: option(
    wholeNumber(8, 4095),
    4095,
    'MIB',
    'most memory of the index of one identity kind',
  ),
  logLevel: option(
    z.enum(['error', 'warn', 'info', 'debug']),
    'info',
    'LEVEL',
    'error, warn, info or debug',
  ),
  logFormat: option(z.enum(['text', 'json']), 'text', 'FORMAT', 'text or json'),
};

/** Options of the embedded consortium and its population of numbers. */
export const ledgerOptions = {
  data: option(z.string().min(1), './data', 'DIR', 'directory of blocks, state and snapshots'),
  ported: option(count(100_000_000), 1_000_000, 'N', 'ported numbers of the population'),
  fragmented: option(count(1_000_000), 20_000, 'N', 'fragmented runs of the population'),
  profile: option(
    wholeNumber(0, 100).pipe(z.literal([5, 25, 60], 'must be 5, 25 or 60')) as z.ZodType<
      5 | 25 | 60
    >,
    25,
    'PERCENT',
    'share of numbers away from home: 5, 25 or 60',
  ),
  seed: option(count(0xffff_ffff), 1, 'S', 'seed of the population'),
  snapshotsKept: option(
    wholeNumber(1, 1000),
    3,
    'N',
    'snapshots kept on disk; older ones are deleted',
  ),
  snapshotKey: file('key of a member (as of bchf tx) that signs snapshots (default: none)'),
  snapshotCompression: option(
    z.enum(COMPRESSIONS),
    'none',
    'FORM',
    'compression of snapshots: none, gzip, or zstd where Node has it',
  ),
  snapshotEveryBlocks: option(
    count(1_000_000_000),
    0,
    'N',
    'blocks after which a snapshot is written while serving; 0: only at start and stop',
  ),
  snapshotEveryMinutes: option(
    count(10_080),
    0,
    'MINUTES',
    'minutes after which a snapshot is written while serving; 0: only at start and stop',
  ),
};

export const startOptions = {
  ...servingOptions,
  ...ledgerOptions,
  movesPerSecond: option(
    count(10_000),
    0,
    'N',
    'ported numbers that move home or away again each second, to load the ledger while it is served',
  ),
};

export type Options = Record<string, Option<unknown>>;
type ValuesOf<T extends Options> = {
  [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

export type ServingConfig = ValuesOf<typeof servingOptions>;

/** Where a value came from, for error messages and for "was this set at all". */
export interface Sources {
  /** Flags as text, by option name. */
  flags: Record<string, unknown>;
  /** The process environment. */
  environment: Record<string, string | undefined>;
  /** The parsed configuration file and its path, if one was given. */
  file?: { path: string; content: unknown };
}

export interface Configuration<T extends Options> {
  values: ValuesOf<T>;
  /** Names of the options that were set, not left at their default. */
  given: ReadonlySet<keyof T>;
}

/** `httpPort` → `BCHF_HTTP_PORT`. */
export function environmentName(name: string): string {
  return `BCHF_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `httpPort` → `--http-port`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Brings the sources together and validates them.
 *
 * Throws BCHF_CONFIG_INVALID with one line for each problem that says where the value came from.
 * A configuration file may hold any option of `known`, so that one file serves every command.
 */
export function configure<T extends Options>(
  options: T,
  sources: Sources,
  known: Options = startOptions,
): Configuration<T> {
  const problems: string[] = [];
  const file = readFileContent(sources.file, known, problems);
  const values: Record<string, unknown> = {};
  const given = new Set<keyof T>();
  for (const [name, { schema, fallback }] of Object.entries(options)) {
    const candidates: [string, unknown][] = [
      [flagName(name), sources.flags[name]],
      [environmentName(name), sources.environment[environmentName(name)]],
      [`${name} in ${sources.file?.path}`, file[name]],
    ];
    const candidate = candidates.find(([, value]) => value !== undefined);
    if (!candidate) {
      values[name] = fallback;
      continue;
    }
    const [origin, value] = candidate;
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      values[name] = parsed.data;
      given.add(name);
    } else {
      const reason = parsed.error.issues[0]?.message;
      problems.push(`${origin}: ${JSON.stringify(value)}: ${reason}`);
    }
  }
  if (problems.length > 0) throw new ResolverError('BCHF_CONFIG_INVALID', problems.join('\n'));
  return { values: values as ValuesOf<T>, given };
}

function readFileContent(
  file: Sources['file'],
  known: Options,
  problems: string[],
): Record<string, unknown> {
  if (!file) return {};
  const { path, content } = file;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`${path}: must be a JSON object of options`);
    return {};
  }
  for (const name of Object.keys(content)) {
    if (!Object.hasOwn(known, name)) {
      problems.push(`${path}: no option is called ${JSON.stringify(name)}`);
    }
  }
  return content as Record<string, unknown>;
}
