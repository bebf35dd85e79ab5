// What the operator decides about access tokens; authorise acts on it.

export const TOKEN_POLICIES = ['off', 'optional', 'required'] as const;
export type TokenPolicy = (typeof TOKEN_POLICIES)[number];
