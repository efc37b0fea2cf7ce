import type { ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";

/** What does not fit a published schema; empty if the value does. */
export type Check = (ref: string, value: unknown) => readonly ErrorObject[];

/** Checks values against the schemas of an OpenAPI document, as a client in another language would. */
export const createCheck = (openapi: { readonly components: { readonly schemas: object } }): Check => {
  const id = "https://sendsar.test/openapi.json";
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: fullFormats });
  ajv.addVocabulary(["components"]);
  ajv.addSchema({ $id: id, components: openapi.components });
  return (ref, value) => {
    const fits = ajv.compile({ $ref: id + ref });
    fits(value);
    return fits.errors ?? [];
  };
};
