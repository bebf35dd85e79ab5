// From the option table in config.ts to commander's options and back to a validated configuration.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  type Configuration,
  configure,
  environmentName,
  flagName,
  type Sources,
  type servingOptions,
  type startOptions,
} from '../config.ts';
import type { Options } from '../options/option.ts';
import { ResolverError } from '../resolver-error.ts';

/** Adds every option of the table to a command, and `--config`. */
export function addTableOptions(command: Command, table: Options): Command {
  for (const [name, { value, help, fallback }] of Object.entries(table)) {
    const words = help.includes('default') ? help : `${help} (default: ${fallback})`;
    command.option(`${flagName(name)} <${value}>`, `${words} [${environmentName(name)}]`);
  }
  return command
    .option(
      '--config <FILE>',
      'JSON file with any of these options by their camel-case names, such as httpPort',
    )
    .option('--json', 'when ready, print what listens where as one line of JSON');
}

/** Validates what was given on the command line, in the environment and in the file. */
export function readConfiguration<T extends typeof startOptions | typeof servingOptions>(
  table: T,
  flags: Record<string, unknown>,
): Configuration<T> {
  return configure(table, sourcesOf(flags));
}

/** The sources of options: the command line, the environment, and the file that it names. */
export function sourcesOf(flags: Record<string, unknown>): Sources {
  const { config: path, json: _, ...rest } = flags;
  const file = typeof path === 'string' ? { path, content: readJson(path) } : undefined;
  return { flags: rest, environment: process.env, ...(file && { file }) };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ResolverError('BCHF_CONFIG_INVALID', `${path}: ${reason}`, { cause });
  }
}
