// Routes by group: a group's elements hold the same user data (3GPP TS 23.501 clause 6.3.8), so each of
// them may be named for a number that one of them is the route of.

import type { Route } from '../../ledger/route.ts';
import type { RouteTable } from '../route-table.ts';

export class RouteGroups {
  readonly #table: RouteTable;
  readonly #groups = new Map<string, Route[]>();
  #version = -1;

  constructor(table: RouteTable) {
    this.#table = table;
  }

  /** Of the table: another one may have other groups. */
  get version(): number {
    return this.#table.version;
  }

  /** The other routes of a route's member, NF type and group, in the order of their numbers. */
  siblingsOf(route: Route): readonly Route[] {
    if (this.#version !== this.#table.version) this.#build();
    const group = this.#groups.get(groupKey(route)) ?? [];
    return group.length < 2 ? [] : group.filter((one) => one.id !== route.id);
  }

  /** Anew for each version of the table: routes change seldom, and one pass takes milliseconds. */
  #build(): void {
    this.#groups.clear();
    for (const route of this.#table.all()) {
      const key = groupKey(route);
      const group = this.#groups.get(key);
      if (group) group.push(route);
      else this.#groups.set(key, [route]);
    }
    this.#version = this.#table.version;
  }
}

function groupKey({ member, nfType, groupId }: Route): string {
  return `${member}\0${nfType}\0${groupId}`;
}
