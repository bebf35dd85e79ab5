// What an ENUM answer says of a number: its NAPTR records as text (RFC 3403, RFC 6116).
//
// Two records, each for one service, without flags or spaces in the regular expression: the form
// that Kamailio, Asterisk and FreeSWITCH all read. Any caller may take either, so both have one
// order and differ by preference.
//
// - `E2U+sip` (RFC 3764): the number at the IMS domain of the network that serves it (3GPP TS 23.003
//   clause 13.2).
// - `E2U+pstn:tel` (RFC 4769): the number with `npdi`, the mark that number portability has been
//   looked up, so that nobody asks again (RFC 4694 section 4). A ported number carries a routing
//   number besides: MCC and MNC of the recipient, a local routing number, whose context says whose
//   digits these are. RFC 3966 section 3 wants the parameters in lexical order; they are.

import type { Plmn } from '../../ledger/route.ts';

/** A terminal NAPTR record: flags `u`, replacement the root. */
export interface Naptr {
  order: number;
  preference: number;
  services: string;
  regexp: string;
}

export const NAPTR_FLAGS = 'u';

/** The records for a number of 1 to 15 digits, in the order of preference. */
export function naptrsOf(digits: string, plmn: Plmn, isPorted: boolean): [Naptr, Naptr] {
  const network = `mnc${plmn.mnc.padStart(3, '0')}.mcc${plmn.mcc}.3gppnetwork.org`;
  const sip = `sip:+${digits}@ims.${network};user=phone`;
  const routing = isPorted ? `;rn=${plmn.mcc}${plmn.mnc};rn-context=${network}` : '';
  return [
    { order: 100, preference: 10, services: 'E2U+sip', regexp: `!^.*$!${sip}!` },
    {
      order: 100,
      preference: 20,
      services: 'E2U+pstn:tel',
      regexp: `!^.*$!tel:+${digits};npdi${routing}!`,
    },
  ];
}
