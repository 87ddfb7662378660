// Writes src/api/generated/<service>.ts from the OpenAPI documents of contracts/openapi. The folder is ignored by git:
// it is made anew before each type check, test and build, so that a changed contract breaks what uses it.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const contracts = process.env.CONTRACTS_ROOT ?? join(root, "..", "contracts");
const target = join(root, "src", "api", "generated");

await mkdir(target, { recursive: true });
for (const file of (await readdir(join(contracts, "openapi"))).filter((name) => name.endsWith(".json"))) {
  const document = JSON.parse(await readFile(join(contracts, "openapi", file), "utf8"));
  const types = astToString(await openapiTS(document));
  const path = join(target, `${basename(file, ".json")}.ts`);
  const before = await readFile(path, "utf8").catch(() => "");
  if (before !== types) await writeFile(path, types);
}
