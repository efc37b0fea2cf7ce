const dayMs = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const fullDate = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});

const startOfDay = (time) => new Date(time).setHours(0, 0, 0, 0);
const daysAgo = (time) => Math.round((startOfDay(Date.now()) - startOfDay(time)) / dayMs);

/** `14:05` */
export const timeOf = (iso) => clock.format(new Date(iso));

/** `Today`, `Yesterday`, or the whole date. */
export const dayOf = (iso) => ["Today", "Yesterday"][daysAgo(iso)] ?? fullDate.format(new Date(iso));

/** As short as it can be understood: the time today, the weekday this week, the date before that. */
export const whenOf = (iso) => {
  const days = daysAgo(iso);
  if (days === 0) return timeOf(iso);
  return (days < 7 ? weekday : date).format(new Date(iso));
};

/** `Ann`, of `Ann Lindqvist`. */
export const firstName = (name) => name.split(/\s+/)[0];

/** `A`, `A and B`, `A, B and C` */
export const listOf = (names) => new Intl.ListFormat("en").format(names);

/** At most two letters for an avatar. */
export const initialsOf = (name) => {
  const words = name.trim().split(/\s+/);
  return [words[0], words.length > 1 ? words.at(-1) : ""]
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
};
