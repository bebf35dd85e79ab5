// A core of one generation: its elements as processes, and what an operator does with them.

import { createServer } from 'node:net';
import type { Bchf } from './bchf-source.ts';
import {
  type Addresses,
  accountsOf,
  DOWN_PLACE,
  HOME_PLACES,
  msisdnOf,
  NETWORKS,
  OTHER_PLACES,
  SEGMENT,
  SIDES,
  type Side,
  SLOW_PLACE,
  terminalOf,
  UNKNOWN,
  VACANT_PLACE,
} from './country.ts';
import type { Network } from './directory.ts';
import type { ElementSettings } from './element.ts';
import { ElementHandle } from './element-handle.ts';
import type { GenerationName } from './forms.ts';
import { GENERATION, type Role } from './generation.ts';
import { HOST, type Listening, listen } from './listening.ts';
import type { PortabilityTable } from './portability-element.ts';
import type { Trace } from './trace.ts';

/** The elements of each side. The other network only has what its subscribers and roamers need. */
const ELEMENTS: Readonly<Record<Side, readonly Role[]>> = {
  home: ['serving', 'call', 'message', 'data', 'portability', 'terminals'],
  other: ['serving', 'data'],
};

/** Ported to the other network before the portability database was loaded: the first half of them. */
const LOADED_PLACES = OTHER_PLACES.slice(0, OTHER_PLACES.length / 2);

/** Where nobody listens: the port of a protocol that nobody has used for long (tcpmux, RFC 1078). */
const NOBODY = `${HOST}:1`;

/** How long who never answers is waited for. */
export const SLOW_MS = 300;

/** What of an element's settings a flow chooses. */
export type FlowSettings = Pick<
  ElementSettings,
  'registration' | 'routing' | 'bchf' | 'peerTimeoutMs' | 'pagingMs' | 'credentials'
>;

export class Core {
  readonly generation: GenerationName;
  readonly #elements: Map<string, ElementHandle>;
  /** Accepts connections and never answers. */
  readonly #silent: Listening;

  private constructor(
    generation: GenerationName,
    elements: Map<string, ElementHandle>,
    silent: Listening,
  ) {
    this.generation = generation;
    this.#elements = elements;
    this.#silent = silent;
  }

  /** Starts all processes, with their accounts and terminals. */
  static async start(generation: GenerationName, trace: Trace): Promise<Core> {
    const { elements: names } = GENERATION[generation];
    const wanted = SIDES.flatMap((side) => ELEMENTS[side].map((role) => ({ side, role })));
    const started = await Promise.allSettled(
      wanted.map(async ({ side, role }) => {
        const { member, plmn } = NETWORKS[side];
        const name = role === 'terminals' ? names[role] : `${names[role]} ${member}`;
        const start = { role, generation, name, network: plmn };
        return [`${side} ${role}`, await ElementHandle.start(start, trace)] as const;
      }),
    );
    const elements = new Map(
      started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    );
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) {
      await Promise.all([...elements.values()].map((element) => element.stop()));
      throw failed.reason;
    }
    const silent = await listen(createServer((socket) => socket.on('error', () => {})));
    const core = new Core(generation, elements, silent);
    await core.#provision();
    return core;
  }

  element(side: Side, role: Role): ElementHandle {
    return this.#elements.get(`${side} ${role}`)!;
  }

  get elements(): ElementHandle[] {
    return [...this.#elements.values()];
  }

  get terminals(): ElementHandle {
    return this.element('home', 'terminals');
  }

  /** What the routes on the ledger have to lead to. */
  get addresses(): Addresses {
    return {
      home: this.element('home', 'data').address,
      other: this.element('other', 'data').address,
      down: NOBODY,
      slow: `${HOST}:${this.#silent.port}`,
    };
  }

  get deadBchf(): Bchf {
    return bchfAt('dead BCHF', NOBODY);
  }

  get slowBchf(): Bchf {
    return { ...bchfAt('slow BCHF', this.addresses.slow), timeoutMs: SLOW_MS };
  }

  /**
   * Tells every element its place, and what a flow wants of it.
   *
   * @param down the element of the home network that nobody reaches
   */
  async configure(settings: FlowSettings, down?: 'data' | 'portability'): Promise<void> {
    const networks = SIDES.map((side): Network => {
      const serving = this.element(side, 'serving');
      const data = this.element(side, 'data');
      return {
        ...NETWORKS[side],
        data: {
          name: data.name,
          address: side === 'home' && down === 'data' ? NOBODY : data.address,
        },
        serving: { name: serving.name, address: serving.address },
      };
    });
    const all: ElementSettings = {
      networks,
      signalling: [{ prefix: SEGMENT, network: NETWORKS.home.plmn }],
      portability: down === 'portability' ? NOBODY : this.element('home', 'portability').address,
      ...settings,
    };
    await Promise.all(this.elements.map((element) => element.configure(all)));
  }

  /** Resolves when all that the elements have told so far has come. */
  async flush(): Promise<void> {
    await Promise.all(this.elements.map((element) => element.flush()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.elements.map((element) => element.stop()));
    await this.#silent.close();
  }

  async #provision(): Promise<void> {
    const { generation } = this;
    const table: PortabilityTable = {
      segments: [{ prefix: SEGMENT, network: NETWORKS.home.plmn }],
      ported: LOADED_PLACES.map((place) => ({
        msisdn: msisdnOf(generation, place),
        network: NETWORKS.other.plmn,
      })),
    };
    const places = [...HOME_PLACES, ...OTHER_PLACES];
    await Promise.all([
      ...SIDES.map((side) =>
        this.element(side, 'data').command('open-accounts', accountsOf(generation, side)),
      ),
      this.element('home', 'portability').command('load', table),
      this.terminals.command('add', terminalsOf(generation, places)),
    ]);
  }
}

/** A BCHF whose ports all lead to one address. */
function bchfAt(name: string, address: string): Bchf {
  const port = Number(address.split(':')[1]);
  return { name, host: HOST, ports: { http: port, sbi: port, batch: port, enum: port } };
}

/** With those terminals that have no account, or whose network is out of reach. */
function terminalsOf(generation: GenerationName, places: readonly number[]) {
  const others = [VACANT_PLACE, DOWN_PLACE, SLOW_PLACE];
  const unknown = { ...UNKNOWN, seed: terminalOf(generation, 0).seed };
  return [...[...places, ...others].map((place) => terminalOf(generation, place)), unknown];
}
