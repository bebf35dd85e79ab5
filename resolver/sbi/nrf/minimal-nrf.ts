// The minimal NRF, for where no other is behind (3GPP TS 29.510): enough that the functions of a core
// register, keep alive, find one another, watch one another and get tokens.
//
// A function from a request to an answer over the registry's state; what has to be told to subscribers
// goes to `notify`.

import { isDeepStrictEqual } from 'node:util';
import { type HttpAnswer, JSON_TYPE } from '../../http/http-answer.ts';
import { problem } from '../../http/problem.ts';
import { incorrectParameter, isQueryFault, parseQuery } from '../../http/query-parameters.ts';
import { parseDiscoveryQuery } from '../discovery-query.ts';
import { parseJsonBody } from '../json-body.ts';
import type { SbiRequest } from '../sbi-message.ts';
import { nfInstanceIdSchema } from '../sbi-schemas.ts';
import { answerSearch } from '../search-answer.ts';
import { applyPatch, patchSchema } from './json-patch.ts';
import {
  HEARTBEAT_SECONDS,
  type HeldSubscription,
  type NfEvent,
  type NfRegistry,
  type Notification,
} from './nf-registry.ts';
import {
  firstFault,
  type RegisteredProfile,
  registeredProfileSchema,
  subscriptionSchema,
} from './nrf-schemas.ts';
import { discoverRegistered } from './registered-discovery.ts';
import { answerTokenRequest, type TokenSettings } from './token-request.ts';

export interface MinimalNrf {
  registry: NfRegistry;
  tokens: TokenSettings;
  /** Whether consumers need tokens: free5GC's functions learn it when they register. */
  areTokensRequired: boolean;
  validitySeconds: number;
  /** Where this NRF is reached, for requests that do not say: `host:port`. */
  authority: string;
  scheme: 'http' | 'https';
  notify: (notification: Notification) => void;
  /** An id for a subscription: no dashes (pattern of subscriptionId in TS 29.510). */
  newId: () => string;
  /** Milliseconds since 1970. */
  now: () => number;
}

type Answering = (
  request: SbiRequest,
  nrf: MinimalNrf,
  id: string,
) => HttpAnswer | Promise<HttpAnswer>;

const RESOURCES: [path: RegExp, methods: Record<string, Answering>][] = [
  [/^\/oauth2\/token$/, { POST: requestToken }],
  [/^\/nnrf-disc\/v1\/nf-instances$/, { GET: discover }],
  [/^\/nnrf-nfm\/v1\/nf-instances$/, { GET: listInstances }],
  [
    /^\/nnrf-nfm\/v1\/nf-instances\/([^/]+)$/,
    { GET: readInstance, PUT: register, PATCH: update, DELETE: deregister },
  ],
  [/^\/nnrf-nfm\/v1\/subscriptions$/, { POST: subscribe }],
  [/^\/nnrf-nfm\/v1\/subscriptions\/([^/]+)$/, { PATCH: prolong, DELETE: unsubscribe }],
];

export function answerNrf(request: SbiRequest, nrf: MinimalNrf): HttpAnswer | Promise<HttpAnswer> {
  for (const [pattern, methods] of RESOURCES) {
    const match = pattern.exec(request.path);
    if (!match) continue;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const answering = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (answering) return answering(request, nrf, match[1] ?? '');
    return problem(405, 'METHOD_NOT_ALLOWED', 'This resource has no such method.', {}, [
      ['allow', Object.keys(methods).join(', ')],
    ]);
  }
  return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
}

/** Drops what is over its time and tells subscribers. */
export function sweepNrf(nrf: MinimalNrf): void {
  for (const event of nrf.registry.sweep(nrf.now())) tell(event, nrf);
}

function requestToken(request: SbiRequest, { registry, tokens, now }: MinimalNrf) {
  return answerTokenRequest(request, registry, tokens, now());
}

function discover({ query, headers }: SbiRequest, nrf: MinimalNrf): HttpAnswer {
  const asked = parseDiscoveryQuery(query);
  if ('status' in asked) return asked;
  const found = discoverRegistered(nrf.registry.profiles(), asked);
  return answerSearch(found, asked, nrf.validitySeconds, headers);
}

/** NFRegister and complete replacement (clauses 5.2.2.2 and 5.2.2.3). */
function register(request: SbiRequest, nrf: MinimalNrf, id: string): HttpAnswer {
  const body = jsonOf(request, 'application/json');
  if (isAnswer(body)) return body;
  const parsed = registeredProfileSchema.safeParse(body.value);
  if (!parsed.success) return incorrectBody(firstFault(parsed.error));
  if (parsed.data.nfInstanceId !== id || !nfInstanceIdSchema.safeParse(id).success) {
    return incorrectBody({ param: '/nfInstanceId', reason: 'is not the one of the path' });
  }
  // What this NRF decides: how often it hears of the instance. The indication is for requests only.
  const { nfProfileChangesSupportInd, ...profile } = parsed.data;
  const event = nrf.registry.put({
    ...profile,
    heartBeatTimer: profile.heartBeatTimer ?? HEARTBEAT_SECONDS,
  } as RegisteredProfile);
  if (!event) return full();
  tell(event, nrf);
  const answered = nrf.areTokensRequired
    ? { ...event.profile, customInfo: { ...customInfoOf(event.profile), oauth2: true } }
    : event.profile;
  const isNew = event.event === 'NF_REGISTERED';
  return {
    status: isNew ? 201 : 200,
    contentType: JSON_TYPE,
    body: JSON.stringify(answered),
    headers: isNew ? [['location', `${instancesUri(request, nrf)}/${id}`]] : [],
  };
}

function customInfoOf({ customInfo }: RegisteredProfile): object {
  return typeof customInfo === 'object' && customInfo !== null ? customInfo : {};
}

/** Heartbeat and partial update by JSON Patch (clauses 5.2.2.3.1 and 5.2.2.3.2). */
function update(request: SbiRequest, nrf: MinimalNrf, id: string): HttpAnswer {
  const before = nrf.registry.profile(id);
  if (!before) return noInstance();
  const patch = patchOf(request);
  if (isAnswer(patch)) return patch;
  const after = registeredProfileSchema.safeParse(applyPatch(before, patch.value));
  if (!after.success) return incorrectBody(firstFault(after.error));
  if (after.data.nfInstanceId !== id) {
    return incorrectBody({ param: '/nfInstanceId', reason: 'cannot be changed' });
  }
  nrf.registry.heartbeat(id, nrf.now());
  // A heartbeat that changes nothing is no news. The load alone is none either (clause 5.2.2.6.2).
  const isNews = !isDeepStrictEqual({ ...before, load: 0 }, { ...after.data, load: 0 });
  const event = nrf.registry.put(after.data);
  if (!event) return full();
  if (isNews) tell(event, nrf);
  return { status: 204, contentType: '', body: '' };
}

function deregister(_: SbiRequest, nrf: MinimalNrf, id: string): HttpAnswer {
  const event = nrf.registry.remove(id);
  if (!event) return noInstance();
  tell(event, nrf);
  return { status: 204, contentType: '', body: '' };
}

function readInstance(_: SbiRequest, nrf: MinimalNrf, id: string): HttpAnswer {
  const profile = nrf.registry.profile(id);
  return profile ? json(200, profile) : noInstance();
}

/** UriList with links to the instances (clause 6.1.3.2.3.1). */
function listInstances(request: SbiRequest, nrf: MinimalNrf): HttpAnswer {
  const parameters = parseQuery(request.query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  const nfType = parameters.get('nf-type');
  const limitText = parameters.get('limit') ?? '1000000';
  if (!/^[1-9][0-9]{0,6}$/.test(limitText)) {
    const reason = 'is no whole number from 1';
    return incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', { param: 'limit', reason });
  }
  const uri = instancesUri(request, nrf);
  const item = nrf.registry
    .profiles()
    .filter((profile) => nfType === undefined || profile.nfType === nfType)
    .slice(0, Number(limitText))
    .map(({ nfInstanceId }) => ({ href: `${uri}/${nfInstanceId}` }));
  const body = JSON.stringify({
    _links: { self: { href: uri }, item },
    totalItemCount: item.length,
  });
  return { status: 200, contentType: 'application/3gppHal+json', body };
}

/** NFStatusSubscribe (clause 5.2.2.5). */
function subscribe(request: SbiRequest, nrf: MinimalNrf): HttpAnswer {
  const body = jsonOf(request, 'application/json');
  if (isAnswer(body)) return body;
  const parsed = subscriptionSchema.safeParse(body.value);
  if (!parsed.success) return incorrectBody(firstFault(parsed.error));
  const apiRoot = apiRootOf(request, nrf);
  const held = nrf.registry.subscribe(nrf.newId(), parsed.data, apiRoot, nrf.now());
  if (!held) return full();
  return {
    ...json(201, subscriptionOf(held)),
    headers: [['location', `${apiRoot}/nnrf-nfm/v1/subscriptions/${held.id}`]],
  };
}

/** Only the time can be changed (clause 5.2.2.5.6). */
function prolong(request: SbiRequest, nrf: MinimalNrf, id: string): HttpAnswer {
  const patch = patchOf(request);
  if (isAnswer(patch)) return patch;
  const [operation] = patch.value;
  const { validityTime } = subscriptionSchema.shape;
  const time = validityTime.safeParse(operation?.value);
  if (operation?.op !== 'replace' || operation.path !== '/validityTime' || !time.data) {
    return incorrectBody({ param: '/0', reason: 'must replace /validityTime' });
  }
  const held = nrf.registry.prolong(id, time.data, nrf.now());
  return held ? json(200, subscriptionOf(held)) : noSubscription();
}

function unsubscribe(_: SbiRequest, nrf: MinimalNrf, id: string): HttpAnswer {
  return nrf.registry.unsubscribe(id)
    ? { status: 204, contentType: '', body: '' }
    : noSubscription();
}

/** SubscriptionData as it is answered: with its id, and without what only requests have. */
function subscriptionOf({ id, data, validUntilMs }: HeldSubscription): object {
  const { requesterFeatures, ...rest } = data;
  return {
    ...rest,
    subscriptionId: id,
    validityTime: new Date(validUntilMs).toISOString(),
    ...(requesterFeatures !== undefined && { nrfSupportedFeatures: '0' }),
  };
}

function tell(event: NfEvent, { registry, notify }: MinimalNrf): void {
  for (const notification of registry.notificationsOf(event)) notify(notification);
}

/** Where the requester sees this NRF: it goes on with the URIs that it is given. */
function apiRootOf({ headers }: SbiRequest, { authority, scheme }: MinimalNrf): string {
  const asked = headers[':authority'] ?? headers.host ?? '';
  return `${scheme}://${/^[\w.:[\]-]{1,255}$/.test(asked) ? asked : authority}`;
}

function instancesUri(request: SbiRequest, nrf: MinimalNrf): string {
  return `${apiRootOf(request, nrf)}/nnrf-nfm/v1/nf-instances`;
}

function jsonOf({ headers, body }: SbiRequest, type: string): { value: unknown } | HttpAnswer {
  const given = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (given !== type || headers['content-encoding'] !== undefined) {
    return problem(415, 'UNSUPPORTED_MEDIA_TYPE', `The body must be ${type}, not encoded.`);
  }
  const value = parseJsonBody(body);
  if (value === undefined) return problem(400, 'INVALID_MSG_FORMAT', 'The body is no JSON.');
  return { value };
}

function patchOf(request: SbiRequest) {
  const body = jsonOf(request, 'application/json-patch+json');
  if (isAnswer(body)) return body;
  const parsed = patchSchema.safeParse(body.value);
  return parsed.success ? { value: parsed.data } : incorrectBody(firstFault(parsed.error));
}

function isAnswer(value: object): value is HttpAnswer {
  return 'status' in value;
}

function json(status: 200 | 201, value: object): HttpAnswer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(value) };
}

function incorrectBody(fault: { param: string; reason: string }): HttpAnswer {
  return problem(400, 'MANDATORY_IE_INCORRECT', `${fault.param} ${fault.reason}.`, {
    invalidParams: [fault],
  });
}

function noInstance(): HttpAnswer {
  return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such NF instance is registered.');
}

function noSubscription(): HttpAnswer {
  return problem(404, 'SUBSCRIPTION_NOT_FOUND', 'There is no such subscription.');
}

function full(): HttpAnswer {
  return problem(500, 'INSUFFICIENT_RESOURCES', 'This NRF has no room for more.');
}
