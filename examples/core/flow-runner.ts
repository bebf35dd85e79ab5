// Plays flows on a core, and tells what the elements asked and what came of it.

import type { Bchf } from './bchf-source.ts';
import {
  type Consortium,
  limitedNfType,
  RESTRICTED_NF_TYPE,
  type RunningForwarder,
} from './consortium.ts';
import { type Core, type FlowSettings, SLOW_MS } from './core.ts';
import {
  imsiOf,
  msisdnOf,
  NETWORKS,
  portOf,
  revokeKeyOf,
  SIDES,
  simPlaceOf,
  subscriberOf,
  terminalOf,
  transferOf,
  UNKNOWN,
} from './country.ts';
import type { Act, BchfChoice, Flow, Forwarding, Who } from './flow.ts';
import { askedIn } from './flows.ts';
import { GENERATION } from './generation.ts';
import type { Received, RegisterCommand, TerminalOutcome } from './terminals.ts';
import type { TraceEvent } from './trace.ts';

/** Longer than anything here takes on a busy machine. */
const PATIENT_MS = 20_000;
/** At one a second, ten minutes. */
const USED_UP_COUNT = 600;
/** After which a forwarder asks its second choice, where the first never answers. */
const HEDGE_MS = 100;

export interface Played {
  /** What happened first, for people. */
  before: string[];
  /** What the terminal was told. */
  outcome: TerminalOutcome;
  /** What the elements did, by the time at which it began. */
  events: TraceEvent[];
  /** What came to terminals. */
  received: Received[];
  /** Whom the forwarder asked, where there is one. */
  forwarded: string[];
}

export class FlowRunner {
  readonly #core: Core;
  readonly #consortium: Consortium;
  /** Whoever starts the core puts what is told here. */
  readonly events: TraceEvent[];
  #before: string[] = [];
  #forwarder: RunningForwarder | undefined;

  constructor(core: Core, consortium: Consortium, events: TraceEvent[]) {
    this.#core = core;
    this.#consortium = consortium;
    this.events = events;
  }

  /** Plays a flow from its preparations on; throws where one of these fails. */
  async play(flow: Flow): Promise<Played> {
    this.#forwarder = flow.forwarder && (await this.#startForwarder(flow.forwarder));
    try {
      return await this.#play(flow);
    } finally {
      await this.#forwarder?.stop();
    }
  }

  async #play(flow: Flow): Promise<Played> {
    const { registered = [], silent = [], first, change, act } = flow;
    this.#before = [];
    if (registered.length > 0) {
      await this.#core.configure(this.#plainSettings());
      await this.#core.terminals.command('silence', []);
    }
    for (const one of registered) await this.#wellDone({ kind: 'register', ...one });
    await this.#core.configure(this.#settingsOf(flow), flow.down);
    if (flow.requester === 'limited') await this.#useUpQuota();
    if (first) await this.#wellDone(first);
    if (change) await this.change(change);
    await this.#core.terminals.command(
      'silence',
      silent.map((place) => this.#imsi(place)),
    );
    await this.#core.terminals.command('received');
    await this.#core.flush();
    this.events.length = 0;
    const outcome = await this.#act(act);
    await this.#core.flush();
    const received = await this.#core.terminals.command<Received[]>('received');
    const events = this.events.splice(0).sort((one, other) => beginOf(one) - beginOf(other));
    return { before: this.#before, outcome, events, received, forwarded: await this.#forwarded() };
  }

  /** Changes the ledger, and the accounts with it: the old owner sees the commit, and deletes. */
  async change({ kind, place }: NonNullable<Flow['change']>): Promise<void> {
    const { generation } = this.#core;
    if (kind === 'revoke') {
      const height = await this.#consortium.commit([revokeKeyOf(generation, place)]);
      this.#before.push(`block ${height} of the ledger: the key of user ${place} is revoked`);
      return;
    }
    const bodies = kind === 'transfer' ? transferOf(generation, place) : portOf(generation, place);
    const height = await this.#consortium.commit(bodies);
    const what =
      kind === 'transfer' ? `IMSI and MSISDN of user ${place}` : `MSISDN of user ${place}`;
    const [from, to] = [NETWORKS.other.member, NETWORKS.home.member];
    this.#before.push(`block ${height} of the ledger: ${kind} of ${what} from ${from} to ${to}`);
    const sim = kind === 'transfer' ? place : simPlaceOf(place);
    const msisdn = msisdnOf(generation, place);
    const subscriber = { ...subscriberOf(generation, sim), msisdn };
    await this.#core.element('home', 'data').command('open-accounts', [{ subscriber }]);
    await this.#core.element('other', 'data').command('delete-accounts', [this.#imsi(place)]);
    await this.#core.terminals.command('add', [{ ...terminalOf(generation, sim), msisdn }]);
    if (kind === 'port') await this.#wellDone({ kind: 'register', who: sim, at: 'home' });
  }

  /** A request for many numbers is let through with what is left of a quota, and paid for afterwards. */
  async #useUpQuota(): Promise<void> {
    const { generation } = this.#core;
    const numbers = new Array(USED_UP_COUNT).fill(`msisdn-${UNKNOWN.msisdn}`);
    const answer = await fetch(
      `${urlOf(this.#consortium.bchf)}/nbchf-routing/v1/routing-info/batch`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': limitedNfType(generation) },
        body: JSON.stringify(numbers),
      },
    );
    await answer.arrayBuffer();
    // Also where a flow before has done it.
    if (![200, 429].includes(answer.status)) throw new Error(`batch: ${answer.status}`);
    this.#before.push('the quota of the element at the BCHF is used up for minutes');
  }

  async #wellDone(act: Act): Promise<void> {
    const { status, text } = await this.#act(act);
    const isWanted = !('isRefused' in act);
    if ((status === this.#formOf(act).ok[0]) !== isWanted) {
      throw new Error(`${act.kind}: ${status} ${text}`);
    }
    this.#before.push(`${describeAct(act)}: ${text}`);
  }

  #formOf({ kind }: Act) {
    const { terminal } = GENERATION[this.#core.generation];
    return { register: terminal.register, call: terminal.call, message: terminal.submit }[kind];
  }

  #act(act: Act): Promise<TerminalOutcome> {
    const { terminals } = this.#core;
    if (act.kind === 'register') {
      const { who, at, credential = 'good' } = act;
      const { name: atName, address } = this.#core.element(at, 'serving');
      const servingNetwork = NETWORKS[at].plmn;
      const imsi = this.#imsi(who);
      const command: RegisterCommand = { imsi, at: address, atName, servingNetwork, credential };
      return terminals.command('register', command);
    }
    const { kind, from, to } = act;
    const { name: atName, address: at } = this.#core.element('home', kind);
    const called = to === 'unknown' ? UNKNOWN.msisdn : msisdnOf(this.#core.generation, to);
    const text = kind === 'message' ? 'See you at eight.' : undefined;
    return terminals.command(kind, { imsi: this.#imsi(from), at, atName, to: called, text });
  }

  #imsi(who: Who): string {
    return who === 'unknown' ? UNKNOWN.imsi : imsiOf(this.#core.generation, who);
  }

  #plainSettings(): FlowSettings {
    return {
      registration: { order: ['bchf'], by: 'nbchf' },
      routing: { order: ['bchf'], by: 'nbchf' },
      bchf: { bchfs: [this.#consortium.bchf], timeoutMs: PATIENT_MS, keepMs: 0 },
      peerTimeoutMs: PATIENT_MS,
      pagingMs: PATIENT_MS / 2,
      credentials: 'optional',
    };
  }

  #settingsOf(flow: Flow): FlowSettings {
    const { order, by = 'nbchf', bchf = 'good', keepMs = 0, credentials = 'optional' } = flow;
    const isRegistration = flow.act.kind === 'register';
    const plain = this.#plainSettings();
    // Where silence is part of the flow, it is not waited for long.
    const isElementSlow = flow.asked.includes('slow: timed-out');
    const peerTimeoutMs = isElementSlow ? SLOW_MS : PATIENT_MS;
    const pagingMs = flow.silent ? SLOW_MS : plain.pagingMs;
    return {
      registration: isRegistration ? ({ order, by } as never) : plain.registration,
      routing: isRegistration ? plain.routing : ({ order, by } as never),
      bchf: {
        ...{ bchfs: this.#bchfsOf(bchf), timeoutMs: PATIENT_MS, keepMs },
        requesterNfType: this.#nfTypeOf(flow.requester),
      },
      peerTimeoutMs,
      pagingMs,
      credentials,
    };
  }

  #nfTypeOf(requester: Flow['requester']): string | undefined {
    if (requester === 'restricted') return RESTRICTED_NF_TYPE;
    return requester && limitedNfType(this.#core.generation);
  }

  #bchfsOf(choice: BchfChoice): Bchf[] {
    const known = { ...this.#nodes, forwarder: this.#forwarder?.bchf };
    return choice.split(', ').map((one) => known[one as keyof typeof known]!);
  }

  get #nodes() {
    const { deadBchf: dead, slowBchf: slow } = this.#core;
    return { good: this.#consortium.bchf, dead, slow };
  }

  #startForwarder({ nodes }: Forwarding): Promise<RunningForwarder> {
    return this.#consortium.forward({
      upstreams: nodes.map((node) => urlOf(this.#nodes[node])),
      timeoutMs: nodes.includes('good') ? PATIENT_MS : SLOW_MS,
      hedgeMs: nodes[0] === 'slow' ? HEDGE_MS : PATIENT_MS,
    });
  }

  /** Whom a forwarder asked and what came of it, as flows write it. */
  async #forwarded(): Promise<string[]> {
    const asked = (await this.#forwarder?.asked()) ?? [];
    const nodes = Object.values(this.#nodes);
    return asked.map(({ node, outcome }) => {
      const known = nodes.find((one) => urlOf(one) === node);
      return `${known ? this.#tokenOf(`${known.name} (`) : node}: ${outcome}`;
    });
  }

  /** What of a flow did not come as it is written; empty where all did. */
  differences(flow: Flow, { events, outcome, forwarded }: Played): string[] {
    const form = this.#formOf(flow.act);
    const [status, text] = flow.outcome === 'ok' ? form.ok : form.causes[flow.outcome];
    const asked = this.askedOf(events).join('; ');
    const expected = askedIn(flow, this.#core.generation).join('; ');
    const forwards = flow.forwarder?.asked.join('; ') ?? '';
    return [
      ...(outcome.status === status && outcome.text === text
        ? []
        : [`it ended with ${outcome.status} ${outcome.text}, not ${status} ${text}`]),
      ...(asked === expected ? [] : [`asked was ${asked}, not ${expected}`]),
      ...(forwarded.join('; ') === forwards
        ? []
        : [`the forwarder asked ${forwarded.join('; ')}, not ${forwards}`]),
    ];
  }

  /** Whom the elements asked and what came of it, as flows write it. */
  askedOf(events: readonly TraceEvent[]): string[] {
    const { elements } = GENERATION[this.#core.generation];
    const asked = events.flatMap((event) => {
      if (event.kind !== 'exchange' || event.from.startsWith(`${elements.terminals} `)) return [];
      // All that a data management element asks others for.
      const isRoamingNumber = event.from.startsWith(`${elements.data} `);
      const whom = isRoamingNumber ? 'roaming number' : this.#tokenOf(event.to);
      return [`${whom}: ${event.outcome}`];
    });
    return asked.filter((one, at) => one !== asked[at - 1]);
  }

  #tokenOf(name: string): string {
    const { elements } = GENERATION[this.#core.generation];
    const { deadBchf, slowBchf, addresses } = this.#core;
    if (name.startsWith(deadBchf.name)) return 'dead bchf';
    if (name.startsWith(slowBchf.name)) return 'slow bchf';
    if (name.startsWith(`${this.#consortium.bchf.name} (`)) return 'bchf';
    if (this.#forwarder && name.startsWith(this.#forwarder.bchf.name)) return 'forwarder';
    if (name.startsWith(`${elements.terminals} `)) return 'terminal';
    if (name === elements.portability) return 'portability';
    if (name === addresses.down) return 'down';
    if (name === addresses.slow) return 'slow';
    for (const side of SIDES) {
      for (const role of ['serving', 'data'] as const) {
        if (name === this.#core.element(side, role).name) return `${side} ${role}`;
      }
    }
    return name;
  }
}

function urlOf({ host, ports }: Bchf): string {
  return `http://${host}:${ports.http}`;
}

function describeAct(act: Act): string {
  if (act.kind === 'register') return `user ${act.who} registers at ${NETWORKS[act.at].member}`;
  return `a ${act.kind} from user ${act.from} to user ${act.to}`;
}

function beginOf(event: TraceEvent): number {
  return event.kind === 'exchange' ? event.sentMs : event.atMs;
}
