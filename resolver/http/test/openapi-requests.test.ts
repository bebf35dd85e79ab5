// Requests that are generated from the OpenAPI document, valid and broken, over sockets. Whatever is sent:
// the status is one that the document has for the operation, the body has its schema and the cause is one
// that it names; what the document calls valid is not refused, what it does not is; and there is no 5xx but
// where a fault is injected. With rules of access in front: openapi-access.test.ts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { COMPACT_HEADER_BYTES, COMPACT_TYPE } from '../batch-body-codec.ts';
import {
  assertDocumented,
  assertFits,
  type Body,
  bodyOf,
  document,
  headersOf,
  KNOWN,
  met,
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

let api: ApiServer;
before(async () => {
  api = await startApi();
});
after(() => api.close());

async function check(
  arbitrary: fc.Arbitrary<[Sent[], Body | undefined]>,
  operation: Operation,
  look: (reply: Reply, sent: Sent[], body: Body | undefined) => void,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([sent, body]) => {
      const url = urlOf(operation.path, sent);
      const { method } = operation;
      const reply = await api.send(method.toUpperCase(), url, headersOf(sent, body), body?.bytes);
      assertDocumented(operation, reply);
      look(reply, sent, body);
    }),
    { seed, numRuns: RUNS, interruptAfterTimeLimit: 60_000 },
  );
}

describe(`requests from the OpenAPI document (BCHF_TEST_SEED=${seed})`, () => {
  for (const operation of operations) {
    const { operationId, parameters, method } = operation;

    it(`${operationId}: what the document calls valid is not refused`, async () => {
      const valid = fc.tuple(sentParameters(parameters, undefined), bodyOf(operation));
      await check(valid, operation, ({ status }, sent, body) => {
        assert.ok(status < 500);
        // Any text of its form may be a token, but not every one is.
        const isToken = sent.some(({ parameter, text }) => parameter.name === 'page' && text);
        if (body && !body.isValid) return;
        // A compact body names no kinds of numbers, so there the parameter is no choice.
        const lacksKind = body?.type === COMPACT_TYPE && !sent.some(({ text }) => text);
        if (lacksKind) assert.equal(status, 400);
        else if (!isToken) assert.ok(![400, 413, 415].includes(status));
      });
    });

    if (parameters.length > 0 && method === 'get') {
      it(`${operationId}: a parameter that the document does not allow is refused with 400`, async () => {
        const broken = fc
          .nat(parameters.length - 1)
          .chain((at) => fc.tuple(sentParameters(parameters, at), bodyOf(operation)));
        await check(broken, operation, ({ status }, sent) => {
          assert.equal(status, 400, JSON.stringify(sent.map(({ text }) => text)));
        });
      });
    }

    if (operation.requestBody) {
      it(`${operationId}: a body that the document does not allow is refused`, async () => {
        const json = bodyOf(operation).filter((body) => body?.type === 'application/json');
        await check(
          fc.tuple(sentParameters([], undefined), json),
          operation,
          ({ status }, _, body) =>
            assert.equal(status, body!.isValid ? 200 : 400, Buffer.from(body!.bytes).toString()),
        );
      });
    }

    if (operation.requestBody) {
      it(`${operationId}: a compact body is answered number by number, or refused as a whole`, async () => {
        const compact = bodyOf(operation).filter((body) => body?.type === COMPACT_TYPE);
        const [identity] = parameters;
        const sent = fc
          .constantFrom('imsi', 'msisdn')
          .map((text) => [{ parameter: identity!, text, isValid: true }]);
        await check(fc.tuple(sent, compact), operation, ({ status, type, bytes }, _, body) => {
          assert.equal(status, body!.bytes.length > 0 && body!.bytes.length % 8 === 0 ? 200 : 400);
          if (status !== 200) return;
          const count = body!.bytes.length / 8;
          assert.equal(type, COMPACT_TYPE);
          assert.equal(bytes.length, COMPACT_HEADER_BYTES + 8 * count);
          assert.equal(bytes.readUInt32LE(16), count);
        });
      });
    }

    it(`${operationId}: methods that the document does not have are 405 and say which it has`, async () => {
      for (const other of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const methods = Object.keys(document.paths[operation.path]);
        if (methods.includes(other.toLowerCase())) continue;
        const path = operation.path.replace(/\{.*\}/, 'x');
        const { status, type, headers, text } = await api.send(other, path, {});
        assert.deepEqual([status, type], [405, 'application/problem+json']);
        assertFits(document.components.schemas.ProblemDetails, JSON.parse(text));
        assert.ok(String(headers.allow).includes(method.toUpperCase()));
      }
    });
  }

  it('any path, query and header gets an answer of the document or a problem, and no 5xx', async () => {
    const token = fc.stringMatching(/^[!-~]{1,30}$/);
    const paths = operations.map(({ path }) => path);
    const anyPath = fc.oneof(
      token.map((text) => `/${text}`),
      fc
        .tuple(fc.constantFrom(...paths), token)
        .map(([path, text]) => path.replace(/\{.*\}/, text)),
      fc.tuple(fc.constantFrom(...paths), token).map(([path, text]) => `${path}?${text}&=&%`),
    );
    await fc.assert(
      fc.asyncProperty(anyPath, token, async (path, header) => {
        const reply = await api.send('GET', path.replaceAll('#', ''), { 'x-any': header });
        assert.ok(reply.status < 500, path);
        if (reply.status < 400) return;
        assert.equal(reply.type, 'application/problem+json', path);
        assertFits(document.components.schemas.ProblemDetails, JSON.parse(reply.text));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('injected faults are told as the document says, and only they are 5xx', async () => {
    const asking = operations.filter(({ responses }) => '501' in responses);
    assert.ok(asking.length >= 5);
    const causes = new Map<string, Set<string>>();
    for (const injected of ['no-ledger', 'busy', 'throws', 'pruned'] as const) {
      api.inject(injected);
      const seen = new Set<string>();
      causes.set(injected, seen);
      for (const operation of asking) {
        const known = operation.parameters
          .filter(({ name, in: place }) => name in KNOWN && place !== 'header')
          .map((parameter) => ({ parameter, text: KNOWN[parameter.name]![0], isValid: true }));
        const reply = await api.send('GET', urlOf(operation.path, known), {});
        seen.add(`${reply.status} ${assertDocumented(operation, reply)}`);
      }
    }
    api.inject('none');
    assert.deepEqual([...causes.get('no-ledger')!], ['501 LEDGER_NOT_FOLLOWED']);
    assert.deepEqual([...causes.get('busy')!], ['503 NF_CONGESTION']);
    assert.deepEqual([...causes.get('throws')!], ['500 SYSTEM_FAILURE']);
    assert.ok(causes.get('pruned')!.has('410 HEIGHT_NOT_KEPT'));
  });

  it('every operation was answered with 200 and, where the document has it, refused with 400', () => {
    for (const { operationId, responses } of operations) {
      const seen = met.get(operationId)!;
      assert.ok(seen.has('200'), operationId);
      assert.equal(seen.has('400'), '400' in responses, operationId);
      if ('404' in responses) assert.ok(seen.has('404'), operationId);
    }
  });
});
