// Requests that are generated from the OpenAPI document, valid and broken, over sockets. Whatever is sent:
// the status is one that the document has for the operation, the body has its schema and the cause is one
// that it names; what the document calls valid is not refused, what it does not is; and there is no 5xx but
// where a fault is injected.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { type Ledger, openLedger } from '../../../ledger/ledger.ts';
import {
  authorityPublicKey,
  chainId,
  foundation,
  key,
  Signer,
} from '../../../ledger/test/consortium.ts';
import type { TransactionBody } from '../../../ledger/transaction-body.ts';
import { roamingContractAddress } from '../../../ledger/transaction-roaming.ts';
import { createWasmIndex } from '../../../wasm/wasm-index.ts';
import { NewestBlock } from '../../freshness.ts';
import { LedgerDesk } from '../../ledger-desk.ts';
import { type AskLedger, LedgerBusy } from '../../ledger-questions.ts';
import { NumberResolver } from '../../resolve.ts';
import { RouteTable } from '../../route-table.ts';
import { applyToIndexes } from '../../service.ts';
import { resolveBatch } from '../batch-answer.ts';
import { ChangeStreams, EVENT_STREAM_TYPE } from '../change-streams.ts';
import { type HttpServices, headersReadAt, routeRequest } from '../http-router.ts';
import { type HttpServer, listenHttp } from '../http-server.ts';
import { openApiDocument } from '../openapi.ts';
import { problem } from '../problem.ts';

const seed = Number(process.env.BCHF_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = 60;

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: {
    type: 'string' | 'integer' | 'boolean';
    pattern?: string;
    enum?: string[];
    minimum?: number;
    maximum?: number;
  };
}
interface Operation {
  path: string;
  method: string;
  operationId: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
}

const document = JSON.parse(JSON.stringify(openApiDocument()));
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods as object).map(([method, operation]) => ({
    ...{ path, method, parameters: [] },
    ...operation,
  })),
);
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'api', components: document.components });
const validators = new Map<string, ReturnType<typeof ajv.compile>>();

function assertFits(schema: object, value: unknown): void {
  const text = JSON.stringify(schema).replaceAll('"#/', '"api#/');
  const validate = validators.get(text) ?? ajv.compile(JSON.parse(text));
  validators.set(text, validate);
  assert.ok(validate(value), `${text}: ${JSON.stringify(validate.errors)}`);
}

// --- What is served: a ledger of a few blocks, and faults where they are wanted ------------------

const directory = mkdtempSync(join(tmpdir(), 'bchf-openapi-'));
const CONTRACT = roamingContractAddress('a', 'world');
/** What makes a difference, besides what is drawn: by the name of a parameter. */
const KNOWN: Record<string, string[]> = {
  ueId: ['msisdn-8611000', 'msisdn-8611500', 'imsi-460001234567890'],
  prefix: ['8', '861', '46'],
  id: ['a', 'a1'],
  address: [CONTRACT],
  since: ['0', '1', '3'],
  height: ['1', '2', '3'],
};
let ledger: Ledger;
let desk: LedgerDesk;
let server: HttpServer;
let streams: ChangeStreams | undefined;
/** Streams that have kept nothing yet. */
let openStreams: () => void;
let fault: 'none' | 'throws' | 'busy' | 'pruned' | 'no-ledger' = 'none';
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

before(async () => {
  ledger = await openLedger({
    ...{ directory, chainId, authorityPublicKey, settings: {}, now: Date.now },
  });
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  const signer = new Signer();
  const blocks: TransactionBody[][] = [
    foundation,
    [
      {
        kind: 'port',
        identity: 'msisdn',
        numbers: [key('8611000')],
        donor: 'a',
        recipient: 'b',
        route: 'b1',
      },
      {
        kind: 'register-roaming-contract',
        ...{ member: 'a', name: 'world', prices: [{ service: 'messages', price: 2 }] },
      },
    ],
    [
      {
        kind: 'port',
        identity: 'msisdn',
        numbers: [key('8611001')],
        donor: 'a',
        recipient: 'b',
        route: 'b1',
      },
    ],
  ];
  for (const bodies of blocks) {
    const block = await ledger.commit(bodies.map((body) => signer.sign(body)));
    assert.ok(block.results.every(({ code }) => code === 'OK'));
    applyToIndexes(indexes, block, block.changes);
  }
  const routes = new RouteTable();
  routes.apply({
    version: 1,
    routes: ledger.routes().map((route, number) => ({ number, route })),
  });
  const newest = new NewestBlock();
  newest.committed(ledger.tip.height, Date.now());
  const resolver = new NumberResolver(indexes, routes, newest, Date.now);
  desk = new LedgerDesk(ledger);
  const ask: AskLedger = (name, question) => {
    if (fault === 'throws') return Promise.reject(new Error('a fault of the program'));
    if (fault === 'busy') return Promise.reject(new LedgerBusy('busy'));
    const refuses = fault === 'pruned' && (name === 'asOf' || name === 'changes');
    return refuses ? (Promise.resolve({ refusal: 'not-kept' }) as never) : desk.ask(name, question);
  };
  openStreams = () => {
    streams?.close();
    streams = new ChangeStreams({
      ...{ ask, routes, servedHeight: ledger.tip.height, streamsMax: 50, now: () => 0 },
    });
  };
  openStreams();
  const services: HttpServices = {
    ...{ resolver, routes, metrics: async () => 'metric 1\n' },
    longBatches: (question) => Promise.resolve(resolveBatch(question, resolver)),
  };
  server = await listenHttp(
    '127.0.0.1',
    0,
    (request) =>
      routeRequest(
        request,
        fault === 'no-ledger' ? services : { ...services, askLedger: ask, changes: streams! },
      ),
    () => problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.'),
    { headerNames: headersReadAt },
  );
});
after(async () => {
  agent.destroy();
  streams?.close();
  server.close();
  await ledger.close();
  rmSync(directory, { recursive: true });
});

// --- Requests from the document -------------------------------------------------------------------

/** What one parameter is sent as; `undefined` where it is left out. */
interface Sent {
  parameter: Parameter;
  text: string | undefined;
  isValid: boolean;
}

function isValidText({ schema }: Parameter, text: string): boolean {
  if (schema.enum) return schema.enum.includes(text);
  if (schema.type === 'boolean') return text === 'true' || text === 'false';
  if (schema.type === 'integer') {
    if (!/^(0|[1-9][0-9]*)$/.test(text)) return false;
    return Number(text) >= (schema.minimum ?? 0) && Number(text) <= (schema.maximum ?? Infinity);
  }
  return new RegExp(schema.pattern ?? '').test(text);
}

function validText(parameter: Parameter): fc.Arbitrary<string> {
  const { name, schema } = parameter;
  const drawn = schema.enum
    ? fc.constantFrom(...schema.enum)
    : schema.type === 'boolean'
      ? fc.constantFrom('true', 'false')
      : schema.type === 'integer'
        ? fc.integer({ min: schema.minimum!, max: schema.maximum! }).map(String)
        : fc.stringMatching(new RegExp(schema.pattern!));
  const known = KNOWN[name];
  return known ? fc.oneof(fc.constantFrom(...known), drawn) : drawn;
}

/** Text that the schema refuses. Leading zeros of a number may be taken either way. */
function brokenText(parameter: Parameter): fc.Arbitrary<string> {
  const close = validText(parameter).chain((text) =>
    fc.constantFrom(`${text}!`, ` ${text}`, `-${text}`, `${text}${text}${text}`, text.slice(0, 3)),
  );
  return (
    fc
      .oneof(close, fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 }))
      .filter((text) => !/\p{Surrogate}/u.test(text) && !isValidText(parameter, text))
      .filter((text) => parameter.schema.type !== 'integer' || !/^[0-9]+$/.test(text))
      // A header field holds no such text, and an empty one is none.
      .filter((text) => parameter.in !== 'header' || /^[!-~]+$/.test(text))
  );
}

function sentParameters(parameters: Parameter[], broken: number | undefined): fc.Arbitrary<Sent[]> {
  return fc.tuple(
    ...parameters.map((parameter, at): fc.Arbitrary<Sent> => {
      if (at === broken) {
        const sent = brokenText(parameter).map((text) => ({ parameter, text, isValid: false }));
        const missing = fc.constant({ parameter, text: undefined, isValid: false });
        return parameter.required && parameter.in === 'query' ? fc.oneof(sent, missing) : sent;
      }
      const sent = validText(parameter).map((text) => ({ parameter, text, isValid: true }));
      return parameter.required
        ? sent
        : fc.oneof(sent, fc.constant({ parameter, text: undefined, isValid: true }));
    }),
  );
}

interface Body {
  type: string;
  bytes: Uint8Array;
  isValid: boolean;
}

function bodyOf(operation: Operation): fc.Arbitrary<Body | undefined> {
  if (!operation.requestBody) return fc.constant(undefined);
  const schema = operation.requestBody.content['application/json']!.schema;
  const json = (value: unknown): Body => {
    let isValid = true;
    try {
      assertFits(schema, value);
    } catch {
      isValid = false;
    }
    return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)), isValid };
  };
  const ueId = fc.oneof(fc.constantFrom(...KNOWN.ueId!), fc.string({ maxLength: 30 }));
  const types = fc.constantFrom(...Object.keys(operation.requestBody.content), 'text/plain', '');
  return fc.oneof(
    fc.array(ueId, { minLength: 1, maxLength: 50 }).map(json),
    fc.jsonValue().map(json),
    fc
      .tuple(types, fc.uint8Array({ maxLength: 200 }))
      .map(([type, bytes]) => ({ type, bytes, isValid: false })),
  );
}

interface Reply {
  status: number;
  type: string;
  headers: Record<string, unknown>;
  text: string;
}

function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Uint8Array,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { ...{ host: '127.0.0.1', port: server.port, agent, method, path, headers } },
      (response) => {
        const type = response.headers['content-type'] ?? '';
        let text = '';
        const done = () =>
          resolve({ status: response.statusCode!, type, headers: response.headers, text });
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (type !== EVENT_STREAM_TYPE) return;
          done();
          response.destroy();
        });
        response.on('end', done);
        response.on('error', reject);
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

function urlOf(path: string, sent: readonly Sent[]): string {
  const given = (place: Parameter['in']) =>
    sent.filter(({ parameter, text }) => parameter.in === place && text !== undefined);
  const url = given('path').reduce(
    (filled, { parameter, text }) =>
      filled.replace(`{${parameter.name}}`, encodeURIComponent(text!)),
    path,
  );
  const query = given('query')
    .map(({ parameter, text }) => `${parameter.name}=${encodeURIComponent(text!)}`)
    .join('&');
  return query ? `${url}?${query}` : url;
}

function headersOf(sent: readonly Sent[], body: Body | undefined): Record<string, string> {
  return Object.fromEntries([
    ...sent
      .filter(({ parameter, text }) => parameter.in === 'header' && text !== undefined)
      .map(({ parameter, text }) => [parameter.name, text!]),
    ...(body?.type ? [['content-type', body.type]] : []),
  ]);
}

/** Statuses and causes that were met, by operation. */
const met = new Map<string, Set<string>>();

function assertDocumented({ operationId, responses }: Operation, reply: Reply): string | undefined {
  const { status, type, text } = reply;
  const response = responses[status];
  assert.ok(response, `${operationId}: ${status} is not in the document`);
  const media = Object.keys(response.content).find((one) => type.startsWith(one));
  assert.ok(media, `${operationId}: ${status} with ${type}`);
  const { schema } = response.content[media]!;
  if (media.includes('json')) assertFits(schema, JSON.parse(text));
  const seen = met.get(operationId) ?? new Set();
  met.set(operationId, seen);
  seen.add(String(status));
  if (status < 400) return undefined;
  const { cause, status: told } = JSON.parse(text);
  assert.equal(told, status);
  assert.equal(type, 'application/problem+json');
  const causes: string[] = response.description.match(/[A-Z][A-Z_]+[A-Z]/g) ?? [];
  assert.ok(causes.includes(cause), `${operationId}: ${status} ${cause} is not in the document`);
  return cause;
}

async function check(
  arbitrary: fc.Arbitrary<[Sent[], Body | undefined]>,
  operation: Operation,
  look: (reply: Reply, sent: Sent[], body: Body | undefined) => void,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([sent, body]) => {
      const url = urlOf(operation.path, sent);
      const { method } = operation;
      const reply = await send(method.toUpperCase(), url, headersOf(sent, body), body?.bytes);
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
        if (!isToken) assert.ok(![400, 413, 415].includes(status));
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

    it(`${operationId}: methods that the document does not have are 405 and say which it has`, async () => {
      for (const other of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const methods = Object.keys(document.paths[operation.path]);
        if (methods.includes(other.toLowerCase())) continue;
        const path = operation.path.replace(/\{.*\}/, 'x');
        const { status, type, headers, text } = await send(other, path, {});
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
        const reply = await send('GET', path.replaceAll('#', ''), { 'x-any': header });
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
      fault = injected;
      openStreams();
      const seen = new Set<string>();
      causes.set(injected, seen);
      for (const operation of asking) {
        const known = operation.parameters
          .filter(({ name, in: place }) => name in KNOWN && place !== 'header')
          .map((parameter) => ({ parameter, text: KNOWN[parameter.name]![0], isValid: true }));
        const reply = await send('GET', urlOf(operation.path, known), {});
        seen.add(`${reply.status} ${assertDocumented(operation, reply)}`);
      }
    }
    fault = 'none';
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
