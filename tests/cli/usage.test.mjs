// Help, version, and invalid command lines: exit code 2, no standard output, a hint to the help.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { folder, pocketsage, root } from "./run.mjs";

const COMMANDS = ["build", "prior", "inspect", "verify", "delta", "merge", "profile", "recommend"];
const { put } = await folder();

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  assert.deepEqual(await pocketsage(["--version"]), {
    code: 0,
    stdout: `${version}\n`,
    stderr: "",
  });
});

test("-V and -v are short for --version", async () => {
  const long = await pocketsage(["--version"]);
  for (const short of ["-V", "-v"]) assert.deepEqual(await pocketsage([short]), long);
});

test("help COMMAND is COMMAND --help", async () => {
  const long = await pocketsage(["inspect", "--help"]);
  assert.deepEqual(await pocketsage(["help", "inspect"]), long);
});

test("--help, -h and help list every command", async () => {
  const { code, stdout, stderr } = await pocketsage(["--help"]);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
  assert.equal((await pocketsage(["-h"])).stdout, stdout);
  assert.equal((await pocketsage(["help"])).stdout, stdout);
});

/** Files that declare further options of a command, by command. */
const OPTION_FILES = {
  build: "commands/build-options.ts",
  profile: "profile-input.ts",
  recommend: "profile-input.ts",
  delta: "file-pair.ts",
  merge: "file-pair.ts",
};
for (const command of COMMANDS) {
  test(`${command} --help: purpose, usage, every option, an example and exit codes`, async () => {
    const { code, stdout, stderr } = await pocketsage([command, "--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^[A-Z][^\n]+\n\nUsage\n {2}pocketsage /);
    for (const title of ["Options", "Example", "Exit codes"])
      assert.match(stdout, new RegExp(`^${title}$`, "m"));
    const source = await readFile(join(root, "ts", "cli", "commands", `${command}.ts`), "utf8");
    const sharedFile = OPTION_FILES[command];
    const shared = sharedFile ? await readFile(join(root, "ts", "cli", sharedFile), "utf8") : "";
    const options = [
      ...(source + shared).matchAll(/^ {2}"?([a-z-]+)"?: \{ type: "(?:string|boolean)"/gm),
    ].map(([, name]) => name);
    assert.ok(options.includes("json"), options.join());
    for (const option of options)
      assert.ok(stdout.includes(`--${option}`), `--${option} is missing in the help`);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
    assert.equal((await pocketsage([command, "-h"])).stdout, stdout);
  });
}

const invalidLines = [
  [[], /no command: expected one of build, prior, inspect/],
  [["bild"], /unknown command "bild": did you mean build\?/],
  [["biuld"], /unknown command "biuld": did you mean build\?/],
  [["rebuild"], /unknown command "rebuild": did you mean build\?/],
  [["zzz"], /unknown command "zzz": expected build, prior, .*, merge, migrate, profile/],
  [["constructor"], /unknown command "constructor"/],
  [["--wat"], /unknown option --wat: options of a command follow its name/],
  [["--verison"], /unknown option --verison: did you mean --version\?\n/],
  [["help", "bild"], /unknown command "bild": did you mean build\?/],
  [["build"], /the items file \(- reads the standard input\) is missing/],
  [["build", "a.jsonl", "--presicion", "full"], /--presicion: did you mean --precision\?/],
  [["build", "a.jsonl", "-o"], /-o, --out: expected a value, saw none/],
  [["inspect", "a.sage", "--count", "-5"], /--count: expected a value, saw another option; .*=-1/],
  [["inspect", "a.sage", "--json=yes"], /--json: takes no value/],
  [["build", "a.jsonl"], /-o CATALOGUE is missing/],
  [["build", "a.jsonl", "-o", "-"], /-o: expected a file, saw -/],
  [
    ["build", "a.jsonl", "b.jsonl", "-o", "c.sage"],
    /expected at most 1 argument, saw 2: "a\.jsonl", "b\.jsonl"/,
  ],
  [
    ["build", "a.jsonl", "-o", "c.sage", "--precision", "half"],
    /--precision: expected full, compact, saw "half"/,
  ],
  [
    ["build", "a.jsonl", "-o", "c.sage", "--id", "x", "--vector", "x"],
    /--id and --vector are both "x"/,
  ],
  [["build", "a.jsonl", "-o", "c.sage", "--wat"], /unknown option --wat\nTry/],
  [["build", "a.jsonl", "-o", "c.sage", "--near", "x"], /--near: expected a number, saw "x"/],
  [
    ["build", "a.jsonl", "-o", "c.sage", "--metric", "manhattan"],
    /--metric: expected cosine, ip, l2, saw "manhattan"/,
  ],
  [
    ["build", "a.jsonl", "-o", "c.sage", "--near-duplicates", "eat"],
    /--near-duplicates: expected report, drop, group, keep, saw "eat"/,
  ],
  [["verify"], /the file is missing/],
  [["delta", "a.sage"], /the file of the newer catalogue is missing/],
  [["delta", "a.sage", "b.sage"], /-o DELTA is missing/],
  [["merge", "a.sage", "b.delta", "-o", "-"], /-o: expected a file, saw -/],
  [["inspect"], /the catalogue file is missing/],
  [
    ["inspect", "a.sage", "--count", "0"],
    /--count: expected a whole number from 1 to 4294967295, saw "0"/,
  ],
  [["profile"], /--actions FILE is missing/],
  [["profile", "a.jsonl"], /unexpected argument "a\.jsonl"/],
  [["profile", "-a", "a", "--cut", "deep"], /--cut: expected auto, cosine=NUMBER, .*, saw "deep"/],
  [["profile", "-a", "a", "--cut", "cosine=much"], /--cut cosine: expected a number, saw "much"/],
  [["profile", "-a", "a", "--cut", "count="], /--cut count: expected a number, saw ""/],
  [["profile", "-a", "a", "--half-life", "long"], /--half-life: expected a number, saw "long"/],
  [
    ["profile", "-a", "a", "--now", "soon"],
    /--now: expected milliseconds since 1970 or an ISO time .*, saw "soon"/,
  ],
  [
    ["profile", "-a", "a", "--singletons", "eat"],
    /--singletons: expected keep, drop, attach, saw "eat"/,
  ],
  [
    ["profile", "-a", "a", "--kind", "save", "--kind", "click"],
    /--kind: expected one field and any number of KIND=WEIGHT, saw the fields save, click/,
  ],
  [["profile", "-a", "a", "--item", "a[].b[]"], /--item: expected a field with at most one \[\]/],
  [["profile", "-a", "a", "--at-unit", "h"], /--at-unit: expected auto, s, ms, us, ns, saw "h"/],
  [["profile", "-a", "a", "--preset", "x"], /--preset: expected auto, none, recbole, .* saw "x"/],
  [["profile", "-a", "a", "--now", "0x10"], /--now: expected milliseconds .* saw "0x10"/],
  [["profile", "-a", "a", "--now", "1760000000"], /--now: .* which looks like seconds/],
  [["profile", "-a", "a", "--now", "20251004"], /--now: .* which looks like a date/],
  [["profile", "-a", "a", "--now", "2021-02-30"], /--now: expected milliseconds/],
  [["profile", "-a", "a", "--kind", "save=x"], /--kind save: expected a number, saw "x"/],
  [["profile", "-c", "-", "-a", "-"], /cannot both be the standard input/],
  [["recommend", "-a", "a"], /--catalogue FILE is missing/],
  [["recommend", "-c", "c"], /--actions FILE is missing/],
  [
    ["recommend", "-c", "c", "-a", "a", "--count", "1.5"],
    /--count: expected a whole number from 1 to 4294967295, saw "1\.5"/,
  ],
  [["recommend", "-c", "c", "-a", "a", "--interests", "-1"], /--interests: expected a value/],
  [["recommend", "-c", "c", "-a", "a", "--seed", "x"], /--seed: expected a number, saw "x"/],
];
for (const [args, message] of invalidLines) {
  test(`pocketsage ${args.join(" ")}: exit code 2`, async () => {
    const { code, stdout, stderr } = await pocketsage(args);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(
      stderr,
      COMMANDS.includes(args[0])
        ? new RegExp(`Try: pocketsage ${args[0]} --help`)
        : /Try: pocketsage --help/,
    );
  });
}

// Numbers out of the range of their option: openSage checks the range.
for (const option of [
  "--cut=cosine=2",
  "--cut=count=0",
  "--cut=count=1.5",
  "--cut=spread=-1",
  "--half-life=0",
  "--kind=save=0",
]) {
  test(`${option}: exit code 2, with the expected range`, async () => {
    const actions = await put("own.jsonl", '{"item": "a", "vector": [1, 2]}\n');
    const { code, stdout, stderr } = await pocketsage(["profile", "-a", actions, option]);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /^pocketsage: .*expected/);
  });
}
