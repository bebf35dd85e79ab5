// What a schema says is wrong with a file or a body, for people: the first problems, because a file of routes
// may have a million of them and its message would be longer than the file.

import { z } from 'zod';

const PROBLEMS_TOLD_MAX = 20;
/** A name that nobody knows is repeated, however long it is. */
const TEXT_LENGTH_MAX = 8192;

/** One problem after the other, each with its place. */
export function problemsOf(error: z.ZodError): string {
  const told = error.issues.slice(0, PROBLEMS_TOLD_MAX);
  const text = z.prettifyError(new z.ZodError(told)).slice(0, TEXT_LENGTH_MAX);
  const left = error.issues.length - told.length;
  return left > 0 ? `${text}\n… and ${left} more` : text;
}

/** Why a file could not be read by a schema, or at all. */
export function reasonOf(cause: unknown): string {
  return cause instanceof z.ZodError ? problemsOf(cause) : (cause as Error).message;
}
