// What the elements of a core ask one another, in the words of no generation. The names and forms that
// travel are those of the wire-… files.
//
// The procedures of figures 7, 8 and 9 are the same in 5G, 4G and 2G/3G; so they are written once, on
// these operations.

import type { Plmn } from '../../ledger/route.ts';

/** Why something was not done. */
export const CAUSES = [
  /** Nobody has user data of this number. */
  'unknown-user',
  /** The home network does not let its user roam here. */
  'roaming-not-allowed',
  /** The terminal's credential does not count. */
  'credential-refused',
  /** The user is known, and registered nowhere. */
  'absent-user',
  /** Nobody listens, or the connection was lost. */
  'unreachable',
  /** Nobody answered in time. */
  'timed-out',
  /** An answer that says nothing about the user: a fault of the element. */
  'failure',
  /** Whoever was asked does not let the element ask: it says nothing about the user. */
  'requester-refused',
  /** Whoever was asked has had too many questions, from this element or from all, and is to be left alone. */
  'congestion',
] as const;
export type Cause = (typeof CAUSES)[number];

/** What is asked of a data management element (UDM, HSS, HLR), or of the network that serves a user. */
export type Operation =
  | {
      /** The network that serves a terminal tells where it is, and is given its subscription. */
      kind: 'update-location';
      imsi: string;
      servingNetwork: Plmn;
      /** Where the serving element is reached, `host:port`. */
      servingNode: string;
      credential?: string;
      userDataIndex?: number;
    }
  | {
      /** 5G reads the subscription with a request of its own. */
      kind: 'read-subscription';
      imsi: string;
      servingNetwork: Plmn;
      userDataIndex?: number;
    }
  /** Asked of a portability database: the network that a number is subscribed to. */
  | { kind: 'read-portability'; msisdn: string }
  | { kind: 'route-call'; msisdn: string; userDataIndex?: number }
  | { kind: 'route-message'; msisdn: string; userDataIndex?: number }
  /** 2G/3G: the HLR asks the visited network for a number that leads to the user there. */
  | { kind: 'provide-roaming-number'; imsi: string }
  | { kind: 'deliver-call'; to: string; from: string }
  | { kind: 'deliver-message'; to: string; from: string; text: string };

/** What an operation gives, by what was asked. */
export interface ResultData {
  imsi?: string | undefined;
  msisdn?: string | undefined;
  /** The network in which the user is; of a portability database: the one subscribed to. */
  servingNetwork?: Plmn | undefined;
  /** In 2G/3G a number that leads to that network: of the user, or of its node. */
  roamingNumber?: string | undefined;
  /** How the element found the user data; for whoever looks at the flow. */
  foundBy?: FoundBy | undefined;
}

/** By the index information of the user data that the route gave, or by the number. */
export const FOUND_BY = ['index', 'number'] as const;
export type FoundBy = (typeof FOUND_BY)[number];

export type Result = { ok: true; data: ResultData } | Refusal;

export interface Refusal {
  ok: false;
  cause: Cause;
  /** The cause as the answer named it, or what is wrong with the credential. */
  detail?: string | undefined;
}

export function refused(cause: Cause, detail?: string): Refusal {
  return { ok: false, cause, detail };
}
