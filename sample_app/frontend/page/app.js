"use strict";

const find = (selector, within = document) => within.querySelector(selector);
const TOKEN = "legal-ai-token";

function say(text, wrong = false) {
  const message = find("#message");
  message.textContent = text;
  message.classList.toggle("wrong", wrong);
}

// Every call goes to the page's own origin; who answered is shown in the header.
async function api(method, path, body) {
  const headers = {};
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.authorization = `Bearer ${token}`;
  if (body && !(body instanceof FormData)) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(body);
  }
  const response = await fetch(`/api${path}`, { method, headers, body });
  const color = response.headers.get("x-app-color") ?? "unknown";
  find("#api-color").textContent = color;
  find(".served").classList.toggle("mixed", color !== document.documentElement.dataset.color);
  find("#api-version").textContent = response.headers.get("x-app-version") ?? "";
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({ error: `HTTP ${response.status}` }));
  if (response.ok) return answer;
  if (response.status === 401 && token) leave();
  throw new Error(answer.error ?? `HTTP ${response.status}`);
}

// Runs what a button or form starts: one at a time, with what went wrong on the page.
function on(element, event, act) {
  element.addEventListener(event, async (happened) => {
    happened.preventDefault();
    const button = element.matches("form") ? find("button[type=submit]", element) : element;
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      say(error.message, true);
    } finally {
      button.disabled = false;
    }
  });
}

const sizeOf = (bytes) => (bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KB`);

function showDocuments(documents, nothing) {
  find("#documents").replaceChildren(...documents.map(documentItem));
  find("#no-documents").textContent = nothing;
  find("#no-documents").hidden = documents.length > 0;
}

function documentItem(entry) {
  const item = find("#document").content.cloneNode(true).firstElementChild;
  item.dataset.id = entry.document_id;
  find(".name", item).textContent = entry.filename;
  find(".size", item).textContent = sizeOf(entry.size);
  if (entry.summary) {
    find(".summary", item).textContent = entry.summary;
    find(".summary", item).hidden = false;
  }
  if (entry.analysis) {
    const { words, clauses, risks, risk } = entry.analysis;
    const parts = [`${words} words`, `risk ${risk} of 100`, `clauses: ${clauses.join(", ") || "none"}`];
    if (risks.length) parts.push(`look at: ${risks.join(", ")}`);
    find(".findings", item).textContent = parts.join(" · ");
    find(".findings", item).hidden = false;
  }
  on(find(".analyze", item), "click", async () => {
    await api("POST", "/documents/analyze", { document_id: entry.document_id });
    await list();
    say(`Analysed ${entry.filename}.`);
  });
  on(find(".delete", item), "click", async () => {
    await api("DELETE", `/documents/${entry.document_id}`);
    await list();
    say(`Deleted ${entry.filename}.`);
  });
  return item;
}

async function list() {
  const words = find("#query").value.trim();
  const path = words ? `/documents/search?q=${encodeURIComponent(words)}` : "/documents";
  const { documents } = await api("GET", path);
  showDocuments(documents, words ? `Nothing contains “${words}”.` : "No documents yet.");
}

function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
}

function showSettings(settings) {
  fill(find("#settings"), settings);
  document.documentElement.dataset.theme = settings.theme;
}

async function enter() {
  const me = await api("GET", "/users/me");
  find("#who").textContent = me.full_name || me.username;
  find(".who").hidden = false;
  find("#outside").hidden = true;
  find("#inside").hidden = false;
  const [profile, settings] = await Promise.all([api("GET", "/profile"), api("GET", "/settings"), list()]);
  fill(find("#profile"), profile);
  showSettings(settings);
}

function leave() {
  sessionStorage.removeItem(TOKEN);
  delete document.documentElement.dataset.theme;
  find(".who").hidden = true;
  find("#inside").hidden = true;
  find("#outside").hidden = false;
}

on(find("#login"), "submit", async () => {
  const { username, password } = Object.fromEntries(new FormData(find("#login")));
  const { access_token } = await api("POST", "/auth/login", { username, password });
  sessionStorage.setItem(TOKEN, access_token);
  find("#login").reset();
  await enter();
  say("");
});

on(find("#logout"), "click", async () => {
  leave();
  say("Logged out.");
});

on(find("#upload"), "submit", async () => {
  const form = find("#upload");
  const { filename } = await api("POST", "/documents/upload", new FormData(form));
  form.reset();
  await list();
  say(`Uploaded ${filename}.`);
});

on(find("#search"), "submit", list);

on(find("#profile"), "submit", async () => {
  const profile = await api("PUT", "/profile", Object.fromEntries(new FormData(find("#profile"))));
  fill(find("#profile"), profile);
  find("#who").textContent = profile.full_name || profile.username;
  say("Profile saved.");
});

on(find("#settings"), "submit", async () => {
  const form = find("#settings");
  const values = Object.fromEntries(new FormData(form));
  values.email_notifications = form.elements.namedItem("email_notifications").checked;
  showSettings(await api("PUT", "/settings", values));
  say("Settings saved.");
});

// Ask once who answers, logged in or not.
(sessionStorage.getItem(TOKEN) ? enter() : api("GET", "/health")).catch((error) => say(error.message, true));
