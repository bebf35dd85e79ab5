// Operations in 4G names: S6a (3GPP TS 29.272), Cx (TS 29.229) and S6c (TS 29.338) of the HSS, as
// commands with AVPs by name. What is not Diameter: the bytes (frame-codec), grouped AVPs that nobody
// here reads, and three AVPs of this project: `BCHF-Credential`, `BCHF-User-Data-Index` and, in answers,
// `BCHF-Found-By`. A portability database is asked as an MNP-SRF is, in MAP names.

import {
  deliveryAnswer,
  deliveryOf,
  deliveryRequest,
  deliveryResult,
  isDelivery,
} from './delivery-codec.ts';
import { answerBy, FORMS, refusalBy } from './forms.ts';
import { FOUND_BY, type Operation, type Result, refused } from './operations.ts';
import { parsePlmn, plmnDomain, plmnOfDomain, plmnText } from './plmn-codec.ts';
import { portabilityAnswer, portabilityOf, portabilityResult } from './portability-codec.ts';
import type { Wire, WireAnswer, WireRequest } from './wire.ts';
import { compact, digitsOf, indexOf, textOf } from './wire.ts';

const FORMS_4G = FORMS['4g'];

function requestsOf(operation: Operation): WireRequest[] {
  if (isDelivery(operation)) return [deliveryRequest(operation, FORMS_4G)];
  const { kind } = operation;
  switch (kind) {
    case 'update-location': {
      const { imsi, servingNetwork, servingNode, credential, userDataIndex } = operation;
      const avps = {
        'User-Name': imsi,
        'Visited-PLMN-Id': plmnText(servingNetwork),
        'RAT-Type': 'EUTRAN',
        'Origin-Host': servingNode,
        'Origin-Realm': `epc.${plmnDomain(servingNetwork)}`,
        'BCHF-Credential': credential,
        'BCHF-User-Data-Index': userDataIndex,
      };
      return [{ name: FORMS_4G[kind].name, body: compact(avps) }];
    }
    case 'route-call': {
      const avps = {
        'Public-Identity': `tel:+${operation.msisdn}`,
        'BCHF-User-Data-Index': operation.userDataIndex,
      };
      return [{ name: FORMS_4G[kind].name, body: compact(avps) }];
    }
    case 'route-message': {
      const avps = { MSISDN: operation.msisdn, 'BCHF-User-Data-Index': operation.userDataIndex };
      return [{ name: FORMS_4G[kind].name, body: compact(avps) }];
    }
    case 'read-portability':
      return [{ name: FORMS_4G[kind].name, body: { msisdn: operation.msisdn } }];
    case 'read-subscription':
    case 'provide-roaming-number':
      throw new TypeError(`4G has no ${kind}`);
  }
}

function operationOf(request: WireRequest): Operation | undefined {
  const { name, body } = request;
  const userDataIndex = indexOf(body, 'BCHF-User-Data-Index');
  switch (name) {
    case FORMS_4G['update-location'].name: {
      const imsi = digitsOf(textOf(body, 'User-Name'));
      const servingNetwork = parsePlmn(textOf(body, 'Visited-PLMN-Id'));
      const servingNode = textOf(body, 'Origin-Host');
      const credential = textOf(body, 'BCHF-Credential');
      if (!imsi || !servingNetwork || !servingNode) return undefined;
      const update = { kind: 'update-location', imsi, servingNetwork, servingNode };
      return compact({ ...update, credential, userDataIndex }) as Operation;
    }
    case FORMS_4G['route-call'].name: {
      const identity = textOf(body, 'Public-Identity') ?? '';
      const msisdn = identity.startsWith('tel:+') ? digitsOf(identity.slice(5)) : undefined;
      return msisdn === undefined
        ? undefined
        : (compact({ kind: 'route-call', msisdn, userDataIndex }) as Operation);
    }
    case FORMS_4G['route-message'].name: {
      const msisdn = digitsOf(textOf(body, 'MSISDN'));
      return msisdn === undefined
        ? undefined
        : (compact({ kind: 'route-message', msisdn, userDataIndex }) as Operation);
    }
    default:
      return portabilityOf(request) ?? deliveryOf(request, FORMS_4G);
  }
}

function answerOf(operation: Operation, result: Result): WireAnswer {
  if (isDelivery(operation)) return deliveryAnswer(operation, result, FORMS_4G);
  const { kind } = operation;
  if (kind === 'read-portability') return portabilityAnswer(result);
  if (kind === 'read-subscription' || kind === 'provide-roaming-number') return WIRE_4G.malformed;
  const { msisdn, imsi, servingNetwork, foundBy } = result.ok ? result.data : {};
  const domain = servingNetwork && plmnDomain(servingNetwork);
  const found = { 'BCHF-Found-By': foundBy };
  const avps = {
    'update-location': { 'Subscription-Data': compact({ MSISDN: msisdn }) },
    'route-call': { 'Server-Name': `sip:scscf.ims.${domain}`, 'User-Name': imsi },
    'route-message': {
      'User-Name': imsi,
      'Serving-Node': { 'MME-Name': `mme.epc.${domain}`, 'MME-Realm': `epc.${domain}` },
    },
  }[kind];
  return answerBy(FORMS_4G[kind], result, compact({ ...avps, ...found }));
}

function resultOf(operation: Operation, answer: WireAnswer): Result {
  if (isDelivery(operation)) return deliveryResult(operation, answer, FORMS_4G);
  const { kind } = operation;
  if (kind === 'read-portability') return portabilityResult(answer);
  if (kind === 'read-subscription' || kind === 'provide-roaming-number') return refused('failure');
  const refusal = refusalBy(FORMS_4G[kind], answer);
  if (refusal) return { ...refusal, detail: textOf(answer.body, 'detail') };
  const { body } = answer;
  const foundBy = FOUND_BY.find((way) => way === textOf(body, 'BCHF-Found-By'));
  if (kind === 'update-location') {
    const subscription = (body as Record<string, unknown> | undefined)?.['Subscription-Data'];
    return {
      ok: true,
      data: compact({ msisdn: digitsOf(textOf(subscription, 'MSISDN')), foundBy }),
    };
  }
  const node = (body as Record<string, unknown> | undefined)?.['Serving-Node'];
  const name = kind === 'route-call' ? textOf(body, 'Server-Name') : textOf(node, 'MME-Realm');
  const servingNetwork = plmnOfDomain(name ?? '');
  const imsi = digitsOf(textOf(body, 'User-Name'));
  if (!servingNetwork || imsi === undefined) return refused('failure', 'no serving node');
  return { ok: true, data: compact({ imsi, servingNetwork, foundBy }) };
}

export const WIRE_4G: Wire = {
  requestsOf,
  operationOf,
  answerOf,
  resultOf,
  malformed: { status: 5005, text: 'DIAMETER_MISSING_AVP' },
};
