// `bchf demo --load`: a consortium with a hundred thousand terminals, the generator as a process beside it,
// and what registrations at a rate come to.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rawPublicKey } from '../../ledger/ed25519.ts';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { startConsortium } from './consortium.ts';
import { NETWORKS, routeTo, SIDES, type Side } from './country.ts';
import {
  CELL,
  LOAD_ADDRESSES,
  type LoadOutcome,
  type LoadRequest,
  loadKey,
  loadPrivateKey,
  sideOf,
} from './load-plan.ts';

export interface LoadOptions extends Omit<LoadRequest, 'bchf'> {
  /** Options of `bchf start` for the resolver. */
  flags?: Record<string, unknown>;
  signal: AbortSignal;
  onFailure: (error: Error) => void;
}

/** `undefined` where the signal came first. Rejects where the generator ends without an outcome. */
export async function measureRegistrations(options: LoadOptions): Promise<LoadOutcome | undefined> {
  const { flags, signal, onFailure, ...request } = options;
  const consortium = await startConsortium({ signal, onFailure, ...(flags && { flags }) });
  if (!consortium) return undefined;
  try {
    for (const bodies of terminalsOnLedger(options)) await consortium.commit(bodies);
    return await generateLoad({ bchf: consortium.bchf, ...request }, signal);
  } finally {
    await consortium.stop();
  }
}

/** The load alone, on a BCHF that is there or not; `undefined` where the signal ended it. */
export async function generateLoad(
  request: LoadRequest,
  signal: AbortSignal,
): Promise<LoadOutcome | undefined> {
  const file = new URL('./load-process.js', import.meta.url);
  const child = fork(file, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const onAbort = () => child.kill('SIGKILL');
  signal.addEventListener('abort', onAbort);
  try {
    child.send(request);
    const answered = once(child, 'message') as Promise<[LoadOutcome]>;
    const [outcome] = await Promise.race([answered, exited]);
    if (typeof outcome === 'object' && outcome !== null) return outcome;
    if (signal.aborted) return undefined;
    throw new Error(`the generator ended with ${outcome}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    child.kill('SIGKILL');
    await exited;
  }
}

/** What is on the ledger, a block after the other: routes, the pool, the runs of both networks, keys. */
function* terminalsOnLedger({
  roamerPercent,
  terminals,
  credentials,
}: LoadOptions): Generator<TransactionBody[]> {
  yield SIDES.map((side) => {
    const { member } = NETWORKS[side];
    const route = routeTo('5g', side, `${member}-load`, LOAD_ADDRESSES[side]);
    return { kind: 'declare-routes', member, routes: [route] };
  });
  const { member } = NETWORKS.home;
  const all = { from: loadKey(0), to: loadKey(terminals - 1) };
  yield [{ kind: 'inject-pool', member, identity: 'imsi', ranges: [all] }];
  for (const side of SIDES) {
    const { member: owner } = NETWORKS[side];
    const cells = Array.from({ length: terminals / CELL }, (_, cell) =>
      placesOf(cell * CELL, CELL, side, roamerPercent),
    ).filter((places) => places.length > 0);
    const ranges = cells.map((own) => ({ from: loadKey(own[0]!), to: loadKey(own.at(-1)!) }));
    if (ranges.length === 0) continue;
    const route = `${owner}-load`;
    yield [{ kind: 'allocate', member: owner, identity: 'imsi', ranges, route }];
    if (!credentials) continue;
    const keys = placesOf(0, terminals, side, roamerPercent).map((place) => ({
      number: loadKey(place),
      publicKey: rawPublicKey(loadPrivateKey(place)),
    }));
    yield [{ kind: 'register-terminal-keys', member: owner, identity: 'imsi', keys }];
  }
}

/** Places of one side, of `count` from `first` on. */
function placesOf(first: number, count: number, side: Side, roamerPercent: number): number[] {
  const places = Array.from({ length: count }, (_, at) => first + at);
  return places.filter((place) => sideOf(place, roamerPercent) === side);
}

/** Whether every registration was begun, and accepted by the right element. */
export function isWell({ wrong, failed, unsent }: LoadOutcome): boolean {
  return wrong === 0 && unsent === 0 && Object.keys(failed).length === 0;
}

/** A generator that begins so late, in one of a hundred cases, is slower than the rate. */
const DELAY_US_LIMIT = 5000;

function isBottleneck({ unsent, delayP99Us }: LoadOutcome): boolean {
  return unsent > 0 || delayP99Us > DELAY_US_LIMIT;
}

/** The outcome for people. */
export function formatLoad(options: Omit<LoadRequest, 'bchf'>, outcome: LoadOutcome): string {
  const { perSecond, seconds, roamerPercent, order, by, credentials } = options;
  const { elapsedMs, begun, accepted, wrong, failed, unsent, latencyUs } = outcome;
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const names = {
    all: 'registrations',
    home: '  of home users',
    roamers: '  of roamers',
    lookups: 'look-ups at the BCHF',
  } as const;
  const rows = Object.entries(names).map(([name, title]) => {
    const { count: total, p50, p90, p99, p99_9, max } = latencyUs[name as keyof typeof names];
    return [title, total, (total * 1000) / elapsedMs, p50, p90, p99, p99_9, max];
  });
  const head = ['', 'count', 'a second', 'p50 µs', 'p90', 'p99', 'p99.9', 'max'];
  const cells = rows.map(([title, ...values]) => [
    title as string,
    ...values.map((one) => count(Number(one))),
  ]);
  const lines = [head, ...cells].map(([title, ...values]) =>
    [title!.padEnd(22), ...values.map((value) => value.padStart(10))].join(''),
  );
  const causes = Object.entries(failed).map(([cause, times]) => `${count(times)} ${cause}`);
  return [
    `${count(perSecond)} registrations a second for ${seconds} s, ${roamerPercent}% roamers, ` +
      `${order.join(' then ')}, BCHF by ${by}${credentials ? ', credentials checked twice' : ''}`,
    '',
    ...lines,
    '',
    `begun ${count(begun)}, accepted by the right element ${count(accepted)}, wrong ${count(wrong)}, ` +
      `failed ${causes.length > 0 ? causes.join(', ') : '0'}, not begun ${count(unsent)}`,
    `the generator began 99% within ${count(outcome.delayP99Us)} µs of their time, with ` +
      `${outcome.cpuPercent.toFixed(0)}% of a processor` +
      (isBottleneck(outcome) ? ': it was the bottleneck, and these figures are its own' : ''),
    '',
  ].join('\n');
}
