import { el } from "./dom.js";
import { timeOf } from "./format.js";
import { avatar } from "./people.js";

const stateTexts = { sending: "Sending…", sent: "Sent", read: "Read" };

/** One line of the thread: a day, or a message. `slidesIn` while it has just come. */
export const createLine = (item, { people, isGroup, slidesIn, onRetry }) => {
  if (item.kind === "day") return el("li", { class: "day" }, el("span", {}, item.day));

  const name = people.nameOf(item.senderId);
  const classes = ["line", item.isMine && "mine", item.isFirst && "first", item.isLast && "last", slidesIn && "enter"];
  const hasFace = isGroup && !item.isMine;
  return el(
    "li",
    { class: [...classes, hasFace && "with-face", item.state].filter(Boolean).join(" ") },
    hasFace && item.isLast && avatar(item.senderId, name),
    hasFace && item.isFirst && el("span", { class: "sender" }, name),
    el(
      "p",
      { class: "bubble", dir: "auto" },
      el("span", { class: "visually-hidden" }, item.isMine ? "You: " : `${name}: `),
      item.text,
    ),
    (item.isLast || item.showsState) && metaOf(item, onRetry),
  );
};

const metaOf = (item, onRetry) => {
  if (item.state === "failed") {
    return el(
      "p",
      { class: "meta failed-note", title: item.reason },
      "Not sent. ",
      el("button", { type: "button", class: "retry", click: () => onRetry(item.key) }, "Retry"),
    );
  }
  const time = el("time", { datetime: item.createdAt }, timeOf(item.createdAt));
  return el("p", { class: "meta" }, time, item.showsState && ` · ${stateTexts[item.state]}`);
};
