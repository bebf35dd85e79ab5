// 3GPP's own OpenAPI files as validators, for who has them: all rights in them are reserved, so they
// are no part of this project. `BCHF_3GPP_OPENAPI` names a folder with the files of Release 18
// (https://forge.3gpp.org/rep/all/5G_APIs, or its copy github.com/jdegre/5GC_APIs).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parseDocument } from 'yaml';

/** What is wrong with a value by a schema such as `TS29571_CommonData.yaml#/…`; empty if nothing. */
export type Check = (schema: string, value: unknown) => string[];

export interface PublishedSchemas {
  /** As published: names that a schema does not know are let through. */
  asPublished: Check;
  /** No object has a name that its schema does not know: a name that is misspelt shows. */
  withoutStrangers: Check;
}

interface OpenApi {
  components?: { schemas?: Record<string, unknown> };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Reads the files named and those that they refer to. */
export function readPublishedSchemas(folder: string, names: readonly string[]): PublishedSchemas {
  const documents = new Map<string, OpenApi>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (documents.has(name)) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    // Leniently: a published description (TS 29.502) is no YAML by the letter.
    documents.set(name, parseDocument(text, { strict: false, logLevel: 'silent' }).toJS());
    waiting.push(...(text.match(/TS29\d{3}_\w+\.yaml(?=#)/g) ?? []));
  }
  const asPublished = checkOf(documents);
  for (const document of documents.values()) {
    for (const schema of Object.values(document.components?.schemas ?? {})) close(schema);
  }
  return { asPublished, withoutStrangers: checkOf(documents) };
}

function checkOf(documents: ReadonlyMap<string, OpenApi>): Check {
  const ajv = new Ajv({
    strict: false,
    validateSchema: false,
    allErrors: true,
    formats: { uuid: UUID, 'date-time': DATE_TIME, uri: /./ },
  });
  // Each validator has its own copy: the documents are changed afterwards.
  for (const [name, document] of documents) ajv.addSchema(structuredClone(document), name);
  return (schema, value) => {
    const validate = ajv.getSchema(schema);
    if (!validate) throw new Error(`no schema ${schema}`);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/** Lets no object of a schema have other properties; one that is put together of several is left. */
function close(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties, additionalProperties, allOf, anyOf, oneOf, not, items } = schema as Record<
    string,
    object | undefined
  >;
  const isAlone = !allOf && !anyOf && !oneOf && !not;
  if (properties && additionalProperties === undefined && isAlone) {
    (schema as Record<string, unknown>).additionalProperties = false;
  }
  for (const part of [...Object.values(properties ?? {}), additionalProperties, items]) close(part);
}
