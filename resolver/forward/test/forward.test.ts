// A forwarder before upstreams that answer, and before ones that are dead, slow, looping or lying.

import assert from 'node:assert/strict';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { IMSI_A, MSISDN_A, UNKNOWN_IMSI, withAccess } from '../../access/test/access-fixture.ts';
import { configure } from '../../config.ts';
import { freeTcpPort } from '../../probe-ports.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { JSON_BATCH_BYTES_MAX, SINGLE_ANSWER_BYTES_MAX } from '../forward-handler.ts';
import { forwardOptions } from '../forward-options.ts';
import { startForward } from '../forward-service.ts';

const PATH = '/nbchf-routing/v1/routing-info';
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

interface Fake {
  url: string;
  asked: IncomingMessage[];
}

async function fake(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Fake> {
  const asked: IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    if (request.url !== '/health/ready') asked.push(request);
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function reply(response: ServerResponse, status: number, body: unknown, type?: string): void {
  const isProblem = status >= 400;
  response.writeHead(status, {
    'content-type': type ?? (isProblem ? 'application/problem+json' : 'application/json'),
  });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const info = (ueId: string, changes: object = {}) => ({
  ueId,
  match: { entry: 'prefix', prefix: ueId.replace(/.*-/, '').slice(0, 4) },
  route: exampleRoute('a'),
  ledger: { height: 3, blockHash: 'AB'.repeat(32), lagMs: 0 },
  ...changes,
});
const honest = () =>
  fake((request, response) => reply(response, 200, info(request.url!.split('/').at(-1)!)));
const dead = 'http://127.0.0.1:1';

/** No second upstream is asked because the machine is slow. */
const PATIENT = { hedgeMs: 5000, timeoutMs: 10_000 };

async function withForwarder(
  upstreams: string[],
  action: (base: string) => Promise<void>,
  flags: Record<string, unknown> = {},
): Promise<void> {
  const configuration = configure(
    forwardOptions,
    { flags: { httpPort: 0, upstreams, ...PATIENT, ...flags }, environment: {} },
    forwardOptions,
  );
  const service = await startForward(configuration, pino({ level: 'silent' }));
  try {
    await action(`http://127.0.0.1:${service.port}`);
  } finally {
    await service.stop();
  }
}

async function ask(base: string, ueId: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}${PATH}/${ueId}`, { headers });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

describe('a forwarder', () => {
  it('answers as a resolver with a replica does, number by number and in batches', async () => {
    await withAccess({}, undefined, async (_, replica) => {
      await withForwarder([replica], async (base) => {
        const both = async (path: string, init?: RequestInit) => {
          const told = await Promise.all(
            [replica, base].map(async (one) => {
              const response = await fetch(`${one}${PATH}/${path}`, init);
              const body = Buffer.from(await response.arrayBuffer()).toString('latin1');
              return { status: response.status, type: response.headers.get('content-type'), body };
            }),
          );
          assert.deepEqual(told[1], told[0], path);
          return told[0]!.status;
        };
        assert.equal(await both(IMSI_A), 200);
        assert.equal(await both(`${MSISDN_A}?explain=true`), 200);
        assert.equal(await both(UNKNOWN_IMSI), 404);
        assert.equal(await both('nonsense'), 400);
        assert.equal(await both(`${IMSI_A}?explain=maybe`), 400);
        const json = { 'content-type': 'application/json' };
        const batch = (
          body: string | Uint8Array<ArrayBuffer>,
          headers: Record<string, string>,
        ) => ({
          method: 'POST',
          body,
          headers,
        });
        const numbers = JSON.stringify([IMSI_A, 'x', MSISDN_A, UNKNOWN_IMSI]);
        assert.equal(await both('batch', batch(numbers, json)), 200);
        assert.equal(await both('batch', batch('[]', json)), 400);
        const compact = { 'content-type': 'application/vnd.bchf.batch' };
        const two = new Uint8Array(16);
        assert.equal(await both('batch?identity=imsi', batch(two, compact)), 200);
      });
    });
  });

  it('asks the second choice where the first is dead, and then asks it first', async () => {
    const second = await honest();
    await withForwarder([dead, second.url], async (base) => {
      for (let round = 0; round < 5; round++) {
        assert.equal((await ask(base, IMSI_A)).json.ueId, IMSI_A);
      }
      const metrics = await (await fetch(`${base}/metrics`)).text();
      const dies = `upstream="${dead}"`;
      assert.ok(metrics.includes(`bchf_forward_upstream_up{${dies}} 0`));
      const tried = `bchf_forward_upstream_requests_total{${dies},outcome="unreachable"} 3`;
      assert.ok(metrics.includes(tried), 'three times, then it is left alone');
      assert.equal((await fetch(`${base}/health/ready`)).status, 200);
    });
  });

  it('asks a second as well where the first is slow, and asks a slow one last', async () => {
    const slow = await fake(() => {});
    const second = await honest();
    const action = async (base: string) => {
      for (let round = 0; round < 5; round++) {
        assert.equal((await ask(base, IMSI_A)).status, 200);
      }
      assert.equal(slow.asked.length, 3);
      assert.equal(second.asked.length, 5);
    };
    // Long enough that a busy machine does not make the second seem slow too.
    await withForwarder([slow.url, second.url], action, { hedgeMs: 500, timeoutMs: 10_000 });
  });

  it('says so in time where nobody answers, and where all fail', async () => {
    const silent = await fake(() => {});
    const timed = async (base: string) => {
      const { status, json } = await ask(base, IMSI_A);
      assert.deepEqual([status, json.cause], [504, 'TIMED_OUT_REQUEST']);
    };
    await withForwarder([silent.url], timed, { timeoutMs: 100 });
    await withForwarder([dead, dead], async (base) => {
      for (let round = 0; round < 3; round++) {
        const { status, json } = await ask(base, IMSI_A);
        assert.deepEqual([status, json.cause], [502, 'TARGET_NF_NOT_REACHABLE']);
      }
      assert.equal((await fetch(`${base}/health/ready`)).status, 503);
      assert.equal((await fetch(`${base}/health/live`)).status, 200);
    });
  });

  it('takes no answer to another question, nor one that is none, from an upstream that lies', async () => {
    const lies: Record<string, (response: ServerResponse) => void> = {
      'another number': (response) => reply(response, 200, info(MSISDN_A)),
      'an entry that does not cover it': (response) =>
        reply(response, 200, info(IMSI_A, { match: { entry: 'prefix', prefix: '9' } })),
      'a run of another length': (response) =>
        reply(response, 200, info(IMSI_A, { match: { entry: 'fragmented', from: '2', to: '3' } })),
      'no route': (response) => reply(response, 200, info(IMSI_A, { route: undefined })),
      'no JSON': (response) => reply(response, 200, '{"ueId":'),
      'another type': (response) => reply(response, 200, info(IMSI_A), 'text/html'),
      'not found, of another number': (response) =>
        reply(response, 404, { cause: 'USER_NOT_FOUND', instance: MSISDN_A }),
      'not found, of the resource': (response) =>
        reply(response, 404, { cause: 'RESOURCE_URI_STRUCTURE_NOT_FOUND' }),
      'a fault': (response) => reply(response, 500, { cause: 'SYSTEM_FAILURE' }),
      'a redirect': (response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' });
        response.end();
      },
      'a body without end': (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
      'a body that breaks off': (response) => {
        response.writeHead(200, { 'content-length': 1000, 'content-type': 'application/json' });
        response.write('{"ueId"');
        setTimeout(() => response.destroy(), 10);
      },
      'headers without end': (response) => {
        response.writeHead(200, { 'x-long': 'x'.repeat(100_000) });
        response.end();
      },
      'no HTTP': (response) => {
        response.socket!.end('SMTP\r\n\r\n');
      },
    };
    const second = await honest();
    for (const [what, lie] of Object.entries(lies)) {
      const liar = await fake((_, response) => lie(response));
      const action = async (base: string) => {
        const { status, json } = await ask(base, IMSI_A);
        assert.deepEqual([status, json.ueId], [200, IMSI_A], what);
        assert.equal(liar.asked.length, 1, what);
      };
      await withForwarder([liar.url, second.url], action);
    }
  });

  it('passes on what the question is refused for, and asks nobody else', async () => {
    const second = await honest();
    for (const status of [400, 401, 403]) {
      const refusing = await fake((_, response) => reply(response, status, { cause: 'NO' }));
      await withForwarder([refusing.url, second.url], async (base) => {
        assert.deepEqual(await ask(base, IMSI_A), { status, json: { cause: 'NO' } });
      });
    }
    assert.equal(second.asked.length, 0);
  });

  it('asks the next where one declines, counts nothing against it, and tells of it where all do', async () => {
    const declining = await fake((_, response) => {
      response.setHeader('retry-after', '7');
      response.setHeader('x-request-id', 'named-there');
      reply(response, 429, { cause: 'NF_CONGESTION_RISK' });
    });
    const second = await honest();
    await withForwarder([declining.url, second.url], async (base) => {
      for (let round = 0; round < 5; round++) assert.equal((await ask(base, IMSI_A)).status, 200);
      assert.equal(declining.asked.length, 5);
    });
    await withForwarder([dead, declining.url, declining.url], async (base) => {
      const response = await fetch(`${base}${PATH}/${IMSI_A}`);
      assert.equal(response.status, 429);
      assert.equal(response.headers.get('retry-after'), '7');
      assert.equal(response.headers.get('x-request-id'), 'named-there');
    });
  });

  it('takes a question for a block that an upstream does not have as a fault of nobody', async () => {
    const further = await honest();
    for (const [status, cause] of [
      [404, 'HEIGHT_NOT_REACHED'],
      [410, 'HEIGHT_NOT_KEPT'],
      [501, 'LEDGER_NOT_FOLLOWED'],
      [501, 'RUNS_NESTED_TOO_DEEP'],
    ] as const) {
      const behind = await fake((_, response) => reply(response, status, { cause }));
      await withForwarder([behind.url], async (base) => {
        for (let round = 0; round < 4; round++) {
          assert.deepEqual(await ask(base, IMSI_A), { status, json: { cause } });
        }
        assert.equal((await fetch(`${base}/health/ready`)).status, 200, 'still up');
      });
      await withForwarder([behind.url, further.url], async (base) => {
        assert.equal((await ask(base, IMSI_A)).status, 200);
      });
    }
  });

  it('takes the longest explanation that there is, and none beyond its limit', async () => {
    const route = {
      ...exampleRoute('a'.repeat(64)),
      fqdn: `${`${'a'.repeat(62)}.`.repeat(4).slice(0, 249)}.org`,
      ipv4Addresses: Array.from({ length: 8 }, () => '255.255.255.255'),
      groupId: '\u0001'.repeat(64),
      userDataIndexBase: Number.MAX_SAFE_INTEGER,
      contractAddress: `0x${'f'.repeat(40)}`,
    };
    const { match } = info(IMSI_A);
    const considered = {
      ...{ match, route, userDataIndex: Number.MAX_SAFE_INTEGER, matchedLength: 15, wins: false },
      why: 'x'.repeat(100),
      shadows: { entry: 'fragmented', from: '9'.repeat(15), to: '9'.repeat(15) },
      setBy: { height: Number.MAX_SAFE_INTEGER, transaction: 'F'.repeat(64) },
    };
    const explanation = Array.from({ length: 80 }, () => considered);
    const whole = info(IMSI_A, { explanation });
    const room = SINGLE_ANSWER_BYTES_MAX - JSON.stringify({ ...whole, x: '' }).length;
    for (const [more, status] of [
      [room, 200],
      [room + 1, 502],
    ] as const) {
      const upstream = await fake((_, response) =>
        reply(response, 200, { ...whole, x: 'x'.repeat(more) }),
      );
      await withForwarder([upstream.url], async (base) => {
        assert.equal((await ask(base, IMSI_A)).status, status);
      });
    }
  });

  it('sends nothing on that is no text, and holds it against no upstream', async () => {
    const upstream = await honest();
    await withForwarder([upstream.url], async (base) => {
      const raw = (path: string, header: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          const { hostname, port } = new URL(base);
          const socket = net.connect(Number(port), hostname, () => {
            socket.write(
              `GET ${path} HTTP/1.1\r\nhost: x\r\n${header}connection: close\r\n\r\n`,
              'latin1',
            );
          });
          let text = '';
          socket.setEncoding('latin1').on('data', (more) => {
            text += more;
            if (text.includes('\r\n')) {
              resolve(Number(text.split(' ')[1]));
              socket.destroy();
            }
          });
          socket.on('error', reject);
        });
      for (let round = 0; round < 4; round++) {
        assert.equal(await raw(`${PATH}/${IMSI_A}?explain=\xff`, ''), 400, 'query');
        assert.equal(await raw(`${PATH}/imsi-\xff`, ''), 400);
        assert.equal(await raw(`${PATH}/${IMSI_A}`, 'user-agent: a\xc3\xa9b\r\n'), 400, 'header');
      }
      assert.equal(upstream.asked.length, 0);
      assert.equal((await fetch(`${base}/health/ready`)).status, 200);
    });
  });

  it('passes on who asks, the credential, what the request is called, and nothing else', async () => {
    const upstream = await honest();
    await withForwarder([upstream.url], async (base) => {
      const own = {
        authorization: 'Bearer x.y.z',
        'user-agent': 'AMF',
        '3gpp-sbi-originating-network-id': '262-01',
        'bchf-credential': 'abc',
        '3gpp-sbi-correlation-info': 'imsi-1',
        'x-request-id': 'r1',
      };
      await ask(base, IMSI_A, { ...own, cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' });
      const { host, connection, 'bchf-hops': hops, ...passed } = upstream.asked[0]!.headers;
      assert.deepEqual(passed, own);
      assert.match(String(hops), /^[0-9a-f]{16}$/);
      assert.equal(`http://${host}`, upstream.url);
      assert.ok(connection);
    });
  });

  it('ends a question that goes in a circle, and answers by the upstream outside of it', async () => {
    const outside = await honest();
    const port = await freeTcpPort('127.0.0.1');
    const here = `http://127.0.0.1:${port}`;
    let count = 0;
    const counting = await fake((request, response) => {
      // Back to where it came from, as a forwarder that points at its own caller would send it.
      count++;
      const headers = { 'bchf-hops': String(request.headers['bchf-hops']) };
      fetch(`${here}${request.url}`, { headers }).then(async (back) =>
        reply(response, back.status, await back.text()),
      );
    });
    const action = async (base: string) => {
      assert.equal((await ask(base, IMSI_A)).status, 200);
      assert.equal(count, 1);
      const hops = Array.from({ length: 4 }, (_, at) => `${at}`.repeat(16)).join(', ');
      for (const header of [hops, 'x', `${'0'.repeat(16)},`]) {
        const { status, json } = await ask(base, IMSI_A, { 'bchf-hops': header });
        assert.deepEqual([status, json.cause], [400, 'MSG_LOOP_DETECTED'], header);
      }
    };
    const flags = { httpPort: port };
    await withForwarder([counting.url, outside.url], action, flags);
  });

  it('takes no port that another process serves, nor a part of its requests', async () => {
    const { url } = await fake((_, response) => reply(response, 200, info('msisdn-1')));
    const taken = withForwarder([url], async () => {}, { httpPort: Number(new URL(url).port) });
    await assert.rejects(taken, { code: 'BCHF_LISTEN_FAILED' });
  });

  it('finds an upstream again that was down', async () => {
    let isWell = false;
    const upstream = await fake((request, response) => {
      if (!isWell) reply(response, 500, { cause: 'SYSTEM_FAILURE' });
      else if (request.url === '/health/ready') reply(response, 200, { status: 'up' });
      else reply(response, 200, info(IMSI_A));
    });
    await withForwarder([upstream.url], async (base) => {
      for (let round = 0; round < 3; round++) {
        assert.equal((await ask(base, IMSI_A)).status, 502);
      }
      const ready = async () => (await fetch(`${base}/health/ready`)).status;
      assert.equal(await ready(), 503);
      isWell = true;
      for (let round = 0; round < 100 && (await ready()) !== 200; round++) await sleep(50);
      assert.equal(await ready(), 200);
      assert.equal((await ask(base, IMSI_A)).status, 200);
    });
  });

  it('takes JSON batches up to its limit, and says so beyond it', async () => {
    await withForwarder([dead], async (base) => {
      const post = async (bytes: number) => {
        const response = await fetch(`${base}${PATH}/batch`, {
          method: 'POST',
          body: `["${IMSI_A}"${' '.repeat(bytes - IMSI_A.length - 4)}]`,
          headers: { 'content-type': 'application/json' },
        });
        return response.status;
      };
      assert.equal(await post(JSON_BATCH_BYTES_MAX), 502);
      assert.equal(await post(JSON_BATCH_BYTES_MAX + 1), 413);
    });
  });

  it('checks batches too: results that are missing, moved or without their route', async () => {
    const numbers = [IMSI_A, MSISDN_A];
    const good = {
      ledger: { height: 1 },
      routes: { 0: exampleRoute('a') },
      results: numbers.map((ueId) => ({ ueId, entry: 'prefix', matchedLength: 4, route: 0 })),
    };
    const bad = [
      { ...good, results: good.results.slice(1) },
      { ...good, results: good.results.toReversed() },
      { ...good, routes: {} },
      { ...good, ledger: undefined },
    ];
    const second = await fake((_, response) => reply(response, 200, good));
    for (const lie of bad) {
      const liar = await fake((_, response) => reply(response, 200, lie));
      const action = async (base: string) => {
        const response = await fetch(`${base}${PATH}/batch`, {
          method: 'POST',
          body: JSON.stringify(numbers),
          headers: { 'content-type': 'application/json' },
        });
        assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(good)));
        assert.equal(liar.asked.length, 1);
      };
      await withForwarder([liar.url, second.url], action);
    }
  });
});
