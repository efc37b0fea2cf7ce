/** Where the Tenant resource is defined, from the root of the repository. */
export const tenantDefinitionPath = "crds/tenants.chat.sendsar.com.yaml";

/**
 * A structural schema, as far as our resource uses it.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "map" | "set";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** A rule in CEL, and what is said to whom it refuses. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** What of the definition our generators and tests read. */
export interface ResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly additionalPrinterColumns: readonly PrinterColumn[];
      readonly selectableFields: readonly { readonly jsonPath: string }[];
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
    }[];
  };
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description: string;
  /** 1: with `-o wide` only. */
  readonly priority?: number;
}

/** The schema of its one version. */
export const toTenantSchema = ({ spec }: ResourceDefinition): StructuralSchema => {
  const [version] = spec.versions;
  if (version === undefined) throw new Error("unable to find the schema of Tenant; its definition has no version");
  return version.schema.openAPIV3Schema;
};

/** The schema at a path of properties (`spec.gateway.drain`). Throws where there is none. */
export const schemaAt = (schema: StructuralSchema, path: string): StructuralSchema =>
  path.split(".").reduce((at, name) => {
    const next = at.properties?.[name];
    if (next === undefined) throw new Error(`unable to find ${path} in the schema of Tenant; there is no ${name}`);
    return next;
  }, schema);
