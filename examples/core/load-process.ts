// The generator of the load, a process of its own: an AMF, as far as figure 7 goes, with registrations that
// are due at fixed times whether or not those before them are done.
//
// The AMF's procedure, the lookups at the BCHF and the user data are those of the elements. The UDMs are
// tables in this process, so that what is measured is the BCHF and not an HTTP/2 stack on the same cores.

import { randomBytes } from 'node:crypto';
import { encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import {
  CREDENTIAL_WINDOW_MS,
  makeCredential,
  NONCE_BYTES,
} from '../../ledger/credential-codec.ts';
import { rawPublicKey } from '../../ledger/ed25519.ts';
import { createRandom, deriveKey } from '../../ledger/population/random.ts';
import { measureUsage, sampleGenerator } from '../../loadtest/generator-usage.ts';
import { HttpConnections } from '../../loadtest/http-connections.ts';
import { LatencySeries } from '../../loadtest/latency-series.ts';
import {
  createLatencyHistogram,
  createLoadCounts,
  EXAMPLES_MAX,
  recordMs,
} from '../../loadtest/load-report.ts';
import { runPaced } from '../../loadtest/pacer.ts';
import type { RatePlan } from '../../loadtest/rate-plan.ts';
import { planOf, totalSeconds } from '../../loadtest/scenario/scenario.ts';
import type { StreamResult } from '../../loadtest/scenario/scenario-thread.ts';
import { type Bchf, BchfClient } from './bchf-source.ts';
import { NETWORKS, SIDES, type Side } from './country.ts';
import { Directory } from './directory.ts';
import type { NoAnswer } from './frame-client.ts';
import { GENERATION } from './generation.ts';
import {
  type GeneratorEvent,
  type GeneratorOutcome,
  type GeneratorStart,
  LOAD_ADDRESSES,
  loadImsi,
  loadKey,
  loadMsisdn,
  loadPrivateKey,
  sideOf,
} from './load-plan.ts';
import { LocationUpdates } from './location-update.ts';
import { refused } from './operations.ts';
import { httpAnswer, type Peers } from './peers.ts';
import { type RegistrationPlan, registerTerminal } from './registration.ts';
import { type Subscriber, SubscriberStore } from './subscriber-store.ts';
import type { Trace } from './trace.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

/** Registrations under way; what is due beyond is not begun, and counted. */
const UNDER_WAY_MAX = 20_000;
const CONNECTIONS = 64;

const post = (event: GeneratorEvent) => process.send!(event);

process.once('message', async (start: GeneratorStart) => {
  const { generators, phases } = start;
  const plan = planOf([...phases]).plan.scaled(1 / generators);
  const core = openCore(start);
  if (start.credentials) core.makeCredentials(plan.count);
  process.once('message', async () => {
    post({ type: 'done', outcome: await runLoad(start, core, plan) });
    await core.close();
    process.disconnect();
  });
  post({ type: 'ready' });
});

interface LoadCore {
  plan: RegistrationPlan;
  /** By place. */
  subscribers: readonly Subscriber[];
  /** The terminal that registers next, and its credential. */
  next(): { place: number; credential?: string | undefined };
  makeCredentials(count: number): void;
  /** Of lookups at the BCHF. */
  lookups: Histogram;
  close(): Promise<void>;
}

function openCore(start: GeneratorStart): LoadCore {
  const { bchf, terminals, roamerPercent, order, by, credentials, timeoutMs } = start;
  const random = createRandom(deriveKey(start.seed, `generator ${start.generator}`));
  const made: { place: number; credential: string }[] = [];
  const subscribers: Subscriber[] = [];
  const stores = { home: new SubscriberStore(), other: new SubscriberStore() };
  for (let place = 0; place < terminals; place++) {
    const subscriber = {
      imsi: loadImsi(place),
      msisdn: loadMsisdn(place),
      publicKey: credentials
        ? Buffer.from(rawPublicKey(loadPrivateKey(place))).toString('hex')
        : '',
      barredNetworks: [],
    };
    subscribers.push(subscriber);
    stores[sideOf(place, roamerPercent)].open(subscriber);
  }
  const updates = new Map(
    SIDES.map((side) => {
      const { plmn: network } = NETWORKS[side];
      const element = new LocationUpdates({ store: stores[side], network, now: Date.now });
      return [LOAD_ADDRESSES[side], element];
    }),
  );
  const peerOf = (side: Side) => ({ name: `UDM ${side}`, address: LOAD_ADDRESSES[side] });
  const networks = SIDES.map((side) => ({ ...NETWORKS[side], data: peerOf(side) }));
  const lookups = createLatencyHistogram();
  // Of what has no message of its own: the batch protocol.
  const trace: Trace = (event) => {
    if (event.kind === 'exchange') recordMs(lookups, event.answeredMs - event.sentMs);
  };
  const peers = new LookupPeers(bchf, lookups);
  const { plmn: network } = NETWORKS.home;
  const directory = new Directory(networks);
  const { nfType } = GENERATION['5g'];
  const client = new BchfClient({ self: 'AMF', network, nfType, peers, trace, directory });
  client.settings = { bchfs: [bchf], timeoutMs, keepMs: 0 };
  return {
    plan: {
      network,
      servingNode: '192.0.2.1:8080',
      order,
      by,
      local: peerOf('home'),
      bchf: client,
      updateLocation: async ({ address }, operation) => {
        const element = updates.get(address);
        if (operation.kind !== 'update-location' || !element) return refused('unreachable');
        return element.perform(operation);
      },
    },
    subscribers,
    next: () => made.pop() ?? { place: random.below(terminals) },
    makeCredentials(count) {
      const keys = subscribers.map((_, place) => loadPrivateKey(place));
      // In the middle of what is left of their window, so that they count for as long as there is.
      const timeMs = Date.now() + CREDENTIAL_WINDOW_MS / 2;
      for (let left = count; left > 0; left--) {
        const place = random.below(terminals);
        const ueId = { identity: 'imsi', key: loadKey(place) } as const;
        const nonce = randomBytes(NONCE_BYTES);
        const claims = { ueId, servingNetwork: network, timeMs, nonce };
        made.push({ place, credential: makeCredential(claims, keys[place]!) });
      }
    },
    lookups,
    async close() {
      peers.close();
      await client.close();
    },
  };
}

async function runLoad(
  { roamerPercent, phases }: GeneratorStart,
  { plan, subscribers, next, lookups }: LoadCore,
  rates: RatePlan,
): Promise<GeneratorOutcome> {
  const streams = { home: openStream(), other: openStream() };
  const failed: Record<string, number> = {};
  const warmUpMs = totalSeconds(phases.filter(({ warmUp }) => warmUp)) * 1000;
  let isWarm = false;
  /** How late what was due after the warm-up was begun. */
  const delays = createLatencyHistogram();
  let underWay = 0;
  let onIdle = () => {};

  async function register(intendedMs: number, dueMs: number): Promise<void> {
    if (!isWarm && dueMs >= warmUpMs) {
      isWarm = true;
      lookups.reset();
    }
    if (isWarm) recordMs(delays, performance.now() - intendedMs);
    const { place, credential } = next();
    const { counts, series, fail } = streams[sideOf(place, roamerPercent)];
    if (underWay >= UNDER_WAY_MAX) {
      counts.unsent++;
      return;
    }
    underWay++;
    counts.sent++;
    series.sent(dueMs, 1);
    const subscriber = subscribers[place]!;
    subscriber.location = undefined;
    const result = await registerTerminal({ imsi: subscriber.imsi, credential }, plan);
    if (!result.ok) failed[result.cause] = (failed[result.cause] ?? 0) + 1;
    if (!result.ok && result.cause === 'timed-out') {
      counts.lost++;
      series.lost(dueMs, 1);
    } else {
      counts.answered++;
      counts.responses++;
      series.answered(dueMs, performance.now() - intendedMs, 1);
      // The right element has noted where its user is, and told the user's own number.
      const isRight = result.ok && subscriber.location && result.data.msisdn === subscriber.msisdn;
      if (!result.ok) fail('errors', dueMs, `${subscriber.imsi}: ${result.cause}`);
      else if (!isRight) fail('wrong', dueMs, `${subscriber.imsi}: not by its own element`);
    }
    underWay--;
    if (underWay === 0) onIdle();
  }

  const usageSince = measureUsage();
  const own = sampleGenerator(performance.now(), () => performance.now());
  const { elapsedMs, unsent } = await runPaced({
    plan: rates,
    countMax: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    send: register,
    nowMs: () => performance.now(),
    defer: setImmediate,
  });
  const { cpuMs, busyMs } = usageSince();
  if (underWay > 0) {
    await new Promise<void>((resolve) => {
      onIdle = resolve;
    });
  }
  own.stop();
  // Nobody knows whose they would have been.
  streams[roamerPercent < 100 ? 'home' : 'other'].counts.unsent += unsent;
  const resultOf = ({ counts, series, examples }: OpenStream): StreamResult => ({
    counts,
    seconds: series.encode(),
    examples,
    sendDelayP99Us: delays.totalCount > 0 ? delays.getValueAtPercentile(99) : 0,
    cpuMs,
    busyMs,
    elapsedMs,
  });
  return {
    streams: { home: resultOf(streams.home), other: resultOf(streams.other) },
    lookups: encodeIntoCompressedBase64(lookups),
    failed,
    samples: own.samples,
  };
}

type OpenStream = ReturnType<typeof openStream>;

function openStream() {
  const counts = createLoadCounts();
  const series = new LatencySeries();
  const examples: string[] = [];
  return {
    counts,
    series,
    examples,
    fail(kind: 'wrong' | 'errors', dueMs: number, example: string) {
      counts[kind]++;
      series.failed(dueMs, 1);
      if (examples.length < EXAMPLES_MAX) examples.push(example);
    },
  };
}

/** Messages to the BCHF over connections that cost little; nobody else is asked over a socket. */
class LookupPeers implements Pick<Peers, 'ask'> {
  readonly #connections: HttpConnections;
  readonly #lookups: Histogram;

  constructor({ host, ports }: Bchf, lookups: Histogram) {
    const connectionsMax = CONNECTIONS;
    this.#connections = new HttpConnections({ host, port: ports.http, connectionsMax });
    this.#lookups = lookups;
  }

  async ask(
    _: unknown,
    { http }: WireRequest,
    __: unknown,
    timeoutMs = 0,
  ): Promise<WireAnswer | NoAnswer> {
    const lines = Object.entries(http!.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const sentMs = performance.now();
    const answer = await this.#connections.get(http!.path, lines.join(''), timeoutMs);
    recordMs(this.#lookups, performance.now() - sentMs);
    return typeof answer === 'string' ? answer : httpAnswer(answer.status, answer.body);
  }

  close(): void {
    this.#connections.close();
  }
}
