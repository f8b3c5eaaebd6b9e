/** What the Node programs beside this file share: their arguments, and printing text as it comes. */

import { APIS } from "./apis.mjs";

/** Print what `streamText(baseUrl, prompt, api)` yields for BASE_URL [PROMPT [API]]. */
export async function main(streamText) {
  const [baseUrl, prompt = "Hello", api = "openai"] = process.argv.slice(2);
  if (!baseUrl || !APIS[api]) {
    console.error(`usage: node ${process.argv[1]} BASE_URL [PROMPT [${Object.keys(APIS).join("|")}]]`);
    process.exit(1);
  }
  for await (const piece of streamText(baseUrl, prompt, APIS[api])) process.stdout.write(piece);
}
