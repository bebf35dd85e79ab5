// The numbers and routes of the bench http2, for its two sides.

import type { Route } from '../../ledger/route.ts';

/** The key of IMSI 460010000000000; the ported numbers lie apart as they do in a country. */
export const FIRST_KEY = 1_460_010_000_000_000;
export const SPACING = 10;
export const ROUTES = 64;

export function benchRoute(number: number): Route {
  const digits = String(number).padStart(2, '0');
  return {
    id: `udm-${digits}`,
    member: `member-${digits}`,
    plmn: { mcc: '460', mnc: digits },
    nfType: 'UDM',
    nfInstanceId: `5f0c54f4-6dc1-4b6c-8b6f-0000000000${digits}`,
    fqdn: `udm.5gc.mnc0${digits}.mcc460.3gppnetwork.org`,
    ipv4Addresses: [`192.0.2.${number}`],
    port: 7777,
    groupId: `group-${digits}`,
  };
}
