import * as z from "zod";
import type { FilesConfig } from "./files/files.ts";

/** A URL that something can be put behind. */
const isBase = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const { protocol, search, hash, username } = new URL(value);
  return /^https?:$/.test(protocol) && search === "" && hash === "" && username === "";
};

const httpUrl = z.string().refine(isBase, "must be an http:// or https:// URL without a query");

/** The environment variables that say where files are kept. */
export const filesVariables = {
  FILE_STORE: {
    schema: z.enum(["none", "disk", "s3"]).default("none"),
    sentence:
      "Where files of messages are kept: `disk` in a folder of this machine, `s3` in a bucket of any store that speaks S3, `none` nowhere, and uploads answer 503.",
  },
  PUBLIC_URL: {
    schema: httpUrl.optional(),
    sentence:
      "Where clients reach the gateways, such as `https://chat.example.com`: links to files begin with it. Needed with a store.",
  },
  FILES_DIR: {
    schema: z.string().min(1).optional(),
    sentence: "The folder of `FILE_STORE=disk`. With several gateways, one that they share.",
  },
  S3_BUCKET: { schema: z.string().min(1).optional(), sentence: "The bucket of `FILE_STORE=s3`. It stays private." },
  S3_REGION: { schema: z.string().min(1).default("us-east-1"), sentence: "The region of the bucket." },
  S3_ENDPOINT: {
    schema: httpUrl.optional(),
    sentence: "Where gateways reach the store, when it is not Amazon's.",
  },
  S3_PUBLIC_ENDPOINT: {
    schema: httpUrl.optional(),
    sentence: "Where clients reach the store, when that is not `S3_ENDPOINT`.",
  },
  S3_ACCESS_KEY_ID: {
    schema: z.string().min(1).optional(),
    sentence:
      "Key to the store. When not set, the AWS SDK looks for credentials as it does, and finds the role of a pod for example.",
  },
  S3_SECRET_ACCESS_KEY: {
    schema: z.string().min(1).optional(),
    sentence: "The secret of `S3_ACCESS_KEY_ID`.",
    secret: true,
  },
  S3_FORCE_PATH_STYLE: {
    schema: z.enum(["true", "false"]).default("false"),
    sentence: "`true` for stores that want the bucket in the path and not in the host, as many but Amazon's do.",
  },
} as const;

type FilesValues = { readonly [K in keyof typeof filesVariables]: z.output<(typeof filesVariables)[K]["schema"]> };

/** Throws a reason for values that do not go together. */
export const toFilesConfig = (read: FilesValues): FilesConfig => {
  const { FILE_STORE: kind } = read;
  if (kind === "none") return { kind };
  const needed = (name: "PUBLIC_URL" | "FILES_DIR" | "S3_BUCKET"): string => {
    const value = read[name];
    if (value === undefined) throw new Error(`${name}: is not set, and FILE_STORE=${kind} needs it`);
    return value;
  };
  const publicUrl = needed("PUBLIC_URL").replace(/\/+$/, "");
  if (kind === "disk") return { kind, publicUrl, dir: needed("FILES_DIR") };
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = read;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new Error("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: one is set, and the other is not");
  }
  return {
    kind,
    publicUrl,
    bucket: needed("S3_BUCKET"),
    region: read.S3_REGION,
    endpoint: read.S3_ENDPOINT,
    publicEndpoint: read.S3_PUBLIC_ENDPOINT,
    forcePathStyle: read.S3_FORCE_PATH_STYLE === "true",
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
  };
};
