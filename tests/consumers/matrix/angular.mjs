// Angular: an application without zone.js, built by the Angular CLI with its default settings.
import { join } from "node:path";
import { idsOfPage } from "../lib/page.mjs";
import { importModule } from "../lib/program.mjs";
import { withStaticServer } from "../lib/serve.mjs";

const workspaceFile = {
  version: 1,
  projects: {
    consumer: {
      projectType: "application",
      root: "",
      sourceRoot: "src",
      architect: {
        build: {
          builder: "@angular/build:application",
          options: { browser: "src/main.ts", index: "src/index.html", tsConfig: "tsconfig.json" },
        },
      },
    },
  },
};
const compilerOptions = {
  strict: true,
  target: "ES2022",
  module: "preserve",
  allowJs: true,
  skipLibCheck: true,
  experimentalDecorators: true,
};

const files = {
  "angular.json": JSON.stringify(workspaceFile),
  "tsconfig.json": JSON.stringify({ compilerOptions, files: ["src/main.ts"] }),
  "src/index.html": `<!doctype html><html lang="en"><head><meta charset="utf-8"><base href="/">
<title>consumer</title><link rel="icon" href="data:,"></head>
<body><consumer-root></consumer-root></body></html>
`,
  "src/recommend.js": importModule(),
  "src/main.ts": `import { Component, provideZonelessChangeDetection } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { recommend } from "./recommend.js";

@Component({ selector: "consumer-root", template: "<p>client</p>" })
class Root {
  constructor() {
    const target = globalThis as { consumerResult?: unknown };
    recommend().then(
      (ids) => (target.consumerResult = { ids }),
      (error) => (target.consumerResult = { error: String(error) }),
    );
  }
}

void bootstrapApplication(Root, { providers: [provideZonelessChangeDetection()] });
`,
};

export const angularMatrix = [
  {
    name: "angular build",
    group: "angular",
    tool: "@angular/cli",
    core: false,
    nodeGroup: "node24",
    run: async (project) => {
      await project.put(files);
      await project.node([project.tool("@angular/cli/bin/ng.js"), "build"]);
      const dist = join(project.folder, "dist", "consumer", "browser");
      return withStaticServer(dist, (origin) => idsOfPage(origin));
    },
  },
];
