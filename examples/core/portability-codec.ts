// A portability database asked in MAP names, as an MNP-SRF is (3GPP TS 23.066): 4G and 2G/3G alike.

import { answerBy, FORMS, refusalBy } from './forms.ts';
import { type Operation, type Result, refused } from './operations.ts';
import { parsePlmn, plmnText } from './plmn-codec.ts';
import type { WireAnswer, WireRequest } from './wire.ts';
import { digitsOf, textOf } from './wire.ts';

const FORM = FORMS['2g']['read-portability'];

export function portabilityOf({ name, body }: WireRequest): Operation | undefined {
  const msisdn = digitsOf(textOf(body, 'msisdn'));
  return name === FORM.name && msisdn ? { kind: 'read-portability', msisdn } : undefined;
}

export function portabilityAnswer(result: Result): WireAnswer {
  const network = result.ok && result.data.servingNetwork;
  return answerBy(FORM, result, network ? { routeingNumber: plmnText(network) } : undefined);
}

export function portabilityResult(answer: WireAnswer): Result {
  const refusal = refusalBy(FORM, answer);
  if (refusal) return refusal;
  const servingNetwork = parsePlmn(textOf(answer.body, 'routeingNumber'));
  return servingNetwork ? { ok: true, data: { servingNetwork } } : refused('failure', answer.text);
}
