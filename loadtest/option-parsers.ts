// Numbers on the command lines of the load tests.

import { InvalidArgumentError } from 'commander';

/** Reads an integer within limits. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is an integer from ${min} to ${max}.`);
  };
}

/** Reads a number within limits, with up to nine digits behind the point. */
export function decimal(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is a number from ${min} to ${max}.`);
  };
}
