// A stranger's reader of offline copies, written from docs/format.md: FILE PASSPHRASE, parts on standard output.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

const [file, passphrase] = process.argv.slice(2);
const page = readFileSync(file, "utf8");
const within = (id) => page.match(new RegExp(`<script type="[^"]*" id="${id}">([^<]*)</script>`))[1];
const written = within("head");
const head = JSON.parse(written);
const octets = (text) => Buffer.from(text, "base64");
const phrase = Buffer.from(passphrase.normalize("NFKC"), "utf8");
const base = await webcrypto.subtle.importKey("raw", phrase, "PBKDF2", false, ["deriveKey"]);
const key = await webcrypto.subtle.deriveKey(
  { name: "PBKDF2", hash: "SHA-256", salt: octets(head.salt), iterations: head.iterations },
  base,
  { name: "AES-GCM", length: 256 },
  false,
  ["decrypt"],
);
const how = { name: "AES-GCM", iv: octets(head.nonce), additionalData: Buffer.from(written, "utf8") };
const plain = Buffer.from(await webcrypto.subtle.decrypt(how, key, octets(within("sealed"))));
const parts = [];
for (let at = 0; at < plain.length; at += 4 + plain.readUInt32BE(at)) {
  parts.push(plain.subarray(at + 4, at + 4 + plain.readUInt32BE(at)).toString("base64"));
}
console.log(JSON.stringify({ head, parts }));
