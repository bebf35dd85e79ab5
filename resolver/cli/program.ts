// The command `bchf`: its commands, what is common to them, and how errors become exit codes.
//
//     0  done; for `lookup`: found
//     1  an operating error, printed with its code
//     2  the command line is wrong
//     3  `lookup`: no entry covers the number

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_NOT_FOUND = 3;

/** Codes that say that the command line, and not the world, is wrong. */
const USAGE_CODES = ['BCHF_CONFIG_INVALID', 'BCHF_NUMBER_MALFORMED', 'BCHF_CAPACITY_QUANTITY'];

type AddCommand = (program: Command) => void;

/** Commands by their names, each with what loads it. */
export type Commands = Record<string, () => Promise<AddCommand>>;

/** In the order of the help. */
const COMMANDS: Commands = {
  start: async () => (await import('./start.ts')).addStartCommand,
  serve: async () => (await import('./serve.ts')).addServeCommand,
  forward: async () => (await import('./forward.ts')).addForwardCommand,
  lookup: async () => (await import('./lookup.ts')).addLookupCommand,
  carriers: async () => (await import('./carriers.ts')).addCarriersCommand,
  snapshot: async () => (await import('./snapshot.ts')).addSnapshotCommand,
  node: async () => (await import('./node.ts')).addNodeCommand,
  devnet: async () => (await import('./devnet.ts')).addDevnetCommand,
  tx: async () => (await import('./tx.ts')).addTransactionCommand,
  ledger: async () => (await import('./ledger.ts')).addLedgerCommand,
};

const loadGenerateDocs = async () => (await import('./generate-docs.ts')).addGenerateDocsCommand;

/**
 * The program with the command that the command line begins with, or, where it begins with none, with all
 * of them: to load what stands behind them takes a second of the processor (2026-11-28, shared 2-core Intel
 * Xeon VM, Node 20.20.2), and most command lines want one.
 *
 * @param additions commands that live in other folders
 */
async function createProgram(argv: readonly string[], additions: Commands): Promise<Command> {
  const program = new Command('bchf')
    .description('Which data management element (UDM, HSS, HLR) holds the user data of a number.')
    .version(packageVersion())
    .showHelpAfterError('(bchf --help tells more)')
    .exitOverride();
  const commands = { ...COMMANDS, ...additions };
  const wanted = argv[2] ?? '';
  const loads = Object.hasOwn(commands, wanted)
    ? [commands[wanted]!]
    : [...Object.values(commands), loadGenerateDocs];
  for (const load of loads) (await load())(program);
  return program;
}

/** Runs a command line and sets the process's exit code. */
export async function runCli(argv: string[], additions: Commands = {}): Promise<void> {
  outliveReaders();
  try {
    const program = await createProgram(argv, additions);
    await program.parseAsync(argv);
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
