// The shapes of the HTTP interface, once: the OpenAPI document and the tests are made from these.

import { z } from 'zod';
import { IDENTITIES } from '../../ledger/number.ts';
import { ID_PATTERN, ROUTES_MAX } from '../../ledger/route.ts';
import { plmnSchema, routeSchema } from '../../ledger/route-schema.ts';
import { ROAMING_SERVICES } from '../../ledger/transaction-roaming.ts';
import { RUNS_COUNTED_MAX } from '../../wasm/number-index.ts';
import { RUNS_EXPLAINED_MAX } from '../explain.ts';

const digits = z.string().regex(/^[0-9]{1,15}$/);
const ueId = z.string().regex(/^(imsi|msisdn)-[0-9]{1,15}$/);

const blockHash = z
  .string()
  .regex(/^[0-9A-F]{64}$/)
  .describe('Hash of that block, as CometBFT writes it.');

/** The entry that answered. A prefix has `prefix`; a fragmented or ported entry `from` and `to`. */
export const matchSchema = z
  .strictObject({
    entry: z.enum(['prefix', 'fragmented', 'ported']),
    from: digits.optional().describe('First number of the entry.'),
    to: digits.optional().describe('Last number of the entry.'),
    prefix: digits.optional().describe('The leading digits of a prefix entry.'),
  })
  .meta({ id: 'Match' });

export const ledgerSchema = z
  .strictObject({
    height: z.int().min(0).describe('Height of the block whose state the answer comes from.'),
    blockHash,
    lagMs: z
      .int()
      .min(0)
      .nullable()
      .describe(
        'How long a newer committed block has been waiting; null without a ledger, and as of an older ' +
          'block.',
      ),
  })
  .meta({ id: 'LedgerPosition' });

export const routeComponentSchema = routeSchema.meta({ id: 'Route' });

const foundSchema = z.strictObject({
  match: matchSchema,
  route: routeComponentSchema,
  userDataIndex: z.int().min(0).optional().describe("Where the record lies in the element's data."),
});

export const provenanceSchema = z
  .strictObject({
    height: z.int().min(1).describe('Height of the block that set the entry.'),
    transaction: z
      .string()
      .regex(/^[0-9A-F]{64}$/)
      .nullable()
      .describe(
        'Hash of the transaction that set the entry; null where none of the block names it.',
      ),
  })
  .meta({ id: 'Provenance' });

export const consideredSchema = foundSchema
  .extend({
    matchedLength: z.int().min(1).max(15).describe('How many digits of the number matched.'),
    wins: z.boolean().describe('Whether this entry answers.'),
    why: z.string().describe('Why it wins, or what comes before it; for people.'),
    shadows: matchSchema
      .optional()
      .describe(
        'The next in precedence, which would answer without this entry; absent for the last, and ' +
          'before runs that are left out.',
      ),
    setBy: provenanceSchema.nullable().describe('What set the entry; null where it is not known.'),
  })
  .meta({ id: 'Considered' });

export const explanationCutSchema = z
  .strictObject({
    cause: z.literal('RUNS_LEFT_OUT'),
    runsLeftOut: z
      .int()
      .min(1)
      .max(RUNS_COUNTED_MAX)
      .describe('Runs around those in `explanation`, which come before any prefix.'),
    orMore: z.boolean().describe('Whether there may be more than were counted.'),
  })
  .describe('Present if more runs cover the number than are explained.')
  .meta({ id: 'ExplanationCut' });

export const routingInfoSchema = foundSchema
  .extend({
    ueId,
    ledger: ledgerSchema,
    explanation: z
      .array(consideredSchema)
      .optional()
      .describe(
        'With explain=true: every entry that covers the number, the winner first. Each shadows all ' +
          `that come after it. Of fragmented runs only the ${RUNS_EXPLAINED_MAX} innermost.`,
      ),
    explanationCut: explanationCutSchema.optional(),
  })
  .meta({ id: 'RoutingInfo' });

const routeNumber = z
  .int()
  .min(0)
  .max(ROUTES_MAX - 1);
const routesByNumber = z.record(z.string().regex(/^[0-9]{1,7}$/), routeComponentSchema);

export const batchSchema = z
  .array(z.string().describe('imsi- or msisdn- followed by 1 to 15 digits.'))
  .min(1)
  .max(100_000)
  .meta({ id: 'Batch' });

export const batchResultSchema = z
  .union([
    z.strictObject({
      ueId,
      entry: z.enum(['prefix', 'fragmented', 'ported']),
      matchedLength: z.int().min(1).max(15).describe('How many digits of the number matched.'),
      route: routeNumber.describe('Key of the route in `routes`.'),
    }),
    z
      .strictObject({
        ueId,
        cause: z.enum(['USER_NOT_FOUND', 'IDENTITY_NOT_ALLOWED', 'MEMBER_NOT_ALLOWED']),
      })
      .describe('No entry covers it, or the requester may not ask for it: docs/access.md.'),
    z
      .strictObject({ cause: z.literal('MANDATORY_IE_INCORRECT') })
      .describe('The item is not a ueId.'),
  ])
  .meta({ id: 'BatchResult' });

export const batchAnswerSchema = z
  .strictObject({
    ledger: ledgerSchema,
    routes: routesByNumber.describe('Every route that a result names, by number.'),
    results: z.array(batchResultSchema).describe('In the order of the request, all of one block.'),
  })
  .meta({ id: 'BatchAnswer' });

export const listedEntrySchema = matchSchema
  .extend({
    route: routeNumber.describe('Key of the route in `routes`.'),
    userDataIndex: z
      .int()
      .min(0)
      .optional()
      .describe("Where the record of the entry's first number lies in the element's data."),
  })
  .meta({ id: 'ListedEntry' });

export const rangePageSchema = z
  .strictObject({
    ledger: ledgerSchema,
    identity: z.enum(IDENTITIES),
    prefix: digits.describe('What was asked for.'),
    routes: routesByNumber.describe('Every route that an entry names, by number.'),
    entries: z
      .array(listedEntrySchema)
      .describe('By kind (prefix, fragmented, ported), then by length, then by digits.'),
    next: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,96}$/)
      .optional()
      .describe('`page` of the next page; absent on the last one.'),
  })
  .meta({ id: 'RangePage' });

/** A change of an entry: it leads to a route from now on, or there is no such entry any more. */
export const entryChangeSchema = matchSchema
  .extend({
    identity: z.enum(IDENTITIES),
    route: routeNumber
      .nullable()
      .describe('Key of the route in `routes`; null where the entry is gone.'),
  })
  .meta({ id: 'EntryChange' });

/** The data of an event of a block. */
export const blockChangesSchema = z
  .strictObject({
    height: z.int().min(1),
    blockHash,
    time: z.iso.datetime().describe("The block's own time."),
    routes: routesByNumber.describe(
      'Every route that the block declares or its changes name, by number, with the newest details.',
    ),
    changes: z
      .array(entryChangeSchema)
      .describe('In order; of several of one entry the last counts.'),
  })
  .meta({ id: 'BlockChanges' });

export const routeRecordSchema = z
  .strictObject({
    number: routeNumber.describe('How batches, listings and changes name it.'),
    route: routeComponentSchema,
  })
  .meta({ id: 'RouteRecord' });

const id = z.string().regex(ID_PATTERN);

export const memberSchema = z
  .strictObject({
    member: id,
    name: z.string(),
    plmns: z.array(plmnSchema),
    lastSequence: z.int().min(-1).describe('Of its last transaction; -1 before the first.'),
    balance: z.int().describe('Its balance, in the smallest unit.'),
    due: z.int().min(0).describe('What it owes for occupied numbers.'),
  })
  .meta({ id: 'Member' });

/** The public terms of a roaming contract (ledger/transaction-roaming). */
export const roamingContractSchema = z
  .strictObject({
    address: z.string().regex(/^0x[0-9a-f]{40}$/),
    member: id.describe('Whose subscribers roam, and who pays.'),
    name: z.string(),
    prices: z.array(z.strictObject({ service: z.enum(ROAMING_SERVICES), price: z.int().min(0) })),
  })
  .meta({ id: 'RoamingContract' });

/** The file of a proof (ledger/proof/proof-codec). */
export const proofFileSchema = z
  .strictObject({
    format: z.string(),
    number: ueId,
    header: z.base64(),
    commit: z.base64(),
    state: z.array(z.base64()),
    claim: z.looseObject({ number: ueId }).describe('What the evidence says, for people.'),
  })
  .meta({ id: 'Proof' });

/** RFC 9457, with `cause` and `invalidParams` of 3GPP TS 29.571 clause 5.2.4.1. */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().optional(),
    instance: z.string().optional(),
    cause: z.string(),
    invalidParams: z.array(z.strictObject({ param: z.string(), reason: z.string() })).optional(),
  })
  .meta({ id: 'ProblemDetails' });

export const healthSchema = z
  .strictObject({ status: z.enum(['up', 'down']), height: z.int().min(0).optional() })
  .meta({ id: 'Health' });

export type ProblemDetails = z.infer<typeof problemSchema>;
export type RoutingInfo = z.infer<typeof routingInfoSchema>;
