// Learns which route ids stand behind route numbers, as every client would: once each, with the
// second operation of the protocol.

import type { BatchClient } from '../resolver/udp/batch-client.ts';

/** Requests under way at once: route tables have thousands of entries, socket buffers do not. */
const UNDER_WAY_MAX = 64;

export interface RouteNames {
  /** The id of a route, or `undefined` while it is not known; then it is asked for. */
  idOf(routeNumber: number): string | undefined;
  /** Settles when everything asked for is known or was given up. */
  settled(): Promise<void>;
  /** Forgets all ids: the route table has changed. */
  forget(): void;
}

/** Creates the names of the server that the client asks. */
export function createRouteNames(client: Pick<BatchClient, 'route'>): RouteNames {
  /** By route number; `null` where it was given up. */
  let ids: (string | null | undefined)[] = [];
  const underWay = new Set<number>();
  const waiting = new Set<number>();
  let onSettled: (() => void) | undefined;

  async function ask(routeNumber: number): Promise<void> {
    underWay.add(routeNumber);
    let asked: typeof ids;
    do {
      // What was asked before all was forgotten goes with the table that it is from.
      asked = ids;
      asked[routeNumber] = await fetchId(routeNumber);
    } while (asked !== ids);
    underWay.delete(routeNumber);
    const [next] = waiting;
    if (next !== undefined) {
      waiting.delete(next);
      ask(next);
    } else if (underWay.size === 0) {
      onSettled?.();
    }
  }

  async function fetchId(routeNumber: number): Promise<string | null> {
    try {
      const { route } = await client.route(routeNumber);
      return route?.id ?? null;
    } catch {
      // No answer, or none that is a route: what leads there stays unverified and is told as such.
      return null;
    }
  }

  return {
    idOf(routeNumber) {
      const id = ids[routeNumber];
      if (id === undefined && !underWay.has(routeNumber)) {
        if (underWay.size < UNDER_WAY_MAX) ask(routeNumber);
        else waiting.add(routeNumber);
      }
      return id ?? undefined;
    },
    settled() {
      if (underWay.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onSettled = resolve;
      });
    },
    forget() {
      ids = [];
    },
  };
}
