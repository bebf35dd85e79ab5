// `bchf carriers`: the carrier ids that a running resolver's pdb port answers with.

import { type Command, Option } from 'commander';
import { ResolverError } from '../resolver-error.ts';

const TIMEOUT_MS = 5000;

interface Carrier {
  route: string;
  member: string;
  /** 0 where the route has none. */
  carrierId: number;
}

export function addCarriersCommand(program: Command): void {
  program
    .command('carriers')
    .description('List the carrier ids of routes, as the pdb port answers with them.')
    .addOption(
      new Option('--admin <URL>', 'the admin port of the server').default('http://127.0.0.1:8081'),
    )
    .option('--member <ID>', 'only routes of this member')
    .option('--json', 'print a JSON array')
    .action(async ({ admin, member, json }) => {
      const carriers = (await askCarriers(admin)).filter(
        (one) => member === undefined || one.member === member,
      );
      process.stdout.write(json ? `${JSON.stringify(carriers)}\n` : describe(carriers));
    });
}

async function askCarriers(admin: string): Promise<Carrier[]> {
  if (!URL.canParse(admin)) throw new ResolverError('BCHF_CONFIG_INVALID', `${admin} is no URL`);
  const url = new URL('/admin/v1/carriers', admin);
  let answer: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    answer = await response.json();
  } catch (cause) {
    const reason = cause instanceof Error ? ((cause.cause as Error)?.message ?? cause.message) : '';
    const message = `${url} does not answer: ${reason}`;
    throw new ResolverError('BCHF_SERVER_UNREACHABLE', message, { cause });
  }
  const isList = Array.isArray(answer) && answer.every((one) => typeof one?.carrierId === 'number');
  if (isList) return answer as Carrier[];
  throw new ResolverError('BCHF_SERVER_UNREACHABLE', `${url} does not answer as bchf does`);
}

function describe(carriers: readonly Carrier[]): string {
  const rows = carriers.map(({ route, member, carrierId }) => [
    carrierId === 0 ? '-' : String(carrierId),
    route,
    member,
  ]);
  const table = [['carrier', 'route', 'member'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map(([id, route, of]) => `${id!.padStart(widths[0]!)}  ${route!.padEnd(widths[1]!)}  ${of}\n`)
    .join('');
}
