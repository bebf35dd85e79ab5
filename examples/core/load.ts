// `bchf demo --load`: a consortium with a hundred thousand terminals, the generator as a process beside it,
// and what registrations at a rate come to.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { startConsortium } from './consortium.ts';
import { NETWORKS, routeTo, SIDES } from './country.ts';
import {
  CELL,
  LOAD_ADDRESSES,
  type LoadOutcome,
  type LoadRequest,
  loadKey,
  sideOf,
  TERMINALS,
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
    await consortium.commit([...terminalsOnLedger(options.roamerPercent)]);
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

/** The pool of the load: its routes, and the runs of both networks. */
function* terminalsOnLedger(roamerPercent: number): Generator<TransactionBody> {
  for (const side of SIDES) {
    const { member } = NETWORKS[side];
    const route = routeTo('5g', side, `${member}-load`, LOAD_ADDRESSES[side]);
    yield { kind: 'declare-routes', member, routes: [route] };
  }
  const all = { from: loadKey(0), to: loadKey(TERMINALS - 1) };
  const { member } = NETWORKS.home;
  yield { kind: 'inject-pool', member, identity: 'imsi', ranges: [all] };
  for (const side of SIDES) {
    const ranges = [];
    for (let cell = 0; cell < TERMINALS; cell += CELL) {
      const places = Array.from({ length: CELL }, (_, at) => cell + at);
      const own = places.filter((place) => sideOf(place, roamerPercent) === side);
      if (own.length > 0) ranges.push({ from: loadKey(own[0]!), to: loadKey(own.at(-1)!) });
    }
    if (ranges.length === 0) continue;
    const { member: owner } = NETWORKS[side];
    const route = `${owner}-load`;
    yield { kind: 'allocate', member: owner, identity: 'imsi', ranges, route };
  }
}

/** Whether every registration was begun, and accepted by the right element. */
export function isWell({ wrong, failed, unsent }: LoadOutcome): boolean {
  return wrong === 0 && unsent === 0 && Object.keys(failed).length === 0;
}

/** The outcome for people. */
export function formatLoad(options: Omit<LoadRequest, 'bchf'>, outcome: LoadOutcome): string {
  const { perSecond, seconds, roamerPercent, order, by } = options;
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
      `${order.join(' then ')}, BCHF by ${by}`,
    '',
    ...lines,
    '',
    `begun ${count(begun)}, accepted by the right element ${count(accepted)}, wrong ${count(wrong)}, ` +
      `failed ${causes.length > 0 ? causes.join(', ') : '0'}, not begun ${count(unsent)}`,
    `the generator began 99% within ${count(outcome.delayP99Us)} µs of their time, with ` +
      `${outcome.cpuPercent.toFixed(0)}% of a processor`,
    '',
  ].join('\n');
}
