const bottomPx = 48;

/** Keeps the thread where the reader is: at the bottom as it grows, or on the same line as older lines come in above. */
export const createScroller = (element, { sentinel, jump, onTop, onBottom }) => {
  let isPinned = true;
  let lastTop = 0;

  const isAtBottom = () => element.scrollHeight - element.scrollTop - element.clientHeight < bottomPx;
  const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const toBottom = () => {
    element.scrollTop = element.scrollHeight;
    lastTop = element.scrollTop;
  };
  /** Only a move upwards lets go of the bottom: when the thread grows the bottom moves away, not the reader. */
  const look = () => {
    if (isAtBottom() || element.scrollTop < lastTop) isPinned = isAtBottom();
    lastTop = element.scrollTop;
    if (isPinned) jump.hidden = true;
  };

  element.addEventListener("scroll", () => {
    const was = isPinned;
    look();
    if (isPinned && !was) onBottom();
  });
  jump.addEventListener("click", () => {
    element.scrollTo({ top: element.scrollHeight, behavior: isCalm() ? "instant" : "smooth" });
  });
  const growth = new ResizeObserver(() => {
    look();
    if (!isPinned) return;
    toBottom();
    onBottom();
  });
  for (const observed of [element, ...element.children]) growth.observe(observed);

  const nearTop = new IntersectionObserver(([entry]) => entry.isIntersecting && onTop(), {
    root: element,
    rootMargin: "300px 0px 0px",
  });

  return {
    isPinned: () => isPinned,
    /** Stays at, or goes to, the newest line from now on. */
    pin: () => {
      isPinned = true;
      jump.hidden = true;
      toBottom();
    },
    /** Draws something above what the reader sees, without moving that. */
    keepPlace: (draw) => {
      const fromEnd = element.scrollHeight - element.scrollTop;
      draw();
      element.scrollTop = element.scrollHeight - fromEnd;
    },
    /** Says that something is new below, if the reader is further up. */
    hint: () => {
      if (!isPinned) jump.hidden = false;
    },
    /** Looks again whether the top is near: the observer itself only speaks up when that changes. */
    watchTop: () => {
      nearTop.disconnect();
      nearTop.observe(sentinel);
    },
  };
};
