// The rules of access: which requester may ask for what, how often, and with or without a terminal's
// credential. Read from the operator's file (docs/access.md), decided without any look outside.
//
// Rules stand in order; the first that a requester fits is its rule, and who fits none is refused.

import { z } from 'zod';
import { IDENTITIES, type UeId } from '../../ledger/number.ts';
import { ID_PATTERN, type Plmn } from '../../ledger/route.ts';
import type { AccessCause } from './access-causes.ts';
import type { QuotaLimit } from './quota-table.ts';

const RULES_MAX = 256;
const ITEMS_MAX = 1024;
/** A subject is an NF instance id, a common name or a DNS name. */
export const SUBJECT_LENGTH_MAX = 253;

export const CREDENTIAL_POLICIES = ['required', 'optional', 'ignored'] as const;

const listOf = <T>(item: z.ZodType<T>) => z.array(item).min(1).max(ITEMS_MAX);
const perSecondMax = 1_000_000;

const ruleSchema = z.strictObject({
  name: z.string().regex(ID_PATTERN),
  from: z
    .strictObject({
      subjects: listOf(z.string().min(1).max(SUBJECT_LENGTH_MAX)).optional(),
      nfTypes: listOf(z.string().regex(/^[A-Za-z0-9_-]{1,32}$/)).optional(),
      networks: listOf(
        z
          .string()
          .regex(/^[0-9]{3}-[0-9]{2,3}$/, { message: 'must be MCC-MNC, such as 262-01' })
          .transform((text): Plmn => ({ mcc: text.slice(0, 3), mnc: text.slice(4) })),
      ).optional(),
    })
    .default({}),
  identities: listOf(z.enum(IDENTITIES)).default([...IDENTITIES]),
  members: listOf(z.string().regex(ID_PATTERN)).optional(),
  quota: z
    .strictObject({
      perSecond: z.int().min(1).max(perSecondMax),
      burst: z.int().min(1).max(perSecondMax),
    })
    .optional(),
  credential: z.enum(CREDENTIAL_POLICIES).default('ignored'),
});

const rulesSchema = z.strictObject({ requesters: z.array(ruleSchema).max(RULES_MAX) });

type RuleContent = z.infer<typeof ruleSchema>;

/** Who asks, as far as it is known. */
export interface Requester {
  /** Names that a token or a client certificate proves; empty where there was neither. */
  subjects: readonly string[];
  /** What it says of itself, or its token proves. */
  nfType: string | undefined;
  network: Plmn | undefined;
}

/** One rule, ready to be used. */
export interface AccessRule extends Pick<RuleContent, 'name' | 'identities' | 'credential'> {
  subjects: readonly string[] | undefined;
  nfTypes: ReadonlySet<string> | undefined;
  networks: readonly Plmn[] | undefined;
  members: ReadonlySet<string> | undefined;
  /** The first of its buckets: one for each subject, or one for all that fit where it names none. */
  firstBucket: number | undefined;
}

/** A requester's rule, with what follows from who it is. */
export interface Standing {
  rule: AccessRule;
  subject: string | undefined;
  /** The bucket of its quota; `undefined` without one. */
  bucket: number | undefined;
  /** The networks that it stands for. */
  networks: readonly Plmn[];
}

export interface AccessRules {
  rules: readonly AccessRule[];
  /** The quota behind each bucket. */
  buckets: readonly QuotaLimit[];
}

/** Makes rules of what the file says. Throws where it does not fit, with the place. */
export function readRules(content: unknown): AccessRules {
  const parsed = rulesSchema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') || 'file'}: ${issue?.message}`);
  }
  const buckets: QuotaLimit[] = [];
  const names = new Set<string>();
  const rules = parsed.data.requesters.map((content): AccessRule => {
    const { name, from, identities, members, quota, credential } = content;
    if (names.has(name)) throw new Error(`two rules are called ${name}`);
    names.add(name);
    const firstBucket = quota && buckets.length;
    for (const _ of quota ? (from.subjects ?? [undefined]) : []) buckets.push(quota!);
    return {
      name,
      identities,
      credential,
      subjects: from.subjects,
      nfTypes: from.nfTypes && new Set(from.nfTypes),
      networks: from.networks,
      members: members && new Set(members),
      firstBucket,
    };
  });
  return { rules, buckets };
}

/** The first rule that a requester fits; `undefined` where there is none. */
export function standingOf(requester: Requester, { rules }: AccessRules): Standing | undefined {
  for (const rule of rules) {
    const standing = standingUnder(rule, requester);
    if (standing) return standing;
  }
  return undefined;
}

function standingUnder(
  rule: AccessRule,
  { subjects, nfType, network }: Requester,
): Standing | undefined {
  const at = rule.subjects?.findIndex((subject) => subjects.includes(subject)) ?? 0;
  if (at < 0) return undefined;
  if (rule.nfTypes && (nfType === undefined || !rule.nfTypes.has(nfType))) return undefined;
  let networks = network ? [network] : [];
  if (rule.networks) {
    if (network && !rule.networks.some((one) => isSameNetwork(one, network))) return undefined;
    if (!network) {
      // The operator says where a subject is, so it need not say it itself; a stranger must.
      if (!rule.subjects) return undefined;
      networks = [...rule.networks];
    }
  }
  return {
    rule,
    subject: rule.subjects?.[at] ?? subjects[0],
    bucket: rule.firstBucket === undefined ? undefined : rule.firstBucket + at,
    networks,
  };
}

/** Whether two PLMNs are the same: 262-01 and 262-010 are not. */
export function isSameNetwork(one: Plmn, other: Plmn): boolean {
  return one.mcc === other.mcc && one.mnc === other.mnc;
}

/** What a rule says of one number, by its kind and by the member that has it. */
export function judgeNumber(
  { identities, members }: AccessRule,
  { identity }: UeId,
  member: string | undefined,
): AccessCause | undefined {
  if (!identities.includes(identity)) return 'IDENTITY_NOT_ALLOWED';
  if (members && member !== undefined && !members.has(member)) return 'MEMBER_NOT_ALLOWED';
  return undefined;
}

/**
 * Whether a rule lets a requester ask for many numbers at once. `identity` is the kind of all of them,
 * where that is known beforehand; `isEachJudged` where kinds and members are looked at one by one, by
 * what `restrictionOf` says. Credentials never are.
 */
export function judgeBulk(
  { identities, members, credential }: AccessRule,
  identity: UeId['identity'] | undefined,
  isEachJudged: boolean,
): AccessCause | undefined {
  if (credential === 'required') return 'BULK_NOT_ALLOWED';
  if (isEachJudged) return undefined;
  if (members) return 'BULK_NOT_ALLOWED';
  const kinds = identity ? [identity] : IDENTITIES;
  return kinds.every((kind) => identities.includes(kind)) ? undefined : 'BULK_NOT_ALLOWED';
}

/** What of many numbers a rule allows; `undefined`: all. */
export function restrictionOf({
  identities,
  members,
}: AccessRule): Pick<AccessRule, 'identities' | 'members'> | undefined {
  const isRestricted = members || !IDENTITIES.every((kind) => identities.includes(kind));
  return isRestricted ? { identities, members } : undefined;
}
