/** Pages whose commands how-to.pg.test.ts types into one terminal each, but for those that another test proves. */
export const howToPages = [
  "docs/how-to/authentication.md",
  "docs/how-to/server-setup.md",
  "docs/how-to/server-api.md",
  "docs/how-to/html.md",
  "docs/how-to/uploads.md",
] as const;
