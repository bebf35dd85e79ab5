// Lookups that are let through by what is remembered of their requester: never otherwise than by the whole
// way, whatever has changed since, and counted, charged and noted the same.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomFrom, seed } from '../../../ledger/test/seed.ts';
import type { HttpAnswer } from '../../http/http-answer.ts';
import { ROUTING_INFO_PATH, routeRequest } from '../../http/http-router.ts';
import { PreparedAnswers } from '../../http/prepared-answers.ts';
import { change, SmallIndex } from '../../http/test/http-fixture.ts';
import type { VerifiedToken } from '../../sbi/access-token.ts';
import { createAuthoriser } from '../../sbi/authorise.ts';
import type { TokenPolicy } from '../../sbi/token-policy.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { AccessGate } from '../access-gate.ts';
import { readRules } from '../access-rules.ts';
import type { AuditedDecision } from '../audit-line-codec.ts';
import { AUDITED_HEADERS, guardHttp } from '../http-gate.ts';
import { KNOWN_REQUESTERS_MAX, KnownRequesters } from '../known-requesters.ts';
import { QuickGate } from '../quick-gate.ts';
import { QuotaTable } from '../quota-table.ts';

/** Covered by a run of route 0, which is member-a's, and ported to route 1, which is member-b's. */
const OF_A = 'msisdn-358501234500';
const OF_B = 'msisdn-358501234567';
const AMF = { 'user-agent': 'AMF' };
const TOKEN_ENDS_MS = 50_000;

type Headers = Record<string, string>;

const tokenOf = (subject: string, expiresMs: number): VerifiedToken => ({
  ...{ subject, audience: ['BCHF'], scopes: new Set(['nbchf-routing']), expiresMs },
  network: undefined,
});
const TOKENS: Record<string, VerifiedToken> = {
  'Bearer one': tokenOf('s1', TOKEN_ENDS_MS),
  'Bearer two': tokenOf('s2', 2 * TOKEN_ENDS_MS),
};

/** One serving thread with rules, with the quick way or without it. */
class World {
  readonly index = new SmallIndex();
  readonly counters: Record<string, number> = {};
  readonly noted: AuditedDecision[] = [];
  quickCount = 0;
  nowMs = 1000;
  readonly #gate: AccessGate;
  readonly #quick: QuickGate | undefined;
  readonly #handle: ReturnType<typeof guardHttp>;

  constructor(requesters: object[] | undefined, policy: TokenPolicy, isQuick = true) {
    this.nameMembers('member-a', 'member-b');
    this.#gate = new AccessGate({
      active: requesters && this.#activeOf(requesters),
      checks: { check: () => 'CREDENTIAL_MALFORMED' },
      windowMs: 1000,
      resolver: this.index.resolver,
      audit: { note: (decision) => this.noted.push(decision) },
      counters: this.counters,
      now: () => this.nowMs,
      nowUs: () => this.nowMs * 1000,
      newRequestId: () => 'ours',
    });
    const answers = new PreparedAnswers(this.index.resolver);
    const reads = { readsTokens: policy !== 'off', readsRequestIds: true };
    this.#quick = isQuick ? new QuickGate({ gate: this.#gate, answers, ...reads }) : undefined;
    const readToken = async (authorization: string) => {
      const token = TOKENS[authorization];
      return token && token.expiresMs > this.nowMs ? token : undefined;
    };
    const services = this.index.services();
    this.#handle = guardHttp(
      (request) => routeRequest(request, services),
      this.#gate,
      createAuthoriser({ policy, readToken, nfInstanceId: 'x' }),
      'http',
      this.#quick,
    );
  }

  #activeOf(requesters: object[]) {
    const rules = readRules({ requesters });
    return { rules, quotas: new QuotaTable(rules.buckets) };
  }

  reload(requesters: object[]): void {
    this.#gate.apply(this.#activeOf(requesters));
  }

  nameMembers(...members: string[]): void {
    const routes = members.map((member, number) => {
      return { number, route: exampleRoute(`r${number}`, { member }) };
    });
    this.index.routes.apply({ version: this.index.routes.version + 1, routes });
  }

  /** What is told, and whether it was told quickly. */
  async ask(segment: string, headers: Headers = {}) {
    const request = { getHeader: (name: string) => headers[name] ?? '' };
    const body = this.#quick?.answer(segment, request);
    if (body instanceof Uint8Array) {
      this.quickCount++;
      return { status: 200, body: Buffer.from(body).toString(), isQuick: true };
    }
    assert.equal(body, undefined);
    const read = Object.entries(headers).filter(([name]) => AUDITED_HEADERS.includes(name));
    const answer = (await this.#handle({
      ...{ method: 'get', path: ROUTING_INFO_PATH + segment, query: '', contentType: '' },
      headers: Object.fromEntries(read),
    })) as HttpAnswer;
    return { status: answer.status, body: answer.body as string, isQuick: false };
  }

  /** `200 quickly`, `403 MEMBER_NOT_ALLOWED`. */
  async told(segment: string, headers: Headers = {}): Promise<string> {
    const { status, body, isQuick } = await this.ask(segment, headers);
    if (status === 200) return `200${isQuick ? ' quickly' : ''}`;
    return `${status} ${JSON.parse(body).cause}`;
  }
}

describe('the quick way through the gate', () => {
  it('is taken by the second lookup of a requester', async () => {
    for (const requesters of [undefined, [{ name: 'amf', from: { nfTypes: ['AMF'] } }]]) {
      const world = new World(requesters, 'off');
      assert.equal(await world.told(OF_A, AMF), '200');
      assert.equal(await world.told(OF_A, AMF), '200 quickly');
      assert.equal(await world.told(OF_B, AMF), '200 quickly');
      const other = await world.told(OF_A, { ...AMF, '3gpp-sbi-originating-network-id': '262-01' });
      assert.equal(other, '200', 'other fields are another requester');
    }
  });

  it('ends with the rules that it was opened by: a requester, a member that is taken out', async () => {
    const rule = { name: 'amf', from: { nfTypes: ['AMF'] } };
    const both = { ...rule, members: ['member-a', 'member-b'] };
    const world = new World([both], 'off');
    await world.told(OF_A, AMF);
    assert.equal(await world.told(OF_B, AMF), '200 quickly');
    world.reload([{ ...rule, members: ['member-a'] }]);
    assert.equal(await world.told(OF_B, AMF), '403 MEMBER_NOT_ALLOWED');
    assert.equal(await world.told(OF_A, AMF), '200 quickly');
    world.reload([{ ...rule, identities: ['imsi'] }]);
    assert.equal(await world.told(OF_A, AMF), '403 IDENTITY_NOT_ALLOWED');
    world.reload([{ ...rule, from: { nfTypes: ['SMSF'] } }]);
    assert.equal(await world.told(OF_A, AMF), '403 REQUESTER_NOT_ALLOWED');
    world.reload([{ ...rule, credential: 'required' }]);
    for (let time = 0; time < 2; time++) {
      assert.equal(await world.told(OF_A, AMF), '403 CREDENTIAL_REQUIRED');
    }
    world.reload([both]);
    assert.equal(await world.told(OF_A, AMF), '200');
    assert.equal(await world.told(OF_A, AMF), '200 quickly');
  });

  it('ends with the token, to the millisecond', async () => {
    const world = new World([{ name: 'one', from: { subjects: ['s1'] } }], 'required');
    const one = { ...AMF, authorization: 'Bearer one' };
    assert.equal(await world.told(OF_A, one), '200');
    world.nowMs = TOKEN_ENDS_MS - 1;
    assert.equal(await world.told(OF_A, one), '200 quickly');
    assert.equal(await world.told(OF_A, AMF), '401 UNAUTHORIZED');
    const another = { ...AMF, authorization: 'Bearer two' };
    assert.equal(await world.told(OF_A, another), '403 REQUESTER_NOT_ALLOWED');
    world.nowMs = TOKEN_ENDS_MS;
    assert.equal(await world.told(OF_A, one), '401 UNAUTHORIZED');
  });

  it('looks at the number of each request: its kind, and whose it is after every block', async () => {
    const rule = { name: 'amf', identities: ['msisdn'], members: ['member-a'] };
    const world = new World([rule], 'off');
    await world.told(OF_A);
    assert.equal(await world.told(OF_A), '200 quickly');
    assert.equal(await world.told(OF_B), '403 MEMBER_NOT_ALLOWED');
    assert.equal(await world.told('imsi-244050123456789'), '403 IDENTITY_NOT_ALLOWED');
    assert.equal(await world.told('msisdn-7'), '404 USER_NOT_FOUND');
    world.index.apply([change('ported', OF_A.slice(7), 1)]);
    assert.equal(await world.told(OF_A), '403 MEMBER_NOT_ALLOWED');
    world.nameMembers('member-b', 'member-a');
    assert.equal(await world.told(OF_A), '200 quickly');
  });

  it('takes from the quota for each request once, and ends where it is used up', async () => {
    const quota = { perSecond: 1, burst: 5 };
    const world = new World([{ name: 'all', members: ['member-a'], quota }], 'off');
    const told: string[] = [];
    // A refusal counts too, and one that the quick way has left to the other only once.
    for (const segment of [OF_A, OF_A, OF_B, OF_A, OF_A, OF_A])
      told.push(await world.told(segment));
    const quickly = '200 quickly';
    assert.deepEqual(told, [
      ...['200', quickly, '403 MEMBER_NOT_ALLOWED', quickly, quickly],
      '429 NF_CONGESTION_RISK',
    ]);
    world.nowMs += 1000;
    assert.equal(await world.told(OF_A), quickly);
    assert.equal(await world.told(OF_A), '429 NF_CONGESTION_RISK');
  });

  it('is not for a request with a credential, unless its rule ignores it', async () => {
    const world = new World([{ name: 'all', credential: 'optional' }], 'off');
    await world.told(OF_A);
    assert.equal(await world.told(OF_A), '200 quickly');
    const refused = await world.told(OF_A, { 'bchf-credential': 'x' });
    assert.equal(refused, '400 CREDENTIAL_MALFORMED');
    world.reload([{ name: 'all' }]);
    await world.told(OF_A);
    assert.equal(await world.told(OF_A, { 'bchf-credential': 'x' }), '200 quickly');
  });

  it('has each request counted and in the audit log, by what its sender calls it', async () => {
    const world = new World([{ name: 'amf', from: { nfTypes: ['AMF'] } }], 'off');
    await world.told(OF_A, AMF);
    for (let number = 0; number < 3; number++) {
      world.nowMs += 10;
      const told = await world.told(OF_B, { ...AMF, 'x-request-id': `id-${number}` });
      assert.equal(told, '200 quickly');
    }
    assert.equal(await world.told(OF_B, AMF), '200 quickly');
    assert.deepEqual(world.counters, { allowed: 5 });
    const shown = world.noted.map(({ timeMs, asking, route, requestId }) =>
      [timeMs, asking.rule, asking.nfType, route?.id, requestId?.text].join(),
    );
    assert.deepEqual(shown, [
      '1000,amf,AMF,r0,ours',
      ...['1010,amf,AMF,r1,id-0', '1020,amf,AMF,r1,id-1', '1030,amf,AMF,r1,id-2'],
      '1030,amf,AMF,r1,',
    ]);
  });

  it(`decides, charges and notes what the whole way does (BCHF_TEST_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    const below = (end: number) => Math.floor(random() * end);
    const oneOf = <T>(items: readonly T[]): T => items[below(items.length)]!;
    const quota = { perSecond: 20, burst: 30 };
    const rules = [
      { name: 'one', from: { subjects: ['s1'], networks: ['262-01'] }, members: ['member-a'] },
      { name: 'two', from: { subjects: ['s2', 's1'] }, quota },
      { name: 'amf', from: { nfTypes: ['AMF'] }, quota, credential: 'optional' },
      { name: 'net', from: { networks: ['262-02'] }, identities: ['imsi'] },
      { name: 'smsf', from: { nfTypes: ['SMSF'] }, credential: 'required' },
      { name: 'all', members: ['member-b'], quota },
    ];
    for (const policy of ['off', 'optional', 'required'] as const) {
      const [quick, whole] = [true, false].map((isQuick) => new World(rules, policy, isQuick));
      for (let step = 0; step < 1000; step++) {
        const what = below(40);
        if (what === 0) {
          const chosen = rules.filter(() => below(2) === 0);
          for (const world of [quick!, whole!]) world.reload(chosen);
        } else if (what === 1) {
          const members = oneOf([
            ['member-a', 'member-b'],
            ['member-b', 'member-a'],
          ]);
          for (const world of [quick!, whole!]) world.nameMembers(...members);
        } else if (what === 2) {
          const route = below(2);
          const changes = [change('ported', OF_A.slice(7), route)];
          for (const world of [quick!, whole!]) world.index.apply(changes);
        }
        const passedMs = below(250);
        for (const world of [quick!, whole!]) world.nowMs += passedMs;
        const field = (name: string, values: readonly string[]): Headers => {
          const value = oneOf(values);
          return value === '' ? {} : { [name]: value };
        };
        const headers = {
          ...field('user-agent', ['AMF', 'AMF', 'SMSF-1', '']),
          ...field('3gpp-sbi-originating-network-id', ['262-01', '262-02', '']),
          ...field('authorization', ['Bearer one', 'Bearer two', 'Bearer none', '']),
          ...field('bchf-credential', ['', '', '', '', 'x']),
          ...field('x-request-id', ['', 'a', 'b']),
        };
        const odd = ['msisdn-7', 'imsi-1', 'x', OF_A.replace('m', '%6D')];
        const segment = oneOf([OF_A, OF_A, OF_B, OF_B, ...odd]);
        const told = await Promise.all(
          [quick!, whole!].map((world) => world.ask(segment, headers)),
        );
        const [one, other] = told.map(({ status, body }) => ({ status, body }));
        assert.deepEqual(one, other, `${policy} ${step}: ${segment} ${JSON.stringify(headers)}`);
      }
      assert.deepEqual(quick!.counters, whole!.counters);
      const comparable = ({ requestId, ...decision }: AuditedDecision) => ({
        ...decision,
        named: requestId?.isOwn === false ? requestId.text : undefined,
      });
      assert.deepEqual(quick!.noted.map(comparable), whole!.noted.map(comparable));
      assert.equal(quick!.noted.length, 1000);
      assert.ok(quick!.quickCount > 0);
    }
  });
});

describe('known requesters', () => {
  const known = () => ({
    ...{ standing: undefined, active: undefined, untilMs: 1 },
    asking: { interface: 'http', operation: 'x' } as never,
  });

  it('are told apart by each field, wherever one of them ends', () => {
    const requesters = new KnownRequesters();
    const one = known();
    requesters.keep('a', 'b', 'c', one);
    assert.equal(requesters.find('a', 'b', 'c'), one);
    for (const [agent, network, token] of [
      ['a', 'b', ''],
      ['a', '', 'bc'],
      ['ab', '', 'c'],
      ['', 'ab', 'c'],
      ['c', 'b', 'a'],
    ] as const) {
      assert.equal(requesters.find(agent, network, token), undefined);
    }
    const another = known();
    requesters.keep('a', 'b', 'c', another);
    assert.equal(requesters.find('a', 'b', 'c'), another);
  });

  it('are so many at most', () => {
    const requesters = new KnownRequesters();
    for (let at = 0; at < KNOWN_REQUESTERS_MAX; at++) {
      requesters.keep(`agent-${at % 7}`, `network-${at % 11}`, `token-${at}`, known());
    }
    assert.ok(requesters.find('agent-0', 'network-0', 'token-0'));
    requesters.keep('new', '', '', known());
    assert.ok(requesters.find('new', '', ''));
    assert.equal(requesters.find('agent-0', 'network-0', 'token-0'), undefined);
    // The same again takes no more room.
    for (let time = 0; time < 2 * KNOWN_REQUESTERS_MAX; time++)
      requesters.keep('a', '', '', known());
    assert.ok(requesters.find('new', '', ''));
  });
});
