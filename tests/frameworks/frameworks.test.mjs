// The entries for React (in StrictMode), Vue and Svelte, each by the same app, in Chromium and
// Firefox.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchChromium, launchFirefox } from "../browser/launch.mjs";
import { serveSite } from "../browser/site.mjs";
import { bundleForBrowser, loadForServer } from "./bundle.mjs";

const FRAMEWORKS = ["react", "vue", "svelte"];
const browsers = { Chromium: launchChromium, Firefox: launchFirefox };

let site;
before(async () => {
  site = await serveSite();
});
after(() => site?.close());

const code = {};
for (const [browserName, launch] of Object.entries(browsers)) {
  let browser;
  describe(browserName, () => {
    before(async () => {
      browser = await launch();
    });
    after(() => browser?.close());
    for (const name of FRAMEWORKS) testFramework(name, () => browser);
  });
}

function testFramework(name, browser) {
  describe(name, () => {
    let context;
    let page;
    let complaints;
    before(async () => {
      code[name] ??= await bundleForBrowser(name);
    });
    beforeEach(async () => {
      context = await browser().newContext();
      context.setDefaultTimeout(60_000);
      page = await openPage();
    });
    afterEach(async () => {
      await context.close();
      assert.deepEqual(complaints, [], "warnings and errors in the console");
    });

    /** Opens a page with the app and the helpers as globals, and this HTML in it. */
    async function openPage(html = "") {
      const opened = await context.newPage();
      complaints = [];
      opened.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      opened.on("pageerror", (error) => complaints.push(error.message));
      await opened.route("**/app.mjs", (route) =>
        route.fulfill({ body: code[name], contentType: "text/javascript" }),
      );
      await opened.goto(site.origin);
      await opened.evaluate(async (markup) => {
        const [app, helpers] = await Promise.all([
          import(`${location.origin}/app.mjs`),
          import(`${location.origin}/tests/frameworks/page.mjs`),
        ]);
        Object.assign(window, { app, ...helpers });
        document.body.innerHTML = `<div id="target">${markup}</div>`;
        window.target = document.getElementById("target");
        window.start = (inputs) => {
          watch(target);
          return app.mount(target, { open, user: "me", options: { count: 3 }, ...inputs });
        };
      }, html);
      return opened;
    }

    test("loading at first, then the lists, which follow each change", async () => {
      const result = await page.evaluate(async () => {
        window.mounted = start();
        const first = shown[0] ?? (await until(() => true));
        const empty = await until((state) => !state.isLoading && !state.isReading);
        await sages.me.record({ item: "food-1" });
        const recorded = await until(({ interests, picks }) => interests.length && picks.length);
        await sages.me.record({ item: "sport-1" });
        const two = await until(({ interests }) => interests.length === 2);
        await settle();
        const before = shown.at(-1).picks;
        await sages.me.hide(before[0]);
        const after = await until(({ picks }) => !picks.includes(before[0]));
        await sages.me.forget("everything");
        const forgotten = await until(({ interests }) => interests.length === 0);
        await settle();
        const wasLoading = shown.slice(shown.indexOf(recorded)).some(({ isLoading }) => isLoading);
        return { first, empty, recorded, two, after, forgotten, counts, wasLoading };
      });
      assert.deepEqual(result.first, {
        user: "me",
        isOpening: true,
        interests: [],
        isReading: true,
        picks: [],
        isLoading: true,
      });
      assert.equal(result.empty.isOpening, false);
      assert.deepEqual(result.empty.interests, []);
      assert.deepEqual(result.recorded.interests, ["food-1"]);
      assert.equal(result.recorded.picks.length, 3);
      assert.equal(result.two.interests.length, 2);
      assert.equal(result.after.picks.length, 3);
      assert.deepEqual(result.forgotten.interests, []);
      assert.equal(result.wasLoading, false, "a list that follows a change is not loading");
      assert.equal(result.counts.opened, 1, "opened once, also in StrictMode");
      assert.equal(result.counts.closed, 0);
    });

    test("a change from another tab", async () => {
      await page.evaluate(async () => {
        window.mounted = start();
        await until(({ isLoading }) => !isLoading);
      });
      const other = await context.newPage();
      await other.goto(site.origin);
      await other.evaluate(async () => {
        const { open } = await import(`${location.origin}/tests/frameworks/page.mjs`);
        await (await open("me")).record({ item: "animal-1" });
      });
      const state = await page.evaluate(() =>
        until(({ interests, picks }) => interests.length > 0 && picks.length > 0),
      );
      assert.deepEqual(state.interests, ["animal-1"]);
    });

    test("options: other ones read again, equal ones do not, and nothing loops", async () => {
      const result = await page.evaluate(async () => {
        window.mounted = start();
        await until(({ isLoading }) => !isLoading);
        await sages.me.record({ item: "food-1" });
        await until(({ picks }) => picks.length === 3);
        await settle();
        const before = { ...counts };
        const inputs = { open, user: "me" };
        for (let time = 0; time < 5; time += 1) {
          mounted.update({ ...inputs, options: { count: 3, exclude: [] } });
          mounted.update({ ...inputs, options: { exclude: new Set(), count: 3 } });
          await settle();
        }
        const equal = { ...counts };
        mounted.update({ ...inputs, options: { count: 5 } });
        const more = await until(({ picks }) => picks.length === 5);
        const loading = shown.findLast(({ isLoading }) => isLoading);
        mounted.update({ ...inputs, options: { count: 5, exclude: [more.picks[0]] } });
        const excluded = await until(({ picks }) => !picks.includes(more.picks[0]));
        for (let count = 6; count <= 15; count += 1)
          mounted.update({ ...inputs, options: { count } });
        await until(({ picks }) => picks.length === 15);
        await settle();
        return { before, equal, more, loading, excluded, counts, last: shown.at(-1) };
      });
      // The first of the equal ones has a list of excluded items, which the options before had not.
      assert.ok(result.equal.recommend - result.before.recommend <= 10);
      assert.equal(result.equal.profile, result.before.profile);
      assert.equal(result.loading.picks.length, 3, "the former list stays while another is read");
      assert.equal(result.excluded.picks.length, 5);
      assert.equal(result.last.picks.length, 15);
      assert.equal(result.last.isLoading, false);
      assert.equal(result.counts.opened, 1);
    });

    test("another user: the sage is closed, and no item of the former one is shown", async () => {
      const result = await page.evaluate(async () => {
        await (await open("you")).record({ item: "animal-1" });
        window.mounted = start();
        await until(({ isLoading }) => !isLoading);
        await sages.me.record({ item: "food-1" });
        await until(({ picks }) => picks.length === 3);
        counts.closed = 0;
        mounted.update({ open, user: "you", options: { count: 3 } });
        await until(({ user, interests, picks }) => user === "you" && interests[0] && picks[0]);
        await settle();
        mounted.update({ open, user: "me", options: { count: 3 } });
        await until(({ user, interests, picks }) => user === "me" && interests[0] && picks[0]);
        await settle();
        return { shown, counts };
      });
      const themes = { me: "food", you: "animal" };
      for (const { user, interests, picks } of result.shown)
        for (const item of [...interests, ...picks.slice(0, 1)])
          assert.ok(item.startsWith(themes[user]), `${user} was shown ${item}`);
      assert.equal(result.counts.closed, 2);
      assert.equal(result.counts.opened, 4);
    });

    test("unmounted: the sage is closed, also if it opens later, and nothing is read", async () => {
      const result = await page.evaluate(async () => {
        let release;
        faults.wait = new Promise((resolve) => (release = resolve));
        const first = start();
        await settle();
        first.unmount();
        await settle();
        const opening = { ...counts };
        release();
        await untilClosed(1);
        await settle();
        const afterwards = { ...counts };
        const second = app.mount(target, { open, user: "me", options: {} });
        await until(({ isLoading }) => !isLoading);
        const { me } = sages;
        second.unmount();
        await untilClosed(2);
        const code = await me.profile().catch((error) => error.code);
        return { opening, afterwards, counts, code };
      });
      assert.deepEqual(result.opening, { opened: 1, closed: 0, recommend: 0, profile: 0 });
      assert.deepEqual(result.afterwards, { opened: 1, closed: 1, recommend: 0, profile: 0 });
      assert.equal(result.counts.opened, 2);
      assert.equal(result.counts.closed, 2);
      assert.equal(result.code, "closed");
    });

    test("a sage that cannot be opened: the error, and another try", async () => {
      const result = await page.evaluate(async () => {
        faults.open = "offline";
        window.mounted = start();
        const failed = await until(({ sageError }) => sageError);
        faults.open = undefined;
        document.getElementById("reopen").click();
        const opened = await until(({ isOpening, isLoading }) => !isOpening && !isLoading);
        return { failed, opened, counts };
      });
      assert.equal(result.failed.sageError, "offline");
      assert.equal(result.failed.isOpening, false);
      assert.equal(result.opened.sageError, undefined);
      assert.equal(result.counts.opened, 2);
    });

    test("a list that cannot be read: the error, the former list, and another try", async () => {
      const result = await page.evaluate(async () => {
        window.mounted = start();
        await until(({ isLoading }) => !isLoading);
        await sages.me.record({ item: "food-1" });
        await until(({ picks }) => picks.length === 3);
        faults.recommend = "no answer";
        await sages.me.record({ item: "food-2" });
        const failed = await until(({ error }) => error);
        faults.recommend = undefined;
        document.getElementById("refresh").click();
        const read = await until(({ error, isLoading }) => !error && !isLoading);
        return { failed, read };
      });
      assert.equal(result.failed.error, "no answer");
      assert.equal(result.failed.picks.length, 3);
      assert.equal(result.read.picks.length, 3);
    });

    test("many changes at once are few reads, and the last state is shown", async () => {
      const result = await page.evaluate(async () => {
        window.mounted = start();
        await until(({ isLoading }) => !isLoading);
        await settle();
        const before = counts.recommend;
        const items = Array.from({ length: 15 }, (_, number) => `food-${number}`);
        await Promise.all(items.map((item) => sages.me.record({ item })));
        await settle();
        const reads = counts.recommend - before;
        const last = await sages.me.recommend({ count: 3 });
        return { reads, picks: shown.at(-1).picks, last: last.map(({ item }) => item) };
      });
      assert.ok(result.reads <= 3, `${result.reads} reads`);
      assert.deepEqual(result.picks, result.last);
    });

    test("a sage in a Web Worker", async () => {
      const state = await page.evaluate(async () => {
        window.mounted = start({ user: "worker" });
        await until(({ isLoading }) => !isLoading);
        await sages.worker.record({ item: "food-1" });
        return until(({ interests, picks }) => interests.length && picks.length);
      });
      assert.deepEqual(state.interests, ["food-1"]);
    });

    test("rendered on a server: empty and loading; the page takes it over", async () => {
      const { renderToHtml } = await loadForServer(name);
      let opened = 0;
      const open = async () => {
        opened += 1;
        throw new Error("a server opens no sage");
      };
      const html = await renderToHtml({ open, user: "me", options: { count: 3 } });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(opened, 0);
      assert.match(html, /&quot;isOpening&quot;:true|"isOpening":true/);
      page = await openPage(html);
      const result = await page.evaluate(async () => {
        const before = target.querySelector("pre");
        watch(target);
        window.mounted = app.hydrate(target, { open, user: "me", options: { count: 3 } });
        await until(({ isLoading }) => !isLoading);
        await sages.me.record({ item: "food-1" });
        const state = await until(({ interests, picks }) => interests.length && picks.length);
        return { state, isKept: target.querySelector("pre") === before };
      });
      assert.deepEqual(result.state.interests, ["food-1"]);
      assert.ok(result.isKept, "the elements of the server are kept");
    });
  });
}
