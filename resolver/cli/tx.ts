// `bchf tx submit`: signs a transaction and hands it to a node.

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { NodeClient, readMemberKey } from '../node-client.ts';
import { bodyOfJson } from '../node-transaction-json.ts';
import { ResolverError } from '../resolver-error.ts';
import { EXIT_FAILED } from './program.ts';

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
      const id = await client.submit(transaction);
      const result =
        timeout === 0
          ? { id, status: 'pending' as const }
          : { id, ...(await client.committed(id, timeout)) };
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : describe(result));
      if (result.status === 'committed' && result.code !== 'OK') process.exitCode = EXIT_FAILED;
    });
}

function describe(
  result: { id: string } & ({ status: 'pending' } | { code: string; height: number }),
) {
  if (!('code' in result)) return `${result.id} waits for a block\n`;
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
