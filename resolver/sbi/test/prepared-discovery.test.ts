// Prepared answers: the same bytes as if each had been written for its request, never those of another
// query, number or route, and no more of them than the limits allow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../../../ledger/number.ts';
import type { Route } from '../../../ledger/route.ts';
import { exampleRoute } from '../../test/example-route.ts';
import {
  type NfProfile,
  NUMBER_ROOM,
  profileOf,
  TARGET_NF_TYPES,
  USER_DATA_INDEX_ROOM,
} from '../nf-profile.ts';
import {
  AnswerTemplate,
  type DiscoveryWish,
  PreparedDiscoveries,
  TEMPLATES_MAX,
  WISHES_MAX,
} from '../prepared-discovery.ts';
import { ask, fixtureServices, GPSI, SUPI } from './sbi-fixture.ts';

const FOR_UDM = 'target-nf-type=UDM&requester-nf-type=AMF';
const PATH = '/nnrf-disc/v1/nf-instances';

function read(prepared: PreparedDiscoveries, query: string) {
  const asked = prepared.read(query);
  assert.ok(!('status' in asked), query);
  return asked;
}

/** Groups whose names try to look like rooms for numbers. */
const NAMES = ['g', '\u0001', '\\u0001', '"', '\u0001'.repeat(64), '\u0002'.repeat(64), '#', '/ü'];

test('a filled template is, byte by byte, the JSON of profiles that were made for the number', () => {
  const wishOf = (rest: string) =>
    read(new PreparedDiscoveries(), `${FOR_UDM}&supi=${SUPI}${rest}`);
  const ignored = encodeURIComponent('\u0001'.repeat(80));
  for (const rest of ['', '&requester-features=20', `&${ignored}=x`]) {
    const { wish } = wishOf(rest);
    for (const groupId of NAMES) {
      for (const target of TARGET_NF_TYPES) {
        for (const identity of ['imsi', 'msisdn'] satisfies Identity[]) {
          for (const index of [undefined, 0, Number.MAX_SAFE_INTEGER]) {
            const route = exampleRoute('one', {
              groupId,
              nfType: target === 'HSS' ? 'HSS' : 'UDM',
            });
            const { asServiceMap } = wish;
            const profile = (digits: string, userDataIndex: number | string | undefined) =>
              profileOf(route, {
                ...{ target, identity, digits, asServiceMap, scheme: 'http', priority: 1 },
                userDataIndex: userDataIndex as number | undefined,
              }) as NfProfile;
            const room = index === undefined ? undefined : USER_DATA_INDEX_ROOM;
            const template = new AnswerTemplate([profile(NUMBER_ROOM, room)], wish, 60);
            const { body } = template.fill('244050123456789', index);
            const expected = {
              validityPeriod: 60,
              nfInstances: [profile('244050123456789', index)],
              ...(wish.asServiceMap && { nrfSupportedFeatures: '20' }),
              ...(wish.ignored.length > 0 && { ignoredQueryParams: wish.ignored }),
            };
            assert.equal(body, JSON.stringify(expected));
          }
        }
      }
    }
  }
});

test('a query that differs in its number alone is read once, and each number gets its own answer', async () => {
  const services = fixtureServices();
  for (const digits of ['244050123456789', '244051', '24405000']) {
    const query = `${FOR_UDM}&supi=imsi-${digits}&limit=1`;
    const { body, headers } = await ask(`${PATH}?${query}`, {}, services);
    assert.equal(body.nfInstances[0].udmInfo.supiRanges[0].start, digits);
    const fresh = await ask(`${PATH}?${query}`);
    assert.deepEqual([body, headers], [fresh.body, fresh.headers]);
  }
  assert.deepEqual(services.prepared.counts, { wishes: 1, templates: 1 });
});

test('the tag of an answer differs by number, by index of user data and by what was asked', async () => {
  const tags = new Set<string>();
  const targets = [
    `supi=${SUPI}`,
    'supi=imsi-244050123456780',
    `supi=${SUPI}&limit=1`,
    `supi=${SUPI}&service-names=nudm-sdm`,
    `gpsi=${GPSI}`,
    'gpsi=msisdn-358501234568',
  ];
  for (const rest of targets) {
    const { headers } = await ask(`${PATH}?${FOR_UDM}&${rest}`);
    tags.add(headers.etag as string);
  }
  assert.equal(tags.size, targets.length);
});

test('a query with several identities is not kept, however they are written', () => {
  const prepared = new PreparedDiscoveries();
  const second = 'gpsi=msisdn-358501234567';
  for (const query of [
    `${FOR_UDM}&supi=${SUPI}&${second}`,
    `${FOR_UDM}&${second}&supi=${SUPI}`,
    `${FOR_UDM}&${second}&%73upi=${SUPI}`,
    `${FOR_UDM}&imsi=244050123456789&%73upi=${SUPI}`,
    `${FOR_UDM}&${second}&supi=nai-user@example.org`,
    `${FOR_UDM}&supi=imsi-24405012345678%39`,
    `${FOR_UDM}&supi=nai-user@example.org`,
    FOR_UDM,
  ]) {
    assert.equal(read(prepared, query).kept, undefined, query);
  }
  assert.equal(prepared.counts.wishes, 0);
  // The same text but for a number elsewhere is another query.
  read(prepared, `${FOR_UDM}&supi=${SUPI}&x=imsi-244050123456789`);
  const { wish } = read(prepared, `${FOR_UDM}&x=imsi-244050123456789&supi=${SUPI}`);
  assert.deepEqual(wish.ignored, ['x']);
  assert.equal(prepared.counts.wishes, 2);
});

test('a query that is refused is refused each time', () => {
  const prepared = new PreparedDiscoveries();
  for (let time = 0; time < 2; time++) {
    const answer = prepared.read(`${FOR_UDM}&supi=${SUPI}&limit=0`);
    assert.ok('status' in answer && answer.status === 400);
  }
  assert.equal(prepared.counts.wishes, 0);
});

test('what is kept is bounded, and is made anew beyond the bound', () => {
  const prepared = new PreparedDiscoveries();
  for (let at = 0; at <= WISHES_MAX; at++) read(prepared, `${FOR_UDM}&supi=${SUPI}&x${at}=1`);
  assert.equal(prepared.counts.wishes, 1);

  const { kept, wish } = read(prepared, `${FOR_UDM}&supi=${SUPI}`);
  let written = 0;
  const templateOf = (route: Route, version = 1) =>
    prepared.templateOf(kept, route, false, version, () => {
      written++;
      return new AnswerTemplate([], wish as DiscoveryWish, 60);
    });
  const routes = Array.from({ length: TEMPLATES_MAX + 1 }, (_, at) => exampleRoute(`r${at}`));
  for (const route of routes) templateOf(route);
  assert.equal(written, routes.length);
  assert.equal(prepared.counts.templates, 1);
  const [last] = routes.slice(-1) as [Route];
  templateOf(last);
  assert.equal(written, routes.length);
  templateOf(last, 2);
  assert.equal(written, routes.length + 1, 'another version of the routes makes answers void');
});
