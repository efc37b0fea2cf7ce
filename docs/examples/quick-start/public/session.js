/**
 * Asks our own backend for a chat session. In the demo the page says who it is; in your app the backend knows it from
 * its own login, and the header goes away.
 */
export const openSession = async (userId) => {
  const response = await fetch("/api/chat/session", { method: "POST", headers: { "x-demo-user": userId } });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.error), { status: response.status });
  return body;
};
