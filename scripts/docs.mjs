// `npm run docs`: the Rust core's documentation into target/doc, the package's into docs/api/.
import { build } from "./build.mjs";
import { must } from "./lib/run.mjs";
import { done, script, title } from "./lib/say.mjs";
import { setup } from "./setup.mjs";

await script(async () => {
  await setup();
  await build();
  title("Documentation");
  done(
    "rustdoc",
    "target/doc/pocketsage/index.html",
    (await must("cargo", ["doc", "--no-deps"])).seconds,
  );
  done("typedoc", "docs/api/index.html", (await must("typedoc", [])).seconds);
});
