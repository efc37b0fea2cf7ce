import { expect, test } from "vitest";
import { errorExample } from "../../../scripts/generate/error-example.ts";
import { otherErrors } from "../../../scripts/generate/prose.ts";
import { type Endpoint, commonErrors } from "../src/endpoint.ts";
import { endpoints } from "../src/endpoints.ts";
import { type ErrorCode, errors } from "../src/errors.ts";
import { ErrorBody } from "../src/objects/common.ts";

const codes = Object.keys(errors) as ErrorCode[];
const all = Object.entries<Endpoint>(endpoints);
const common: readonly ErrorCode[] = commonErrors;

test.each(all)("%s names errors that exist, each once, and none that every endpoint has", (_id, endpoint) => {
  expect(codes).toEqual(expect.arrayContaining([...endpoint.errors]));
  expect(new Set(endpoint.errors).size).toBe(endpoint.errors.length);
  expect(endpoint.errors.filter((code) => common.includes(code))).toEqual([]);
});

test("an endpoint for one kind of credential can refuse the other", () => {
  const missing = all.filter(
    ([, { auth, errors: own }]) =>
      (auth === "apiKey" && !own.includes("api_key_required")) ||
      (auth === "session" && !own.includes("session_required")),
  );
  expect(missing.map(([id]) => id)).toEqual([]);
});

const used = new Set([...common, ...all.flatMap(([, endpoint]) => endpoint.errors)]);

test.each(codes)("%s is answered by an endpoint, or it is written down what does", (code) => {
  expect(used.has(code) || otherErrors[code] !== undefined).toBe(true);
});

test("what is written down as no endpoint's error is none", () => {
  expect(Object.keys(otherErrors).filter((code) => used.has(code as ErrorCode))).toEqual([]);
});

test.each(codes)("%s has a status of an error, a plain code and a sentence for a person", (code) => {
  const { status, sentence } = errors[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(sentence).toMatch(/^[A-Z].*[^.]$/);
});

test.each(codes)("the body of %s fits the contract, and says the same to clients that read either text", (code) => {
  const body = errorExample(code);
  expect(ErrorBody.parse(body)).toEqual(body);
  expect(body.error).toBe(body.message);
  expect(body.statusCode).toBe(errors[code].status);
});

test.each(["statusCode", "code", "error", "message", "requestId"])("a body without %s is no error body", (field) => {
  const body = Object.entries(errorExample("not_found")).filter(([name]) => name !== field);
  expect(ErrorBody.safeParse(Object.fromEntries(body)).success).toBe(false);
});
