// The frontend: one page on port 3000, sent whole (style and script inside), so that a page never
// mixes two releases while traffic moves. No dependencies; nothing is written to disk.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const here = new URL(".", import.meta.url);
const read = (name) => readFileSync(new URL(name, here), "utf8");

const port = Number(process.env.PORT ?? 3000);
const color = process.env.DEPLOYMENT_COLOR ?? "none";
const version = read("VERSION").trim();

// Longer than the idle timeout of any proxy in front (Envoy: 1 hour): the proxy closes, not we.
const keepAliveMs = 1000 * Number(process.env.KEEP_ALIVE_SECONDS ?? 3900);
const drainMs = 1000 * Number(process.env.DRAIN_SECONDS ?? 10);
const quietMs = 2000;

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => text.replace(/[&<>"]/g, (character) => escapes[character]);
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const style = read("page/style.css");
const script = read("page/app.js");
const parts = { style, script, color: escape(color), version: escape(version) };
const page = Buffer.from(read("page/index.html").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]));

const pod = process.env.HOSTNAME ?? ""; // Kubernetes sets it to the pod's name
const common = { "x-app-color": color, "x-app-version": version, "x-app-pod": pod };
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-length": page.length,
  "cache-control": "no-store",
  "content-security-policy": `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; ` +
    "connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

let draining = false;
let inFlight = 0;
let lastRequest = Date.now();
let pagesSent = 0;

const json = (response, status, body, more = {}) => {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...more,
  });
  response.end(text);
};

const state = (status, reason) => ({ status, color, version, ...(reason ? { reason } : {}) });

function answer(request, response) {
  const path = request.url.split("?", 1)[0];
  if (request.method !== "GET" && request.method !== "HEAD") {
    request.resume();
    return json(response, 405, { error: "Method Not Allowed" }, { allow: "GET, HEAD" });
  }
  switch (path) {
    case "/":
    case "/index.html":
      pagesSent += 1;
      response.writeHead(200, pageHeaders);
      return response.end(page);
    case "/health":
      return json(response, 200, state("ok"));
    case "/ready":
      return draining
        ? json(response, 503, state("unavailable", "shutting down"))
        : json(response, 200, state("ok"));
    case "/metrics":
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      return response.end(`# TYPE frontend_pages_total counter\nfrontend_pages_total ${pagesSent}\n`);
    case "/favicon.ico":
      response.writeHead(204);
      return response.end();
    default:
      return json(response, 404, { error: `nothing at ${path}` });
  }
}

const server = createServer((request, response) => {
  const probe = request.url === "/ready" || request.url === "/metrics";
  for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
  if (draining) response.setHeader("connection", "close");
  if (!probe) {
    inFlight += 1;
    lastRequest = Date.now();
    response.once("close", () => {
      inFlight -= 1;
      lastRequest = Date.now();
    });
  }
  answer(request, response);
});
server.keepAliveTimeout = keepAliveMs;

// On SIGTERM: go on serving, let answers say `Connection: close`, end when nobody asks any more.
function leave() {
  if (draining) return;
  draining = true;
  const began = (lastRequest = Date.now());
  console.log("leaving: serving until it is quiet");
  const timer = setInterval(() => {
    const now = Date.now();
    const quiet = inFlight === 0 && now - lastRequest >= quietMs;
    if (!quiet && now - began < drainMs) return;
    clearInterval(timer);
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), drainMs).unref();
  }, 100);
}

process.on("SIGTERM", leave);
process.on("SIGINT", leave);

server.listen(port, () => console.log(`frontend ${version} (${color}) on port ${port}`));
