/**
 * openai-node.
 *
 *     node openai_sdk.mjs BASE_URL [PROMPT]
 */

import OpenAI from "openai";

/** The pieces of the answer, which has to be complete after `timeoutS`. */
export async function* streamText(baseUrl, prompt, _api, timeoutS = 600) {
  const client = new OpenAI({ baseURL: baseUrl, apiKey: process.env.OPENAI_API_KEY ?? "none" });
  const signal = AbortSignal.timeout(timeoutS * 1000); // the option `timeout` ends with the head
  const chunks = await client.chat.completions.create(
    { model: "any", messages: [{ role: "user", content: prompt }], stream: true },
    { signal },
  );
  for await (const chunk of chunks) {
    for (const choice of chunk.choices) yield choice.delta.content ?? "";
  }
  signal.throwIfAborted(); // to the SDK an abort is an end like any other
}

if (import.meta.main) await (await import("./program.mjs")).main(streamText);
