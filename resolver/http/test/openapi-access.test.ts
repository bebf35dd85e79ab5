// Requests that are generated from the OpenAPI document, with rules of access and tokens in front. Each
// requester is of one kind, and what becomes of its requests follows from that: refused with the status,
// cause and header fields of the document, or answered as without rules.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { AccessGate } from '../../access/access-gate.ts';
import { readRules } from '../../access/access-rules.ts';
import { GATE_HEADERS, guardHttp } from '../../access/http-gate.ts';
import { QuotaTable } from '../../access/quota-table.ts';
import { generateTokenKeys, issueToken } from '../../sbi/access-token.ts';
import { createAuthoriser } from '../../sbi/authorise.ts';
import { createTokenReader } from '../../sbi/token-reader.ts';
import {
  assertDocumented,
  bodyOf,
  headersOf,
  type Operation,
  operations,
  type Reply,
  type Sent,
  sentParameters,
  urlOf,
} from './openapi-document.ts';
import { type ApiServer, startApi } from './openapi-server.ts';

const seed = Number(process.env.BCHF_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = 60;
const NOW_MS = 1_800_000_000_000;
const NF_INSTANCE = 'cccccccc-cccc-4ccc-8ccc-cccccccccccc';

/** By what subjects are called. */
const RULES = {
  requesters: [
    { name: 'all', from: { subjects: ['all'] } },
    { name: 'imsi', from: { subjects: ['imsi'] }, identities: ['imsi'] },
    { name: 'member', from: { subjects: ['member'] }, members: ['a'] },
    { name: 'spent', from: { subjects: ['spent'] }, quota: { perSecond: 1, burst: 1 } },
    { name: 'terminal', from: { subjects: ['terminal'] }, credential: 'required' },
  ],
};

const KINDS = ['all', 'imsi', 'member', 'spent', 'terminal', 'stranger'] as const;
type Kind = (typeof KINDS)[number] | 'no token' | 'another key' | 'another scope' | 'garbage';

const keys = generateTokenKeys();
const foreignKeys = generateTokenKeys();
const authorization = new Map<Kind, string>();
let api: ApiServer;

before(async () => {
  const token = (subject: string, scope = 'nbchf-routing', { privateKey } = keys) =>
    issueToken(privateKey!, { issuer: NF_INSTANCE, subject, audience: 'BCHF', scope }, NOW_MS);
  for (const kind of KINDS) authorization.set(kind, `Bearer ${await token(kind)}`);
  authorization.set('another key', `Bearer ${await token('all', undefined, foreignKeys)}`);
  authorization.set('another scope', `Bearer ${await token('all', 'nnrf-disc')}`);
  authorization.set('garbage', 'Bearer x.y.z');
  const readToken = createTokenReader(keys.publicKey, () => NOW_MS);
  const rules = readRules(RULES);
  const quotas = new QuotaTable(rules.buckets);
  // The only bucket is empty, and its clock stands still.
  quotas.take(0, 1, 0);
  api = await startApi((handle, resolver) => {
    const gate = new AccessGate({
      active: { rules, quotas },
      checks: { check: () => assert.fail('no credential is sent') },
      windowMs: 1000,
      resolver,
      audit: undefined,
      counters: {},
      now: () => NOW_MS,
      nowUs: () => 0,
      newRequestId: () => 'id',
    });
    const policy = 'required';
    return guardHttp(
      handle,
      gate,
      createAuthoriser({ policy, readToken, nfInstanceId: NF_INSTANCE }),
    );
  }, GATE_HEADERS);
});
after(() => api.close());

/** What the header fields of a refusal have to say. */
function assertChallenge({ status, headers }: Reply, cause: string | undefined, kind: Kind): void {
  if (status === 401) {
    const challenge = String(headers['www-authenticate']);
    assert.ok(challenge.startsWith('Bearer'));
    assert.equal(challenge.includes('invalid_token'), kind !== 'no token');
  }
  if (cause === 'INSUFFICIENT_SCOPE') {
    assert.match(String(headers['www-authenticate']), /insufficient_scope.*nbchf-routing/);
  }
  if (status === 429) assert.match(String(headers['retry-after']), /^[1-9][0-9]*$/);
}

const isOpen = ({ path }: Operation) => !path.startsWith('/nbchf-routing/');

/** The refusal that a kind of requester is to get; `undefined`: an answer as without rules. */
function refusalFor(kind: Kind, { operationId }: Operation, sent: Sent[], isCompact: boolean) {
  const ueId = sent.find(({ parameter }) => parameter.name === 'ueId')?.text;
  const isSingle = operationId === 'getRoutingInfo';
  const isBatch = operationId === 'getRoutingInfos';
  switch (kind) {
    case 'no token':
    case 'another key':
    case 'garbage':
      return '401 UNAUTHORIZED';
    case 'another scope':
      return '403 INSUFFICIENT_SCOPE';
    case 'stranger':
      return '403 REQUESTER_NOT_ALLOWED';
    case 'spent':
      return '429 NF_CONGESTION_RISK';
    case 'terminal':
      return isSingle ? '403 CREDENTIAL_REQUIRED' : '403 BULK_NOT_ALLOWED';
    case 'imsi':
      if (isSingle) return ueId!.startsWith('imsi-') ? undefined : '403 IDENTITY_NOT_ALLOWED';
      if (isBatch && !isCompact) return undefined;
      if (isBatch && sent[0]!.text === 'imsi') return undefined;
      return '403 BULK_NOT_ALLOWED';
    case 'member':
      // Whether a drawn number is of another member, the index says.
      if (isSingle || (isBatch && !isCompact)) return undefined;
      return '403 BULK_NOT_ALLOWED';
    case 'all':
      return undefined;
  }
}

describe(`requests from the OpenAPI document behind rules of access (BCHF_TEST_SEED=${seed})`, () => {
  const kinds = fc.constantFrom<Kind>(
    ...KINDS,
    'no token',
    'another key',
    'another scope',
    'garbage',
  );
  for (const operation of operations) {
    const { operationId, path, method, parameters } = operation;
    it(`${operationId}: each requester gets what its rule says, in the form of the document`, async () => {
      const drawn = fc.tuple(kinds, sentParameters(parameters, undefined), bodyOf(operation));
      await fc.assert(
        fc.asyncProperty(drawn, async ([kind, sent, body]) => {
          const given = authorization.get(kind);
          const headers = { ...headersOf(sent, body), ...(given && { authorization: given }) };
          const url = urlOf(path, sent);
          const reply = await api.send(method.toUpperCase(), url, headers, body?.bytes);
          const cause = assertDocumented(operation, reply);
          assertChallenge(reply, cause, kind);
          const isRefused = [401, 403, 429].includes(reply.status);
          if (isOpen(operation)) {
            assert.ok(!isRefused);
            return;
          }
          // What the head of a batch has wrong is told before anybody looks who asks.
          if (body && [400, 415].includes(reply.status)) return;
          const isCompact = body !== undefined && body.type !== 'application/json';
          const expected = refusalFor(kind, operation, sent, isCompact);
          if (expected) assert.equal(`${reply.status} ${cause}`, expected);
          else if (kind !== 'member') assert.ok(!isRefused, `${kind}: ${reply.status}`);
          else assert.ok(!isRefused || cause === 'MEMBER_NOT_ALLOWED');
        }),
        { seed, numRuns: RUNS, interruptAfterTimeLimit: 60_000 },
      );
    });
  }
});
