/**
 * The browser clients of examples/clients, as ../python_worker.py: a job a line. The pages are on
 * the server that is asked, so that no page asks another origin.
 *
 *     node browser_worker.mjs CHROMIUM
 */

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
  ],
});
const page = await browser.newPage();
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await done(JSON.parse(line))));
}
await browser.close();

async function done(job) {
  await page.goto(addressOf(job));
  await page.waitForFunction("document.querySelector('#state').value");
  const state = await page.evaluate("document.querySelector('#state').value");
  const text = await page.textContent("#text");
  return { text, error: state === "done" ? "" : state };
}

function addressOf(job) {
  const name = job.client === "eventsource" ? "eventsource" : "fetch";
  const address = new URL(`/clients/${name}.html`, job.base_url);
  for (const [key, value] of Object.entries(job)) address.searchParams.set(key, value);
  return address.href;
}
