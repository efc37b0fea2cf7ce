/** Small files as they come from a person's device: each begins as its kind does. */
export const sampleFiles = {
  png: {
    filename: "dot.png",
    mediaType: "image/png",
    bytes: Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    ),
  },
  gif: {
    filename: "dot.gif",
    mediaType: "image/gif",
    bytes: Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64"),
  },
  jpeg: {
    filename: "photo.jpg",
    mediaType: "image/jpeg",
    bytes: Buffer.from(
      `ffd8ffe000104a46494600010100000100010000ffdb004300${"01".repeat(64)}ffc0000b080001000101011100ffd9`,
      "hex",
    ),
  },
  pdf: {
    filename: "menu.pdf",
    mediaType: "application/pdf",
    bytes: Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
  },
  webm: {
    filename: "voice-message-1764000000000.webm",
    mediaType: "audio/webm;codecs=opus",
    bytes: Buffer.from(
      "1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701ffffff",
      "hex",
    ),
  },
  svg: {
    filename: "drawing.svg",
    mediaType: "image/svg+xml",
    bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  },
  html: {
    filename: "page.html",
    mediaType: "text/html",
    bytes: Buffer.from("<!doctype html><script>alert(document.cookie)</script>"),
  },
} as const satisfies Readonly<Record<string, SampleFile>>;

/** A file to send. */
export interface SampleFile {
  readonly filename: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}
