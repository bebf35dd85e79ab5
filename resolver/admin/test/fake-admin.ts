// An admin port as a test wants it: the console's real files, and answers that the test has written.

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readConsoleFiles } from '../console-files.ts';

export interface FakeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Parsed JSON; `undefined` where there is no body. */
  body: unknown;
}

/** What a resource answers: a value for 200, or a status with its value. */
export type FakeAnswer = { status: number; value: unknown } | { value: unknown };

export interface FakeAdmin {
  url: string;
  requests: FakeRequest[];
  /** By method and path, such as `GET /admin/v1/status`; may be changed at any time. */
  resources: Record<string, (request: FakeRequest) => FakeAnswer>;
  close(): Promise<void>;
}

export async function startFakeAdmin(resources: FakeAdmin['resources']): Promise<FakeAdmin> {
  const files = readConsoleFiles();
  const requests: FakeRequest[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const [path = '', query = ''] = url.split('?', 2);
    const file = files.answer(path, headers['if-none-match']);
    if (file) {
      const more = Object.fromEntries(file.headers ?? []);
      response.writeHead(file.status, { 'content-type': file.contentType, ...more });
      response.end(file.body);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const asked: FakeRequest = {
      method,
      path,
      query: new URLSearchParams(query),
      headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    requests.push(asked);
    const [, resource] =
      Object.entries(resources).find(([name]) => {
        const [wantedMethod, wantedPath = ''] = name.split(' ');
        if (wantedMethod !== method) return false;
        return wantedPath.endsWith('/*')
          ? path.startsWith(wantedPath.slice(0, -1))
          : wantedPath === path;
      }) ?? [];
    const answer = resource?.(asked) ?? { status: 404, value: { detail: 'No such resource.' } };
    const status = 'status' in answer ? answer.status : 200;
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type });
    response.end(JSON.stringify(answer.value));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    resources,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
