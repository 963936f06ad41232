// What is a little better with a script; everything works without.
"use strict";

// Times in the reader's own zone, in the words of the page and the order of his region.
const language = document.documentElement.lang;
const region = navigator.languages.find((one) => one.split("-")[0] === language) || language;
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.title = time.textContent;
    time.textContent = at.toLocaleString(region, { dateStyle: "long", timeStyle: "short" });
  }
}

// Eight digits are all there is to type, so nobody need press the button as well.
const code = document.getElementById("code");
if (code) {
  code.addEventListener("input", () => {
    if (code.value.replace(/\D/g, "").length === 8) code.form.requestSubmit();
  });
}

// A second press sends nothing a second time.
function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    const button = form.querySelector("button[type=submit]");
    if (form.dataset.sending && button) {
      form.dataset.word = button.textContent;
      button.textContent = form.dataset.sending;
    }
  });
}
function again(form) {
  delete form.dataset.sent;
  if (form.dataset.word) form.querySelector("button[type=submit]").textContent = form.dataset.word;
}
for (const form of document.forms) {
  if (!("stays" in form.dataset)) once(form); // one that saves a file stays, for another
}
addEventListener("pageshow", () => {
  for (const form of document.forms) again(form);
});
