import { describe, expect, test } from "vitest";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { cleanFilename, toDisposition } from "../src/files/filename.ts";
import { essenceOf, isAllowed, resolveMediaType, servedAs } from "../src/files/media-type.ts";

const { png, gif, jpeg, pdf, webm, svg, html } = sampleFiles;
const exe = Buffer.from(`4d5a90000300000004000000ffff0000b8${"00".repeat(64)}`, "hex");
const zip = Buffer.from(`504b0304140000000800${"00".repeat(40)}`, "hex");
const text = Buffer.from("just a note\n");
const xml = Buffer.from('<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><a/>');
// A picture by its first bytes, with a script behind them.
const polyglot = Buffer.concat([Buffer.from("GIF89a/*"), Buffer.alloc(20), Buffer.from("*/=1;alert(1)//")]);

describe("E09 what a file is", () => {
  test.each([
    ["as it says", "image/png", png.bytes, "image/png"],
    ["as it says, by another name", "image/jpg", jpeg.bytes, "image/jpg"],
    ["a picture of another kind is called by that", "image/png", jpeg.bytes, "image/jpeg"],
    ["a picture sent as some file is a picture", "application/octet-stream", gif.bytes, "image/gif"],
    ["a document sent as some file is a document", "application/zip", pdf.bytes, "application/pdf"],
    ["sound and film share their containers", "audio/webm", webm.bytes, "audio/webm"],
    ["sound without a signature", "audio/basic", text, "audio/basic"],
    ["a drawing in SVG", "image/svg+xml", svg.bytes, "image/svg+xml"],
    ["a drawing in SVG with its declaration", "image/svg+xml", xml, "image/svg+xml"],
    ["text", "text/plain", text, "text/plain"],
    ["a page", "text/html", html.bytes, "text/html"],
    [
      "an office file, which is an archive",
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      zip,
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ],
    ["a program that says so", "application/x-msdownload", exe, "application/x-msdownload"],
    ["a polyglot is what it begins as", "image/gif", polyglot, "image/gif"],
  ])("%s", async (_what, announced, bytes, found) => {
    expect(await resolveMediaType(announced, bytes)).toBe(found);
  });

  test.each([
    ["a page as a picture", "image/png", html.bytes],
    ["a script as a picture", "image/gif", Buffer.from("alert(1)")],
    ["a drawing in SVG as a picture", "image/png", svg.bytes],
    ["a program as a picture", "image/jpeg", exe],
    ["an archive as a document", "application/pdf", zip],
    ["a page as a document", "application/pdf", html.bytes],
    ["a document as a picture", "image/png", pdf.bytes],
    ["a picture as sound", "audio/mpeg", png.bytes],
    ["a program as a film", "video/mp4", exe],
    ["a program as text", "text/plain", exe],
    ["a picture as a drawing", "image/svg+xml", exe],
    ["nothing as a picture", "image/png", Buffer.alloc(0)],
    ["zeros as a picture", "image/png", Buffer.alloc(4100)],
  ])("%s is refused", async (_what, announced, bytes) => {
    expect(await resolveMediaType(announced, bytes)).toBeUndefined();
  });

  test("E11 a picture of 50,000 by 50,000 and a film of any length are looked at by their beginning only", async () => {
    const huge = Buffer.from(png.bytes);
    huge.writeUInt32BE(50_000, 16);
    huge.writeUInt32BE(50_000, 20);
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 100; n++) expect(await resolveMediaType("image/png", huge)).toBe("image/png");
    // One of them, unpacked, has 10 GB.
    expect(process.memoryUsage().rss - before).toBeLessThan(500_000_000);
  });
});

describe("E08 what a browser is told", () => {
  test.each(["image/png", "image/jpeg", "image/gif", "image/webp", "audio/webm", "audio/mp4", "video/mp4"])(
    "%s is shown",
    (type) => {
      expect(servedAs(type)).toEqual({ contentType: type, disposition: "inline" });
    },
  );

  test.each([
    "image/svg+xml",
    "text/html",
    "application/xhtml+xml",
    "application/xml",
    "text/xml",
    "text/xsl",
    "text/javascript",
    "application/javascript",
    "application/x-msdownload",
    "application/x-shockwave-flash",
    "audio/x-mpegurl",
    "image/x-unknown",
    "multipart/related",
    "message/rfc822",
    "x/y",
  ])("%s is bytes to be saved", (type) => {
    expect(servedAs(type)).toEqual({ contentType: "application/octet-stream", disposition: "attachment" });
  });

  test("a document and plain text are saved, by their names", () => {
    expect(servedAs("application/pdf")).toEqual({ contentType: "application/pdf", disposition: "attachment" });
    expect(servedAs("text/plain")).toEqual({ contentType: "text/plain; charset=utf-8", disposition: "attachment" });
  });
});

describe("types that a tenant takes", () => {
  test.each([
    ["image/png", ["image/*"], true],
    ["image/png", ["IMAGE/PNG"], true],
    ["image/png", ["image/png; q=1"], true],
    ["image/png", ["*/*"], true],
    ["image/png", ["*"], true],
    ["image/png", ["image/jpeg", "video/*"], false],
    ["image/png", ["image"], false],
    ["image/png", [], false],
    ["imagex/png", ["image/*"], false],
  ])("%s and %o: %s", (type, allowed, fits) => {
    expect(isAllowed(type, allowed)).toBe(fits);
  });

  test("parameters and case do not count", () => {
    expect(essenceOf("Audio/WebM; codecs=opus")).toBe("audio/webm");
  });
});

describe("E07 names", () => {
  test.each([
    ["../../etc/passwd", /^[^/\\]+$/],
    ["..%2f..%2fetc", /^[^/\\]+$/],
    ["/etc/passwd", /^[^/\\]+$/],
    ["C:\\Windows\\x.exe", /^[^/\\:]+$/],
    ["a\u0000b\r\nSet-Cookie: x=1", /^[^\p{Control}:]+$/u],
    // Reads as "invoicefdp.exe" where the direction is turned round.
    ["invoice\u202Efdp.exe", /^[^\u202E]+$/],
    ["CON", /^CON_/],
    ["..", /^_/],
    ["   ", /^_$/],
    ["x".repeat(255), /^x{255}$/],
    ["បញ្ជីមុខម្ហូប.pdf", /^បញ្ជីមុខម្ហូប\.pdf$/],
    ["👩‍👩‍👧 photo.jpg", /^👩‍👩‍👧 photo\.jpg$/u],
  ])("%j is kept as something harmless", (given, kept) => {
    expect(cleanFilename(given)).toMatch(kept);
    for (const type of ["inline", "attachment"] as const) {
      const header = toDisposition(type, cleanFilename(given));
      // RFC 6266: printable ASCII only, the rest encoded.
      expect(header).toMatch(/^(inline|attachment)(; filename[ -~]*)?$/);
      expect(() => new Headers({ "content-disposition": header })).not.toThrow();
    }
  });

  test("a quote in a name does not end it", () => {
    expect(toDisposition("attachment", 'a"; filename="evil.exe')).toBe(
      'attachment; filename="a\\"; filename=\\"evil.exe"',
    );
    expect(cleanFilename('a"b')).toBe("a_b");
  });
});
