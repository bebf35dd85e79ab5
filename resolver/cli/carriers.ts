// `bchf carriers`: the carrier ids that a running resolver's pdb port answers with.

import type { Command } from 'commander';
import { askAdmin } from '../admin/admin-client.ts';
import { ResolverError } from '../resolver-error.ts';
import { type AdminFlags, serverOf, withAdmin } from './snapshot-admin.ts';

const RESOURCE = '/admin/v1/carriers';
/** The server has the list at hand: one that is silent for longer will not answer. */
const SILENCE_MS_MAX = 10_000;

interface Carrier {
  route: string;
  member: string;
  /** 0 where the route has none. */
  carrierId: number;
}

export function addCarriersCommand(program: Command): void {
  withAdmin(program.command('carriers'))
    .description('List the carrier ids of routes, as the pdb port answers with them.')
    .option('--member <ID>', 'only routes of this member')
    .action(async (flags: AdminFlags & { member?: string }) => {
      const carriers = (await askCarriers(flags)).filter(
        (one) => flags.member === undefined || one.member === flags.member,
      );
      process.stdout.write(flags.json ? `${JSON.stringify(carriers)}\n` : describe(carriers));
    });
}

/** Errors: those of {@link askAdmin}; BCHF_SERVER_UNREACHABLE for an answer that is no list of carriers. */
export async function askCarriers(flags: AdminFlags): Promise<Carrier[]> {
  const server = { ...serverOf(flags), silenceMsMax: SILENCE_MS_MAX };
  const answer = await askAdmin<unknown>(server, 'GET', RESOURCE);
  const isList = Array.isArray(answer) && answer.every((one) => typeof one?.carrierId === 'number');
  if (isList) return answer as Carrier[];
  const message = `${flags.admin}${RESOURCE} does not answer as bchf does`;
  throw new ResolverError('BCHF_SERVER_UNREACHABLE', message);
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
