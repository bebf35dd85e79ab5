// The generator of the load, a process of its own: an AMF, as far as figure 7 goes, with registrations that
// are due at fixed times whether or not those before them are done.
//
// The AMF's procedure, the look-ups at the BCHF and the user data are those of the elements. The UDMs are
// tables in this process, so that what is measured is the BCHF and not an HTTP/2 stack on the same cores.

import { randomBytes } from 'node:crypto';
import type { Histogram } from 'hdr-histogram-js';
import {
  CREDENTIAL_WINDOW_MS,
  makeCredential,
  NONCE_BYTES,
} from '../../ledger/credential-codec.ts';
import { rawPublicKey } from '../../ledger/ed25519.ts';
import { createRandom } from '../../ledger/population/random.ts';
import { measureUsage } from '../../loadtest/generator-usage.ts';
import { createLatencyHistogram, recordMs } from '../../loadtest/load-report.ts';
import { runPaced } from '../../loadtest/pacer.ts';
import { RatePlan } from '../../loadtest/rate-plan.ts';
import { BchfClient } from './bchf-source.ts';
import { NETWORKS, SIDES, type Side } from './country.ts';
import { Directory } from './directory.ts';
import { GENERATION } from './generation.ts';
import {
  LOAD_ADDRESSES,
  type LoadLatencies,
  type LoadOutcome,
  type LoadRequest,
  loadImsi,
  loadKey,
  loadMsisdn,
  loadPrivateKey,
  sideOf,
} from './load-plan.ts';
import { LocationUpdates } from './location-update.ts';
import { refused } from './operations.ts';
import { Peers } from './peers.ts';
import { type RegistrationPlan, registerTerminal } from './registration.ts';
import { type Subscriber, SubscriberStore } from './subscriber-store.ts';
import type { Trace } from './trace.ts';

/** Registrations under way; what is due beyond is not begun, and counted. */
const UNDER_WAY_MAX = 20_000;
/** How long one look-up may take: a registration waits for it. */
const TIMEOUT_MS = 1000;

process.once('message', async (request: LoadRequest) => {
  const { warmUpSeconds, seconds } = request;
  const core = openCore(request);
  if (request.credentials) core.makeCredentials(request.perSecond * (warmUpSeconds + seconds));
  if (warmUpSeconds > 0) await runLoad(request, core, warmUpSeconds);
  process.send!(await runLoad(request, core, seconds));
  await core.close();
  process.disconnect();
});

interface LoadCore {
  plan: RegistrationPlan;
  /** By place. */
  subscribers: readonly Subscriber[];
  /** The terminal that registers next, and its credential. */
  next(): { place: number; credential?: string | undefined };
  makeCredentials(count: number): void;
  /** Of look-ups at the BCHF. */
  lookups: Histogram;
  close(): Promise<void>;
}

function openCore(request: LoadRequest): LoadCore {
  const { bchf, terminals, roamerPercent, order, by, seed, credentials } = request;
  const random = createRandom(seed);
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
  const trace: Trace = (event) => {
    if (event.kind === 'exchange') recordMs(lookups, event.answeredMs - event.sentMs);
  };
  const peers = new Peers('AMF', TIMEOUT_MS, trace);
  const { plmn: network } = NETWORKS.home;
  const directory = new Directory(networks);
  const { nfType } = GENERATION['5g'];
  const client = new BchfClient({ self: 'AMF', network, nfType, peers, trace, directory });
  client.settings = { bchfs: [bchf], timeoutMs: TIMEOUT_MS, keepMs: 0 };
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
  { perSecond, roamerPercent }: LoadRequest,
  { plan, subscribers, next, lookups }: LoadCore,
  seconds: number,
): Promise<LoadOutcome> {
  const latencies = {
    all: createLatencyHistogram(),
    home: createLatencyHistogram(),
    other: createLatencyHistogram(),
  };
  const failed: Record<string, number> = {};
  const counts = { begun: 0, accepted: 0, wrong: 0, refusedHere: 0 };
  let underWay = 0;
  let onIdle = () => {};
  lookups.reset();

  async function register(intendedMs: number): Promise<void> {
    if (underWay >= UNDER_WAY_MAX) {
      counts.refusedHere++;
      return;
    }
    underWay++;
    counts.begun++;
    const { place, credential } = next();
    const subscriber = subscribers[place]!;
    subscriber.location = undefined;
    const result = await registerTerminal({ imsi: subscriber.imsi, credential }, plan);
    const latencyMs = performance.now() - intendedMs;
    recordMs(latencies.all, latencyMs);
    recordMs(latencies[sideOf(place, roamerPercent)], latencyMs);
    // The right element has noted where its user is, and told the user's own number.
    const isRight = result.ok && subscriber.location && result.data.msisdn === subscriber.msisdn;
    if (isRight) counts.accepted++;
    else if (result.ok) counts.wrong++;
    else failed[result.cause] = (failed[result.cause] ?? 0) + 1;
    underWay--;
    if (underWay === 0) onIdle();
  }

  const usageSince = measureUsage();
  const { elapsedMs, sendDelays, unsent } = await runPaced({
    plan: RatePlan.constant(perSecond, seconds * 1000),
    countMax: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    send: register,
    nowMs: () => performance.now(),
    defer: setImmediate,
  });
  const { cpuMs } = usageSince();
  if (underWay > 0) {
    await new Promise<void>((resolve) => {
      onIdle = resolve;
    });
  }
  const { begun, accepted, wrong, refusedHere } = counts;
  return {
    elapsedMs,
    begun,
    unsent: refusedHere + unsent,
    accepted,
    wrong,
    failed,
    latencyUs: {
      all: latenciesOf(latencies.all),
      home: latenciesOf(latencies.home),
      roamers: latenciesOf(latencies.other),
      lookups: latenciesOf(lookups),
    },
    delayP99Us: sendDelays.getValueAtPercentile(99),
    cpuPercent: (cpuMs * 100) / elapsedMs,
  };
}

function latenciesOf(histogram: Histogram): LoadLatencies {
  const at = (percent: number) =>
    histogram.totalCount > 0 ? histogram.getValueAtPercentile(percent) : 0;
  return {
    count: histogram.totalCount,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p99_9: at(99.9),
    max: at(100),
  };
}
