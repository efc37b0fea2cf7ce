/** The line to write in: Enter sends, Shift+Enter breaks the line. Each room keeps its own draft. */
export const createComposer = ({ chat, form, onSend }) => {
  const input = form.elements.namedItem("text");
  const button = form.querySelector("button");
  const drafts = new Map();
  let roomId;
  let typing;

  const fit = () => {
    button.disabled = input.value.trim() === "";
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + 2}px`;
  };

  input.addEventListener("input", () => {
    fit();
    if (input.value.trim() === "") typing?.stop();
    else typing?.keystroke();
  });

  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "" || roomId === undefined) return;
    input.value = "";
    fit();
    onSend(roomId, text);
    input.focus();
  });

  return {
    /** Writes to another room from now on, or to none. */
    setRoom: (nextRoomId) => {
      drafts.set(roomId, input.value);
      typing?.stop();
      roomId = nextRoomId;
      typing = roomId === undefined ? undefined : chat.typing(roomId);
      input.value = drafts.get(roomId) ?? "";
      fit();
    },
    focus: () => input.focus(),
  };
};
