// The token endpoint of the minimal NRF, `POST /oauth2/token` (3GPP TS 29.510 clause 6.3, RFC 6749
// section 4.4): who is registered gets a token for services of the NF type, or of the instance, that
// it names.

import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { plmnSchema } from '../../../ledger/route-schema.ts';
import { type HttpAnswer, JSON_TYPE } from '../../http/http-answer.ts';
import { isQueryFault, parseQuery } from '../../http/query-parameters.ts';
import { issueToken, TOKEN_LIFETIME_S } from '../access-token.ts';
import { parseJsonBody } from '../json-body.ts';
import type { SbiRequest } from '../sbi-message.ts';
import { nfInstanceIdSchema, nfTypeSchema } from '../sbi-schemas.ts';
import type { NfRegistry } from './nf-registry.ts';

const SCOPES_MAX = 16;
const FORM_TYPE = 'application/x-www-form-urlencoded';

export interface TokenSettings {
  /** NF instance id of this NRF. */
  nfInstanceId: string;
  /** `undefined` where only a public key was given: no tokens are issued. */
  privateKey: KeyObject | undefined;
}

/** AccessTokenReq, as far as it is used. */
const requestSchema = z.object({
  grant_type: z.literal('client_credentials'),
  nfInstanceId: nfInstanceIdSchema,
  nfType: nfTypeSchema.optional(),
  targetNfType: nfTypeSchema.optional(),
  targetNfInstanceId: nfInstanceIdSchema.optional(),
  scope: z.string().regex(/^([a-zA-Z0-9_:-]+)( [a-zA-Z0-9_:-]+)*$/),
});

/** 200 with AccessTokenRsp, 400 with AccessTokenErr; neither may be kept. */
export async function answerTokenRequest(
  { headers, body }: SbiRequest,
  registry: NfRegistry,
  { nfInstanceId, privateKey }: TokenSettings,
  nowMs: number,
): Promise<HttpAnswer> {
  if (!headers['content-type']?.toLowerCase().startsWith(FORM_TYPE)) {
    return refusal('invalid_request', `the body must be ${FORM_TYPE}`);
  }
  const form = parseQuery(Buffer.from(body).toString('latin1'));
  if (isQueryFault(form)) return refusal('invalid_request', `${form.param} ${form.reason}`);
  if (form.get('grant_type') !== 'client_credentials') {
    return refusal('unsupported_grant_type', 'only client_credentials');
  }
  const parsed = requestSchema.safeParse(Object.fromEntries(form));
  if (!parsed.success) {
    return refusal('invalid_request', `${parsed.error.issues[0]?.path.join('.')} is not correct`);
  }
  const { nfInstanceId: subject, nfType, targetNfType, targetNfInstanceId, scope } = parsed.data;
  const consumer = registry.profile(subject);
  if (!consumer || (nfType !== undefined && nfType !== consumer.nfType)) {
    return refusal('invalid_client', 'no NF instance of this id and type is registered');
  }
  const audience = targetNfInstanceId ? [targetNfInstanceId] : targetNfType;
  if (audience === undefined) {
    return refusal('invalid_request', 'targetNfType or targetNfInstanceId is missing');
  }
  if (!isScopeOf(scope, targetNfType)) {
    return refusal('invalid_scope', 'the scope is not of services of the target NF type');
  }
  if (!privateKey) return refusal('unauthorized_client', 'no tokens are issued here');
  const plmn = plmnSchema.safeParse(parseJsonBody(Buffer.from(form.get('requesterPlmn') ?? '')));
  const token = await issueToken(
    privateKey,
    { issuer: nfInstanceId, subject, audience, scope, consumerPlmnId: plmn.data },
    nowMs,
  );
  return answer(200, {
    access_token: token,
    token_type: 'Bearer',
    expires_in: TOKEN_LIFETIME_S,
    scope,
  });
}

/** Services are named after their producer (TS 23.501 clause 7.1.2): `nudm-…`, `n5g-eir-…`. */
function isScopeOf(scope: string, targetNfType: string | undefined): boolean {
  const services = scope.split(' ');
  if (services.length > SCOPES_MAX) return false;
  const prefix = `n${(targetNfType ?? '').toLowerCase().replaceAll('_', '-')}`;
  return targetNfType === undefined || services.every((name) => name.startsWith(`${prefix}-`));
}

function refusal(error: string, description: string): HttpAnswer {
  return answer(400, { error, error_description: description });
}

function answer(status: 200 | 400, body: object): HttpAnswer {
  return {
    status,
    contentType: JSON_TYPE,
    body: JSON.stringify(body),
    headers: [
      ['cache-control', 'no-store'],
      ['pragma', 'no-cache'],
    ],
  };
}
