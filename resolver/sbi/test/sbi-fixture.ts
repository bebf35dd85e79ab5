// A small index with routes of every NF type, and the services over it.

import assert from 'node:assert/strict';
import type { Route } from '../../../ledger/route.ts';
import { ReferenceIndex } from '../../../wasm/reference-index.ts';
import { encodeLabel, NewestBlock } from '../../freshness.ts';
import { NumberResolver } from '../../resolve.ts';
import { RouteTable } from '../../route-table.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { PreparedDiscoveries } from '../prepared-discovery.ts';
import { RouteGroups } from '../route-groups.ts';
import type { SbiReply, SbiRequest } from '../sbi-message.ts';
import { routeSbi, type SbiServices } from '../sbi-router.ts';

export const NOW_MS = 1_800_000_000_000;

/** A group of two UDMs, one with a base of user data; an HSS; an HLR. */
export const ROUTES: Route[] = [
  exampleRoute('udm-1', {
    nfInstanceId: '11111111-1111-4111-8111-111111111111',
    ipv4Addresses: ['10.0.0.1', '10.0.0.2'],
    userDataIndexBase: 500,
    contractAddress: `0x${'0'.repeat(40)}`,
  }),
  exampleRoute('udm-2', {
    nfInstanceId: '22222222-2222-4222-8222-222222222222',
    ipv4Addresses: ['10.0.0.3'],
  }),
  exampleRoute('hss', {
    nfType: 'HSS',
    plmn: { mcc: '460', mnc: '01' },
    nfInstanceId: '33333333-3333-4333-8333-333333333333',
    fqdn: 'hss1.epc.mnc001.mcc460.3gppnetwork.org',
    groupId: 'hss-group',
    port: 3868,
  }),
  exampleRoute('hlr', {
    nfType: 'HLR',
    nfInstanceId: '44444444-4444-4444-8444-444444444444',
    groupId: 'hlr-group',
  }),
];

export const SUPI = 'imsi-244050123456789';
export const GPSI = 'msisdn-358501234567';
export const HSS_IMSI = '460010123456789';
export const HLR_GPSI = 'msisdn-358600000000';
export const UNKNOWN_SUPI = 'imsi-999990123456789';

export function fixtureServices(changes: Partial<SbiServices> = {}): SbiServices {
  const label = encodeLabel({ height: 7, blockHash: new Uint8Array(32), timeMs: 0 });
  const imsi = new ReferenceIndex();
  imsi.apply(
    [
      { entry: 'prefix', from: 124405, to: 124405, route: 0 },
      { entry: 'prefix', from: 146001, to: 146001, route: 2 },
    ],
    label,
  );
  const msisdn = new ReferenceIndex();
  msisdn.apply(
    [
      { entry: 'fragmented', from: 1358501234500, to: 1358501234599, route: 0 },
      { entry: 'prefix', from: 135860, to: 135860, route: 3 },
    ],
    label,
  );
  const table = new RouteTable();
  table.apply({ version: 1, routes: ROUTES.map((route, number) => ({ number, route })) });
  const groups = new RouteGroups(table);
  return {
    resolver: new NumberResolver({ imsi, msisdn }, table, new NewestBlock(), () => NOW_MS),
    siblingsOf: (route) => groups.siblingsOf(route),
    routesVersion: () => groups.version,
    prepared: new PreparedDiscoveries(),
    collocated: ['AUSF', 'UDR'],
    scheme: 'http',
    validitySeconds: 60,
    askNrf: () => Promise.reject(new Error('the NRF behind must not be asked')),
    authorise: () => undefined,
    congestion: () => 0,
    now: () => NOW_MS,
    ...changes,
  };
}

export function sbiRequest(target: string, changes: Partial<SbiRequest> = {}): SbiRequest {
  const [path = '', query = ''] = target.split('?', 2);
  return {
    method: 'GET',
    path,
    query,
    headers: {},
    body: new Uint8Array(0),
    receivedMs: NOW_MS,
    ...changes,
  };
}

export interface PlainAnswer {
  status: number;
  type: string;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an answer under test
  body: any;
}

export function plainAnswer(reply: SbiReply): PlainAnswer {
  assert.ok('body' in reply, 'an answer with an end');
  const { status, contentType, headers, body } = reply;
  const text = typeof body === 'string' ? body : Buffer.from(body).toString();
  return {
    status,
    type: contentType,
    headers: Object.fromEntries(headers ?? []),
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** What is answered to a request, without a socket. */
export async function ask(
  target: string,
  changes: Partial<SbiRequest> = {},
  services: SbiServices = fixtureServices(),
): Promise<PlainAnswer> {
  return plainAnswer(await routeSbi(sbiRequest(target, changes), services));
}
