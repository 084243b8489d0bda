#!/usr/bin/env bash
# Feeds the pictures of `Graph` to the programs that read them: graphviz, and mermaid in node. If one of the two is not
# available it is skipped, and the reason is printed; `CELLS_PICTURES=required` makes that a failure.
set -euo pipefail
cd "$(dirname "$0")/../../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
skipped=0

skip() {
    echo "skipped $1: $2"
    skipped=1
}

CELLS_TEST_PICTURES=$dir cargo test --quiet -p cells-tests --test threads -- --exact graph::p10_pictures --ignored

if ! command -v dot >/dev/null && command -v apt-get >/dev/null && [[ $EUID -eq 0 ]]; then
    (apt-get update && apt-get install --yes --no-install-recommends graphviz) >"$dir/apt.log" 2>&1 || true
fi
if ! command -v dot >/dev/null; then
    skip dot "graphviz is not installed, and cannot be installed here"
elif ! command -v node >/dev/null; then
    dot -Tsvg "$dir/cells.dot" -o "$dir/cells.svg"
    echo "ok      dot ($(dot -V 2>&1)); without node its labels are not compared"
else
    dot -Tsvg "$dir/cells.dot" -o "$dir/cells.svg"
    dot -Tjson "$dir/cells.dot" -o "$dir/read.json"
    node - "$dir" <<'JS'
const fs = require("fs"), assert = require("assert");
const dir = process.argv[2];
const read = JSON.parse(fs.readFileSync(`${dir}/read.json`, "utf8"));
const expected = JSON.parse(fs.readFileSync(`${dir}/cells.json`, "utf8"));
// The drawn text, line by line: the label itself keeps its escapes.
const labels = read.objects.map(node => node._ldraw_.filter(op => op.op === "T").map(op => op.text).join("\n"));
const tidy = text => text.replace(/\r\n?/g, "\n").replace(/\t/g, " ");
expected.labels.forEach((label, index) => assert.strictEqual(tidy(labels[index] ?? ""), tidy(label)));
assert.strictEqual(labels.length, expected.labels.length);
assert.deepStrictEqual(read.edges.map(edge => [edge.tail, edge.head]).sort(), expected.edges.sort());
console.log(`ok      dot: ${labels.length} nodes, ${read.edges.length} edges`);
JS
fi

mermaid=${CELLS_MERMAID:-}
if [[ -z $mermaid ]] && command -v npm >/dev/null; then
    mermaid=target/mermaid
    mkdir -p "$mermaid"
    [[ -d $mermaid/node_modules/mermaid ]] ||
        npm install --prefix "$mermaid" --no-audit --no-fund mermaid@11 jsdom >"$dir/npm.log" 2>&1 || true
fi
if ! command -v node >/dev/null; then
    skip mermaid "node is not installed"
elif [[ ! -d $mermaid/node_modules/mermaid ]]; then
    skip mermaid "npm cannot install it here"
else
    cat >"$dir/check.mjs" <<'JS'
import fs from "fs";
import assert from "assert";
import path from "path";
import { createRequire } from "module";
const [dir, modules] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "package.json"));
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("<!doctype html><body></body>");
globalThis.window = window;
globalThis.document = window.document;
const mermaid = (await import(require.resolve("mermaid").replace(/mermaid\.core\.mjs$|[^/]+$/, "mermaid.core.mjs"))).default;
const expected = JSON.parse(fs.readFileSync(`${dir}/cells.json`, "utf8"));
const text = fs.readFileSync(`${dir}/cells.mmd`, "utf8");
mermaid.initialize({ startOnLoad: false, maxEdges: 100000, maxTextSize: 10000000 });
await mermaid.parse(text);
const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
const nodes = [...db.getVertices().values()], edges = db.getEdges();
// Until it draws, mermaid keeps `#35;` as a placeholder of its own.
const unescape = label => label
    .replace(/<br\s*\/?>/g, "\n")
    .replace(/(?:ﬂ°°|#)(\d+)(?:¶ß|;)/g, (_, code) => String.fromCodePoint(Number(code)));
const tidy = label => label.replace(/\r\n?/g, "\n").trim();
for (const node of nodes) {
    const label = expected.labels[Number(node.id.slice(1))];
    assert.strictEqual(tidy(unescape(node.text ?? node.label)), tidy(label));
    assert.ok(node.styles.some(style => style.startsWith("fill:#")), node.id);
}
assert.strictEqual(nodes.length, expected.labels.length);
assert.deepStrictEqual(
    edges.map(edge => [edge.start, edge.end].map(id => Number(id.slice(1)))).sort(), expected.edges.sort());
console.log(`ok      mermaid: ${nodes.length} nodes, ${edges.length} edges`);
process.exit(0);
JS
    node "$dir/check.mjs" "$dir" "$mermaid"
fi

[[ $skipped -eq 0 || ${CELLS_PICTURES:-} != required ]]
