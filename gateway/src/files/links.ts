import { limits } from "@sendsar/protocol/limits";
import type { LinkSigner } from "./link-signer.ts";

/** A link, and until when it is good. */
export interface FileLink {
  readonly url: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly expiresAt: string;
}

/** What a link says. */
export interface OpenedLink {
  readonly tenantId: string;
  readonly uploadId: string;
  /** Whole seconds for which it is still good; 0 when it is not. */
  readonly secondsLeft: number;
}

/**
 * Links to files: whoever has one may read the file for a while. Nothing is looked up to make one, so that messages can be
 * given theirs while they are sent out.
 *
 * Made anew for each reading, and the same for `windowSeconds`, so that caches find what they have: a link is good for
 * `fileLinkSeconds` at least, and for a window more at most.
 */
export interface FileLinks {
  /** `filename` is for people: it stands at the end of the link and decides nothing. */
  make(tenantId: string, uploadId: string, filename: string): FileLink;
  /** Undefined for a text that is no link of ours. */
  open(token: string): OpenedLink | undefined;
}

export interface FileLinksOptions {
  readonly signer: LinkSigner;
  /** Where clients reach the gateways, without a slash at the end. */
  readonly publicUrl: string;
  readonly now: () => Date;
}

const windowSeconds = 300;
/** Of the name in a link: its end, where the extension is. */
const nameCharsMax = 64;
const purpose = "read";

/** The path of links, below the public URL. */
export const filesPath = "/files";

export const createFileLinks = ({ signer, publicUrl, now }: FileLinksOptions): FileLinks => {
  const nowSeconds = (): number => now().getTime() / 1000;
  return {
    make(tenantId, uploadId, filename) {
      const expires = (Math.floor(nowSeconds() / windowSeconds) + 1) * windowSeconds + limits.fileLinkSeconds;
      const token = signer.sign(tenantId, purpose, [uploadId, expires]);
      const name = encodeURIComponent(filename.slice(-nameCharsMax).toWellFormed());
      return { url: `${publicUrl}${filesPath}/${token}/${name}`, expiresAt: new Date(expires * 1000).toISOString() };
    },
    open(token) {
      const signed = signer.open(purpose, token);
      const [uploadId, expires] = signed?.fields ?? [];
      if (!signed || typeof uploadId !== "string" || typeof expires !== "number") return undefined;
      return { tenantId: signed.tenantId, uploadId, secondsLeft: Math.max(0, Math.floor(expires - nowSeconds())) };
    },
  };
};
