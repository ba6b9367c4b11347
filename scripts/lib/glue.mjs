// Writes the JavaScript around the wasm. wasm-bindgen generates the code of each exported function
// and a general loader; this keeps its imports, and writes the rest: every function becomes a call
// of a shared one, which passes each argument by its type. It differs further in this:
// - TextDecoder and TextEncoder are created on first use. In jsdom and in audio worklets they do
//   not exist, and the import would fail.
// - No default address of the wasm: each entry (ts/entry/) gives one. Bundlers would emit the file
//   for the literal `new URL`, also where the entry holds the wasm itself.
// - One load at a time, as ts/core/glue.ts calls it; `initSync` returns the loaded exports.
// - Node loads all of its fetch, in 20 ms, at the first use of the names `Request` and `Response`.
// - `restart()` replaces the instance at once, and is not a function of the wasm.
// Applied after scripts/lib/short-names.mjs. Throws where the generated code passes an argument or
// returns a result in a way that is not known here.

/** All code but the classes, functions and imports. Words in capitals are numbers of functions. */
const sharedCode = `
let wasm, wasmModule, functions;
let instanceId = 0;
/** Values of JavaScript that the core holds, by their numbers, and the numbers that are free. */
let values, freeNumbers;
/** Where functions write several results. */
let results;

/** An object of the core. */
class CoreObject {
    __hold(ptr) {
        this.__wbg_ptr = ptr;
        this.__instance = instanceId;
        finalization?.register(this, [this.constructor.__free, ptr, instanceId], this);
        return this;
    }
    __use() {
        if (this.__instance !== instanceId) throw new Error("of a replaced instance");
        return this.__wbg_ptr;
    }
    __release() {
        const ptr = this.__use();
        this.__wbg_ptr = 0;
        finalization?.unregister(this);
        return ptr;
    }
    free() {
        call(this.constructor.__free, this.__release(), 0);
    }
}

const finalization =
    typeof FinalizationRegistry === "undefined"
        ? undefined
        : new FinalizationRegistry(([free, ptr, instance]) => {
              if (instance === instanceId) functionAt(free)(ptr, 1);
          });

function functionAt(at) {
    return (functions[at] ??= wasm.TABLE.get(at));
}

function call(at, ...args) {
    const passed = [];
    for (const arg of args) {
        if (arg?.buffer || typeof arg === "string") passArray(arg, passed);
        else if (arg instanceof CoreObject) passed.push(arg.__use());
        else if (arg == null) passed.push(0, 0);
        else passed.push(arg);
    }
    return functionAt(at)(...passed);
}

/**
 * Calls a function that writes up to three results to the end of the stack, which comes first in
 * memory: it is in use only where the stack overflows.
 */
function callForResults(at, args) {
    call(at, 16, ...args);
    // The array is empty after the memory has grown.
    if (!results?.length) results = arrayAt(Uint32Array, 16, 3);
}

/** Calls a function whose results are a value, an error, and whether there is one. */
function callOrThrow(at, ...args) {
    callForResults(at, args);
    if (results[2]) throw take(results[1]);
    return results[0];
}

function callForNothing(at, ...args) {
    callForResults(at, args);
    if (results[1]) throw take(results[0]);
}

function callAndTake(at, ...args) {
    return take(callOrThrow(at, ...args));
}

/** Calls a function that returns a string, or none. */
function callForText(at, ...args) {
    callForResults(at, args);
    const ptr = results[0];
    const length = results[1];
    if (!ptr) return;
    const text = textAt(ptr, length);
    functionAt(FREE)(ptr, length, 1);
    return text;
}

/** Copies a typed array, or a string in UTF-8, into memory. */
function passArray(arg, passed) {
    if (!arg.buffer) arg = (encoder ??= new TextEncoder()).encode(arg);
    const { buffer, byteOffset, byteLength, length, BYTES_PER_ELEMENT } = arg;
    const ptr = functionAt(MALLOC)(byteLength, BYTES_PER_ELEMENT) >>> 0;
    arrayAt(Uint8Array, ptr, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength));
    passed.push(ptr, length);
}

function arrayAt(Type, ptr, length) {
    return new Type(wasm.memory.buffer, ptr >>> 0, length);
}

/** A function that copies from memory into a typed array of its own. */
function copierTo(Type) {
    return (ptr, length) => hold(arrayAt(Type, ptr, length).slice());
}

let encoder, decoder;
let decodedBytes = 0;

function textAt(ptr, length) {
    decodedBytes += length;
    // A decoder of Safari fails after 2 GB.
    if (!decoder || decodedBytes > 2e9) {
        decoder = new TextDecoder("utf-8", { ignoreBOM: true });
        decodedBytes = length;
    }
    return decoder.decode(arrayAt(Uint8Array, ptr, length));
}

/** The number of a value that the core is given. */
function hold(value) {
    const number = freeNumbers.pop() ?? values.length;
    values[number] = value;
    return number;
}

/** Removes a value, and returns it. The first numbers are of constants. */
function take(number) {
    const value = values[number];
    if (number >= FIRST_NUMBER) {
        values[number] = undefined;
        freeNumbers.push(number);
    }
    return value;
}

function start(instance) {
    wasm = instance.exports;
    functions = [];
    results = undefined;
    values = Array(FIRST_NUMBER - 4).concat(undefined, null, true, false);
    freeNumbers = [];
}

/** Replaces the instance. */
function restart() {
    instanceId++;
    start(new WebAssembly.Instance(wasmModule, imports()));
}

function initSync() {
    return wasm;
}

async function init(source) {
    if (wasm) return wasm;
    const isA = (types) => types.test({}.toString.call(source));
    if (isA(/(String|Request|URL)]/)) source = await fetch(source);
    if (isA(/Response]/)) {
        if (!source.ok) throw new Error(\`HTTP \${source.status} of \${source.url}\`);
        const isTyped = source.headers.get("content-type") === "application/wasm";
        source =
            isTyped && WebAssembly.compileStreaming
                ? await WebAssembly.compileStreaming(source)
                : await source.arrayBuffer();
    }
    const result = await WebAssembly.instantiate(source, imports());
    wasmModule = result.module ?? source;
    start(result.instance ?? result);
    return wasm;
}

/** Writes and frees memory: the first call then finds pages that the system has provided. */
function provideMemory() {
    const size = 10 << 16;
    const ptr = functionAt(MALLOC)(size, 1) >>> 0;
    arrayAt(Uint8Array, ptr, size).fill(0);
    functionAt(FREE)(ptr, size, 1);
}

export { init as default, initSync, provideMemory, restart };
`;

/** Numbers that the shared code has, by the patterns that find them in the generated code. */
const numberPatterns = {
  MALLOC: /malloc = __wbg_function\((\d+)\)|, __wbg_function\((\d+)\)\);\n +const len0/,
  FREE: /__wbg_function\((\d+)\)\(r0, r1 \* 1, 1\);/,
  FIRST_NUMBER: /function dropObject\(idx\) \{\n +if \(idx < (\d+)\) return;/,
};

/** Patterns of generated bodies that return a result, and the statement that does the same. */
const statements = [
  [/if \(r2\)[\s\S]*return (\w+)\.__wrap\(r0\);/, "return $1.__wrap(callOrThrow(ARGS));"],
  [/if \(r2\)[\s\S]*this\.__wbg_ptr = r0;/, "super().__hold(callOrThrow(ARGS));"],
  [/if \(r2\)[\s\S]*return r0 !== 0;/, "return !!callOrThrow(ARGS);"],
  [/if \(r2\)[\s\S]*return takeObject\(r0\);/, "return callAndTake(ARGS);"],
  [/if \(r1\)[\s\S]*throw takeObject\(r0\);/, "callForNothing(ARGS);"],
  [/let v\d;\n/, "return callForText(ARGS);"],
  [/return takeObject\(ret\);/, "return take(call(ARGS));"],
  [/return ret !== 0;/, "return !!call(ARGS);"],
  [/return ret >>> 0;/, "return call(ARGS) >>> 0;"],
  [/return ret;/, "return call(ARGS);"],
  [/^ +__wbg_function\(\d+\)\(.*\);\n$/m, "call(ARGS);"],
];

const classPattern = /^export class (\w+) \{\n([\s\S]*?)^\}\n/gm;
const methodPattern = /^ {4}(static )?(\w+)\((.*)\) \{\n([\s\S]*?)^ {4}\}\n/gm;
const functionPattern = /^export function (\w+)\((.*)\) \{\n([\s\S]*?)^\}\n/gm;
const importsPattern = /^function __wbg_get_imports\(\) \{\n([\s\S]*?)^\}\n/m;

/**
 * Returns the whole glue for the generated one, in which exported functions are accessed as
 * `__wbg_function(number)`, elements of the exported `table`.
 */
export function writeGlue(glue, table) {
  const numberOf = ([name, pattern]) => {
    const number = pattern.exec(glue)?.slice(1).find(Boolean);
    if (number === undefined) throw unexpected(`no ${pattern}`);
    return [name, number];
  };
  const numbers = Object.entries(numberPatterns).map(numberOf);
  const code = [...numbers, ["TABLE", table]].reduce(
    (text, [name, number]) => text.replaceAll(new RegExp(String.raw`\b${name}\b`, "g"), number),
    sharedCode,
  );
  const classes = [...glue.matchAll(classPattern)].map(([, name, body]) => classOf(name, body));
  const functions = [...glue.matchAll(functionPattern)].map(([, name, parameters, body]) => {
    const simple = simplify(parameters, body);
    return `export function ${name}(${simple.parameters}) {\n    ${simple.statement}\n}\n`;
  });
  if (classes.length === 0 || functions.length === 0) throw unexpected("no class or no function");
  return [code, ...classes, ...functions, importsOf(glue)].join("\n");
}

function classOf(name, body) {
  const free = /free\(\) \{[^}]*__wbg_function\((\d+)\)\(ptr, 0\);/.exec(body)?.[1];
  if (free === undefined) throw unexpected(`no free() in class ${name}`);
  const methods = [...body.matchAll(methodPattern)]
    .filter(([, , method]) => !["free", "__destroy_into_raw", "__wrap"].includes(method))
    .map(([, isStatic, method, parameters, code]) => {
      const isBound = !isStatic && method !== "constructor";
      const isConsumed = code.includes("this.__destroy_into_raw()");
      const simple = simplify(
        parameters,
        code,
        isBound && (isConsumed ? "this.__release()" : "this"),
      );
      return (
        `    ${isStatic ?? ""}${method}(${simple.parameters}) {\n` +
        `        ${simple.statement}\n    }\n`
      );
    });
  const wrapping = `return Object.create(${name}.prototype).__hold(ptr);`;
  const wrap = body.includes("static __wrap(ptr)")
    ? `    static __wrap(ptr) {\n        ${wrapping}\n    }\n`
    : "";
  return (
    `export class ${name} extends CoreObject {\n    static __free = ${free};\n` +
    `${wrap}${methods.join("")}}\n`
  );
}

/** The parameters and the one statement of a function that does what the generated `body` does. */
function simplify(parameters, body, receiver) {
  const calls = body
    .replace(/ catch \(e\) \{[\s\S]*? throw e;\n/, "")
    .replace(/^.*passArray.*\n|^.*passString.*\n/gm, "");
  const [, number, passed] =
    /__wbg_function\((\d+)\)\((?:retptr(?:, )?)?(.*)\);\n/.exec(calls) ?? [];
  const names = parameters === "" ? [] : parameters.split(", ");
  const expected = receiver ? [receiver === "this" ? "this.__wbg_ptr" : "ptr"] : [];
  let isSpread = names.length > 0;
  const args = names.map((name) => {
    const numbered = (pattern) => new RegExp(pattern.replaceAll("NAME", name)).exec(body)?.[1];
    const array = numbered(String.raw`ptr(\d+) = .*\bpass\w+\(NAME\b`);
    const optional = numbered(String.raw`val(\d+) = .*isLikeNone\(NAME\) \? 0 : \+?NAME\b`);
    const value = numbered(String.raw`val(\d+) = \+?NAME;`);
    if (array !== undefined) expected.push(`ptr${array}`, `len${array}`);
    else if (optional !== undefined) expected.push(`!isLikeNone(${name})`, `val${optional}`);
    else if (value !== undefined) expected.push(`val${value}`);
    else expected.push(body.includes(`${name}.__wbg_ptr`) ? `${name}.__wbg_ptr` : name);
    if (optional === undefined) return name;
    isSpread = false;
    return `${name} != null, ${name} ?? 0`;
  });
  const [pattern, statement] = statements.find(([found]) => found.test(body)) ?? [];
  if (!pattern || passed !== expected.join(", "))
    throw unexpected(`a call of (${passed}), where (${expected.join(", ")}) is known:\n${body}`);
  const passedOn = [number, ...(receiver ? [receiver] : []), ...(isSpread ? ["...args"] : args)];
  return {
    parameters: isSpread ? "...args" : parameters,
    statement: statement.replace("$1", pattern.exec(body)[1]).replace("ARGS", passedOn.join(", ")),
  };
}

/** A function of the imports that returns a copy of an array in the memory. */
const arrayCopyPattern = new RegExp(
  "function\\(arg0, arg1\\) \\{\\s+" +
    "const ret = new (\\w+)\\(arrayAt\\(\\1, arg0, arg1\\)\\);\\s+return hold\\(ret\\);\\s+\\}",
  "g",
);

/** The function that returns the imports, in terms of the shared code. */
function importsOf(glue) {
  const body = importsPattern.exec(glue)?.[1];
  if (body === undefined) throw unexpected("no imports");
  const code = body
    .replace(/getArray(\w)(\d+)FromWasm0\(/g, (_, letter, bits) => {
      const type = { F: "Float", I: "Int", U: "Uint" }[letter];
      return `arrayAt(${type}${bits}Array, `;
    })
    .replaceAll("addHeapObject(", "hold(")
    .replaceAll("takeObject(", "take(")
    .replaceAll(/getObject\((\w+)\)/g, "values[$1]")
    .replaceAll(arrayCopyPattern, "copierTo($1)")
    .replaceAll("getStringFromWasm0(", "textAt(");
  const unknown = /\b(get\w+Wasm0|handleError|__wbg_\w+|\w+Object)\(/.exec(code);
  if (unknown) throw unexpected(unknown[0]);
  return `function imports() {\n${code}}\n`;
}

function unexpected(what) {
  return new Error(`Found ${what} in the glue: update scripts/lib/glue.mjs to wasm-bindgen.`);
}
