/**
 * Opens an HTML report in Chromium, uses it as a person does, and says what was seen, as JSON.
 *
 *     node report_browser.mjs CHROMIUM REPORT.html [PICTURES]
 *
 * With a folder for PICTURES, report-light.png and report-dark.png are written there.
 */

import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, file, pictures] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1080, height: 900 } });
const address = pathToFileURL(resolve(file)).href;
const seen = { console: [], dialogs: [], requests: [] };
page.on("console", (message) => seen.console.push(message.text()));
page.on("pageerror", (error) => seen.console.push(String(error)));
page.on("dialog", (dialog) => (seen.dialogs.push(dialog.message()), dialog.dismiss()));
page.on("request", (request) => request.url() === address || seen.requests.push(request.url()));

seen.backgrounds = {};
for (const colorScheme of ["dark", "light"]) {
  await page.emulateMedia({ colorScheme });
  await page.goto(address);
  seen.backgrounds[colorScheme] = await page.evaluate(() => [
    getComputedStyle(document.body).backgroundColor,
    getComputedStyle(document.querySelector(".chart .paper")).fill,
  ]);
  if (pictures) await picture(`report-${colorScheme}.png`);
}
seen.title = await page.title();
seen.charts = await page.$$eval("svg.chart", (all) => all.map((svg) => svg.dataset.name));
seen.elements = await page.$$eval("*", (all) =>
  [...new Set(all.map((each) => each.localName))].sort());
seen.texts = await page.$$eval("pre", (all) => all.map((each) => each.textContent));

// Each chart is pointed at in the middle of its pane, a little above the bottom.
seen.tips = {};
for (const name of seen.charts) {
  const pane = page.locator(`svg[data-name=${name}] .pane`);
  await pane.scrollIntoViewIfNeeded();
  const box = await pane.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + Math.min(10, box.height / 2));
  seen.tips[name] = await page.$$eval("#tip:not([hidden]) div", (all) =>
    all.map((each) => each.textContent));
}

// A drag zooms, "Show all" undoes it.
const ticks = () => page.$$eval("svg[data-name=ttft] .ticks text", (all) =>
  all.map((each) => each.textContent));
const pane = page.locator("svg[data-name=ttft] .pane");
await pane.scrollIntoViewIfNeeded();
const box = await pane.boundingBox();
seen.ticks = [await ticks()];
await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
await page.mouse.down();
await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 3 });
await page.mouse.up();
seen.ticks.push(await ticks());
await page.locator("figure:has(svg[data-name=ttft]) .again").click();
seen.ticks.push(await ticks());

// A click on a row opens its recording.
const rows = page.locator("svg[data-name=time-lines] .pane");
await rows.scrollIntoViewIfNeeded();
await rows.click({ position: { x: 40, y: 5 } });
seen.opened = await page.$$eval("details[open]", (all) => all.map((each) => each.id));
await browser.close();
console.log(JSON.stringify(seen));

/** The charts of single streams, while one is pointed at. */
async function picture(name) {
  await page.setViewportSize({ width: 1080, height: 1500 });
  const pane = await page.locator("svg[data-name=time-lines] .pane").boundingBox();
  await page.mouse.move(pane.x + pane.width * 0.53, pane.y + pane.height * 0.12);
  const figure = await page.locator("figure").first().boundingBox();
  const clip = { x: 0, y: 0, width: 1080, height: figure.y + figure.height + 12 };
  await page.screenshot({ path: join(pictures, name), clip });
  await page.setViewportSize({ width: 1080, height: 900 });
}
