// What is sent to the network that serves the called user: the same in shape in every generation.

import { answerBy, type Form, refusalBy } from './forms.ts';
import type { Operation, Result } from './operations.ts';
import type { WireAnswer, WireRequest } from './wire.ts';
import { digitsOf, textOf } from './wire.ts';

export type Delivery = Extract<Operation, { kind: 'deliver-call' | 'deliver-message' }>;
export type DeliveryForms = Readonly<Record<Delivery['kind'], Form>>;

const TEXT_LENGTH_MAX = 160;

export function isDelivery(operation: Operation): operation is Delivery {
  return operation.kind === 'deliver-call' || operation.kind === 'deliver-message';
}

export function deliveryRequest(delivery: Delivery, forms: DeliveryForms): WireRequest {
  const { kind, ...body } = delivery;
  return { name: forms[kind].name, body };
}

export function deliveryOf(
  { name, body }: WireRequest,
  forms: DeliveryForms,
): Delivery | undefined {
  const to = digitsOf(textOf(body, 'to'));
  const from = digitsOf(textOf(body, 'from'));
  if (to === undefined || from === undefined) return undefined;
  if (name === forms['deliver-call'].name) return { kind: 'deliver-call', to, from };
  const text = textOf(body, 'text');
  if (name !== forms['deliver-message'].name || text === undefined) return undefined;
  return { kind: 'deliver-message', to, from, text: text.slice(0, TEXT_LENGTH_MAX) };
}

export function deliveryAnswer(delivery: Delivery, result: Result, forms: DeliveryForms) {
  return answerBy(forms[delivery.kind], result);
}

export function deliveryResult(
  delivery: Delivery,
  answer: WireAnswer,
  forms: DeliveryForms,
): Result {
  return refusalBy(forms[delivery.kind], answer) ?? { ok: true, data: {} };
}
