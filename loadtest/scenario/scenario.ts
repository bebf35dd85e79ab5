// What a scenario is: streams of requests over interfaces, a rate over time in phases, and what happens
// meanwhile. Written as YAML or JSON; docs/loadtest.md tells it with examples.
//
// Owns the schema and what follows from it. Reads no files.

import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { IDENTITIES } from '../../ledger/number.ts';
import {
  FRAGMENTED_DEFAULT,
  FRAGMENTED_MAX,
  PORTED_MAX,
} from '../../ledger/population/population.ts';
import { SAMPLE_KINDS } from '../../ledger/population/sample.ts';
import { NUMBERS_MAX } from '../../resolver/udp/batch-codec.ts';
import { CONNECTIONS_MAX, DURATION_S_MAX, LoadtestError, RATE_MAX } from '../load-options.ts';
import { MIX_DEFAULT } from '../population-source.ts';
import { type RatePiece, RatePlan } from '../rate-plan.ts';

const rate = z.number().min(0).max(RATE_MAX);
/** Nothing shorter is measured, and a phase of many such parts would fill the memory. */
const seconds = z.number().min(0.001).max(DURATION_S_MAX);
const port = z.int().min(1).max(65_535);
const name = z.string().min(1).max(80);
const share = z.number().min(0).max(1e9);

/** Interfaces that a stream can load. */
export const INTERFACES = ['http', 'batch', 'enum', 'pdb'] as const;
/** Those that name telephone numbers only. */
export const TELEPHONE_INTERFACES: readonly string[] = ['enum', 'pdb'];
export type Interface = (typeof INTERFACES)[number];

const streamSchema = z.strictObject({
  name: name.optional(),
  interface: z.enum(INTERFACES),
  /** Of the scenario's lookups, beside the shares of the other streams. */
  share: share.default(1),
  identity: z.enum(IDENTITIES).optional(),
  /** Shares of the kinds of number. */
  mix: z
    .partialRecord(z.enum(SAMPLE_KINDS), share)
    .refine((mix) => Object.values(mix).some((one) => one > 0), 'has no share above 0')
    .default(MIX_DEFAULT as Record<string, number>),
  /** How often which number is asked for; with zipf the k-th in proportion to 1 / k^exponent. */
  skew: z
    .union([z.literal('uniform'), z.strictObject({ zipf: z.number().positive().max(10) })], {
      error: 'is neither uniform nor { zipf } with an exponent above 0, at most 10',
    })
    .default('uniform'),
  connections: z.int().min(1).max(CONNECTIONS_MAX).default(8),
  /** Numbers in a datagram of the batch protocol. */
  batch: z.int().min(1).max(NUMBERS_MAX).default(100),
  timeoutMs: z.int().min(1).max(60_000).default(1000),
});

const phaseSchema = z.strictObject({
  name: name.optional(),
  seconds,
  /** Lookups a second of all streams together. */
  rate: z.union(
    [
      rate,
      z.strictObject({ from: rate, to: rate }),
      z.strictObject({ from: rate, to: rate, steps: z.int().min(2).max(1000) }),
      z.strictObject({ base: rate, burst: rate, everySeconds: seconds, burstSeconds: seconds }),
    ],
    {
      error:
        `is no rate: a number from 0 to ${RATE_MAX}, { from, to }, { from, to, steps } with 2 to 1000 ` +
        'steps, or { base, burst, everySeconds, burstSeconds }',
    },
  ),
  /** Left out of the totals and of the knee. */
  warmUp: z.boolean().default(false),
});

const actionSchema = z.strictObject({
  name: name.optional(),
  atSeconds: z.number().min(0).max(DURATION_S_MAX),
  /** A command with its arguments, without a shell. */
  run: z.array(z.string().max(4096)).min(1).max(100).optional(),
  /** An HTTP request. */
  request: z
    .strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('POST'),
      url: z.url(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z
        .string()
        .max(1 << 20)
        .optional(),
    })
    .optional(),
});

export const scenarioSchema = z.strictObject({
  name: name.default('scenario'),
  target: z
    .strictObject({
      host: z.string().min(1).max(255).default('127.0.0.1'),
      http: port.default(8080),
      batch: port.default(5350),
      enum: port.default(5300),
      pdb: port.default(5574),
      /** Where the server's own metrics are; an empty text: nowhere. */
      metrics: z.union([z.literal(''), z.url()]).default('http://127.0.0.1:8081/metrics'),
      enumSuffix: z.string().min(1).max(200).default('e164.arpa'),
    })
    .prefault({}),
  population: z
    .strictObject({
      ported: z.int().min(0).max(PORTED_MAX).default(1_000_000),
      fragmented: z.int().min(0).max(FRAGMENTED_MAX).default(FRAGMENTED_DEFAULT),
      profile: z.union([z.literal(5), z.literal(25), z.literal(60)]).default(25),
      seed: z
        .int()
        .min(0)
        .max(2 ** 32 - 1)
        .default(1),
      /** Whether the resolver moves numbers meanwhile: then those are not asked for. */
      moving: z.boolean().default(false),
    })
    .prefault({}),
  streams: z.array(streamSchema).min(1).max(32),
  phases: z.array(phaseSchema).min(1).max(1000),
  actions: z.array(actionSchema).max(100).default([]),
  stop: z
    .strictObject({
      /** Of the lookups that were due in a second. */
      lostPercent: z.number().min(0).max(100).optional(),
      /** Wrong and failed answers in all. */
      failed: z.int().min(0).optional(),
      p99Ms: z.number().positive().optional(),
    })
    .prefault({}),
  /** Threads of the generator; each runs its part of every stream. */
  threads: z.int().min(1).max(64).default(1),
  /** Different numbers that each thread asks for in each stream; drawn before the run. */
  numbers: z.int().min(1).max(10_000_000).default(100_000),
  /** Seed of what is asked for; the population has its own. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Stream = Scenario['streams'][number];
export type Phase = Scenario['phases'][number];
export type Action = Scenario['actions'][number];

/** Longest run of all phases together. */
const SECONDS_MAX = DURATION_S_MAX;
/** Numbers that all threads draw for all streams: each takes some 160 bytes. */
const NUMBERS_DRAWN_MAX = 20_000_000;
/** Bursts of all phases together: each is two pieces of the plan, in every thread and stream. */
const BURSTS_MAX = 100_000;

/**
 * Reads a scenario from text, YAML or JSON (which is YAML). Throws BCHF_LOADTEST_SCENARIO with a line
 * for each problem.
 */
export function parseScenario(text: string): Scenario {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new LoadtestError('BCHF_LOADTEST_SCENARIO', (cause as Error).message, { cause });
  }
  const parsed = scenarioSchema.safeParse(value);
  const problems = parsed.success
    ? problemsOf(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'scenario'}: ${message}`);
  if (!parsed.success || problems.length > 0) {
    throw new LoadtestError('BCHF_LOADTEST_SCENARIO', problems.join('\n'));
  }
  return parsed.data;
}

/** What no schema tells. */
function problemsOf({ streams, phases, actions, threads, numbers }: Scenario): string[] {
  const total = totalSeconds(phases);
  const drawn = threads * streams.length * numbers;
  const bursts = phases.reduce((sum, phase) => sum + burstCount(phase), 0);
  return [
    ...(total > SECONDS_MAX ? [`phases: ${total} seconds in all, at most ${SECONDS_MAX}`] : []),
    ...(bursts > BURSTS_MAX ? [`phases: ${bursts} bursts in all, at most ${BURSTS_MAX}`] : []),
    ...(drawn > NUMBERS_DRAWN_MAX
      ? [`numbers: ${drawn} for all threads and streams, at most ${NUMBERS_DRAWN_MAX}`]
      : []),
    ...(bursts <= BURSTS_MAX && planOf(phases).plan.count === 0
      ? ['phases: no lookup is ever due']
      : []),
    ...(streams.every((stream) => stream.share === 0) ? ['streams: no share is above 0'] : []),
    ...streams.flatMap((stream, at) =>
      TELEPHONE_INTERFACES.includes(stream.interface) && stream.identity === 'imsi'
        ? [`streams.${at}: ${stream.interface} knows no IMSIs`]
        : [],
    ),
    ...phases.flatMap(({ rate }, at) =>
      typeof rate === 'object' && 'everySeconds' in rate && rate.burstSeconds > rate.everySeconds
        ? [`phases.${at}.rate: a burst is longer than the time from one to the next`]
        : [],
    ),
    ...actions.flatMap(({ atSeconds, run, request }, at) => [
      ...((run === undefined) === (request === undefined)
        ? [`actions.${at}: has run or request, and not both`]
        : []),
      ...(atSeconds > total ? [`actions.${at}: at ${atSeconds} s the run is over`] : []),
    ]),
  ];
}

export function totalSeconds(phases: readonly Phase[]): number {
  return phases.reduce((sum, phase) => sum + phase.seconds, 0);
}

function burstCount({ seconds, rate }: Phase): number {
  const hasBursts = typeof rate === 'object' && 'everySeconds' in rate;
  return hasBursts ? Math.ceil(seconds / rate.everySeconds) : 0;
}

/** What a stream is called. */
export function streamName(stream: Stream, at: number): string {
  return stream.name ?? `${stream.interface} ${at + 1}`;
}

/** A part of a phase in which the rate does not jump: what a curve has one point for. */
export interface Window {
  phase: string;
  fromSecond: number;
  toSecond: number;
  /** Lookups a second that are offered on average. */
  offeredPerSecond: number;
  warmUp: boolean;
}

/** The windows of the phases, and the pieces of the rate plan of all streams together. */
export function planOf(phases: readonly Phase[]): { plan: RatePlan; windows: Window[] } {
  const pieces: RatePiece[] = [];
  const windows: Window[] = [];
  let at = 0;
  phases.forEach((phase, position) => {
    const label = phase.name ?? `phase ${position + 1}`;
    const addWindow = (seconds: number, offeredPerSecond: number, suffix = '') => {
      const window = { phase: label + suffix, fromSecond: at, toSecond: at + seconds };
      windows.push({ ...window, offeredPerSecond, warmUp: phase.warmUp });
      at += seconds;
    };
    const parts = piecesOf(phase);
    for (const part of parts) pieces.push(part);
    const { rate } = phase;
    if (typeof rate === 'object' && 'steps' in rate) {
      parts.forEach((piece, step) => {
        addWindow(piece.durationMs / 1000, piece.from, `, step ${step + 1}`);
      });
      return;
    }
    const count = parts.reduce(
      (sum, { durationMs, from, to }) => sum + durationMs * (from + to),
      0,
    );
    addWindow(phase.seconds, count / 2000 / phase.seconds);
  });
  return { plan: new RatePlan(pieces), windows };
}

function piecesOf({ seconds, rate }: Phase): RatePiece[] {
  const durationMs = seconds * 1000;
  if (typeof rate === 'number') return [{ durationMs, from: rate, to: rate }];
  if ('steps' in rate) {
    const { from, to, steps } = rate;
    return Array.from({ length: steps }, (_, step) => {
      const level = from + ((to - from) * step) / (steps - 1);
      return { durationMs: durationMs / steps, from: level, to: level };
    });
  }
  if ('to' in rate) return [{ durationMs, from: rate.from, to: rate.to }];
  const pieces: RatePiece[] = [];
  const add = (level: number, lengthMs: number) => {
    if (lengthMs > 0) pieces.push({ durationMs: lengthMs, from: level, to: level });
  };
  const burstMs = rate.burstSeconds * 1000;
  const restMs = rate.everySeconds * 1000 - burstMs;
  for (let leftMs = durationMs; leftMs > 1e-6; ) {
    add(rate.base, Math.min(restMs, leftMs));
    add(rate.burst, Math.min(burstMs, leftMs - restMs));
    leftMs -= restMs + burstMs;
  }
  return pieces;
}
