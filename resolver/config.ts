// The resolver's options, brought together from flags, environment variables and the configuration file:
// one table (options/) makes all three, their validation and their documentation.
//
// Precedence, highest first: flag, environment variable (BCHF_…), configuration file (JSON, keys as
// in the table), default.

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { accessOptions } from './options/access-options.ts';
import { adminOptions } from './options/admin-options.ts';
import { datagramOptions } from './options/datagram-options.ts';
import { ledgerOptions } from './options/ledger-options.ts';
import {
  count,
  type Options,
  option,
  port,
  THREADS_MAX,
  type ValuesOf,
  wholeNumber,
} from './options/option.ts';
import { sbiOptions } from './options/sbi-options.ts';
import { ResolverError } from './resolver-error.ts';

/** Options of everything that serves. */
export const servingOptions = {
  host: option(z.string().min(1).max(255), '127.0.0.1', 'ADDRESS', 'address to serve on'),
  workers: option(
    wholeNumber(1, THREADS_MAX),
    Math.min(availableParallelism(), THREADS_MAX),
    'N',
    'serving threads (default: one for each core)',
  ),
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
    'streams of changes over HTTP/1.1 at once, of all threads, and as many over HTTP/2',
  ),
  ...datagramOptions,
  ...sbiOptions,
  ...accessOptions,
  ...adminOptions,
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
