// A reply with files shows how much of it has arrived.  Without a script the browser says so, in its own way.
"use strict";

function send(form) {
  const sending = form.querySelector(".sending");
  const progress = sending.querySelector("progress");
  const broken = form.querySelector(".broken");
  const wire = new XMLHttpRequest();
  wire.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.value = event.loaded / event.total;
  });
  wire.upload.addEventListener("load", () => progress.removeAttribute("value"));  // now it is the server's turn
  wire.addEventListener("load", () => {
    const to = new URL(wire.responseURL);
    if (to.pathname === new URL(form.action).pathname) show(wire.responseText);
    else location.assign(to);
  });
  wire.addEventListener("error", () => {
    sending.hidden = true;
    broken.hidden = false;
    again(form);
  });
  broken.hidden = true;
  sending.hidden = false;
  progress.value = 0;
  sending.scrollIntoView({ block: "nearest" });
  wire.open("POST", form.action);
  wire.send(new FormData(form));
}

// The page that came in place of "sent": what is wrong, and the text as it was typed.
function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  document.title = page.title;
  document.querySelector("main").replaceWith(page.querySelector("main"));
  for (const form of document.querySelectorAll("main form")) once(form);
  begin();
  document.querySelector("[role=alert]:not([hidden])")?.scrollIntoView({ block: "center" });
}

function begin() {
  const form = document.getElementById("reply");
  form?.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !form.elements.files.files.length) return;
    event.preventDefault();
    send(form);
  });
}
begin();
