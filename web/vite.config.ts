import { defineConfig } from "vitest/config";

// Assets are named by their content, so that the gateway may let browsers keep them for a year.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2021",
    outDir: "dist",
    // Never inlined: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
  },
  server: {
    // `npm run dev` against a platform that is up: PORTAL_GATEWAY=http://127.0.0.1:8080
    proxy: Object.fromEntries(
      ["/api", "/auth", "/portal.json", "/contracts", "/problems"].map((path) => [
        path,
        process.env.PORTAL_GATEWAY ?? "http://127.0.0.1:8080",
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
