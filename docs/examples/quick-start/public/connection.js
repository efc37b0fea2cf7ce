import { el } from "./dom.js";

const goodNewsMs = 2000;

/** The banner that says when we are cut off, and that we are back. */
export const createConnectionBanner = ({ chat, banner, onBack, onConnect }) => {
  let wasCut = false;
  let hiding;

  const show = (kind, text, action) => {
    clearTimeout(hiding);
    banner.dataset.kind = kind;
    banner.replaceChildren(el("span", {}, text));
    if (action) banner.append(el("button", { type: "button", click: action }, "Try again"));
    banner.hidden = false;
  };

  const hide = () => {
    banner.hidden = true;
  };

  chat.on("connection", ({ state }) => {
    if (state === "reconnecting") {
      wasCut = true;
      show("cut", "Connection lost. Reconnecting…");
    } else if (state === "disconnected") {
      wasCut = true;
      show("cut", "Not connected.", onConnect);
    } else if (state === "connected" && wasCut) {
      wasCut = false;
      show("back", "Back online");
      hiding = setTimeout(hide, goodNewsMs);
      onBack();
    } else if (state === "connected") {
      hide();
    }
  });

  return {
    /** Says what went wrong; `action` offers to try again. */
    fail: (error, action) => {
      show("cut", textOf(error), action);
      if (!action) hiding = setTimeout(hide, 3 * goodNewsMs);
    },
  };
};

/** What to tell a person: of a failed session what our own backend said, of all else the bare reason. */
const textOf = (error) =>
  error.code === "session_unavailable" ? error.cause.message : (error.reason ?? error.message);
