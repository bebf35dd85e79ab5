// The command `bchf`: its commands, what is common to them, and how errors become exit codes.
//
//     0  done; for `lookup`: found
//     1  an operating error, printed with its code
//     2  the command line is wrong
//     3  `lookup`: no entry covers the number

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addCarriersCommand } from './carriers.ts';
import { addDevnetCommand } from './devnet.ts';
import { addForwardCommand } from './forward.ts';
import { addGenerateDocsCommand } from './generate-docs.ts';
import { addLedgerCommand } from './ledger.ts';
import { addLookupCommand } from './lookup.ts';
import { addNodeCommand } from './node.ts';
import { addServeCommand } from './serve.ts';
import { addSnapshotCommand } from './snapshot.ts';
import { addStartCommand } from './start.ts';
import { addTransactionCommand } from './tx.ts';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_NOT_FOUND = 3;

/** Codes that say that the command line, and not the world, is wrong. */
const USAGE_CODES = ['BCHF_CONFIG_INVALID', 'BCHF_NUMBER_MALFORMED', 'BCHF_CAPACITY_QUANTITY'];

/** Adds a command that lives in another folder. */
export type AddCommand = (program: Command) => void;

export function createProgram(additions: readonly AddCommand[]): Command {
  const program = new Command('bchf')
    .description('Which data management element (UDM, HSS, HLR) holds the user data of a number.')
    .version(packageVersion())
    .showHelpAfterError('(bchf --help tells more)')
    .exitOverride();
  addStartCommand(program);
  addServeCommand(program);
  addForwardCommand(program);
  addLookupCommand(program);
  addCarriersCommand(program);
  addSnapshotCommand(program);
  addNodeCommand(program);
  addDevnetCommand(program);
  addTransactionCommand(program);
  addLedgerCommand(program);
  for (const add of additions) add(program);
  addGenerateDocsCommand(program);
  return program;
}

/** Runs a command line and sets the process's exit code. */
export async function runCli(argv: string[], additions: readonly AddCommand[]): Promise<void> {
  outliveReaders();
  try {
    await createProgram(additions).parseAsync(argv);
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/**
 * A reader that leaves early, as `head` does, ends neither a server nor a command half-way: the rest is
 * written to nobody. What cannot be written for another reason, such as a full disk, is an error.
 */
function outliveReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = reportError(error);
  });
  process.stderr.on('error', () => {});
}

/** Prints an error for people and returns the exit code. */
function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  const { code, message, stack } = error as { code?: unknown; message?: string; stack?: string };
  if (typeof code === 'string') {
    // Messages of the system begin with their code themselves.
    process.stderr.write(message?.startsWith(code) ? `${message}\n` : `${code}: ${message}\n`);
    return USAGE_CODES.includes(code) ? EXIT_USAGE : EXIT_FAILED;
  }
  // Without a code it is a fault of the program, and its place matters more than its words.
  process.stderr.write(`${stack ?? String(error)}\n`);
  return EXIT_FAILED;
}

export function packageVersion(): string {
  const manifest = new URL('../../../package.json', import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
