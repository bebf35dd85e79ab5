// `bchf tx submit`: signs a transaction and hands it to a node. `bchf tx propose`: asks a node for free
// numbers, in the form that `submit` takes.

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { NodeClient, readMemberKey } from '../node-client.ts';
import { bodyOfJson } from '../node-transaction-json.ts';
import { ResolverError } from '../resolver-error.ts';
import { EXIT_FAILED, EXIT_NOT_FOUND } from './program.ts';

const SERVER = 'http://127.0.0.1:8082';

export function addTransactionCommand(program: Command): void {
  const tx = program.command('tx').description('Sign transactions and hand them to a node.');
  tx.command('submit')
    .description(
      'Sign a transaction, hand it to a node and wait for its block. Exits with 1 where the ' +
        'rules refuse it.',
    )
    .argument(
      '<FILE>',
      'the transaction as JSON: {"kind": …} with numbers as strings of digits; - for standard input',
    )
    .requiredOption('--key <FILE...>', 'key of each signer: {"member", "seed"}')
    .option('--server <URL>', 'ledger port of the node', SERVER)
    .option('--sequence <N>', 'sequence of the first signer (default: its last one plus 1)', whole)
    .option('--timeout <MS>', 'how long to wait for the block; 0: not at all', whole, 30_000)
    .option('--json', 'print the result as JSON')
    .action(async (file: string, { key, server, sequence, timeout, json }) => {
      const keys = await Promise.all((key as string[]).map(readMemberKey));
      const client = new NodeClient(server);
      const transaction = await client.sign(bodyOfJson(await readJson(file)), keys, sequence);
      const { id, code } = await client.handIn(transaction);
      const result = code
        ? { id, status: 'refused' as const, code }
        : timeout === 0
          ? { id, status: 'pending' as const }
          : { id, ...(await client.committed(id, timeout)) };
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : describe(result));
      if ('code' in result && result.code !== 'OK') process.exitCode = EXIT_FAILED;
    });
  addProposeCommand(tx);
}

function addProposeCommand(tx: Command): void {
  tx.command('propose')
    .description(
      'Find free numbers of the pool, and print the transaction that takes them, for tx submit. ' +
        'Exits with 3 where none fit.',
    )
    .requiredOption('--member <ID>', 'who takes them')
    .requiredOption('--route <ID>', 'the route that they get')
    .option('--identity <KIND>', 'msisdn or imsi', 'msisdn')
    .option('--count <N>', 'how many at most', whole, 1)
    .option('--prefix <DIGITS>', 'leading digits of all of them')
    .option('--from <DIGITS>', 'the first that may be taken; all are then of its length')
    .option('--to <DIGITS>', 'the last that may be taken')
    .option('--contiguous', 'rather one run than the first numbers there are')
    .option('--server <URL>', 'ledger port of the node', SERVER)
    .action(async ({ server, ...wish }) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(wish)) query.set(name, String(value));
      const client = new NodeClient(server);
      // Any other server's 404 would say that nothing is free.
      await client.status();
      const found = await client.read<{ transaction: unknown }>(`allocations?${query}`);
      if (found) process.stdout.write(`${JSON.stringify(found.transaction)}\n`);
      else {
        process.stderr.write('Nothing of it is free.\n');
        process.exitCode = EXIT_NOT_FOUND;
      }
    });
}

function describe(
  result: { id: string } & (
    | { status: 'pending' }
    | { status: 'refused'; code: string }
    | { status: 'committed'; code: string; height: number }
  ),
) {
  if (result.status === 'pending') return `${result.id} waits for a block\n`;
  if (result.status === 'refused') return `${result.id} is refused: ${result.code}\n`;
  return `${result.id} stands in block ${result.height}: ${result.code}\n`;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new ResolverError('BCHF_TX_FILE_INVALID', `${file}: ${reason}`, { cause });
  }
}

function whole(digits: string): number {
  if (!/^[0-9]{1,15}$/.test(digits)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(digits);
}
