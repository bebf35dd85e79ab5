// The consortium that a core is tried out with: what `bchf start` does, in this process, with two members
// of a small country in place of the world's, and a way to put transactions on its ledger.
//
// The one file of the core that knows the inside of the resolver: elements know its interfaces.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveKeyPair } from '../../ledger/population/key-pairs.ts';
import { signersOf, type TransactionBody } from '../../ledger/transaction-body.ts';
import { signTransaction } from '../../ledger/transaction-codec.ts';
import { configure, startOptions } from '../../resolver/config.ts';
import { forwardOptions } from '../../resolver/forward/forward-options.ts';
import { startForward } from '../../resolver/forward/forward-service.ts';
import { createLog } from '../../resolver/log.ts';
import { silentProgress } from '../../resolver/progress.ts';
import { start } from '../../resolver/start.ts';
import type { Bchf } from './bchf-source.ts';
import { founding, NETWORKS, SIDES } from './country.ts';
import { GENERATIONS, type GenerationName } from './forms.ts';
import { plmnText } from './plmn-codec.ts';

const SEED = 1;

/** A requester that may ask for the IMSIs of the home network alone. */
export const RESTRICTED_NF_TYPE = 'NWDAF';

/** One of each generation that may ask once a second. */
export const limitedNfType = (generation: GenerationName) => `LIMITED_${generation.toUpperCase()}`;

/**
 * Elements of both networks may ask for every number, but for those that call themselves something
 * else than what they are; a credential that they pass on must be good.
 */
const ACCESS_RULES = {
  requesters: [
    {
      name: 'restricted',
      from: { nfTypes: [RESTRICTED_NF_TYPE] },
      identities: ['imsi'],
      members: [NETWORKS.home.member],
    },
    ...GENERATIONS.map((generation) => ({
      name: `limited-${generation}`,
      from: { nfTypes: [limitedNfType(generation)] },
      quota: { perSecond: 1, burst: 1 },
    })),
    {
      name: 'elements-of-members',
      from: { networks: SIDES.map((side) => plmnText(NETWORKS[side].plmn)) },
      credential: 'optional',
    },
  ],
};

/** One process plays all members, so their keys may as well follow from a seed. */
const keyPairOf = (signer: string) => deriveKeyPair(SEED, signer);

/** A BCHF that holds no replica. */
export interface RunningForwarder {
  bchf: Bchf;
  /** What came of its questions so far: each member node's URL and outcome. */
  asked(): Promise<{ node: string; outcome: string }[]>;
  stop(): Promise<void>;
}

export interface Consortium {
  bchf: Bchf;
  /** URL of the BCHF's metrics. */
  metrics: string;
  /** Starts what `bchf forward` does, before these member nodes. */
  forward(options: {
    /** URLs, in the order in which they are asked. */
    upstreams: string[];
    timeoutMs: number;
    hedgeMs: number;
  }): Promise<RunningForwarder>;
  /**
   * Signs transactions for their members, commits them in one block and resolves when the BCHF answers
   * from it. Throws where one is rejected.
   */
  commit(bodies: readonly TransactionBody[]): Promise<number>;
  stop(): Promise<void>;
}

export interface ConsortiumOptions {
  signal: AbortSignal;
  onFailure: (error: Error) => void;
}

/** `undefined` where the signal came first. */
export async function startConsortium(options: ConsortiumOptions): Promise<Consortium | undefined> {
  const { signal, onFailure } = options;
  const data = await mkdtemp(join(tmpdir(), 'bchf-core-'));
  const free = { httpPort: 0, udpPort: 0, enumPort: 0, pdbPort: 0, sbiPort: 0, adminPort: 0 };
  const accessRules = join(data, 'access.json');
  await writeFile(accessRules, JSON.stringify(ACCESS_RULES));
  const small = { seed: SEED, workers: 1, udpWorkers: 1, sbiWorkers: 1, indexMemoryMaxMib: 256 };
  const bodies = [...founding((member) => keyPairOf(member).publicKeyBytes)];
  const removeData = () => rm(data, { recursive: true, force: true });
  const started = await start({
    configuration: configure(startOptions, {
      flags: { data, accessRules, ...free, ...small },
      environment: {},
    }),
    log: createLog('error', 'text'),
    progress: silentProgress,
    signal,
    onFailure,
    foundation: {
      transactionCount: () => bodies.length,
      transactions: (first) => bodies.slice(first),
      keyPairOf,
    },
  }).catch(async (error) => {
    await removeData();
    throw error;
  });
  if (!started) {
    await removeData();
    return undefined;
  }
  const { ledger, service } = started;
  const { http, sbi, batch, enum: enumPort } = service.ports;
  // The founding's sequences are its transactions' places, so all of these are higher.
  let sequence = ledger.transactionCount;
  return {
    bchf: {
      name: 'BCHF',
      host: '127.0.0.1',
      ports: { http, sbi, batch, enum: enumPort },
    },
    metrics: `http://127.0.0.1:${service.ports.admin}/metrics`,
    forward: startForwarder,
    async commit(bodies) {
      const transactions = bodies.map((body) => {
        const keys = signersOf(body).map((signer) => keyPairOf(signer).privateKey);
        return signTransaction(body, ++sequence, ledger.chainId, keys);
      });
      const { height, results } = await started.commit(transactions);
      const at = results.findIndex(({ code }) => code !== 'OK');
      if (at >= 0) throw new Error(`${bodies[at]!.kind} was rejected: ${results[at]!.code}`);
      return height;
    },
    async stop() {
      await started.stop();
      await removeData();
    },
  };
}

const ASKED = /^bchf_forward_upstream_requests_total\{upstream="(.+)",outcome="(.+)"\} [1-9]/gm;

async function startForwarder(flags: object): Promise<RunningForwarder> {
  const configuration = configure(
    forwardOptions,
    { flags: { httpPort: 0, ...flags }, environment: {} },
    forwardOptions,
  );
  const { port, stop } = await startForward(configuration, createLog('error', 'text'));
  const host = configuration.values.host;
  return {
    // It has the HTTP interface alone.
    bchf: { name: 'forwarder', host, ports: { http: port, sbi: 0, batch: 0, enum: 0 } },
    async asked() {
      const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
      return [...metrics.matchAll(ASKED)].map(([, node, outcome]) => ({
        node: node!,
        outcome: outcome!,
      }));
    },
    stop,
  };
}
