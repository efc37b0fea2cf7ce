import { fileTypeFromBuffer } from "file-type";

/** A media type without its parameters, in lower case: what is compared. */
export const essenceOf = (mediaType: string): string => (mediaType.split(";", 1)[0] ?? "").trim().toLowerCase();

/** True if a list of media types, some of them families such as `image/*`, has this one. */
export const isAllowed = (mediaType: string, allowed: readonly string[]): boolean => {
  const [family] = mediaType.split("/", 1);
  return allowed.some((entry) => [mediaType, `${family}/*`, "*/*", "*"].includes(essenceOf(entry)));
};

/**
 * What a file is, by what it was announced as and how it begins. Where its beginning says something, that counts: a
 * picture in another format is called by that, and a file of another nature than was announced answers undefined. Only
 * the signature is looked at; nothing is decoded.
 */
export const resolveMediaType = async (announced: string, head: Uint8Array): Promise<string | undefined> => {
  const found = await detect(head);
  if (found !== undefined && canonical(found) === canonical(announced)) return announced;
  const wanted = natureOf(announced);
  const nature = found === undefined ? undefined : natureOf(found);
  switch (wanted) {
    case "picture":
      return nature === "picture" ? found : undefined;
    case "document":
      return undefined;
    case "recording":
      // Containers hold both, and some old formats have no signature.
      return found === undefined || nature === "recording" ? announced : undefined;
    case "drawing":
      return found === undefined || found === "application/xml" ? announced : undefined;
    case "text":
      return found === undefined || found === "application/xml" ? announced : undefined;
    case "other":
      // Office formats are archives, so an archive may be much.
      return nature === undefined || nature === "other" || nature === "text" ? announced : found;
  }
};

/** Pictures that are known by their signature, and that browsers only paint. */
const pictures = new Set([
  "image/apng",
  "image/avif",
  "image/bmp",
  "image/gif",
  "image/heic",
  "image/heic-sequence",
  "image/heif",
  "image/heif-sequence",
  "image/jpeg",
  "image/jxl",
  "image/png",
  "image/tiff",
  "image/webp",
]);

type Nature = "picture" | "drawing" | "recording" | "document" | "text" | "other";

const natureOf = (mediaType: string): Nature => {
  const essence = canonical(mediaType);
  if (pictures.has(essence)) return "picture";
  if (essence.startsWith("image/")) return "drawing";
  if (/^(audio|video)\//.test(essence) || essence === "application/ogg") return "recording";
  if (essence === "application/pdf") return "document";
  return essence.startsWith("text/") ? "text" : "other";
};

/** Other names of the same. */
const aliases: Readonly<Record<string, string>> = {
  "image/jpg": "image/jpeg",
  "image/pjpeg": "image/jpeg",
  "image/apng": "image/png",
  "image/x-ms-bmp": "image/bmp",
  "image/x-bmp": "image/bmp",
  "image/x-icon": "image/vnd.microsoft.icon",
  "application/x-pdf": "application/pdf",
};

const canonical = (mediaType: string): string => aliases[mediaType] ?? mediaType;

const detect = async (head: Uint8Array): Promise<string | undefined> => {
  const found = await fileTypeFromBuffer(head);
  return found && essenceOf(found.mime);
};

/** What a browser may show by itself: it paints it or plays it, and runs nothing. */
const shown = new Set([
  ...["apng", "avif", "bmp", "gif", "heic", "heif", "jpeg", "png", "webp"].map((name) => `image/${name}`),
  ...["3gpp", "aac", "amr", "flac", "mp4", "mpeg", "ogg", "opus", "wav", "webm"].map((name) => `audio/${name}`),
  ...["mp3", "m4a", "x-m4a", "x-wav", "vnd.wave"].map((name) => `audio/${name}`),
  ...["3gpp", "mp4", "mpeg", "ogg", "quicktime", "webm", "x-matroska"].map((name) => `video/${name}`),
]);

/** What may be called by its name, and is saved. */
const saved = new Set(["application/pdf", "application/zip", "application/json", "text/plain", "text/csv"]);

/**
 * How a file is given to a browser: shown if it can do nothing but be painted or played; else saved, by its name if that is
 * harmless. A drawing in SVG, a page or a script is bytes to be saved, whatever it was called.
 */
export const servedAs = (
  mediaType: string,
): { readonly contentType: string; readonly disposition: "inline" | "attachment" } => {
  const essence = essenceOf(mediaType);
  const known = aliases[essence] ?? essence;
  if (shown.has(known)) return { contentType: known, disposition: "inline" };
  if (!saved.has(known)) return { contentType: "application/octet-stream", disposition: "attachment" };
  return { contentType: known.startsWith("text/") ? `${known}; charset=utf-8` : known, disposition: "attachment" };
};
