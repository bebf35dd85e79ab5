// Figure 7 as the AMF, MME or SGSN goes through it, once it has a terminal's request. The load (load) goes
// through the same.

import type { Plmn } from '../../ledger/route.ts';
import { askInOrder, type Source, type Whereabouts } from './ask-in-order.ts';
import type { BchfClient, BchfInterface } from './bchf-source.ts';
import { type Operation, type Result, refused } from './operations.ts';
import type { Peer } from './peers.ts';
import { compact } from './wire.ts';

export type RegistrationSource = 'local' | 'bchf';

export interface RegistrationRequest {
  imsi: string;
  credential?: string | undefined;
}

export interface RegistrationPlan {
  network: Plmn;
  /** Where the serving element is reached. */
  servingNode: string;
  order: readonly RegistrationSource[];
  by: BchfInterface;
  /** The data management element of the own network. */
  local: Peer | undefined;
  bchf: BchfClient;
  /** Sends a location update to an element. */
  updateLocation(element: Peer, operation: Operation): Promise<Result>;
}

export function registerTerminal(
  { imsi, credential }: RegistrationRequest,
  plan: RegistrationPlan,
): Promise<Result> {
  const { network, servingNode, order, by, local, bchf } = plan;
  const sourceOf = (source: RegistrationSource): Source => {
    if (source === 'bchf') return bchf.source({ identity: 'imsi', digits: imsi, credential, by });
    // Numbers of a shared pool do not tell whose they are, so the element at hand is asked first.
    const find = async () => (local ? { element: local } : refused('failure', 'no local element'));
    return { isAuthoritative: false, find };
  };
  return askInOrder(order.map(sourceOf), ({ element, userDataIndex }: Whereabouts) => {
    const update = { kind: 'update-location', imsi, servingNetwork: network, servingNode };
    return plan.updateLocation(
      element,
      compact({ ...update, credential, userDataIndex }) as Operation,
    );
  });
}
