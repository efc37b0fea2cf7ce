import { generateAsyncapi } from "./asyncapi.ts";
import { generateConditionsPage } from "./conditions-page.ts";
import { generateConfigurationPage, generateOperatorConfigurationPage } from "./configuration-page.ts";
import { generateErrorsPage } from "./errors-page.ts";
import { generateEventsPage } from "./events-page.ts";
import { generateLimitsPage } from "./limits-page.ts";
import { generateMetricsPage } from "./metrics-page.ts";
import { generateOpenapi } from "./openapi.ts";
import { generateOperatorMetricsPage } from "./operator-metrics-page.ts";
import { generateRestPage } from "./rest-page.ts";
import { generateSchema } from "./schema.ts";
import { generateSdkTypes } from "./sdk-types.ts";
import { generateServerSdkTypes } from "./server-sdk-types.ts";
import { fillSnippets } from "./snippets.ts";
import type { GeneratedFile } from "./sync.ts";
import { tenantDefinitionPath } from "./structural-schema.ts";
import { generateTenantDefinition } from "./tenant-definition.ts";
import { generateTenantPage } from "./tenant-page.ts";
import { generateTenantTypes } from "./tenant-types.ts";

/** Written by hand, but for the code that they show. */
const pagesWithSnippets = [
  "docs/tutorials/quick-start.md",
  "docs/how-to/server-setup.md",
  "docs/how-to/server-api.md",
  "docs/how-to/html.md",
  "docs/how-to/uploads.md",
  "docs/reference/javascript-sdk.md",
];

/** Every generated file of the repository. */
export const generatedFiles: readonly GeneratedFile[] = [
  { path: "sdk/protocol/openapi.json", make: generateOpenapi },
  { path: "sdk/protocol/asyncapi.json", make: generateAsyncapi },
  { path: "sdk/javascript/src/wire.ts", make: generateSdkTypes },
  { path: "sdk/server/src/wire.ts", make: generateServerSdkTypes },
  { path: "gateway/schema.sql", make: generateSchema },
  { path: tenantDefinitionPath, make: () => generateTenantDefinition() },
  { path: "operator/src/tenant/tenant.ts", make: generateTenantTypes },
  ...pagesWithSnippets.map((path) => ({ path, make: () => fillSnippets(path) })),
  { path: "docs/reference/rest.md", make: generateRestPage },
  { path: "docs/reference/events.md", make: generateEventsPage },
  { path: "docs/reference/errors.md", make: generateErrorsPage },
  { path: "docs/reference/limits.md", make: generateLimitsPage },
  { path: "docs/reference/configuration.md", make: generateConfigurationPage },
  { path: "docs/reference/metrics.md", make: generateMetricsPage },
  { path: "docs/reference/tenant.md", make: generateTenantPage },
  { path: "docs/reference/conditions.md", make: generateConditionsPage },
  { path: "docs/reference/operator-configuration.md", make: generateOperatorConfigurationPage },
  { path: "docs/reference/operator-metrics.md", make: generateOperatorMetricsPage },
];
