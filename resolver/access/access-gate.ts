// The gate of one serving thread: decides whether a request may be answered, and notes what it decided.
//
//     find the rule ─▶ take from the quota ─▶ kind of number, its member ─▶ credential ─▶ answer
//
// All but the credential is decided at once. What a number's member is comes from a lookup of its own,
// made only where a rule or the audit log asks for it; a block between it and the answer may make the
// number another member's, which then is told once more to whom it was allowed before.

import type { Identity, UeId } from '../../ledger/number.ts';
import type { BatchRestriction } from '../http/batch-answer.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import { REQUEST_ID_HEADER } from '../http/request-id.ts';
import type { NumberResolver, Resolved } from '../resolve.ts';
import type { TokenRefusal } from '../sbi/authorise.ts';
import { type AccessCause, refusalOf, refusedCounter } from './access-causes.ts';
import {
  type AccessRules,
  judgeBulk,
  judgeNumber,
  type Requester,
  restrictionOf,
  type Standing,
  standingOf,
} from './access-rules.ts';
import type { AuditBuffer } from './audit-buffer.ts';
import type { AuditedAsking } from './audit-line-codec.ts';
import type { CredentialChecks } from './credential-checks.ts';
import { type KnownRequester, LOOK_UP } from './known-requesters.ts';
import type { QuotaTable } from './quota-table.ts';

const CONGESTION_RETRY_AFTER_S = 1;

/** What is asked, as far as access goes by it. */
export interface AccessQuestion {
  interface: AuditedAsking['interface'];
  /** What it is called in the audit log. */
  operation: string;
  requester: Requester;
  /** The one number; `undefined` where many are asked for. */
  ueId: UeId | undefined;
  /** The kind of many numbers, where it is one and known. */
  identity?: Identity | undefined;
  /** Whether each of many numbers is judged by itself, by `restrictionOf`. */
  isEachJudged?: boolean;
  /** How many numbers, which is what the quota counts; at least 1. */
  count: number;
  /** Text of the credential; `undefined` where the request has none. */
  credential: string | undefined;
  /** What its sender calls the request, where that was read and is given. */
  requestId?: string | undefined;
  /** Told what the audit log calls a request that its sender has not named. */
  onNamed?: ((requestId: string) => void) | undefined;
}

/** Rules and the buckets of their quotas. */
export interface ActiveRules {
  rules: AccessRules;
  quotas: QuotaTable;
}

export interface AccessGateOptions {
  /** Without rules everything is allowed. */
  active: ActiveRules | undefined;
  checks: Pick<CredentialChecks, 'check'>;
  windowMs: number;
  resolver: Pick<NumberResolver, 'find'>;
  audit: Pick<AuditBuffer, 'note'> | undefined;
  /** Counts by name, those of access-causes. */
  counters: Record<string, number>;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Microseconds of a clock that all threads share and that never goes back. */
  nowUs: () => number;
  /** What a noted request is called that its sender has not named. */
  newRequestId: () => string;
}

export class AccessGate {
  readonly #options: AccessGateOptions;
  #active: ActiveRules | undefined;

  constructor(options: AccessGateOptions) {
    this.#options = options;
    this.#active = options.active;
  }

  /** Goes by other rules from now on. */
  apply(active: ActiveRules): void {
    this.#active = active;
  }

  /** The refusal, or `undefined` where the request is to be answered. */
  decide(question: AccessQuestion): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
    const { requester, ueId, count, credential } = question;
    const active = this.#active;
    const standing = active && standingOf(requester, active.rules);
    const rule = standing?.rule;
    const found =
      ueId && (rule?.members || this.#options.audit)
        ? this.#options.resolver.find(ueId)
        : undefined;
    const conclude = (cause?: AccessCause, retryAfterS?: number, isCredentialGood = false) =>
      this.#conclude({ question, standing, found, cause, retryAfterS, isCredentialGood });
    if (!active) return conclude();
    if (!standing || !rule) return conclude('REQUESTER_NOT_ALLOWED');
    if (standing.bucket !== undefined) {
      const waitMs = active.quotas.take(standing.bucket, count, this.#options.nowUs());
      if (waitMs > 0) return conclude('NF_CONGESTION_RISK', Math.ceil(waitMs / 1000));
    }
    const cause = ueId
      ? judgeNumber(rule, ueId, found?.route.member)
      : judgeBulk(rule, question.identity, question.isEachJudged ?? false);
    if (cause) return conclude(cause);
    if (!ueId || rule.credential === 'ignored') return conclude();
    if (credential === undefined) {
      return conclude(rule.credential === 'required' ? 'CREDENTIAL_REQUIRED' : undefined);
    }
    const checked = this.#options.checks.check(credential, {
      ueId,
      networks: standing.networks,
      nowMs: this.#options.now(),
      windowMs: this.#options.windowMs,
    });
    const concludeChecked = (late: AccessCause | undefined) =>
      late === 'CREDENTIAL_CONGESTION'
        ? conclude(late, CONGESTION_RETRY_AFTER_S)
        : conclude(late, undefined, late === undefined);
    return checked instanceof Promise ? checked.then(concludeChecked) : concludeChecked(checked);
  }

  /**
   * What `admit` needs of a requester; `undefined` where no rule lets it ask, or where its rule needs more
   * than a lookup tells.
   *
   * @param untilMs when its token ends, in milliseconds since 1970
   */
  recognise(requester: Requester, untilMs = Number.POSITIVE_INFINITY): KnownRequester | undefined {
    const active = this.#active;
    const standing = active && standingOf(requester, active.rules);
    if (active && (!standing || standing.rule.credential === 'required')) return undefined;
    return { standing, asking: askingOf('http', LOOK_UP, requester, standing), active, untilMs };
  }

  /** Whether what was recognised still holds: the rules are the same, and its token has not ended. */
  isCurrent({ active, untilMs }: KnownRequester): boolean {
    const isInTime = untilMs === Number.POSITIVE_INFINITY || untilMs > this.#options.now();
    return active === this.#active && isInTime;
  }

  /**
   * Lets the lookup of a number through that has no credential, and notes it. Where this returns false
   * nothing was counted, and the request is for `decide`.
   */
  admit(
    known: KnownRequester,
    ueId: UeId,
    found: Resolved,
    requestId: string | undefined,
  ): boolean {
    const { standing, asking, active } = known;
    const { now, nowUs, counters, audit } = this.#options;
    if (!this.isCurrent(known)) return false;
    if (active && standing) {
      const { rule, bucket } = standing;
      if (judgeNumber(rule, ueId, found.route.member)) return false;
      if (bucket !== undefined && active.quotas.take(bucket, 1, nowUs()) > 0) return false;
    }
    counters.allowed = (counters.allowed ?? 0) + 1;
    audit?.note({
      timeMs: now(),
      asking,
      ueId,
      count: 1,
      cause: undefined,
      isCredentialGood: false,
      route: found.route,
      requestId: requestId === undefined ? undefined : { text: requestId, isOwn: false },
    });
    return true;
  }

  /** What of many numbers a requester may ask for; `undefined`: all. */
  restrictionOf(requester: Requester): BatchRestriction | undefined {
    const standing = this.#active && standingOf(requester, this.#active.rules);
    return standing && restrictionOf(standing.rule);
  }

  /** Notes a request that its access token, or its having none, has refused already; what it is told. */
  refusedByToken(question: AccessQuestion, { refusal, cause }: TokenRefusal): HttpAnswer {
    const { counters } = this.#options;
    counters.refusedToken = (counters.refusedToken ?? 0) + 1;
    return withRequestId(refusal, this.#audit(question, { cause }));
  }

  #conclude(conclusion: {
    question: AccessQuestion;
    standing: Standing | undefined;
    found: Resolved | undefined;
    cause: AccessCause | undefined;
    retryAfterS: number | undefined;
    isCredentialGood: boolean;
  }): HttpAnswer | undefined {
    const { question, standing, found, cause, retryAfterS, isCredentialGood } = conclusion;
    const { counters } = this.#options;
    const name = cause ? refusedCounter(cause) : 'allowed';
    counters[name] = (counters[name] ?? 0) + 1;
    if (isCredentialGood) counters.goodCredentials = (counters.goodCredentials ?? 0) + 1;
    const requestId = this.#audit(question, { standing, found, cause, isCredentialGood });
    return cause && withRequestId(refusalOf(cause, retryAfterS), requestId);
  }

  /**
   * Returns what the request is called in the log, by its sender or else by us: who asks about a refusal or
   * a fault can name its line.
   */
  #audit(
    question: AccessQuestion,
    outcome: {
      standing?: Standing | undefined;
      found?: Resolved | undefined;
      cause: string | undefined;
      isCredentialGood?: boolean;
    },
  ): string | undefined {
    const { audit, now, newRequestId } = this.#options;
    if (!audit) return undefined;
    const { operation, requester, ueId, count } = question;
    const { standing, found, cause, isCredentialGood = false } = outcome;
    const requestId = question.requestId ?? newRequestId();
    const isOwn = question.requestId === undefined;
    if (isOwn) question.onNamed?.(requestId);
    audit.note({
      timeMs: now(),
      asking: askingOf(question.interface, operation, requester, standing),
      ueId,
      count,
      cause,
      isCredentialGood,
      route: found?.route,
      requestId: { text: requestId, isOwn },
    });
    return requestId;
  }
}

function askingOf(
  interfaceName: AuditedAsking['interface'],
  operation: string,
  { subjects, nfType, network }: Requester,
  standing: Standing | undefined,
): AuditedAsking {
  const subject = standing?.subject ?? subjects[0];
  return {
    interface: interfaceName,
    operation,
    rule: standing?.rule.name,
    subject,
    nfType,
    network,
  };
}

function withRequestId(answer: HttpAnswer, requestId: string | undefined): HttpAnswer {
  if (requestId === undefined) return answer;
  return { ...answer, headers: [...(answer.headers ?? []), [REQUEST_ID_HEADER, requestId]] };
}
