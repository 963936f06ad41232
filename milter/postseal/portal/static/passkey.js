// Asks the device for a passkey, in the browser's own dialogue, and sends what it answers.
"use strict";

const form = document.getElementById("passkey");
const problem = document.getElementById("passkey-problem");

async function ask() {
  problem.hidden = true;
  try {
    const options = JSON.parse(form.dataset.options);
    const credential = form.dataset.kind === "make"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.requestSubmit();
  } catch {
    // Nobody there, no passkey, or a browser that is too old: the page says what else can be done.
    problem.hidden = false;
  }
}

document.getElementById("passkey-again").addEventListener("click", ask);
ask();
