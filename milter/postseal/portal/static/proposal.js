// The browser proposes a passkey where the address is typed, beside what it proposes anyway.
"use strict";

const proposal = document.getElementById("proposal");
const LIFE = 540_000;  // the portal takes an answer for ten minutes

async function propose() {
  if (!await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.()) return;
  const ending = new AbortController();
  setTimeout(() => ending.abort(), LIFE);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(proposal.dataset.options));
  const credential = await navigator.credentials.get({ mediation: "conditional", publicKey, signal: ending.signal });
  proposal.elements.credential.value = JSON.stringify(credential.toJSON());
  proposal.requestSubmit();
}

// Nobody has asked for it, so nobody is told that it has come to nothing.
propose().catch(() => {});
