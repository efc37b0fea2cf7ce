import { createHash } from "node:crypto";
import type { RecordedEvent } from "./event-recorder.ts";
import type { KubeObject, ObjectMeta, Resource } from "./kube-object.ts";
import { toMicroTime } from "./micro-time.ts";

/**
 * An Event of events.k8s.io/v1, the current API (the one of `v1` shows the same objects): it has a series for repeats,
 * and `kubectl describe` shows it as `2m (x5 over 1h)`.
 */
export interface KubeEvent extends KubeObject {
  readonly metadata: ObjectMeta;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly eventTime: string;
  readonly series?: EventSeries;
  readonly regarding: Readonly<Record<string, string>>;
  readonly reportingController: string;
  readonly reportingInstance: string;
}

export interface EventSeries {
  readonly count: number;
  readonly lastObservedTime: string;
}

export const kubeEvents: Resource<KubeEvent> = { apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events" };

/** What is told of one object in the same words, how often, and when. */
export interface Occurrence {
  readonly about: KubeObject;
  readonly event: RecordedEvent;
  count: number;
  readonly firstAt: Date;
  lastAt: Date;
}

export interface Reporter {
  /** Who reports: `chat.sendsar.com/operator`. */
  readonly controller: string;
  /** This process: the name of its pod. */
  readonly instance: string;
}

/** Bytes of a note, and of the other texts of an Event (k8s.io/kubernetes `pkg/apis/core/validation/events.go`). */
const noteBytesMax = 1024;
const textLengthMax = 128;

export const toKubeEvent = ({ about, event, count, firstAt, lastAt }: Occurrence, reporter: Reporter): KubeEvent => {
  const { name, namespace = "default", uid = "", resourceVersion = "" } = about.metadata;
  const { apiVersion, kind } = about;
  const series = { count, lastObservedTime: toMicroTime(lastAt) };
  return {
    apiVersion: kubeEvents.apiVersion,
    kind: kubeEvents.kind,
    metadata: { name: toEventName(about, event, reporter), namespace },
    type: event.type,
    reason: event.reason,
    action: "Reconcile",
    note: shorten(event.message),
    eventTime: toMicroTime(firstAt),
    ...(count > 1 ? { series } : {}),
    regarding: { apiVersion, kind, name, uid, resourceVersion, namespace: about.metadata.namespace ?? "" },
    reportingController: reporter.controller.slice(0, textLengthMax),
    reportingInstance: reporter.instance.slice(0, textLengthMax),
  };
};

/**
 * The same words about the same object have the same name: said again, also by another process or after an answer that was
 * lost, they count on the Event that is there.
 */
export const toEventName = (about: KubeObject, event: RecordedEvent, { controller }: Reporter): string => {
  const words = JSON.stringify([about.metadata.uid, controller, event.type, event.reason, event.message]);
  const print = createHash("sha256").update(words).digest("hex").slice(0, 16);
  return `${about.metadata.name.slice(0, 230)}.${print}`;
};

const shorten = (message: string): string => {
  let note = message.slice(0, noteBytesMax);
  while (Buffer.byteLength(note) > noteBytesMax) note = note.slice(0, -1);
  return note;
};
