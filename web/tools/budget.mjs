// Fails the build when the first load weighs more than it may: the scripts that index.html names and all that they load
// at once, compressed as the gateway compresses them. Also refuses inline code and addresses of other hosts.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const MOST_SCRIPT = 120 * 1024;
const MOST_STYLE = 20 * 1024;
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const manifest = JSON.parse(await readFile(join(dist, ".vite", "manifest.json"), "utf8"));

const first = new Set();
const styles = new Set();
function collect(name) {
  const chunk = manifest[name];
  if (first.has(chunk.file)) return;
  first.add(chunk.file);
  for (const css of chunk.css ?? []) styles.add(css);
  for (const imported of chunk.imports ?? []) collect(imported);
}
const entries = Object.keys(manifest).filter((name) => manifest[name].isEntry);
for (const name of entries) collect(name);
// The front page is loaded at once too: most who come see it first.
for (const name of Object.keys(manifest)) if (name.endsWith("front/front.tsx")) collect(name);

const weigh = async (files) => {
  let sum = 0;
  for (const file of files) sum += gzipSync(await readFile(join(dist, file)), { level: 6 }).length;
  return sum;
};
const script = await weigh([...first].filter((file) => file.endsWith(".js")));
const style = await weigh([...styles, ...[...first].filter((file) => file.endsWith(".css"))]);
const faults = [];
if (script > MOST_SCRIPT) faults.push(`scripts of the first load: ${script} bytes, more than ${MOST_SCRIPT}`);
if (style > MOST_STYLE) faults.push(`styles of the first load: ${style} bytes, more than ${MOST_STYLE}`);
const page = await readFile(join(dist, "index.html"), "utf8");
if (/<script(?![^>]*\bsrc=)/.test(page) || /style=/.test(page)) faults.push("index.html has inline code");
if (/https?:\/\//.test(page)) faults.push("index.html names another host");

console.log(
  `first load: ${(script / 1024).toFixed(1)} kB of scripts, ${(style / 1024).toFixed(1)} kB of styles, compressed`,
);
for (const fault of faults) console.error(`budget: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
