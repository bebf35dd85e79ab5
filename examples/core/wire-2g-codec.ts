// Operations in 2G and 3G names: MAP operations of the HLR (3GPP TS 29.002), with parameters by name.
// What is not MAP: the bytes (frame-codec), TCAP dialogues, and that the subscriber data comes in the
// result of updateGprsLocation instead of in an insertSubscriberData before it. The credential and the
// index information travel in `extensionContainer`, where MAP has room for what it does not know.

import {
  deliveryAnswer,
  deliveryOf,
  deliveryRequest,
  deliveryResult,
  isDelivery,
} from './delivery-codec.ts';
import { answerBy, FORMS, refusalBy } from './forms.ts';
import { FOUND_BY, type Operation, type Result, refused } from './operations.ts';
import { parsePlmn, plmnText } from './plmn-codec.ts';
import { portabilityAnswer, portabilityOf, portabilityResult } from './portability-codec.ts';
import type { Wire, WireAnswer, WireRequest } from './wire.ts';
import { compact, digitsOf, indexOf, memberOf, textOf } from './wire.ts';

const FORMS_2G = FORMS['2g'];

function requestsOf(operation: Operation): WireRequest[] {
  if (isDelivery(operation)) return [deliveryRequest(operation, FORMS_2G)];
  const { kind } = operation;
  if (kind === 'read-subscription') throw new TypeError('2G and 3G have no read-subscription');
  return [{ name: FORMS_2G[kind].name, body: argumentOf(operation) }];
}

function argumentOf(operation: Exclude<Operation, { kind: 'read-subscription' }>): object {
  switch (operation.kind) {
    case 'update-location': {
      const { imsi, servingNetwork, servingNode, credential, userDataIndex } = operation;
      const extensionContainer = compact({
        visitedPlmn: plmnText(servingNetwork),
        credential,
        userDataIndex,
      });
      return { imsi, 'sgsn-Address': servingNode, extensionContainer };
    }
    case 'route-call':
    case 'route-message': {
      const { msisdn, userDataIndex } = operation;
      return { msisdn, extensionContainer: compact({ userDataIndex }) };
    }
    case 'provide-roaming-number':
      return { imsi: operation.imsi };
    default:
      return { msisdn: 'msisdn' in operation ? operation.msisdn : '' };
  }
}

function operationOf(request: WireRequest): Operation | undefined {
  const { name, body } = request;
  const extension = memberOf(body, 'extensionContainer');
  const userDataIndex = indexOf(extension, 'userDataIndex');
  const imsi = digitsOf(textOf(body, 'imsi'));
  const msisdn = digitsOf(textOf(body, 'msisdn'));
  switch (name) {
    case FORMS_2G['update-location'].name: {
      const servingNetwork = parsePlmn(textOf(extension, 'visitedPlmn'));
      const servingNode = textOf(body, 'sgsn-Address');
      if (!imsi || !servingNetwork || !servingNode) return undefined;
      const credential = textOf(extension, 'credential');
      const update = { kind: 'update-location', imsi, servingNetwork, servingNode };
      return compact({ ...update, credential, userDataIndex }) as Operation;
    }
    case FORMS_2G['route-call'].name:
      return msisdn === undefined
        ? undefined
        : (compact({ kind: 'route-call', msisdn, userDataIndex }) as Operation);
    case FORMS_2G['route-message'].name:
      return msisdn === undefined
        ? undefined
        : (compact({ kind: 'route-message', msisdn, userDataIndex }) as Operation);
    case FORMS_2G['provide-roaming-number'].name:
      return imsi ? { kind: 'provide-roaming-number', imsi } : undefined;
    default:
      return portabilityOf(request) ?? deliveryOf(request, FORMS_2G);
  }
}

function answerOf(operation: Operation, result: Result): WireAnswer {
  if (isDelivery(operation)) return deliveryAnswer(operation, result, FORMS_2G);
  const { kind } = operation;
  if (kind === 'read-portability') return portabilityAnswer(result);
  if (kind === 'read-subscription') return WIRE_2G.malformed;
  const { msisdn, imsi, roamingNumber, foundBy } = result.ok ? result.data : {};
  const content = {
    'update-location': { subscriberData: compact({ msisdn }) },
    'route-call': { imsi, roamingNumber },
    'route-message': { imsi, locationInfoWithLMSI: { 'networkNode-Number': roamingNumber } },
    'provide-roaming-number': { roamingNumber },
  }[kind];
  const extensionContainer = foundBy && { foundBy };
  return answerBy(FORMS_2G[kind], result, compact({ ...content, extensionContainer }));
}

function resultOf(operation: Operation, answer: WireAnswer): Result {
  if (isDelivery(operation)) return deliveryResult(operation, answer, FORMS_2G);
  const { kind } = operation;
  if (kind === 'read-portability') return portabilityResult(answer);
  if (kind === 'read-subscription') return refused('failure');
  const { body } = answer;
  const refusal = refusalBy(FORMS_2G[kind], answer);
  if (refusal) return { ...refusal, detail: textOf(body, 'detail') };
  const told = textOf(memberOf(body, 'extensionContainer'), 'foundBy');
  const foundBy = FOUND_BY.find((way) => way === told);
  if (kind === 'update-location') {
    const msisdn = digitsOf(textOf(memberOf(body, 'subscriberData'), 'msisdn'));
    return { ok: true, data: compact({ msisdn, foundBy }) };
  }
  const place = memberOf(body, 'locationInfoWithLMSI');
  const number =
    kind === 'route-message' ? textOf(place, 'networkNode-Number') : textOf(body, 'roamingNumber');
  const roamingNumber = digitsOf(number);
  if (!roamingNumber) return refused('failure', 'no roaming number');
  return {
    ok: true,
    data: compact({ imsi: digitsOf(textOf(body, 'imsi')), roamingNumber, foundBy }),
  };
}

export const WIRE_2G: Wire = {
  requestsOf,
  operationOf,
  answerOf,
  resultOf,
  malformed: { status: 35, text: 'dataMissing' },
};
