/** What every object of the API has of metadata, as it stands in JSON: times are RFC 3339 texts. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A kind of object, as the paths of the API name it. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `v1`, `apps/v1`, `chat.sendsar.com/v1alpha1` */
  readonly apiVersion: string;
  readonly kind: string;
  /** `deployments` */
  readonly plural: string;
  /** Lists and watches carry only the metadata (PartialObjectMetadata): contents never come into a cache. */
  readonly metadataOnly?: boolean;
  /** Carries the type of its objects and is never there. */
  readonly object?: T;
}

/** Names an object of a kind. A kind that is not namespaced has the namespace "". */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, as queues and caches name objects. */
export type ObjectKey = string;

export const toKey = ({ namespace, name }: ObjectRef): ObjectKey => `${namespace}/${name}`;

export const fromKey = (key: ObjectKey): ObjectRef => {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};
