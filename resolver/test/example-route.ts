import type { Route } from '../../ledger/route.ts';

/** A valid route with an id. */
export function exampleRoute(id: string, details: Partial<Route> = {}): Route {
  return {
    id,
    member: 'fi-example',
    plmn: { mcc: '244', mnc: '05' },
    nfType: 'UDM',
    nfInstanceId: '0d4c1f52-1b11-4f86-9d4b-1b1d3f5a8c01',
    fqdn: 'udm.5gc.mnc005.mcc244.3gppnetwork.org',
    ipv4Addresses: ['10.1.2.3'],
    port: 8080,
    groupId: 'fi-example-udm',
    ...details,
  };
}
