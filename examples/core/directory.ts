// The networks that an element knows and how their elements are reached: what DNS, the NRFs and the
// tables of signalling points tell a real one.

import type { Plmn } from '../../ledger/route.ts';
import type { Peer } from './peers.ts';
import { isSamePlmn } from './plmn-codec.ts';

export interface Network {
  /** The member of the consortium that it belongs to. */
  member: string;
  plmn: Plmn;
  /** Leading digits of its nodes' numbers and of its roaming numbers (2G/3G). */
  nodePrefix: string;
  data: Peer;
  /** Who serves its terminals and those that roam in it; absent: nobody here does. */
  serving?: Peer | undefined;
}

export class Directory {
  readonly #networks: readonly Network[];

  constructor(networks: readonly Network[]) {
    this.#networks = networks;
  }

  ofPlmn(plmn: Plmn): Network | undefined {
    return this.#networks.find((network) => isSamePlmn(network.plmn, plmn));
  }

  ofNodeNumber(digits: string): Network | undefined {
    return this.#networks.find(({ nodePrefix }) => digits.startsWith(nodePrefix));
  }

  /** What an address belongs to, for people. */
  nameOf(address: string): string | undefined {
    return this.#networks.find(({ data }) => data.address === address)?.data.name;
  }
}
