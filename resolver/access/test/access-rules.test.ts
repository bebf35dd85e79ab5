// The rules of access against a model of them: random rules, random requesters, every question.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IDENTITIES, type Identity } from '../../../ledger/number.ts';
import { seed } from '../../../ledger/test/seed.ts';
import { ACCESS_CAUSES, refusalOf } from '../access-causes.ts';
import { AccessGate, type AccessQuestion } from '../access-gate.ts';
import { CREDENTIAL_POLICIES, type Requester, readRules } from '../access-rules.ts';
import { QuotaTable } from '../quota-table.ts';
import { MSISDN_A, ROUTES, terminal } from './access-fixture.ts';

const SUBJECTS = ['s1', 's2', 's3'];
const NF_TYPES = ['AMF', 'SMSF'];
const NETWORKS = ['262-01', '262-02', '244-05'];
const MEMBERS = ['member-a', 'member-b'];
const plmn = (text: string) => ({ mcc: text.slice(0, 3), mnc: text.slice(4) });

const some = <T>(items: readonly T[]) => fc.subarray([...items], { minLength: 1 });
const ruleArbitrary = fc.record(
  {
    from: fc.record(
      { subjects: some(SUBJECTS), nfTypes: some(NF_TYPES), networks: some(NETWORKS) },
      { requiredKeys: [] },
    ),
    identities: some(IDENTITIES),
    members: some(MEMBERS),
    credential: fc.constantFrom(...CREDENTIAL_POLICIES),
  },
  { requiredKeys: [] },
);
const requesterArbitrary = fc.record({
  subjects: fc.subarray(SUBJECTS),
  nfType: fc.option(fc.constantFrom(...NF_TYPES), { nil: undefined }),
  network: fc.option(fc.constantFrom(...NETWORKS).map(plmn), { nil: undefined }),
});
const askedArbitrary = fc.record({
  identity: fc.constantFrom(...IDENTITIES),
  member: fc.option(fc.constantFrom(...MEMBERS), { nil: undefined }),
  isBulk: fc.boolean(),
  isKindKnown: fc.boolean(),
  isEachJudged: fc.boolean(),
  credential: fc.constantFrom(undefined, 'good', 'bad'),
});

type Rule = typeof ruleArbitrary extends fc.Arbitrary<infer R> ? R : never;
type Asked = typeof askedArbitrary extends fc.Arbitrary<infer A> ? A : never;

/** What the document says, as plainly as it can be written down. */
function modelOf(rules: Rule[], requester: Requester, asked: Asked): string {
  const networkName = requester.network && `${requester.network.mcc}-${requester.network.mnc}`;
  for (const { from = {}, identities = IDENTITIES, members, credential = 'ignored' } of rules) {
    const { subjects, nfTypes, networks } = from;
    if (subjects && !subjects.some((one) => requester.subjects.includes(one))) continue;
    if (nfTypes && !nfTypes.some((one) => one === requester.nfType)) continue;
    if (networks && networkName !== undefined && !networks.includes(networkName)) continue;
    if (networks && networkName === undefined && !subjects) continue;
    if (asked.isBulk) {
      const kinds: readonly Identity[] = asked.isKindKnown ? [asked.identity] : IDENTITIES;
      if (asked.isEachJudged) return credential === 'required' ? 'BULK_NOT_ALLOWED' : 'ok';
      const isOpen = !members && credential !== 'required';
      return isOpen && kinds.every((kind) => identities.includes(kind)) ? 'ok' : 'BULK_NOT_ALLOWED';
    }
    if (!identities.includes(asked.identity)) return 'IDENTITY_NOT_ALLOWED';
    if (members && asked.member && !members.includes(asked.member)) return 'MEMBER_NOT_ALLOWED';
    if (credential === 'ignored') return 'ok';
    if (asked.credential === undefined) {
      return credential === 'required' ? 'CREDENTIAL_REQUIRED' : 'ok';
    }
    const stands = networkName === undefined ? (subjects ? (networks ?? []) : []) : [networkName];
    return asked.credential === 'good' ? `ok for ${stands.join()}` : 'CREDENTIAL_SIGNATURE_INVALID';
  }
  return 'REQUESTER_NOT_ALLOWED';
}

async function gateSays(rules: Rule[], requester: Requester, asked: Asked): Promise<string> {
  const content = { requesters: rules.map((rule, at) => ({ name: `rule-${at}`, ...rule })) };
  const active = readRules(content);
  let stands = '';
  const route = ROUTES.find(({ member }) => member === asked.member);
  const gate = new AccessGate({
    active: { rules: active, quotas: new QuotaTable(active.buckets) },
    checks: {
      check: async (text, { networks }) => {
        stands = ` for ${networks.map(({ mcc, mnc }) => `${mcc}-${mnc}`).join()}`;
        return text === 'good' ? undefined : 'CREDENTIAL_SIGNATURE_INVALID';
      },
    },
    windowMs: 1000,
    resolver: { find: () => route && ({ route } as never) },
    audit: undefined,
    counters: {},
    now: () => 0,
    nowUs: () => 0,
    newRequestId: () => 'id',
  });
  const ueId = { identity: asked.identity, key: 1234567 };
  const question: AccessQuestion = {
    interface: 'http',
    operation: 'test',
    requester,
    ueId: asked.isBulk ? undefined : ueId,
    identity: asked.isKindKnown ? asked.identity : undefined,
    isEachJudged: asked.isEachJudged,
    count: 1,
    credential: asked.credential,
  };
  const refusal = await gate.decide(question);
  return refusal ? JSON.parse(refusal.body as string).cause : `ok${stands}`;
}

describe('rules of access', () => {
  it('decide every question as the plain model of them does', async () => {
    const rulesArbitrary = fc.array(ruleArbitrary, { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        rulesArbitrary,
        requesterArbitrary,
        askedArbitrary,
        async (rules, requester, asked) => {
          assert.equal(await gateSays(rules, requester, asked), modelOf(rules, requester, asked));
        },
      ),
      { seed, numRuns: 3000 },
    );
  });

  it('give each subject of a rule a bucket of its own, and the strangers of a rule one', () => {
    const quota = { perSecond: 5, burst: 5 };
    const { rules, buckets } = readRules({
      requesters: [
        { name: 'a', from: { subjects: ['x', 'y'] }, quota },
        { name: 'b' },
        { name: 'c', quota },
      ],
    });
    assert.deepEqual(
      rules.map(({ firstBucket }) => firstBucket),
      [0, undefined, 2],
    );
    assert.equal(buckets.length, 3);
  });

  it('are refused where they do not fit, with the place', () => {
    const rule = { name: 'a' };
    const bad: [unknown, RegExp][] = [
      [undefined, /file/],
      [{ requesters: [{}] }, /requesters\.0\.name/],
      [{ requesters: [rule], more: 1 }, /more/],
      [{ requesters: [rule, rule] }, /two rules are called a/],
      [{ requesters: [{ ...rule, identities: [] }] }, /identities/],
      [{ requesters: [{ ...rule, members: [] }] }, /members/],
      [{ requesters: [{ ...rule, from: { networks: ['26201'] } }] }, /262-01/],
      [{ requesters: [{ ...rule, quota: { perSecond: 0, burst: 1 } }] }, /perSecond/],
      [{ requesters: [{ ...rule, credential: 'maybe' }] }, /credential/],
      [{ requesters: [{ ...rule, credentials: 'required' }] }, /credentials/],
      [{ requesters: Array.from({ length: 257 }, (_, at) => ({ name: `r${at}` })) }, /requesters/],
    ];
    for (const [content, message] of bad) assert.throws(() => readRules(content), message);
  });

  it('refuse with problem details whose cause and status each cause has', () => {
    for (const cause of ACCESS_CAUSES) {
      const { status, body, contentType } = refusalOf(cause);
      assert.equal(contentType, 'application/problem+json');
      const details = JSON.parse(body as string);
      assert.equal(details.cause, cause);
      assert.equal(details.status, status);
      assert.ok(details.detail.length > 10);
    }
  });

  it('never let a credential be checked for a number that may not be asked for', async () => {
    const { credential, ueId } = terminal(MSISDN_A);
    const rules = readRules({
      requesters: [{ name: 'a', identities: ['imsi'], credential: 'required' }],
    });
    const gate = new AccessGate({
      active: { rules, quotas: new QuotaTable([]) },
      checks: { check: () => assert.fail('checked') },
      windowMs: 1000,
      resolver: { find: () => undefined },
      audit: undefined,
      counters: {},
      now: Date.now,
      nowUs: () => 0,
      newRequestId: () => 'id',
    });
    const refusal = await gate.decide({
      interface: 'http',
      operation: 'test',
      requester: { subjects: [], nfType: undefined, network: undefined },
      ueId,
      count: 1,
      credential: credential(),
    });
    assert.match(refusal?.body as string, /IDENTITY_NOT_ALLOWED/);
  });
});
