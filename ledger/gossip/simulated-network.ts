// The transport in memory: a network of nodes in one process, with a clock of its own, whose faults
// are drawn from a seed. The same seed gives the same faults at the same moments.
//
// What is sent becomes an event at a later moment; `run` takes the events one by one and waits after
// each until everybody has done what it led to. Messages get lost, come twice, late and out of order;
// answers to requests come in order, late, and sometimes break off; nodes come, go and are cut off
// from each other.

import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock } from '../sync/clock.ts';
import { SimulatedTransport } from './simulated-transport.ts';
import type { PeerId, Transport } from './transport.ts';

/** How bad the network is. Shares are from 0 to 1. */
export interface Faults {
  /** Share of messages between two nodes that get lost. */
  drop: number;
  /** Share of messages between two nodes that come twice. */
  duplicate: number;
  /** Share of answers that break off. */
  breakOff: number;
  /** Longest time on the way; every message and frame draws its own. */
  delayMsMax: number;
}

/** Turns of the event loop without anybody busy after which nothing more is to come. */
const QUIET_TURNS = 2;

interface Event {
  atMs: number;
  order: number;
  action: () => void;
}

export class SimulatedNetwork {
  readonly #random: () => number;
  readonly #nodes = new Map<PeerId, SimulatedTransport>();
  /** The group of each node while the network is cut; empty while it is whole. */
  #groups = new Map<PeerId, number>();
  #events: Event[] = [];
  #order = 0;
  #nowMs: number;
  #busy = 0;
  faults: Faults;

  constructor(random: () => number, faults: Faults, startMs = 0) {
    this.#random = random;
    this.faults = faults;
    this.#nowMs = startMs;
  }

  readonly clock: Clock = {
    nowMs: () => this.#nowMs,
    after: (delayMs, action) => {
      const event = this.#schedule(delayMs, action);
      return () => {
        event.action = () => {};
      };
    },
  };

  /** A node comes, and is connected with all that are there. */
  join(id: PeerId): Transport {
    const node = new SimulatedTransport(this, id);
    this.#nodes.set(id, node);
    for (const other of node.peers()) {
      this.#schedule(this.delayMs(), () => this.#nodes.get(other)?.connected(id));
      this.#schedule(this.delayMs(), () => node.connected(other));
    }
    return node;
  }

  leave(id: PeerId): void {
    this.#nodes.delete(id);
  }

  /** Cuts the network: only nodes of one group reach each other. No groups: it is whole again. */
  cut(...groups: readonly (readonly PeerId[])[]): void {
    this.#groups = new Map(groups.flatMap((ids, group) => ids.map((id) => [id, group])));
  }

  /** Whether one node reaches another. */
  isConnected(one: PeerId, other: PeerId): boolean {
    return this.#nodes.has(other) && this.#groups.get(one) === this.#groups.get(other);
  }

  ids(): PeerId[] {
    return [...this.#nodes.keys()];
  }

  node(id: PeerId): SimulatedTransport | undefined {
    return this.#nodes.get(id);
  }

  draws(share: number): boolean {
    return this.#random() < share;
  }

  delayMs(): number {
    return this.#random() * this.faults.delayMsMax;
  }

  send(delayMs: number, action: () => void): void {
    this.#schedule(delayMs, action);
  }

  /** Work that `run` waits for before it goes on: whatever is not an event of the network. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  /** An object whose methods that give promises are tracked; for a ledger. */
  tracked<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          const result = value.apply(object, given);
          return result instanceof Promise ? this.track(result) : result;
        };
      },
    });
  }

  /** Lets time go on until something is so; false where it is not by `untilMs`. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    await this.#settle();
    while (!isDone()) {
      const next = this.#takeNext(untilMs);
      if (!next) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return isDone();
      }
      this.#nowMs = next.atMs;
      next.action();
      await this.#settle();
    }
    return true;
  }

  #schedule(delayMs: number, action: () => void): Event {
    const event = { atMs: this.#nowMs + delayMs, order: this.#order++, action };
    this.#events.push(event);
    return event;
  }

  #takeNext(untilMs: number): Event | undefined {
    let best = -1;
    for (const [index, { atMs, order }] of this.#events.entries()) {
      const known = this.#events[best];
      if (!known || atMs < known.atMs || (atMs === known.atMs && order < known.order)) best = index;
    }
    if (best < 0 || this.#events[best]!.atMs > untilMs) return undefined;
    return this.#events.splice(best, 1)[0];
  }

  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = this.#busy === 0 ? quiet + 1 : 0) {
      await immediate();
    }
  }
}
