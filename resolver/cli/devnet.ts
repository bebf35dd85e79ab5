// `bchf devnet`: a consortium of several processes on loopback, to try out.

import { type Command, InvalidArgumentError } from 'commander';
import { createLog } from '../log.ts';
import type { RunningDevnet } from '../node-devnet-processes.ts';
import { ResolverError } from '../resolver-error.ts';
import { serveUntilStopped } from './serving.ts';

const MEMBERS_MAX = 16;

export function addDevnetCommand(program: Command): void {
  program
    .command('devnet')
    .description(
      'Run a consortium of several processes on loopback: a node with its resolver for each ' +
        'member. The first one makes the blocks.',
    )
    .option('--members <N>', 'members, 1 to 16', within(1, MEMBERS_MAX), 4)
    .option('--data <DIR>', 'its directory; goes on where it is there', './devnet')
    .option('--block-time-ms <MS>', 'shortest time between blocks', within(0, 60_000), 200)
    .option('--json', 'when ready, print what listens where as one line of JSON')
    .action(async ({ members, data, blockTimeMs, json }) => {
      const log = createLog('info', 'text');
      await serveUntilStopped(log, async (_signal, onFailure) => {
        const { prepareDevnet } = await import('../node-devnet.ts');
        const { startDevnet } = await import('../node-devnet-processes.ts');
        const devnet = await prepareDevnet({ directory: data, members, blockTimeMs }).catch(
          (cause: Error) => {
            throw new ResolverError('BCHF_DEVNET_FAILED', cause.message, { cause });
          },
        );
        const running = await startDevnet(devnet, {
          command: process.argv[1] as string,
          onLog: (member, line) => process.stderr.write(`${member} ${line}\n`),
          onFailure,
        });
        process.stdout.write(json ? asJson(running) : asText(data, running));
        return running;
      });
    });
}

function asJson({ nodes }: RunningDevnet): string {
  const described = nodes.map(({ client: _, ...node }) => node);
  return `${JSON.stringify({ ready: 'devnet', nodes: described })}\n`;
}

function asText(data: string, { nodes }: RunningDevnet): string {
  const rows = nodes.map(
    ({ id, ports }) =>
      `  ${id.padEnd(11)}HTTP ${ports.http}  UDP batch ${ports.batch}  ENUM ${ports.enum}  ` +
      `admin ${ports.admin}  ledger ${ports.ledger}`,
  );
  const [first, second = first] = nodes;
  return (
    `bchf devnet is ready: ${nodes.length === 1 ? '1 member' : `${nodes.length} members`} on 127.0.0.1. Ctrl-C stops.\n\n` +
    `${rows.join('\n')}\n\nTake numbers of the shared pool for ${first!.id}, and ask ` +
    `${second!.id}:\n\n` +
    `  echo '{"kind": "allocate", "member": "${first!.id}", "identity": "msisdn", "route": ` +
    `"${first!.id}-udm", "ranges": [{"from": "999000000000", "to": "999000000049"}]}' |\n` +
    `    npx bchf tx submit - --key ${data}/${first!.id}/member.json ` +
    `--server http://127.0.0.1:${first!.ports.ledger}\n` +
    `  npx bchf lookup 999000000017 --server http://127.0.0.1:${second!.ports.http}\n`
  );
}

function within(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^[0-9]{1,9}$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}
