// CPU time of a browser's pages, which no API of a page exposes.

/** Resolves to a function that resolves to the CPU time of all renderer processes so far, in ms. */
export async function rendererClock(browser) {
  const session = await browser.newBrowserCDPSession();
  return async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo
      .filter(({ type }) => type === "renderer")
      .reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
  };
}
