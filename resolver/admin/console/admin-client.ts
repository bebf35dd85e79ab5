// What the page asks of the admin port. Every answer that is no success becomes an AdminError with the
// code and the words of its problem document.

/** Longest wait for an answer. */
const TIMEOUT_MS = 15_000;

export class AdminError extends Error {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Code of the problem, such as BCHF_SWAP_IN_PROGRESS; empty where there is none. */
  readonly code: string;
  /** The whole problem document, which may say more. */
  readonly problem: Record<string, unknown>;

  constructor(status: number, message: string, problem: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.problem = problem;
    this.code = String(problem.code ?? problem.cause ?? '');
  }
}

/** Only here, never stored: it is gone with the page. */
let token = '';
let onTokenWanted: () => void = () => {};

/** Tries a token, and sends it from then on. Throws an AdminError where it is not the right one. */
export async function giveToken(given: string): Promise<void> {
  await ask('GET', '/admin/v1/status', TIMEOUT_MS, { sent: given });
  token = given;
}

/** Calls whenever the server wants a token that it was not given. */
export function whenTokenIsWanted(listener: () => void): void {
  onTokenWanted = listener;
}

export function get<T>(path: string, signal?: AbortSignal, timeoutMs = TIMEOUT_MS): Promise<T> {
  return ask<T>('GET', path, timeoutMs, { signal });
}

export function post<T>(path: string, body: unknown, timeoutMs = TIMEOUT_MS): Promise<T> {
  return ask<T>('POST', path, timeoutMs, { body });
}

export function remove(path: string): Promise<unknown> {
  return ask('DELETE', path, TIMEOUT_MS, { body: {} });
}

async function ask<T>(
  method: string,
  path: string,
  timeoutMs: number,
  {
    signal,
    body,
    sent = token,
  }: { signal?: AbortSignal | undefined; body?: unknown; sent?: string },
): Promise<T> {
  const limit = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(sent && { authorization: `Bearer ${sent}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      cache: 'no-store',
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const reason = limit.aborted ? 'did not answer in time' : 'cannot be reached';
    throw new AdminError(0, `The admin port ${reason}.`);
  }
  const text = await response.text();
  const value = parse(text);
  if (response.ok) return value as T;
  const isRefused = response.status === 401 || response.status === 429;
  if (isRefused && sent === token) {
    // Every wrong token counts against this address, and the page asks each second.
    token = '';
    onTokenWanted();
  }
  const problem = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  throw new AdminError(
    response.status,
    String(problem.detail ?? problem.title ?? `HTTP ${response.status}`),
    problem,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
