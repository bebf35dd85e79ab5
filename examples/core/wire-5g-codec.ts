// Operations in 5G names. At the UDM: Nudm_UECM and Nudm_SDM (3GPP TS 29.503), at a portability database
// Nmnpf_NPStatus (TS 29.578): JSON over HTTP/2, Release 18. To the network that serves a user: frames
// (forms).
//
// Two header fields are not 3GPP's: `bchf-credential` (docs/credentials.md), and
// `bchf-user-data-index`, the index information that the BCHF gave for the user data. Nor is the member
// `bchfFoundBy` of answers: how the UDM found the user data, for whoever looks at the flow.

import { createHash } from 'node:crypto';
import { CREDENTIAL_HEADER } from '../../ledger/credential-codec.ts';
import type { Plmn } from '../../ledger/route.ts';
import {
  deliveryAnswer,
  deliveryOf,
  deliveryRequest,
  deliveryResult,
  isDelivery,
} from './delivery-codec.ts';
import { FORMS } from './forms.ts';
import { type Cause, FOUND_BY, type Operation, type Result, refused } from './operations.ts';
import { isPlmn, parsePlmn, plmnText } from './plmn-codec.ts';
import type { Wire, WireAnswer, WireRequest } from './wire.ts';
import { compact, digitsOf, memberOf, textOf } from './wire.ts';

export const USER_DATA_INDEX_HEADER = 'bchf-user-data-index';
export const NETWORK_HEADER = '3gpp-sbi-originating-network-id';

const FORMS_5G = FORMS['5g'];
const JSON_HEADER = { 'content-type': 'application/json' };

/**
 * Causes at the UDM: 3GPP TS 29.503 clauses 6.1.7.3, 6.2.7.3 and 6.3.7.3, whose
 * AUTHENTICATION_REJECTED stands for a credential here, and TS 29.500 table 5.2.7.2-1.
 */
const PROBLEMS: Readonly<Record<Cause, readonly [status: number, cause: string]>> = {
  'unknown-user': [404, 'USER_NOT_FOUND'],
  'roaming-not-allowed': [403, 'ROAMING_NOT_ALLOWED'],
  'credential-refused': [403, 'AUTHENTICATION_REJECTED'],
  'absent-user': [404, 'CONTEXT_NOT_FOUND'],
  unreachable: [504, 'TARGET_NF_NOT_REACHABLE'],
  'timed-out': [504, 'TIMED_OUT_REQUEST'],
  failure: [500, 'SYSTEM_FAILURE'],
  'requester-refused': [403, 'INSUFFICIENT_SCOPE'],
  congestion: [503, 'NF_CONGESTION'],
};

/** Method and path by operation; the identity is the first group. */
const RESOURCES = {
  'update-location': [
    'PUT',
    /^\/nudm-uecm\/v1\/imsi-([0-9]{5,15})\/registrations\/amf-3gpp-access$/,
  ],
  'read-subscription': [
    'GET',
    /^\/nudm-sdm\/v2\/imsi-([0-9]{5,15})\/am-data\?plmn-id=([^&]{1,99})$/,
  ],
  'route-call': ['GET', /^\/nudm-uecm\/v1\/msisdn-([0-9]{5,15})\/registrations\/location$/],
  'route-message': [
    'POST',
    /^\/nudm-uecm\/v1\/msisdn-([0-9]{5,15})\/registrations\/send-routing-info-sm$/,
  ],
  'read-portability': ['GET', /^\/nmnpf-npstatus\/v1\/msisdn-([0-9]{5,15})$/],
} as const;
type HttpKind = keyof typeof RESOURCES;

function requestsOf(operation: Operation): WireRequest[] {
  if (isDelivery(operation)) return [deliveryRequest(operation, FORMS_5G)];
  switch (operation.kind) {
    case 'update-location': {
      const { imsi, servingNetwork, servingNode, credential, userDataIndex } = operation;
      const registered = http(
        'PUT',
        `/nudm-uecm/v1/imsi-${imsi}/registrations/amf-3gpp-access`,
        {
          ...JSON_HEADER,
          [NETWORK_HEADER]: plmnText(servingNetwork),
          [CREDENTIAL_HEADER]: credential,
          ...indexHeader(userDataIndex),
        },
        amfRegistration(imsi, servingNetwork, servingNode),
      );
      const read = { kind: 'read-subscription', imsi, servingNetwork } as const;
      return [registered, ...requestsOf(compact({ ...read, userDataIndex }) as Operation)];
    }
    case 'read-subscription': {
      const { imsi, servingNetwork, userDataIndex } = operation;
      const plmn = encodeURIComponent(JSON.stringify(servingNetwork));
      const path = `/nudm-sdm/v2/imsi-${imsi}/am-data?plmn-id=${plmn}`;
      return [http('GET', path, indexHeader(userDataIndex))];
    }
    case 'route-call': {
      const path = `/nudm-uecm/v1/msisdn-${operation.msisdn}/registrations/location`;
      return [http('GET', path, indexHeader(operation.userDataIndex))];
    }
    case 'route-message': {
      const path = `/nudm-uecm/v1/msisdn-${operation.msisdn}/registrations/send-routing-info-sm`;
      const headers = { ...JSON_HEADER, ...indexHeader(operation.userDataIndex) };
      return [http('POST', path, headers, {})];
    }
    case 'read-portability':
      return [http('GET', `/nmnpf-npstatus/v1/msisdn-${operation.msisdn}`, {})];
    case 'provide-roaming-number':
      throw new TypeError('5G has no roaming numbers');
  }
}

/** Amf3GppAccessRegistration, TS 29.503 clause 6.2.6.2.2. */
function amfRegistration(imsi: string, plmnId: Plmn, node: string): object {
  return {
    amfInstanceId: amfInstanceIdOf(plmnId),
    deregCallbackUri: `http://${node}/namf-callback/v1/imsi-${imsi}/dereg-notify`,
    guami: { plmnId, amfId: '020040' },
    ratType: 'NR',
    initialRegistrationInd: true,
  };
}

/** The id of a network's AMF: each network here has one. A version 4 UUID in form. */
export function amfInstanceIdOf(plmn: Plmn): string {
  const hash = createHash('sha256')
    .update(`AMF\0${plmnText(plmn)}`)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x40;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function http(
  method: string,
  path: string,
  headers: Record<string, string | undefined>,
  body?: object,
): WireRequest {
  const name = `${method} ${path.split('?', 1)[0]}`;
  return compact({ name, http: { method, path, headers: compact(headers) }, body });
}

function indexHeader(index: number | undefined): Record<string, string | undefined> {
  return { [USER_DATA_INDEX_HEADER]: index === undefined ? undefined : String(index) };
}

function operationOf(request: WireRequest): Operation | undefined {
  const { http: asked, body } = request;
  if (!asked) return deliveryOf(request, FORMS_5G);
  for (const [kind, [method, path]] of Object.entries(RESOURCES)) {
    const match = asked.method === method ? path.exec(asked.path) : null;
    if (match) return httpOperation(kind as HttpKind, match, asked.headers, body);
  }
  return undefined;
}

function httpOperation(
  kind: HttpKind,
  [, digits = '', plmn]: RegExpExecArray,
  headers: Readonly<Record<string, string | undefined>>,
  body: unknown,
): Operation | undefined {
  const index = headers[USER_DATA_INDEX_HEADER];
  const userDataIndex = digitsOf(index) === undefined ? undefined : Number(index);
  if (kind === 'read-portability') return { kind, msisdn: digits };
  if (kind === 'route-call' || kind === 'route-message') {
    return compact({ kind, msisdn: digits, userDataIndex }) as Operation;
  }
  if (kind === 'read-subscription') {
    const servingNetwork = parseJson(plmn!);
    if (!isPlmn(servingNetwork)) return undefined;
    return compact({ kind, imsi: digits, servingNetwork, userDataIndex }) as Operation;
  }
  // The network that a credential is for is the one that the request comes from, by its own word.
  const servingNetwork = parsePlmn(headers[NETWORK_HEADER]);
  const callback = textOf(body, 'deregCallbackUri') ?? '';
  const servingNode = /^https?:\/\/([^/]{1,255})\//.exec(callback)?.[1];
  if (!servingNetwork || !servingNode) return undefined;
  const credential = headers[CREDENTIAL_HEADER];
  const update = { kind, imsi: digits, servingNetwork, servingNode, credential, userDataIndex };
  return compact(update) as Operation;
}

function answerOf(operation: Operation, result: Result): WireAnswer {
  if (isDelivery(operation)) return deliveryAnswer(operation, result, FORMS_5G);
  if (!result.ok) {
    const [status, cause] = PROBLEMS[result.cause];
    const { detail } = result;
    const body = compact({ type: 'about:blank', title: cause, status, detail, cause });
    return { status, text: cause, body };
  }
  const status = operation.kind === 'update-location' ? 201 : 200;
  return { status, text: status === 201 ? 'Created' : 'OK', body: bodyOf(operation, result) };
}

function bodyOf(operation: Operation, { data }: Extract<Result, { ok: true }>): object {
  const { imsi, msisdn, servingNetwork, foundBy } = data;
  const shown = { bchfFoundBy: foundBy };
  switch (operation.kind) {
    case 'update-location': {
      const { servingNetwork: plmnId, servingNode } = operation;
      return compact({ ...amfRegistration(operation.imsi, plmnId, servingNode), ...shown });
    }
    case 'read-subscription':
      // AccessAndMobilitySubscriptionData, TS 29.503 clause 6.1.6.2.4.
      return compact({ gpsis: msisdn === undefined ? [] : [`msisdn-${msisdn}`], ...shown });
    case 'read-portability':
      return compact({ subscriptionNetwork: servingNetwork });
    case 'route-call': {
      // LocationInfo, TS 29.503 clause 6.2.6.2.15.
      const amfInstanceId = servingNetwork && amfInstanceIdOf(servingNetwork);
      const place = { amfInstanceId, plmnId: servingNetwork, accessTypeList: ['3GPP_ACCESS'] };
      return compact({ supi: `imsi-${imsi}`, registrationLocationInfoList: [place], ...shown });
    }
    default: {
      // RoutingInfoSmResponse, TS 29.503 clause 6.2.6.2.29; the SMSF stands beside the AMF.
      const smsfInstanceId = servingNetwork && amfInstanceIdOf(servingNetwork);
      const smsf3Gpp = { smsfInstanceId, plmnId: servingNetwork };
      return compact({ supi: `imsi-${imsi}`, smsf3Gpp, ...shown });
    }
  }
}

function resultOf(operation: Operation, answer: WireAnswer): Result {
  if (isDelivery(operation)) return deliveryResult(operation, answer, FORMS_5G);
  const { status, body } = answer;
  if (status < 200 || status > 299) return refused(causeOf(status, body), textOf(body, 'detail'));
  const foundBy = FOUND_BY.find((way) => way === textOf(body, 'bchfFoundBy'));
  if (operation.kind === 'update-location' || operation.kind === 'read-subscription') {
    const gpsis = memberOf(body, 'gpsis');
    const gpsi = Array.isArray(gpsis) ? String(gpsis[0] ?? '') : '';
    const msisdn = digitsOf(gpsi.replace(/^msisdn-/, ''));
    return { ok: true, data: compact({ msisdn, foundBy }) };
  }
  if (operation.kind === 'read-portability') {
    const servingNetwork = memberOf(body, 'subscriptionNetwork');
    return isPlmn(servingNetwork)
      ? { ok: true, data: { servingNetwork } }
      : refused('failure', 'no subscriptionNetwork');
  }
  const list = memberOf(body, 'registrationLocationInfoList');
  const place = Array.isArray(list) ? list[0] : memberOf(body, 'smsf3Gpp');
  const servingNetwork = memberOf(place, 'plmnId');
  const imsi = digitsOf(textOf(body, 'supi')?.replace(/^imsi-/, ''));
  if (!isPlmn(servingNetwork) || imsi === undefined) return refused('failure', 'no location');
  return { ok: true, data: compact({ imsi, servingNetwork, foundBy }) };
}

function causeOf(status: number, body: unknown): Cause {
  const said = textOf(body, 'cause');
  const known = Object.entries(PROBLEMS).find(([, [, cause]]) => cause === said);
  if (known) return known[0] as Cause;
  return status === 404 ? 'unknown-user' : 'failure';
}

function parseJson(encoded: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(encoded));
  } catch {
    return undefined;
  }
}

const problem = { type: 'about:blank', title: 'Bad Request', status: 400, cause: 'INVALID_API' };

export const WIRE_5G: Wire = {
  requestsOf,
  operationOf,
  answerOf,
  resultOf,
  malformed: { status: 400, text: 'INVALID_API', body: problem },
};
