import { el } from "./dom.js";
import { initialsOf } from "./format.js";

/** Knows the names of everybody we share a room with. */
export const createPeople = () => {
  const names = new Map();
  return {
    /** Remembers the participants of a room. */
    learn: (participants) => participants.forEach(({ userId, username }) => names.set(userId, username)),
    knows: (userId) => names.has(userId),
    /** The name of a user; its id as long as we do not know better. */
    nameOf: (userId) => names.get(userId) ?? userId,
  };
};

const hues = 6;

/** A round picture with initials; `online` adds the presence dot. */
export const avatar = (id, name, { online = false, group = false } = {}) => {
  return el(
    "span",
    { class: `avatar${group ? " avatar-group" : ""}`, "data-hue": hueOf(id) },
    el("span", { "aria-hidden": "true" }, initialsOf(name)),
    online && el("span", { class: "dot", title: "Online" }, el("span", { class: "visually-hidden" }, "online")),
  );
};

/** The same colour for the same id, everywhere. */
const hueOf = (id) => [...id].reduce((hash, character) => (hash * 31 + character.codePointAt(0)) % 997, 5) % hues;
