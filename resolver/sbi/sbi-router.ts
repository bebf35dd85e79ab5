// Which answer belongs to which request on the service-based interfaces: a function from a request to
// an answer, in one fixed order of steps.
//
//     find the operation ─▶ 404, 405
//     shed under overload ─▶ 503
//     already too late ─▶ 504
//     authorise ─▶ 401, 403
//     answer: from the index, or by the NRF behind
//     repeat the headers that every answer repeats

import type { HttpAnswer } from '../http/http-answer.ts';
import type { Outcome } from '../http/http-handler.ts';
import { problem } from '../http/problem.ts';
import { NBCHF_SERVICE } from './authorise.ts';
import { type CongestionLevel, isShed, RETRY_AFTER_SECONDS } from './congestion.ts';
import { answerDiscovery, type DiscoverySettings } from './nf-discovery.ts';
import { answerGroupIds } from './nf-group-ids.ts';
import { answerNpStatus } from './np-status.ts';
import { deadlineOf, priorityOf, repeatedHeaders } from './sbi-headers.ts';
import type { SbiAnswer, SbiReply, SbiRequest } from './sbi-message.ts';

/** A service and the NF type that produces it: what an access token must name. */
export interface SbiService {
  name: 'nnrf-disc' | 'nnrf-nfm' | 'nnrf-bootstrap' | 'nnrf-oauth2' | ProducedHere;
  nfType: 'NRF' | 'UDR' | 'MNPF' | 'BCHF';
}
type ProducedHere = 'nudr-group-id-map' | 'nmnpf-npstatus' | 'nbchf-routing';

export interface SbiServices extends DiscoverySettings {
  /** The NRF behind: another one, or the minimal one of this process. */
  askNrf: (request: SbiRequest, deadlineMs: number | undefined) => Promise<SbiAnswer>;
  /** Refuses, or `undefined`. Must not throw. */
  authorise: (
    service: SbiService,
    request: SbiRequest,
  ) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;
  /** The resources of Nbchf, which have a gate of their own; absent where they are not served here. */
  nbchf?: ((request: SbiRequest) => Outcome) | undefined;
  congestion: () => CongestionLevel;
  /** Milliseconds since 1970. */
  now: () => number;
}

type Answering = (request: SbiRequest, services: SbiServices) => SbiReply | Promise<SbiReply>;

interface Operation {
  service: SbiService;
  answer: Answering;
}

export function routeSbi(request: SbiRequest, services: SbiServices): SbiReply | Promise<SbiReply> {
  const answer = steps(request, services);
  return answer instanceof Promise
    ? answer.then((late) => withRepeatedHeaders(late, request))
    : withRepeatedHeaders(answer, request);
}

function steps(request: SbiRequest, services: SbiServices): SbiReply | Promise<SbiReply> {
  const operation = findOperation(request.method, request.path);
  if ('status' in operation) return operation;
  const { headers, receivedMs } = request;
  if (isShed(priorityOf(headers), services.congestion())) {
    return problem(503, 'NF_CONGESTION', 'Overloaded: this priority is not served now.', {}, [
      ['retry-after', String(RETRY_AFTER_SECONDS)],
    ]);
  }
  const deadlineMs = deadlineOf(headers, receivedMs);
  if (deadlineMs !== undefined && deadlineMs <= services.now()) {
    return problem(504, 'TIMED_OUT_REQUEST', 'The requester no longer waits for an answer.');
  }
  const refusal = services.authorise(operation.service, request);
  if (refusal instanceof Promise) {
    return refusal.then((late) => late ?? operation.answer(request, services));
  }
  return refusal ?? operation.answer(request, services);
}

const NRF_DISCOVERY: SbiService = { name: 'nnrf-disc', nfType: 'NRF' };
const GROUP_ID_MAP: SbiService = { name: 'nudr-group-id-map', nfType: 'UDR' };
const NP_STATUS: SbiService = { name: 'nmnpf-npstatus', nfType: 'MNPF' };

export const NF_INSTANCES = '/nnrf-disc/v1/nf-instances';
export const NF_GROUP_IDS = '/nudr-group-id-map/v1/nf-group-ids';
export const NP_STATUS_PREFIX = '/nmnpf-npstatus/v1/';
const NBCHF_PREFIX = '/nbchf-routing/v1/';

/** What belongs to the NRF behind, whatever the method. */
const NRF_PREFIXES: [prefix: string, service: SbiService][] = [
  ['/nnrf-disc/v1/', NRF_DISCOVERY],
  ['/nnrf-nfm/v1/', { name: 'nnrf-nfm', nfType: 'NRF' }],
  ['/oauth2/token', { name: 'nnrf-oauth2', nfType: 'NRF' }],
  ['/bootstrapping', { name: 'nnrf-bootstrap', nfType: 'NRF' }],
];

const discover: Answering = (request, services) =>
  answerDiscovery(request, services) ?? askNrf(request, services);
const askNrf: Answering = (request, services) =>
  services.askNrf(request, deadlineOf(request.headers, request.receivedMs));
const mapGroupIds: Answering = (request, services) => answerGroupIds(request, services);
const tellNpStatus: Answering = ({ path, query }, { resolver }) =>
  answerNpStatus(path.slice(NP_STATUS_PREFIX.length), query, resolver);

const NBCHF: Operation = {
  service: NBCHF_SERVICE,
  answer: (request, { nbchf }) => nbchf?.(request) ?? noSuchResource(),
};

function findOperation(method: string, path: string): Operation | HttpAnswer {
  if (path === NF_GROUP_IDS) return reading(method, GROUP_ID_MAP, mapGroupIds);
  if (path.startsWith(NP_STATUS_PREFIX) && !path.slice(NP_STATUS_PREFIX.length).includes('/')) {
    return reading(method, NP_STATUS, tellNpStatus);
  }
  if (path === NF_INSTANCES) return reading(method, NRF_DISCOVERY, discover);
  const nrf = NRF_PREFIXES.find(([prefix]) => path.startsWith(prefix));
  if (nrf) return { service: nrf[1], answer: askNrf };
  // Each of its resources says itself by which methods it is used.
  if (path.startsWith(NBCHF_PREFIX)) return NBCHF;
  return noSuchResource();
}

function noSuchResource(): HttpAnswer {
  return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
}

function reading(method: string, service: SbiService, answer: Answering): Operation | HttpAnswer {
  if (method === 'GET' || method === 'HEAD') return { service, answer };
  return problem(405, 'METHOD_NOT_ALLOWED', 'This resource is read with GET.', {}, [
    ['allow', 'GET, HEAD'],
  ]);
}

function withRepeatedHeaders(answer: SbiReply, { headers }: SbiRequest): SbiReply {
  const repeated = repeatedHeaders(headers);
  if (repeated.length === 0) return answer;
  const own = (answer.headers ?? []).filter(([name]) => !repeated.some(([one]) => one === name));
  return { ...answer, headers: [...own, ...repeated] } as SbiReply;
}
