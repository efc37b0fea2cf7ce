import { describe, expect, test } from "vitest";
import type { Config } from "../src/config.ts";
import { ConfigError, readConfig } from "../src/config.ts";

const minimal = { DATABASE_URL: "postgres://u:p@db/chat", MASTER_KEY: Buffer.alloc(32).toString("base64") };
const PUBLIC_URL = "https://chat.example";
const filesOf = (env: Readonly<Record<string, string>>): Config["files"] => readConfig({ ...minimal, ...env }).files;
const refusal = (env: Readonly<Record<string, string>>): string => {
  try {
    filesOf(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
};

describe("FILE_STORE", () => {
  test("is none by default, whatever else is set", () => {
    expect(filesOf({})).toEqual({ kind: "none" });
    expect(filesOf({ PUBLIC_URL, S3_BUCKET: "files" })).toEqual({ kind: "none" });
  });

  test("may be a folder, and then needs it, and where clients reach the gateways", () => {
    expect(filesOf({ FILE_STORE: "disk", FILES_DIR: "/data/files", PUBLIC_URL: `${PUBLIC_URL}//` })).toEqual({
      kind: "disk",
      dir: "/data/files",
      publicUrl: PUBLIC_URL,
    });
    expect(refusal({ FILE_STORE: "disk", PUBLIC_URL })).toBe(
      "unable to read the configuration; FILES_DIR: is not set, and FILE_STORE=disk needs it",
    );
    expect(refusal({ FILE_STORE: "disk", FILES_DIR: "/data/files" })).toBe(
      "unable to read the configuration; PUBLIC_URL: is not set, and FILE_STORE=disk needs it",
    );
  });

  test("may be a bucket, with a key of its own or with what the environment has", () => {
    const bucket = { FILE_STORE: "s3", PUBLIC_URL, S3_BUCKET: "files" };
    expect(filesOf(bucket)).toEqual({
      kind: "s3",
      publicUrl: PUBLIC_URL,
      bucket: "files",
      region: "us-east-1",
      endpoint: undefined,
      publicEndpoint: undefined,
      forcePathStyle: false,
    });
    expect(
      filesOf({
        ...bucket,
        S3_REGION: "eu-central-1",
        S3_ENDPOINT: "http://minio:9000",
        S3_PUBLIC_ENDPOINT: "https://files.example",
        S3_ACCESS_KEY_ID: "id",
        S3_SECRET_ACCESS_KEY: "secret",
        S3_FORCE_PATH_STYLE: "true",
      }),
    ).toMatchObject({
      region: "eu-central-1",
      endpoint: "http://minio:9000",
      publicEndpoint: "https://files.example",
      credentials: { accessKeyId: "id", secretAccessKey: "secret" },
      forcePathStyle: true,
    });
    expect(refusal({ FILE_STORE: "s3", PUBLIC_URL })).toContain("S3_BUCKET: is not set, and FILE_STORE=s3 needs it");
  });

  test("has both halves of a key or none, and no secret is in the refusal", () => {
    const half = { FILE_STORE: "s3", PUBLIC_URL, S3_BUCKET: "files", S3_SECRET_ACCESS_KEY: "hush" };
    expect(refusal(half)).toBe(
      "unable to read the configuration; S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: one is set, and the other is not",
    );
  });

  test.each(["ftp://x", "chat.example", "https://x?y=1", "https://x#y", "https://user:pass@x", "//x"])(
    "is reached at a plain URL, which %s is not",
    (url) => {
      expect(refusal({ FILE_STORE: "disk", FILES_DIR: "/f", PUBLIC_URL: url })).toContain("PUBLIC_URL: must be");
      expect(refusal({ S3_ENDPOINT: url })).toContain("S3_ENDPOINT: must be");
    },
  );

  test("is nothing else", () => {
    expect(refusal({ FILE_STORE: "ftp" })).toMatch(/^unable to read the configuration; FILE_STORE: /);
  });
});
