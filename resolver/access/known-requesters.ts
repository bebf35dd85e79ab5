// Requesters of HTTP/1.1 whose rule was found before, by the header fields that tell who asks.
//
// What is kept of one depends on these alone, and each is looked at with every request:
//
//     the header fields   `user-agent`, `3gpp-sbi-originating-network-id` and, where tokens count,
//                         `authorization`: the key, compared in full
//     the rules           with their subjects, networks, members and quotas: good while the gate goes by the
//                         very same
//     the token's end     `exp`, by the clock
//
// The policy for tokens, the key that they are signed with and the id of this resolver are a thread's for
// life. Nothing is kept that depends on the number (its kind, its member), on the credential or on what is
// left of a quota.

import type { ActiveRules } from './access-gate.ts';
import type { Standing } from './access-rules.ts';
import type { AuditedAsking } from './audit-line-codec.ts';

/** What the audit log calls the lookup of one number. */
export const LOOK_UP = 'routing-info';

/** Of a thread. A token has 4,096 bytes at most, and all fields of a request not many more. */
export const KNOWN_REQUESTERS_MAX = 1024;

export interface KnownRequester {
  /** Under the rules that follow; `undefined` where there are none. */
  standing: Standing | undefined;
  active: ActiveRules | undefined;
  /** How the audit log tells of its lookups. */
  asking: AuditedAsking;
  /** When its token ends, in milliseconds since 1970; infinite without one. */
  untilMs: number;
}

export class KnownRequesters {
  /** By user agent, network and authorization: to make one text of the three would cost five times as much. */
  readonly #known = new Map<string, Map<string, Map<string, KnownRequester>>>();
  #count = 0;

  find(userAgent: string, network: string, authorization: string): KnownRequester | undefined {
    return this.#known.get(userAgent)?.get(network)?.get(authorization);
  }

  /**
   * Keeps one, or another of the same fields. Where too many are kept, all are forgotten first. A
   * field is empty where there is none.
   */
  keep(userAgent: string, network: string, authorization: string, requester: KnownRequester): void {
    if (this.#count >= KNOWN_REQUESTERS_MAX) {
      this.#known.clear();
      this.#count = 0;
    }
    const ofAgent = valueAt(this.#known, userAgent, () => new Map());
    const ofNetwork = valueAt(ofAgent, network, () => new Map());
    if (!ofNetwork.has(authorization)) this.#count++;
    ofNetwork.set(authorization, requester);
  }
}

function valueAt<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
