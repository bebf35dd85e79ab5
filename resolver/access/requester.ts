// Who asks: what a request proves of its sender, and what it only says.
//
// Proven are the subject of an access token and the names of a client certificate; only stated are the
// NF type (`User-Agent`, 3GPP TS 29.500 clause 5.2.2, or `requester-nf-type`) and the network
// (`3gpp-Sbi-Originating-Network-Id`), unless the token has it.

import type { Plmn } from '../../ledger/route.ts';
import type { VerifiedToken } from '../sbi/access-token.ts';
import type { Requester } from './access-rules.ts';

export const NETWORK_HEADER = '3gpp-sbi-originating-network-id';

/** What rules are decided by, of the headers of a request; by lower-case name. */
export interface RequesterHeaders {
  readonly [name: string]: string | undefined;
}

export function requesterOf(
  headers: RequesterHeaders,
  token: VerifiedToken | undefined,
  certificateNames: readonly string[],
  statedNfType?: string,
): Requester {
  return {
    subjects: token ? [token.subject, ...certificateNames] : certificateNames,
    nfType: statedNfType ?? nfTypeOf(headers['user-agent']),
    network: token?.network ?? networkOf(headers[NETWORK_HEADER]),
  };
}

/** `AMF`, `AMF-4947a69a-f61b-4bc1-b9da-47c9c5d14b64`, `AMF/1.0`, `NWDAF-… extra`. */
function nfTypeOf(userAgent: string | undefined): string | undefined {
  return userAgent && /^([A-Z0-9_]{1,32})(?=[-/ ]|$)/.exec(userAgent)?.[1];
}

/** `262-01`, perhaps with a NID and what follows a semicolon. */
function networkOf(header: string | undefined): Plmn | undefined {
  const match = header && /^([0-9]{3})-([0-9]{2,3})(?=[-; ]|$)/.exec(header);
  return match ? { mcc: match[1]!, mnc: match[2]! } : undefined;
}
