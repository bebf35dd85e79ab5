// The BCHF as a source of whereabouts, over each interface that it has for network elements: Nbchf
// (HTTP/1.1), Nnrf_NFDiscovery and Nmnpf_NPStatus (HTTP/2), the UDP batch protocol, ENUM.
//
// Nbchf and the NRF name the element itself, and where in it the user data lies; the batch protocol the
// element. Nmnpf and ENUM name the network of a number, whose element the directory knows.
//
// A BCHF may refuse the element itself, which says nothing about the user. Where its rules do not
// let the element ask (403), the same question is not put to another BCHF, to be let in by a gap in
// its rules. Where it has had too many (429) or is overloaded (503), it is left alone for as long
// as `Retry-After` says, and the next one is asked (3GPP TS 29.500 clauses 5.2.7.2 and 6.4.2).

import { CREDENTIAL_HEADER } from '../../ledger/credential-codec.ts';
import type { Identity } from '../../ledger/number.ts';
import { parseDigits } from '../../ledger/number.ts';
import type { Plmn, Route } from '../../ledger/route.ts';
import type { BatchClient } from '../../resolver/udp/batch-client.ts';
import type { Source, Whereabouts } from './ask-in-order.ts';
import type { Directory } from './directory.ts';
import type { NoAnswer } from './frame-client.ts';
import { type Cause, type Refusal, refused } from './operations.ts';
import type { Peer, Peers } from './peers.ts';
import { isPlmn, plmnDomain, plmnOfDomain, plmnText } from './plmn-codec.ts';
import { type Judged, nowMs, type Trace } from './trace.ts';
import { compact, indexOf, labelOf, memberOf, textOf, type WireAnswer } from './wire.ts';
import { NETWORK_HEADER } from './wire-5g-codec.ts';

/** How the BCHF is asked. */
export type BchfInterface = 'nbchf' | 'nrf' | 'batch' | 'mnpf' | 'enum';

/** Where a BCHF listens. */
export interface Bchf {
  name: string;
  host: string;
  ports: { http: number; sbi: number; batch: number; enum: number };
  /** How long it may take, where that is not what holds for all. */
  timeoutMs?: number;
}

export interface BchfSettings {
  /** In the order in which they are asked: the next where one does not answer. */
  bchfs: readonly Bchf[];
  timeoutMs: number;
  /** The NF type by which an element calls itself (3GPP TS 29.500 clause 5.2.2.2); absent: AMF, where it must. */
  requesterNfType?: string | undefined;
  /** How long an answer is kept, at most; the NRF says for how long it may be. 0: not at all. */
  keepMs: number;
}

export interface BchfQuestion {
  identity: Identity;
  digits: string;
  by: BchfInterface;
  credential?: string | undefined;
}

type Told = Whereabouts & { validMs?: number };

const UDP_TRIES = 4;
/** How long a BCHF is left alone that does not say for how long, and that says for very long. */
const HELD_OFF_MS = 1000;
const HELD_OFF_MS_MAX = 300_000;
/** Causes after which the next BCHF is asked: silence, faults and overload. Whoever else answers decides. */
const ASK_NEXT: readonly Cause[] = ['unreachable', 'timed-out', 'failure', 'congestion'];

/** Answers kept by an element. */
const KEPT_MAX = 10_000;

export class BchfClient {
  readonly #self: string;
  readonly #network: Plmn;
  /** What the user data of this generation lies in. */
  readonly #nfType: Route['nfType'];
  readonly #peers: Pick<Peers, 'ask'>;
  readonly #trace: Trace;
  readonly #now: () => number;
  readonly #kept = new Map<string, { where: Whereabouts; untilMs: number }>();
  /** By name of a BCHF, until when it is not to be asked. */
  readonly #heldOffUntilMs = new Map<string, number>();
  readonly #batchClients = new Map<number, Promise<BatchClient>>();
  /** Routes by number that the batch protocol told, while its table of them is the same. */
  #routes = new Map<number, Route>();
  #routeTableVersion: number | undefined;
  settings: BchfSettings = { bchfs: [], timeoutMs: 1000, keepMs: 0 };
  readonly #directory: Directory;

  constructor(options: {
    self: string;
    network: Plmn;
    nfType: Route['nfType'];
    peers: Pick<Peers, 'ask'>;
    trace: Trace;
    directory: Directory;
    /** Milliseconds since 1970; those of the trace if not given. */
    now?: () => number;
  }) {
    this.#self = options.self;
    this.#network = options.network;
    this.#nfType = options.nfType;
    this.#peers = options.peers;
    this.#trace = options.trace;
    this.#now = options.now ?? nowMs;
    this.#directory = options.directory;
  }

  source(question: BchfQuestion): Source {
    return { isAuthoritative: true, find: (isFresh) => this.#find(question, isFresh) };
  }

  async close(): Promise<void> {
    // One that could not be opened has told so to whoever asked.
    const clients = await Promise.allSettled(this.#batchClients.values());
    await Promise.all(
      clients.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)),
    );
  }

  async #find(question: BchfQuestion, isFresh: boolean): Promise<Whereabouts | Refusal> {
    const name = `${question.by} ${question.identity}-${question.digits}`;
    const kept = this.#kept.get(name);
    if (kept && !isFresh && kept.untilMs > this.#now()) return { ...kept.where, isKept: true };
    this.#kept.delete(name);
    const { bchfs, keepMs } = this.settings;
    let told: Told | Refusal = refused('unreachable', 'no BCHF');
    for (const bchf of bchfs) {
      told =
        (this.#heldOffUntilMs.get(bchf.name) ?? 0) > this.#now()
          ? refused('congestion', `${bchf.name} is left alone`)
          : await this.#askOne(bchf, question);
      if ('element' in told || !ASK_NEXT.includes(told.cause)) break;
    }
    if ('element' in told) {
      const { validMs = keepMs, ...where } = told;
      const forMs = Math.min(validMs, keepMs);
      if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
      if (forMs > 0) this.#kept.set(name, { where, untilMs: this.#now() + forMs });
      return where;
    }
    return told;
  }

  #askOne(bchf: Bchf, question: BchfQuestion): Promise<Told | Refusal> {
    switch (question.by) {
      case 'nbchf':
        return this.#askNbchf(bchf, question);
      case 'nrf':
        return this.#askNrf(bchf, question);
      case 'mnpf':
        return this.#askMnpf(bchf, question);
      case 'batch':
        return this.#askBatch(bchf, question);
      case 'enum':
        return this.#askEnum(bchf, question);
    }
  }

  #headers(credential: string | undefined): Record<string, string> {
    return compact({
      [NETWORK_HEADER]: plmnText(this.#network),
      [CREDENTIAL_HEADER]: credential,
      'user-agent': this.settings.requesterNfType,
    }) as never;
  }

  /** An HTTP request whose good answer `read` understands. */
  async #askHttp(
    bchf: Bchf,
    peer: Peer & Pick<Bchf, 'timeoutMs'>,
    path: string,
    credential: string | undefined,
    read: (body: unknown) => Told | Refusal,
  ): Promise<Told | Refusal> {
    const http = { method: 'GET', path, headers: this.#headers(credential) };
    const told = (answer: WireAnswer): Told | Refusal => {
      if (answer.status === 200) return read(answer.body);
      const label = labelOf(answer);
      if (answer.status === 404) return refused('unknown-user', label);
      if ([400, 403].includes(answer.status) && answer.text.startsWith('CREDENTIAL_')) {
        return refused('credential-refused', label);
      }
      if ([401, 403].includes(answer.status)) return refused('requester-refused', label);
      if ([429, 503].includes(answer.status)) return refused('congestion', label);
      // A BCHF that forwards has reached no member node, or none has answered it in time.
      if (answer.status === 502) return refused('unreachable', label);
      if (answer.status === 504) return refused('timed-out', label);
      return refused('failure', label);
    };
    const { timeoutMs = this.settings.timeoutMs } = peer;
    const judge = (answer: WireAnswer) => judgeTold(told(answer), labelOf(answer));
    const answer = await this.#peers.ask(peer, { name: `GET ${path}`, http }, judge, timeoutMs);
    if (typeof answer === 'string') return refused(answer);
    const { status, retryAfterS } = answer;
    if (status === 429 || status === 503) {
      const forMs = retryAfterS === undefined ? HELD_OFF_MS : retryAfterS * 1000;
      this.#heldOffUntilMs.set(bchf.name, this.#now() + Math.min(forMs, HELD_OFF_MS_MAX));
    }
    return told(answer);
  }

  #askNbchf(bchf: Bchf, { identity, digits, credential }: BchfQuestion): Promise<Told | Refusal> {
    const peer = peerOf(bchf, 'http', 'Nbchf');
    const path = `/nbchf-routing/v1/routing-info/${identity}-${digits}`;
    return this.#askHttp(bchf, { ...peer, isHttp1: true }, path, credential, (body) =>
      this.#ofRoute(memberOf(body, 'route'), indexOf(body, 'userDataIndex')),
    );
  }

  #askNrf(bchf: Bchf, { identity, digits, credential }: BchfQuestion): Promise<Told | Refusal> {
    const requester = this.settings.requesterNfType ?? 'AMF';
    const parameter = identity === 'imsi' ? 'supi' : 'gpsi';
    const path =
      `/nnrf-disc/v1/nf-instances?target-nf-type=${this.#nfType}&requester-nf-type=${requester}` +
      `&${parameter}=${identity}-${digits}`;
    return this.#askHttp(bchf, peerOf(bchf, 'sbi', 'NRF'), path, credential, (body) => {
      const profiles = memberOf(body, 'nfInstances');
      const profile: unknown = Array.isArray(profiles) ? profiles[0] : undefined;
      if (profile === undefined) return refused('unknown-user', 'no nfInstances');
      const services = memberOf(profile, 'nfServices');
      const endPoints = memberOf(Array.isArray(services) ? services[0] : undefined, 'ipEndPoints');
      const endPoint: unknown = Array.isArray(endPoints) ? endPoints[0] : undefined;
      const host = textOf(endPoint, 'ipv4Address');
      const port = indexOf(endPoint, 'port');
      if (host === undefined || port === undefined) return refused('failure', 'no ipEndPoints');
      const index = indexOf(memberOf(profile, 'customInfo'), 'userDataIndex');
      const validS = indexOf(body, 'validityPeriod') ?? 0;
      return { ...this.#ofAddress(`${host}:${port}`, index), validMs: validS * 1000 };
    });
  }

  #askMnpf(bchf: Bchf, { digits }: BchfQuestion): Promise<Told | Refusal> {
    const path = `/nmnpf-npstatus/v1/msisdn-${digits}`;
    return this.#askHttp(bchf, peerOf(bchf, 'sbi', 'MNPF'), path, undefined, (body) => {
      const network = memberOf(body, 'subscriptionNetwork');
      return isPlmn(network) ? this.#ofNetwork(network) : refused('failure', 'no network');
    });
  }

  async #askBatch(bchf: Bchf, { identity, digits }: BchfQuestion): Promise<Told | Refusal> {
    const { host, ports } = bchf;
    const request = `UDP batch ${identity}-${digits}`;
    return this.#traced(peerOf(bchf, 'batch', 'UDP'), request, async () => {
      const open = this.#batchClients.get(ports.batch) ?? this.#openBatch(host, ports.batch);
      this.#batchClients.set(ports.batch, open);
      const client = await open;
      const { answers, routeTableVersion } = await client.lookup(identity, [parseDigits(digits)!]);
      const [answer] = answers;
      if (answer?.status !== 'found') return refused('unknown-user', answer?.status);
      if (routeTableVersion !== this.#routeTableVersion) this.#routes = new Map();
      this.#routeTableVersion = routeTableVersion;
      const { routeNumber } = answer;
      const route = this.#routes.get(routeNumber) ?? (await client.route(routeNumber)).route;
      if (!route) return refused('failure', 'no route');
      this.#routes.set(routeNumber, route);
      return this.#ofRoute(route, undefined);
    });
  }

  /** Loaded only here, as ENUM's client is: most elements never use it. */
  async #openBatch(host: string, port: number): Promise<BatchClient> {
    const { openBatchClient } = await import('../../resolver/udp/batch-client.ts');
    return openBatchClient({ host, port, ...triesWithin(this.settings.timeoutMs) });
  }

  async #askEnum(bchf: Bchf, { digits }: BchfQuestion): Promise<Told | Refusal> {
    const { host, ports } = bchf;
    const peer = peerOf(bchf, 'enum', 'ENUM');
    const request = `NAPTR ${[...digits].reverse().join('.')}.e164.arpa`;
    return this.#traced(peer, request, async () => {
      const { timeoutMs } = this.settings;
      const { askEnum } = await import('./enum-query-client.ts');
      const uri = await askEnum({ host, port: ports.enum, digits, timeoutMs });
      if (uri === undefined) return refused('unknown-user', 'no NAPTR');
      const network = plmnOfDomain(/@([^;]+)/.exec(uri)?.[1] ?? '');
      return network ? this.#ofNetwork(network) : refused('failure', uri);
    });
  }

  /** For what has no message of its own: tells the trace, and makes refusals of rejections. */
  async #traced(
    { name: to }: Peer,
    request: string,
    ask: () => Promise<Told | Refusal>,
  ): Promise<Told | Refusal> {
    const sentMs = nowMs();
    const told = await ask().catch(({ code = '' }: { code?: string }) => {
      // The element's own window of requests under way is full.
      if (code === 'BCHF_UDP_BUSY') return refused('congestion', code);
      const cause: NoAnswer = code.includes('TIMEOUT') ? 'timed-out' : 'unreachable';
      return refused(cause);
    });
    const { label, outcome } = judgeTold(told, 'found');
    this.#trace({
      kind: 'exchange',
      from: this.#self,
      to,
      request,
      answer: label,
      outcome,
      sentMs,
      answeredMs: nowMs(),
    });
    return told;
  }

  #ofRoute(route: unknown, userDataIndex: number | undefined): Told | Refusal {
    const addresses = memberOf(route, 'ipv4Addresses');
    const host: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
    const port = indexOf(route, 'port');
    if (typeof host !== 'string' || port === undefined) return refused('failure', 'no address');
    return this.#ofAddress(`${host}:${port}`, userDataIndex);
  }

  #ofAddress(address: string, userDataIndex: number | undefined): Told {
    const name = this.#directory.nameOf(address) ?? address;
    return { element: { name, address }, userDataIndex };
  }

  #ofNetwork(network: Plmn): Told | Refusal {
    const known = this.#directory.ofPlmn(network);
    return known
      ? { element: known.data }
      : refused('failure', `${plmnDomain(network)} is not known here`);
  }
}

/** Datagrams get lost: several tries in the time of one question. */
function triesWithin(timeoutMs: number): { timeoutMs: number; retries: number } {
  return { timeoutMs: Math.ceil(timeoutMs / UDP_TRIES), retries: UDP_TRIES - 1 };
}

function peerOf(
  { name, host, ports, timeoutMs }: Bchf,
  port: keyof Bchf['ports'],
  as: string,
): Peer & Pick<Bchf, 'timeoutMs'> {
  const peer = { name: `${name} (${as})`, address: `${host}:${ports[port]}` };
  return timeoutMs === undefined ? peer : { ...peer, timeoutMs };
}

function judgeTold(told: Told | Refusal, label: string): Judged {
  if (!('element' in told)) {
    return { label: told.detail ?? told.cause, outcome: told.cause };
  }
  const { element, userDataIndex } = told;
  const index = userDataIndex === undefined ? '' : `, user data at ${userDataIndex}`;
  return { label: `${label}: ${element.name}${index}`, outcome: 'ok' };
}
