// What one option is, and the schemas that several options share.

import { z } from 'zod';

/**
 * An index has 64 places for readers. Each serving thread may have another for its long batches; the
 * writer has one.
 */
export const THREADS_MAX = 16;

/** One option: its schema, its default and what people are told about it. */
export interface Option<T> {
  schema: z.ZodType<T>;
  fallback: T;
  /** Placeholder in the help text. */
  value: string;
  help: string;
}

export function option<T>(
  schema: z.ZodType<T>,
  fallback: T,
  value: string,
  help: string,
): Option<T> {
  return { schema, fallback, value, help };
}

export type Options = Record<string, Option<unknown>>;
export type ValuesOf<T extends Options> = {
  [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

/**
 * A whole number, as decimal digits (from a flag or the environment) or as a JSON number. Not what
 * JavaScript would make a number of: white space, `true`, `null`, `[5]`, hexadecimal, exponents.
 */
export const wholeNumber = (minimum: number, maximum: number) => {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .union([z.string().regex(/^[0-9]{1,15}$/, error), z.number()], error)
    .transform(Number)
    .pipe(z.int(error).min(minimum, error).max(maximum, error));
};

/** A list: JSON strings in a file, separated by commas in a flag or the environment. */
export const list = (countMax: number) =>
  z
    .union([z.string().transform((text) => text.split(',')), z.array(z.string())], {
      error: 'must be a list of strings, or one with commas',
    })
    .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))
    .pipe(z.array(z.string().max(300)).max(countMax));

export const port = wholeNumber(0, 65_535);
export const count = (maximum: number) => wholeNumber(0, maximum);
export const domain = z
  .string()
  .max(200)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/, {
    message: 'must be a domain name in lower case without a final dot',
  });

/** A file by its path; none unless it is given. */
export const file = (help: string) => option(z.string().max(4096), '', 'FILE', help);
