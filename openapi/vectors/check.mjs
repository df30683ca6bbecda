// The vectors in another language, with nothing but Node's own library: node openapi/vectors/check.mjs
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const sorted = (value) =>
  value === null || typeof value !== "object" ? JSON.stringify(value)
  : Array.isArray(value) ? `[${value.map(sorted).join(",")}]`
  : `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`).join(",")}}`;

for (const { value, canonical, sha256: expected } of read("canonical").vectors) {
  assert.equal(sorted(value), canonical);
  assert.equal(sha256(canonical), expected);
}

const { jwks, vectors } = read("signing");
const good = (change) => {
  const jwk = jwks.keys.find(({ kid }) => kid === change.kid);
  const bytes = Buffer.from(sorted(change.item));
  return jwk !== undefined && change.item.id === change.id && change.item.version === change.version &&
    sha256(bytes) === change.sha256 &&
    verify(null, bytes, createPublicKey({ key: jwk, format: "jwk" }), Buffer.from(change.signature, "base64url"));
};
for (const { name, change, valid } of vectors) assert.equal(good(change), valid, name);

for (const { name, live, sha256: expected } of read("digest").vectors) {
  assert.equal(sha256(live.map((row) => `${row.join(" ")}\n`).sort().join("")), expected, name);
}
for (const { name, digest, valid } of read("digest").statements) {
  const { signature, kid, ...told } = digest;
  const jwk = jwks.keys.find((key) => key.kid === kid);
  const ok = jwk !== undefined &&
    verify(null, Buffer.from(sorted(told)), createPublicKey({ key: jwk, format: "jwk" }), Buffer.from(signature, "base64url"));
  assert.equal(ok, valid, name);
}
console.log("canonical, signing and digest vectors agree");
