// What all examples with a page have in common: buttons with items, which follow taps.
import assert from "node:assert/strict";

/** Opens a page. Resolves to `{ page, complaints }`, the errors and warnings of its console. */
export async function openPage(context, url) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => {
    const { errorText } = request.failure();
    // Chromium sometimes reports a body that the page has read to its end as aborted.
    if (errorText !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${errorText}`);
  });
  await page.goto(url);
  return { page, complaints };
}

const textsOf = async (buttons) => (await buttons.allTextContents()).map((text) => text.trim());

/**
 * Taps the first of the items and waits until the list is another one. Resolves to the texts of the
 * list before and after.
 */
export async function tapFirst(page, count, selector = "main button") {
  const buttons = page.locator(selector);
  await buttons.nth(count - 1).waitFor();
  const before = await textsOf(buttons);
  await buttons.first().click();
  const other = (texts) => texts.length >= count && texts.join() !== before.join();
  for (let wait = 0; wait < 600; wait += 1) {
    const after = await textsOf(buttons);
    if (other(after)) return { before, after };
    await page.waitForTimeout(50);
  }
  return assert.fail(`the list does not follow a tap: ${before.join(" ")}`);
}
