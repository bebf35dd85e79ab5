// The route table of a serving thread: route numbers of the index to routes, with the JSON of each
// made once, when the table changes, and not in every answer.

import type { Route } from '../ledger/route.ts';

/** A change of the table: the routes at these numbers are new or have new details. */
export interface RouteChanges {
  version: number;
  routes: { number: number; route: Route }[];
}

/** The routes of one generation of the index; they may get new details, but never become others. */
export type PinnedRoutes = Pick<RouteTable, 'json'>;

export class RouteTable {
  #routes: Route[] = [];
  #json: string[] = [];
  #numbers = new Map<string, number>();
  #version = 0;

  /** Goes up with every change, so that a client can tell that its copy is out of date. */
  get version(): number {
    return this.#version;
  }

  get count(): number {
    return this.#routes.length;
  }

  apply({ version, routes }: RouteChanges): void {
    for (const { number, route } of routes) {
      this.#routes[number] = route;
      this.#json[number] = JSON.stringify(route);
      this.#numbers.set(route.id, number);
    }
    this.#version = version;
  }

  /** Another generation's routes in place of all that are there. */
  replace(changes: RouteChanges): void {
    this.#routes = [];
    this.#json = [];
    this.#numbers = new Map();
    this.apply(changes);
  }

  /**
   * The routes as they are now, for an answer that is looked up now and written later: it keeps them
   * when the table gets those of another generation in between.
   */
  pinned(): PinnedRoutes {
    const json = this.#json;
    return { json: (number) => json[number] };
  }

  get(number: number): Route | undefined {
    return this.#routes[number];
  }

  /** The route as JSON text; `undefined` for a number that has no route. */
  json(number: number): string | undefined {
    return this.#json[number];
  }

  /** The number of the route with an id. */
  numberOf(id: string): number | undefined {
    return this.#numbers.get(id);
  }

  all(): readonly Route[] {
    return this.#routes;
  }
}
