// What a flow of figure 7, 8 or 9 is: what happens, whom the elements ask in which order, and how it ends.
//
// Who is asked is written `side role: outcome`, as `other data: ok`; several messages to the same in turn
// count once.

import type { BchfInterface } from './bchf-source.ts';
import type { Side } from './country.ts';
import type { RoutingSource } from './element.ts';
import type { GenerationName } from './forms.ts';
import type { Cause, FoundBy } from './operations.ts';
import type { RegistrationSource } from './registration.ts';
import type { CredentialKind } from './terminals.ts';

/** A place of the pool (country), or the number that nobody has. */
export type Who = number | 'unknown';

export interface Registration {
  kind: 'register';
  who: Who;
  at: Side;
  credential?: CredentialKind;
  /** Where it is part of the preparations: whether it must be refused, and not accepted. */
  isRefused?: true;
}

export interface Connection {
  kind: 'call' | 'message';
  from: number;
  to: Who;
}

export type Act = Registration | Connection;

/** Which BCHFs an element knows, in the order in which it asks them. */
export type BchfChoice =
  | 'good'
  | 'dead'
  | 'slow'
  | 'dead, good'
  | 'good, dead'
  | 'slow, good'
  | 'forwarder'
  | 'forwarder, good';

/** A BCHF without a replica, which forwards to other member nodes. */
export interface Forwarding {
  /** In the order in which they are asked. */
  nodes: readonly ('good' | 'dead' | 'slow')[];
  /** What came of each, by `bchf_forward_upstream_requests_total`: `slow bchf: abandoned`. */
  asked: readonly string[];
}

export interface Flow {
  figure: 7 | 8 | 9;
  title: string;
  /** Whether the demo plays it without being asked. */
  isStory?: boolean;
  /** All, unless given. */
  generations?: readonly GenerationName[];
  order: readonly (RegistrationSource | RoutingSource)[];
  by?: BchfInterface;
  bchf?: BchfChoice;
  /**
   * What elements are to the BCHF, where not what they always are: `restricted` to users of the home network
   * and their IMSIs, or `limited` to a quota that is used up for minutes.
   */
  requester?: 'restricted' | 'limited';
  /** The forwarder of `bchf`. */
  forwarder?: Forwarding;
  /** How long an element keeps what the BCHF told it. */
  keepMs?: number;
  /** Whether the data management element insists on a credential. */
  credentials?: 'required' | 'optional';
  /** Registrations that must have been accepted before. */
  registered?: readonly Omit<Registration, 'kind'>[];
  /** The element of the home network that is down. */
  down?: 'data' | 'portability';
  /** Terminals that do not answer when they are paged. */
  silent?: readonly number[];
  /** What is done first, in the same way; it must go well. */
  first?: Act;
  /**
   * What then changes on the ledger: a number goes from the other network to the home network, where a
   * ported one gets a new SIM, which registers; or the key of a terminal is revoked.
   */
  change?: { kind: 'transfer' | 'port' | 'revoke'; place: number };
  act: Act;
  outcome: 'ok' | Cause;
  asked: readonly string[];
  /** How the last data management element finds the user data. */
  foundBy?: FoundBy;
}
/** A registration at the home network. */
export const register = (who: Who, credential: CredentialKind = 'good'): Registration => ({
  kind: 'register',
  who,
  at: 'home',
  credential,
});
