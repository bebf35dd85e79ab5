// The messages that travel as frames, by the protocol that they are taken from: how each is called, and
// what its answers are called and numbered for every cause.
//
// The encodings are not those of these protocols: no Diameter AVPs, no MAP or ISUP, no NAS, no SIP text.
// Names, procedures and codes are theirs.

import type { Cause, Refusal, Result } from './operations.ts';
import { refused } from './operations.ts';
import type { Judged } from './trace.ts';
import type { WireAnswer } from './wire.ts';
import { compact, labelOf } from './wire.ts';

type Code = readonly [status: number, text: string];

export interface Form {
  /** Of the request. */
  name: string;
  ok: Code;
  /** What a refusal is called, where it is a message of its own. */
  refusal?: string;
  /** Where several causes share a code, an answer is read as the first of them. */
  causes: Readonly<Record<Cause, Code>>;
}

/** RFC 6733 section 7.1. Codes from 5001 on with a name of 3GPP are experimental results. */
const DIAMETER = {
  ok: [2001, 'DIAMETER_SUCCESS'],
  unreachable: [3002, 'DIAMETER_UNABLE_TO_DELIVER'],
  failure: [5012, 'DIAMETER_UNABLE_TO_COMPLY'],
  'user-unknown': [5001, 'DIAMETER_ERROR_USER_UNKNOWN'],
} as const satisfies Record<string, Code>;

function diameter(name: string, own: Partial<Record<Cause, Code>>): Form {
  const { ok, unreachable, failure } = DIAMETER;
  return {
    name,
    ok,
    causes: {
      'unknown-user': DIAMETER['user-unknown'],
      'roaming-not-allowed': failure,
      'credential-refused': [5003, 'DIAMETER_AUTHORIZATION_REJECTED'],
      'absent-user': failure,
      failure,
      unreachable,
      'timed-out': unreachable,
      'requester-refused': failure,
      congestion: [3004, 'DIAMETER_TOO_BUSY'],
      ...own,
    },
  };
}

/** MAP: errors of 3GPP TS 29.002 clause 17.6 with their local codes; 0 stands for a result. */
function map(name: string, own: Partial<Record<Cause, Code>>): Form {
  const failure: Code = [34, 'systemFailure'];
  return {
    name,
    ok: [0, 'returnResult'],
    refusal: 'returnError',
    causes: {
      'unknown-user': [1, 'unknownSubscriber'],
      'roaming-not-allowed': [8, 'roamingNotAllowed'],
      // No error of these operations is about a credential: it is an extension.
      'credential-refused': [36, 'unexpectedDataValue'],
      'absent-user': [27, 'absentSubscriber'],
      failure,
      unreachable: failure,
      'timed-out': failure,
      'requester-refused': failure,
      congestion: failure,
      ...own,
    },
  };
}

/** Q.850 causes, in ISUP (IAM) and in call control (SETUP, 3GPP TS 24.008 annex H). */
function q850(name: string, answered: string, refusal: string): Form {
  return {
    name,
    ok: [0, answered],
    refusal,
    causes: {
      'unknown-user': [1, 'Unallocated number'],
      'roaming-not-allowed': [21, 'Call rejected'],
      'credential-refused': [21, 'Call rejected'],
      'absent-user': [20, 'Subscriber absent'],
      unreachable: [38, 'Network out of order'],
      'timed-out': [102, 'Recovery on timer expiry'],
      failure: [41, 'Temporary failure'],
      'requester-refused': [41, 'Temporary failure'],
      congestion: [42, 'Switching equipment congestion'],
    },
  };
}

/** SIP, RFC 3261 section 21. */
const INVITE: Form = {
  name: 'INVITE',
  ok: [200, 'OK'],
  causes: {
    'unknown-user': [404, 'Not Found'],
    'roaming-not-allowed': [403, 'Forbidden'],
    'credential-refused': [403, 'Forbidden'],
    'absent-user': [480, 'Temporarily Unavailable'],
    unreachable: [503, 'Service Unavailable'],
    'timed-out': [504, 'Server Time-out'],
    failure: [500, 'Server Internal Error'],
    'requester-refused': [500, 'Server Internal Error'],
    congestion: [503, 'Service Unavailable'],
  },
};

/** RP-DATA with an SMS-SUBMIT: 3GPP TS 24.011 table 8.4, what the network says to a mobile. */
const SUBMIT: Form = {
  name: 'RP-DATA (SMS-SUBMIT)',
  ok: [0, 'RP-ACK'],
  refusal: 'RP-ERROR',
  causes: {
    'unknown-user': [1, 'Unassigned (unallocated) number'],
    'roaming-not-allowed': [21, 'Short message transfer rejected'],
    'credential-refused': [21, 'Short message transfer rejected'],
    'absent-user': [27, 'Destination out of order'],
    unreachable: [38, 'Network out of order'],
    'timed-out': [41, 'Temporary failure'],
    failure: [41, 'Temporary failure'],
    'requester-refused': [41, 'Temporary failure'],
    congestion: [42, 'Congestion'],
  },
};

/** RP-DATA with an SMS-DELIVER, which a terminal takes: the other way of the same protocol. */
const DELIVER: Form = { ...SUBMIT, name: 'RP-DATA (SMS-DELIVER)' };

/** What a terminal is told: 3GPP TS 24.501 table 9.11.3.2.1, TS 24.301 table 9.9.3.9.1, TS 24.008 annex G. */
function registration(name: string, own: { unknown: Code; illegal: Code; temporary: Code }): Form {
  const { unknown, illegal, temporary } = own;
  return {
    name: `${name} Request`,
    ok: [0, `${name} Accept`],
    refusal: `${name} Reject`,
    causes: {
      'unknown-user': unknown,
      'roaming-not-allowed': [11, 'PLMN not allowed'],
      'credential-refused': illegal,
      // The rest says nothing about the user: a cause after which the terminal tries again.
      unreachable: temporary,
      'timed-out': temporary,
      failure: temporary,
      'absent-user': temporary,
      'requester-refused': temporary,
      congestion: [22, 'Congestion'],
    },
  };
}

/** Messages by generation, where there is a frame for them. */
export const FORMS = {
  '5g': {
    register: registration('Registration', {
      unknown: [7, '5GS services not allowed'],
      illegal: [3, 'Illegal UE'],
      temporary: [22, 'Congestion'],
    }),
    call: INVITE,
    submit: SUBMIT,
    deliver: DELIVER,
    'deliver-call': INVITE,
    // SGd, which an SMSF speaks too: 3GPP TS 29.338 clauses 6 and 7.
    'deliver-message': diameter('MT-Forward-Short-Message-Request (TFR)', {
      'absent-user': [5550, 'DIAMETER_ERROR_ABSENT_USER'],
    }),
  },
  '4g': {
    // TS 29.272 annex A leads from causes of S6a to those of NAS.
    register: registration('Attach', {
      unknown: [8, 'EPS services and non-EPS services not allowed'],
      illegal: [3, 'Illegal UE'],
      temporary: [17, 'Network failure'],
    }),
    call: INVITE,
    submit: SUBMIT,
    deliver: DELIVER,
    'deliver-call': INVITE,
    'deliver-message': diameter('MT-Forward-Short-Message-Request (TFR)', {
      'absent-user': [5550, 'DIAMETER_ERROR_ABSENT_USER'],
    }),
    // S6a, 3GPP TS 29.272 clauses 5.2.1 and 7.4.
    'update-location': diameter('Update-Location-Request (ULR)', {
      'roaming-not-allowed': [5004, 'DIAMETER_ERROR_ROAMING_NOT_ALLOWED'],
    }),
    // Cx, 3GPP TS 29.229 clauses 6.1.5 and 6.2.
    'route-call': diameter('Location-Info-Request (LIR)', {
      'absent-user': [5003, 'DIAMETER_ERROR_IDENTITY_NOT_REGISTERED'],
      'credential-refused': DIAMETER.failure,
    }),
    // S6c, 3GPP TS 29.338 clauses 5 and 7.
    'route-message': diameter('Send-Routing-Info-for-SM-Request (SRR)', {
      'absent-user': [5550, 'DIAMETER_ERROR_ABSENT_USER'],
    }),
    'read-portability': map('anyTimeInterrogation', {}),
  },
  '2g': {
    register: registration('Attach', {
      unknown: [8, 'GPRS services and non-GPRS services not allowed'],
      illegal: [3, 'Illegal MS'],
      temporary: [17, 'Network failure'],
    }),
    call: q850('SETUP', 'CONNECT', 'RELEASE COMPLETE'),
    submit: SUBMIT,
    deliver: DELIVER,
    'deliver-call': q850('IAM', 'ANM', 'REL'),
    'deliver-message': map('mt-ForwardSM', {
      'unknown-user': [5, 'unidentifiedSubscriber'],
      'absent-user': [6, 'absentSubscriberSM'],
    }),
    'update-location': map('updateGprsLocation', {}),
    'route-call': map('sendRoutingInfo', {}),
    'route-message': map('sendRoutingInfoForSM', { 'absent-user': [6, 'absentSubscriberSM'] }),
    'provide-roaming-number': map('provideRoamingNumber', {}),
    // How an MNP-SRF is asked: 3GPP TS 23.066 clause 4.3 and TS 29.002 clause 8.11.1.
    'read-portability': map('anyTimeInterrogation', {}),
  },
} as const satisfies Record<string, Record<string, Form>>;

export type GenerationName = keyof typeof FORMS;
export const GENERATIONS = Object.keys(FORMS) as GenerationName[];

/** The answer for a result; `body` is what it carries where the result is good. */
export function answerBy(form: Form, result: Result, body?: object): WireAnswer {
  if (result.ok) return compact({ status: form.ok[0], text: form.ok[1], body });
  const [status, text] = form.causes[result.cause];
  const detail = result.detail && { detail: result.detail };
  return compact({ status, text, message: form.refusal, body: detail });
}

/** Why an answer is not a good one; `undefined` where it is. */
export function refusalBy(form: Form, { status, text }: WireAnswer): Refusal | undefined {
  if (status === form.ok[0]) return undefined;
  const found = Object.entries(form.causes).find(([, [code]]) => code === status);
  return refused((found?.[0] as Cause | undefined) ?? 'failure', text);
}

/** What an answer comes to, for the trace. */
export function judgeBy(form: Form, answer: WireAnswer): Judged {
  return { label: labelOf(answer), outcome: refusalBy(form, answer)?.cause ?? 'ok' };
}
