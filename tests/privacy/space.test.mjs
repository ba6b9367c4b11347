// Names of vector spaces in cells: two named spaces never mix.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, openSage } from "pocketsage";
import { openPrivacy } from "../../pkg/privacy/index.js";
import { DIM, FOLDER, makeCells, makeItems, makeNetwork } from "./world.mjs";

test("cells keep the name of their space, and a sage of another one refuses them", async () => {
  const items = makeItems(160);
  const named = await makeCells(items, 8, "model-a/16/unit");
  assert.match(new TextDecoder().decode(named.files.get("manifest.json")), /"space": "model-a/);
  const { fetch } = await makeNetwork(named);
  const cells = { url: FOLDER };
  const privacy = await openPrivacy({ mode: "cells", transport: "plain", cells, fetch });
  assert.equal(privacy.retriever.space, "model-a/16/unit");
  const open = (space) => openSage({ dim: DIM, space, retriever: privacy.retriever });
  const both = /"model-[ab]\/16\/unit" and "model-[ab]\/16\/unit".*pocketsage\/migrate/;
  await assert.rejects(open("model-b/16/unit"), { code: "dimension", message: both });
  const sage = await open("model-a/16/unit");
  await sage.close();

  const catalogueOf = (space) => Catalogue.from(items, { dim: DIM, space });
  const catalogue = await catalogueOf("model-b/16/unit");
  const local = await openPrivacy({ mode: "local", catalogue });
  assert.equal(local.retriever.space, "model-b/16/unit");
  const { retriever } = privacy;
  const medoids = openPrivacy({ mode: "medoids", retriever, catalogue });
  await assert.rejects(medoids, { code: "dimension", message: both });
  for (const wrong of ["", 7, "x".repeat(129)]) {
    const manifest = JSON.parse(new TextDecoder().decode(named.files.get("manifest.json")));
    const text = JSON.stringify({ ...manifest, space: wrong });
    const altered = await makeNetwork(named, ({ url }) =>
      url.endsWith("manifest.json") ? new Response(text) : undefined,
    );
    await assert.rejects(
      openPrivacy({ mode: "cells", transport: "plain", cells, fetch: altered.fetch }),
      { code: "corrupt", message: /space:/ },
    );
  }
});
