import type { KeyRing } from "../auth/key-ring.ts";
import type { FileStore } from "./file-store.ts";
import { createDiskStore } from "./disk-store.ts";
import type { LinkSigner } from "./link-signer.ts";
import { createLinkSigner } from "./link-signer.ts";
import type { FileLinks } from "./links.ts";
import { createFileLinks } from "./links.ts";
import type { S3StoreOptions } from "./s3-store.ts";
import { createS3Store } from "./s3-store.ts";

/** Where files are kept: nowhere, in a folder, or in a bucket. `publicUrl` is where clients reach the gateways. */
export type FilesConfig =
  | { readonly kind: "none" }
  | { readonly kind: "disk"; readonly publicUrl: string; readonly dir: string }
  | ({ readonly kind: "s3"; readonly publicUrl: string } & S3StoreOptions);

/** What the chat functions need for files. */
export interface Files {
  readonly store: FileStore;
  readonly links: FileLinks;
  readonly signer: LinkSigner;
}

/** Sets up the store; undefined when there is to be none. Nothing is connected before the first call. */
export const createFiles = (
  config: FilesConfig,
  { keys, now }: { readonly keys: KeyRing; readonly now: () => Date },
): Files | undefined => {
  if (config.kind === "none") return undefined;
  const signer = createLinkSigner(keys);
  const links = createFileLinks({ signer, publicUrl: config.publicUrl, now });
  const store = config.kind === "disk" ? createDiskStore({ ...config, signer }) : createS3Store(config);
  return { store, links, signer };
};
