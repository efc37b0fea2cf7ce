/**
 * Every command that a page shows outside the pages that are run as a whole, and what runs it. A new command must be
 * listed here together with the test that proves it.
 */
export const provenBy: Readonly<Record<string, string>> = {
  "npm start": "scripts/test/start.e2e.test.ts",
  "npm start -- --fresh": "scripts/test/start.e2e.test.ts",
  "PORT=4001 npm start": "scripts/test/start.e2e.test.ts",
  "npm test": "what runs these tests",
  "npm test -- gateway/test/chat.pg.test.ts": "scripts/test.ts passes its arguments on to what it always runs",
  "npm run test:faults": "e2e/faults/run.e2e.test.ts, with one row and fewer messages",
  "npm run test:faults -- --row 4": "e2e/faults/run.e2e.test.ts, with fewer messages",
  "npm run test:fuzz": "e2e/fuzz/run.e2e.test.ts, with fewer requests and packets",
  "npm run test:fuzz -- --requests 1000": "e2e/fuzz/run.e2e.test.ts, with fewer requests",
  "npm run test:fuzz -- --packets 1000": "e2e/fuzz/run.e2e.test.ts, with fewer packets",
  "npm run bench -- --quick": "bench/test/workloads.e2e.test.ts, each workload in the same way for a moment",
  "npm run tenants": "docs/test/quick-start.e2e.test.ts",
  "npm run generate": "scripts/test.ts, with --check",
  "npm run tenants -- list": "docs/test/quick-start.e2e.test.ts",
  "pnpm generate": "scripts/test.ts, with --check",
  "pnpm test:only sdk/protocol": "scripts/test.ts runs the same",
  "npx -y pnpm@12.21.0 check": "scripts/test.ts runs its parts",
  "npx -y pnpm@12.21.0 generate": "scripts/test.ts, with --check",
  "npx -y pnpm@12.21.0 format": "scripts/test.ts, with --check",
  "npm install @sendsar/chat-sdk-javascript": "sdk/javascript/test/pack.test.ts, from the packed file",
  "npm install @sendsar/server-sdk": "sdk/server/test/pack.test.ts, from the packed file",
  'export PATH="$PWD/node_modules/.bin:$PATH"': "docs/test/quick-start.e2e.test.ts",
  "npm install @sendsar/chat-sdk-javascript @sendsar/server-sdk": "the tests named above, one by one",
  "node server.mjs": "docs/examples/html/test/html.browser.test.ts",
  "node recipes.mjs": "docs/examples/server-api/test/recipes.pg.test.ts",
  "node session-route.mjs": "docs/examples/server-setup/test/session-routes.pg.test.ts",
  "python3 session_route.py": "docs/examples/server-setup/test/session-routes.pg.test.ts",
  "go run session_route.go": "docs/examples/server-setup/test/session-routes.pg.test.ts",
  "php -S 127.0.0.1:3003 session_route.php": "docs/examples/server-setup/test/session-routes.pg.test.ts",
  "rackup --host 127.0.0.1 --port 3003 session_route.ru": "docs/examples/server-setup/test/session-routes.pg.test.ts",
  "API_URL=http://localhost:3001/v1 API_KEY=sk_… PORT=3002 node server.ts":
    "docs/examples/quick-start/test/process.test.ts",
};
