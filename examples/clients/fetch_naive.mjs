/**
 * fetch and a reader, as many a documentation prints it. IT LOSES TEXT: a read may end inside a line,
 * whose two halves are no JSON, or inside a character, which becomes U+FFFD. See fetch_whole.mjs.
 *
 *     node fetch_naive.mjs BASE_URL [PROMPT [API]]
 */

import { APIS } from "./apis.mjs";

/** The pieces of the answer, which has to be complete after `timeoutS`. */
export async function* streamText(baseUrl, prompt, api = APIS.openai, timeoutS = 600) {
  const signal = AbortSignal.timeout(timeoutS * 1000);
  const response = await fetch(baseUrl + api.path(prompt), { ...api.request(prompt), signal });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const line of decoder.decode(value).split("\n")) {
      if (!line.startsWith("data: ")) continue;
      const data = line.slice(6);
      if (data === "[DONE]") return;
      try {
        yield api.textOf(data);
      } catch {
        // "Incomplete JSON, skip": this is where the text goes.
      }
    }
  }
}

if (import.meta.main) await (await import("./program.mjs")).main(streamText);
