// The built package in headless Chromium.
import { describe } from "node:test";
import { launchChromium } from "./launch.mjs";
import { testPackage } from "./package.mjs";

describe("Chromium", () =>
  testPackage(launchChromium, async (page, origin) => {
    const client = await page.context().newCDPSession(page);
    await client.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 200_000 });
    return () => client.send("Storage.overrideQuotaForOrigin", { origin });
  }));
