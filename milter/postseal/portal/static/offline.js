// In a copy that was taken along: asks for the passphrase, and shows what it opens for as long as it is good.
"use strict";

const said = document.body.dataset;
const form = document.querySelector("form");
const told = document.getElementById("told");
const written = document.getElementById("head").textContent;
const head = JSON.parse(written);
const SLACK = 600_000; // milliseconds by which a clock may be behind

const utf8 = (text) => new TextEncoder().encode(text);
const text = (octets) => new TextDecoder().decode(octets);

function octets(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const characters = atob(base64);
  const found = new Uint8Array(characters.length);
  for (let at = 0; at < found.length; at++) found[at] = characters.charCodeAt(at);
  return found;
}

// Times in the reader's own zone, in the words of the page.
function local(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = time.textContent;
      time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
    }
  }
}

function refusal() {
  const now = Date.now();
  if (now < Date.parse(head.from) - SLACK) return said.early;
  return head.until && now >= Date.parse(head.until) ? said.over : "";
}

function refused() {
  const why = refusal();
  if (why) {
    const paragraph = document.createElement("p");
    paragraph.className = "problem";
    paragraph.setAttribute("role", "alert");
    paragraph.textContent = why;
    document.querySelector("main").replaceChildren(paragraph);
    document.title = said.title;
  }
  return why;
}

function tell(problem) {
  told.textContent = problem;
  told.hidden = !problem;
}

async function opened(passphrase) {
  const phrase = await crypto.subtle.importKey("raw", utf8(passphrase.normalize("NFKC")), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: octets(head.salt), iterations: head.iterations };
  const key = await crypto.subtle.deriveKey(how, phrase, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const cipher = { name: "AES-GCM", iv: octets(head.nonce), additionalData: utf8(written) };
  const sealed = octets(document.getElementById("sealed").textContent);
  return new Uint8Array(await crypto.subtle.decrypt(cipher, key, sealed));
}

function parts(plain) {
  const view = new DataView(plain.buffer);
  const found = [];
  for (let at = 0; at < plain.length; ) {
    const size = view.getUint32(at);
    found.push(plain.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return found;
}

function show([facts, content, body, ...files]) {
  const { files: names } = JSON.parse(text(facts));
  const main = document.querySelector("main");
  main.className = "wide";
  main.innerHTML = text(content); // ours: its texts were escaped, and this page runs no other script
  local(main);
  document.title = main.querySelector("h1").textContent;
  main.querySelector("iframe").srcdoc = text(body);
  main.querySelectorAll("a[data-file]").forEach((link, number) => {
    link.href = URL.createObjectURL(new Blob([files[number]], { type: "application/octet-stream" }));
    link.download = names[number];
  });
  const clock = setInterval(() => refused() && clearInterval(clock), 5000);
}

local(document);
if (!refused()) {
  if (!globalThis.crypto || !crypto.subtle) tell(said.old);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    tell("");
    let plain = null;
    try {
      plain = await opened(form.elements.passphrase.value);
    } catch {
      tell(said.wrong);
    }
    button.disabled = false;
    if (plain && !refused()) show(parts(plain));
  });
}
