// The route table of a serving thread: route numbers of the index to routes, with the JSON of each
// made once, when the table changes, and not in every answer.

import type { Route } from '../ledger/route.ts';

/** A change of the table: the routes at these numbers are new or have new details. */
export interface RouteChanges {
  version: number;
  routes: { number: number; route: Route }[];
}

/** What makes one generation's table of another's: as a rule, nearly all routes are the same. */
export interface RouteReplacement extends RouteChanges {
  /** How many there are then. */
  count: number;
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

  /**
   * What {@link replace} has to be told for these routes; the version goes up where one of them is another
   * than now.
   */
  replacementOf(routes: readonly Route[]): RouteReplacement {
    const changed = routes
      .map((route, number) => ({ number, route }))
      .filter(
        ({ number, route }) =>
          route !== this.#routes[number] && JSON.stringify(route) !== this.#json[number],
      );
    const isSame = changed.length === 0 && routes.length === this.count;
    return { version: this.#version + (isSame ? 0 : 1), routes: changed, count: routes.length };
  }

  /** Another generation's routes in place of those that are there; without effect the second time. */
  replace({ count, ...changes }: RouteReplacement): void {
    if (changes.version === this.#version) return;
    // Those that are pinned stay as they are.
    this.#routes = this.#routes.slice(0, count);
    this.#json = this.#json.slice(0, count);
    this.apply(changes);
    this.#numbers = new Map(this.#routes.map(({ id }, number) => [id, number]));
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
