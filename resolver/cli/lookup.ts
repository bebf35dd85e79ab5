// `bchf lookup NUMBER`: asks a running server, or a snapshot file, for one number.

import { type Command, Option } from 'commander';
import { formatUeId, parseDigits, parseUeId, type UeId } from '../../ledger/number.ts';
import { NewestBlock } from '../freshness.ts';
import { ROUTING_INFO_PATH } from '../http/http-router.ts';
import { answerRoutingInfo } from '../http/routing-info.ts';
import type { ProblemDetails, RoutingInfo } from '../http/schemas.ts';
import { NumberResolver } from '../resolve.ts';
import { ResolverError } from '../resolver-error.ts';
import { RouteTable } from '../route-table.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import { EXIT_NOT_FOUND } from './program.ts';

const TIMEOUT_MS = 5000;

export function addLookupCommand(program: Command): void {
  program
    .command('lookup')
    .description('Look one number up. Exits with 0 where it is found and 3 where it is not.')
    .argument('<NUMBER>', 'msisdn-…, imsi-…, or an MSISDN with or without +')
    .option('--explain', 'show every entry that covers the number and why one wins')
    .addOption(
      new Option('--server <URL>', 'the server to ask')
        .default('http://127.0.0.1:8080')
        .env('BCHF_SERVER'),
    )
    .option('--snapshot <FILE>', 'look into a snapshot file instead')
    .option('--json', 'print the answer as JSON')
    .action(async (text: string, { explain, server, snapshot, json }) => {
      const ueId = readNumber(text);
      const answer = snapshot
        ? await askSnapshot(snapshot, ueId, explain)
        : await askServer(server, ueId, explain);
      process.stdout.write(json ? `${JSON.stringify(answer)}\n` : describe(answer));
      if (!('match' in answer)) process.exitCode = EXIT_NOT_FOUND;
    });
}

type LookupAnswer = RoutingInfo | ProblemDetails;

/** Reads a number as people write it. Error: BCHF_NUMBER_MALFORMED. */
export function readNumber(text: string): UeId {
  const ueId = parseUeId(text);
  if (ueId) return ueId;
  const key = parseDigits(text.replace(/^\+/, ''));
  if (key !== undefined) return { identity: 'msisdn', key };
  throw new ResolverError(
    'BCHF_NUMBER_MALFORMED',
    `${JSON.stringify(text)} is not a number: 1 to 15 digits, which +, msisdn- or imsi- may precede`,
  );
}

async function askServer(server: string, ueId: UeId, explain: boolean): Promise<LookupAnswer> {
  let url: URL;
  try {
    url = new URL(`${ROUTING_INFO_PATH}${formatUeId(ueId)}`, server);
  } catch (cause) {
    throw new ResolverError('BCHF_CONFIG_INVALID', `${server} is not a URL`, { cause });
  }
  if (explain) url.searchParams.set('explain', 'true');
  let status: number;
  let answer: LookupAnswer;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    status = response.status;
    answer = (await response.json()) as LookupAnswer;
  } catch (cause) {
    const reason = cause instanceof Error ? ((cause.cause as Error)?.message ?? cause.message) : '';
    throw new ResolverError('BCHF_SERVER_UNREACHABLE', `${server} does not answer: ${reason}`, {
      cause,
    });
  }
  if (isAnswer(status, answer)) return answer;
  const { cause, detail } = (answer ?? {}) as Partial<ProblemDetails>;
  const told = cause ? `${cause}: ${detail}` : 'not an answer of bchf';
  throw new ResolverError('BCHF_SERVER_UNREACHABLE', `${url} answered ${status}, ${told}`);
}

/** Anything may listen at the URL that was given. */
function isAnswer(status: number, answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  if (status !== 200) return 'cause' in answer && answer.cause === 'USER_NOT_FOUND';
  return 'match' in answer && 'route' in answer && 'ledger' in answer;
}

async function askSnapshot(path: string, ueId: UeId, explain: boolean): Promise<LookupAnswer> {
  const { indexes, routes } = await loadSnapshot(path);
  const table = new RouteTable();
  table.apply({ version: 1, routes: routes.map((route, number) => ({ number, route })) });
  const resolver = new NumberResolver(indexes, table, new NewestBlock(), Date.now);
  const query = explain ? 'explain=true' : '';
  return JSON.parse(answerRoutingInfo(formatUeId(ueId), query, resolver).body);
}

function describe(answer: LookupAnswer): string {
  if (!('match' in answer)) return `not found: ${answer.detail}\n`;
  const { ueId, route, userDataIndex, ledger, explanation, explanationCut } = answer;
  const rows: [string, string][] = [
    ['number', ueId],
    ['entry', describeMatch(answer.match)],
    ['route', `${route.id} (${route.nfType} of member ${route.member})`],
    ['PLMN', `${route.plmn.mcc}-${route.plmn.mnc}`],
    ['FQDN', route.fqdn],
    ['address', `${route.ipv4Addresses.join(', ')} port ${route.port}`],
    ['group', route.groupId],
    ['NF id', route.nfInstanceId],
  ];
  if (userDataIndex !== undefined) rows.push(['user data', `index ${userDataIndex}`]);
  if (route.contractAddress) rows.push(['contract', route.contractAddress]);
  const lag = ledger.lagMs === null ? 'no ledger is followed' : `lag ${ledger.lagMs} ms`;
  rows.push(['ledger', `height ${ledger.height}, ${lag}`]);
  const lines = rows.map(([name, value]) => `${name.padEnd(10)}${value}`);
  if (explanation) {
    lines.push('', 'considered, the winner first:');
    for (const [position, one] of explanation.entries()) {
      lines.push(...describeConsidered(one, position + 1));
    }
    if (explanationCut) {
      const { runsLeftOut, orMore } = explanationCut;
      lines.push(
        `  left out: ${runsLeftOut}${orMore ? ' or more' : ''} runs around the outermost above`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

type Considered = NonNullable<RoutingInfo['explanation']>[number];

function describeConsidered(considered: Considered, rank: number): string[] {
  const { match, route, matchedLength, wins, why, shadows, setBy } = considered;
  const digits = matchedLength === 1 ? '1 digit' : `${matchedLength} digits`;
  const origin = setBy
    ? `height ${setBy.height}, transaction ${setBy.transaction ?? 'unknown'}`
    : 'height and transaction unknown';
  const details = [
    `${wins ? 'wins' : 'loses'}: ${why}`,
    ...(shadows ? [`shadows: ${describeMatch(shadows)}`] : []),
    `set by: ${origin}`,
  ];
  return [
    `  ${rank}. ${describeMatch(match)} → ${route.id} (${digits} matched)`,
    ...details.map((line) => `     ${line}`),
  ];
}

function describeMatch({ entry, prefix, from, to }: RoutingInfo['match']): string {
  if (entry === 'prefix') return `prefix ${prefix}`;
  return from === to ? `${entry} ${from}` : `${entry} ${from} to ${to}`;
}
