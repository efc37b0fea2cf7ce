import { AwsV4Signer } from "aws4fetch";

/** A key to the store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a key that is lent for a while. */
  readonly sessionToken?: string | undefined;
}

export interface S3RequestsOptions {
  readonly bucket: string;
  readonly region: string;
  /** Of a store that is not Amazon's. */
  readonly endpoint?: string | undefined;
  /** Absent: what the AWS SDK finds in the environment of the process, such as the role of a pod. */
  readonly credentials?: S3Credentials | undefined;
  /** The bucket stands in the path and not in the host. */
  readonly forcePathStyle: boolean;
}

/** What a request is about; no `key` for the bucket itself. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Signed requests to one bucket (AWS Signature Version 4): sent from here, or as addresses that somebody else sends.
 *
 * By a small signer and not by the SDK: that takes 24 MB of memory and half a second of each start, for the six requests
 * that we make.
 */
export interface S3Requests {
  /** Sends a request; one more time when the store is away or overloaded for a moment. Answers whatever status comes. */
  send(request: S3Request, signal: AbortSignal): Promise<Response>;
  /** An address for a request with exactly these headers, good for `seconds` from now. */
  presign(request: S3Request, seconds: number): Promise<string>;
}

export const createS3Requests = (options: S3RequestsOptions): S3Requests => {
  const { region } = options;
  const base = baseOf(options);
  const findCredentials = options.credentials
    ? async () => options.credentials as S3Credentials
    : createCredentialChain();
  const keys = new Map<string, ArrayBuffer>();

  const sign = async ({ method, key, query = {}, headers = {} }: S3Request, seconds: number | undefined) => {
    const url = new URL(key === undefined ? base : `${base}/${key}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signQuery = seconds !== undefined;
    if (signQuery) url.searchParams.set("X-Amz-Expires", String(seconds));
    const { accessKeyId, secretAccessKey, sessionToken } = await findCredentials();
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers },
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region,
      cache: keys,
      signQuery,
      // The type and the length of what is put are part of what is allowed.
      allHeaders: signQuery,
    });
    const signed = await signer.sign();
    // Stores differ in what a plus is in a query; nobody differs in this.
    return { ...signed, url: signed.url.href.replaceAll("+", "%20") };
  };

  const sendOnce = async (request: S3Request, signal: AbortSignal): Promise<Response> => {
    const { url, method, headers } = await sign(request, undefined);
    return await fetch(url, { method, headers, signal, redirect: "manual" });
  };

  return {
    async send(request, signal) {
      try {
        const response = await sendOnce(request, signal);
        if (response.status < 500) return response;
        await response.body?.cancel();
      } catch (error) {
        if (signal.aborted) throw error;
      }
      return await sendOnce(request, signal);
    },
    presign: async (request, seconds) => (await sign(request, seconds)).url,
  };
};

/** Of the bucket, without a slash at the end. */
const baseOf = ({ bucket, region, endpoint, forcePathStyle }: S3RequestsOptions): string => {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const path = url.pathname.replace(/\/+$/, "");
  return forcePathStyle ? `${url.origin}${path}/${bucket}` : `${url.protocol}//${bucket}.${url.host}${path}`;
};

/** Amazon's own way to find a key, which renews what is lent; loaded only where it is used. */
const createCredentialChain = (): (() => Promise<S3Credentials>) => {
  let provider: Promise<() => Promise<S3Credentials>> | undefined;
  return async () => {
    provider ??= import("@aws-sdk/credential-provider-node").then(({ defaultProvider }) => defaultProvider());
    return await (
      await provider
    )();
  };
};
