import { type ConfigVariable, configVariables } from "@sendsar/gateway/config";
import { operatorVariables } from "@sendsar/operator/config";
import { createComponents, openapiDialect } from "./components.ts";
import { type Links, meaningText, typeText } from "./fields.ts";
import { code, page, table } from "./markdown.ts";

/** The text of `docs/reference/configuration.md`. */
export const generateConfigurationPage = (): string =>
  page("Configuration of the gateway", [
    "Environment variables, read once at start. An empty variable is an absent one. A gateway that finds one missing or unfit says which, and does not start.",
    variableTable(configVariables),
  ]);

/** The text of `docs/reference/operator-configuration.md`. */
export const generateOperatorConfigurationPage = (): string =>
  page("Configuration of the operator", [
    "Environment variables, read once at start. An empty variable is an absent one. An operator that finds one missing or unfit says which, and does not start. The API server is found as kubectl finds it: `KUBECONFIG`, the file in the home folder, or the service account of the pod.",
    variableTable(operatorVariables),
  ]);

const variableTable = (variables: Readonly<Record<string, ConfigVariable>>): string =>
  table(
    ["Variable", "Default", "Type", "Meaning"],
    Object.entries(variables).map(([name, variable]) => [code(name), defaultText(variable), ...describe(variable)]),
  );

/** What stands in the environment when the variable does not: only parsing nothing tells. Lists are written by commas. */
const defaultText = ({ schema }: ConfigVariable): string => {
  const absent = schema.safeParse(undefined);
  if (!absent.success) return "required";
  const values: unknown[] = [absent.data].flat().filter((value) => value !== undefined);
  const text = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(",");
  return text === "" ? "" : code(text);
};

const describe = ({ schema, sentence, secret }: ConfigVariable): readonly [string, string] => {
  const components = createComponents(openapiDialect);
  const links: Links = { reference: { components, objects: [] }, objectsPage: "" };
  const { default: _, ...json } = components.schema(schema, "output");
  const meaning = meaningText({ ...json, description: sentence }, links);
  return [typeText(json, links), secret === true ? `${meaning} **Secret.**` : meaning];
};
