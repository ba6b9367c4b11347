// Facts that must agree before a release: `node .github/release-check.mjs [v1.2.3]`. Without a tag,
// compares the versions of the two manifests; what only a real release needs is a warning.
import { readFileSync } from "node:fs";

const tag = process.argv[2];
const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const manifest = JSON.parse(read("package.json"));
const cargo = read("Cargo.toml").split(/^\[(?!package\])/m)[0];
const crateVersion = cargo.match(/^version = "(.+)"/m)?.[1];

const wrong = [];
const missing = [];
if (crateVersion !== manifest.version)
  wrong.push(`Cargo.toml has version ${crateVersion}, package.json ${manifest.version}`);
if (tag !== undefined && tag !== `v${manifest.version}`)
  wrong.push(`the tag is ${tag}, expected v${manifest.version}`);
if (!read("CHANGELOG.md").includes(`\n## [${manifest.version}] - `))
  missing.push(`CHANGELOG.md has no section "## [${manifest.version}] - YYYY-MM-DD"`);
// Provenance is refused for a package whose `repository` is not the one that the workflow runs in.
if (!manifest.repository)
  missing.push('package.json has no "repository" (RELEASE.md, "Addresses")');
if (!/^repository = /m.test(cargo))
  missing.push('Cargo.toml has no `repository` (RELEASE.md, "Addresses")');

for (const problem of wrong) console.log(`::error::${problem}`);
for (const problem of missing)
  console.log(`::${tag === undefined ? "warning" : "error"}::${problem}`);
if (wrong.length > 0 || (tag !== undefined && missing.length > 0)) process.exitCode = 1;
else console.log(`Version ${manifest.version}: the manifests agree.`);
