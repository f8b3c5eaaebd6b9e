/** What each API is asked, and where its text is. For Node and for browsers. */

const jsonHeaders = { "Content-Type": "application/json" };
const messages = (prompt) => [{ role: "user", content: prompt }];

/** The object in `data`; throws what JSON.parse throws, and an error that the API reports. */
function objectOf(data) {
  const payload = JSON.parse(data);
  if (payload.error) throw new ApiError(JSON.stringify(payload.error));
  return payload;
}

/** The API reports a failure in its stream. */
export class ApiError extends Error {
  name = "ApiError";
}

/** The text of a chat.completion.chunk; "" where there is none: a role, the usage, a status. */
const chatText = (data) =>
  (objectOf(data).choices ?? []).map((choice) => choice.delta?.content ?? "").join("");

function post(path, body, textOf) {
  return {
    path: () => path,
    request: (prompt) => ({
      method: "POST",
      headers: jsonHeaders,
      body: JSON.stringify(body(prompt)),
    }),
    textOf,
  };
}

export const APIS = {
  openai: post(
    "/chat/completions",
    (prompt) => ({ model: "any", messages: messages(prompt), stream: true }),
    chatText,
  ),
  fastgpt: post(
    "/chat/completions",
    (prompt) => ({ stream: true, detail: true, messages: messages(prompt) }),
    chatText,
  ),
  sekuire: {
    path: (prompt) => `/chat/stream?message=${encodeURIComponent(prompt)}`,
    request: () => ({ method: "GET" }),
    textOf: (data) => objectOf(data).chunk ?? "",
  },
  savegate: post(
    "/stream",
    (prompt) => ({ prompt }),
    (data) => objectOf(data).content ?? "",
  ),
  assisters: post(
    "/api/chat",
    (prompt) => ({ messages: messages(prompt) }),
    (data) => data,
  ),
};
