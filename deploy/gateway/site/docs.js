// Draws the OpenAPI documents of the four services. It sends no request but for these four files, and writes
// text as text: nothing of a document becomes markup.
"use strict";

const SERVICES = ["submission", "review", "stats", "notify"];
const METHODS = ["get", "put", "post", "patch", "delete"];
const DEEPEST = 8;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function resolve(openapi, value) {
  if (!value || !value.$ref) return value || {};
  const parts = value.$ref.replace(/^#\//, "").split("/").map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
  return parts.reduce((at, part) => (at || {})[part], openapi) || {};
}

function typeOf(schema) {
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type || "";
  const choices = schema.enum ? ` (${schema.enum.join(" | ")})` : "";
  return (schema.format ? `${type} ${schema.format}` : type) + choices;
}

function schemaList(openapi, schema, depth) {
  const found = resolve(openapi, schema);
  if (depth > DEEPEST) return element("p", "…");
  if (found.type === "array" || (Array.isArray(found.type) && found.type.includes("array"))) {
    const part = element("div");
    part.append(element("p", "list of:"), schemaList(openapi, found.items, depth + 1));
    return part;
  }
  const required = new Set(found.required || []);
  const list = element("ul");
  for (const [name, property] of Object.entries(found.properties || {})) {
    const target = resolve(openapi, property);
    const item = element("li");
    item.append(element("code", name), ` ${typeOf(target)}${required.has(name) ? ", required" : ""}`);
    const description = property.description || target.description;
    if (description) item.append(element("span", ` – ${description}`, "soft"));
    const inner = target.type === "array" ? resolve(openapi, target.items) : target;
    if (inner.properties) item.append(schemaList(openapi, inner, depth + 1));
    list.append(item);
  }
  return list.children.length ? list : element("p", typeOf(found) || "any");
}

function parameters(openapi, listed) {
  const table = element("table");
  const head = element("tr");
  for (const title of ["parameter", "in", "type", ""]) head.append(element("th", title));
  table.append(head);
  for (const entry of listed) {
    const parameter = resolve(openapi, entry);
    const row = element("tr");
    const name = element("td");
    name.append(element("code", parameter.name));
    row.append(name, element("td", parameter.in), element("td", typeOf(resolve(openapi, parameter.schema))));
    row.append(element("td", `${parameter.required ? "required. " : ""}${parameter.description || ""}`));
    table.append(row);
  }
  return table;
}

function content(openapi, holder) {
  for (const media of Object.values(holder.content || {})) {
    if (media.schema) return schemaList(openapi, media.schema, 0);
  }
  return null;
}

function operation(openapi, service, path, method, described, shared) {
  const box = element("details", undefined, "operation");
  const summary = element("summary");
  summary.append(element("span", method.toUpperCase(), "method"), element("code", `/api/${service}${path}`));
  if (described.summary) summary.append(element("span", ` – ${described.summary}`, "soft"));
  const body = element("div");
  box.append(summary, body);
  // Drawn when opened: four documents at once would be slow on a phone.
  box.addEventListener("toggle", () => {
    if (body.children.length) return;
    if (described.description) body.append(element("p", described.description));
    const listed = [...shared, ...(described.parameters || [])];
    if (listed.length) body.append(parameters(openapi, listed));
    const request = content(openapi, resolve(openapi, described.requestBody));
    if (request) body.append(element("h4", "Request body"), request);
    for (const [status, answer] of Object.entries(described.responses || {})) {
      const found = resolve(openapi, answer);
      body.append(element("h4", `${status} ${found.description || ""}`));
      const shown = content(openapi, found);
      if (shown) body.append(shown);
    }
  });
  return box;
}

async function draw(service) {
  const section = element("section");
  section.append(element("h2", service));
  try {
    const answer = await fetch(`/contracts/openapi/${service}.json`);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const openapi = await answer.json();
    section.append(element("p", openapi.info.description || openapi.info.title, "soft"));
    for (const [path, item] of Object.entries(openapi.paths || {})) {
      for (const method of METHODS) {
        if (item[method]) section.append(operation(openapi, service, path, method, item[method], item.parameters || []));
      }
    }
  } catch (error) {
    section.append(element("p", `The document cannot be shown: ${error.message}`));
  }
  return section;
}

async function main() {
  const sections = await Promise.all(SERVICES.map(draw));
  document.getElementById("reference").append(...sections);
}

main();
